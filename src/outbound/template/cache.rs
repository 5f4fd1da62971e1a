//! Templates that were read, by their text: reading one takes longer than rendering it.

use std::sync::Arc;

use super::{Template, TemplateError};

/// Templates that are kept; beyond it, those that were used least go and are read again.
const ENTRIES_MAX: usize = 64;

/// What was read of late.
pub struct Templates(quick_cache::sync::Cache<String, Arc<Template>>);

impl Default for Templates {
    fn default() -> Self {
        Self(quick_cache::sync::Cache::new(ENTRIES_MAX))
    }
}

impl Templates {
    /// The template of that text.
    pub fn read(&self, source: &str) -> Result<Arc<Template>, TemplateError> {
        if let Some(known) = self.0.get(source) {
            return Ok(known);
        }
        let template = Arc::new(Template::read(source)?);
        self.0.insert(source.to_owned(), template.clone());
        Ok(template)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_is_read_once() {
        let templates = Templates::default();
        let first = templates.read("[{{ event }}]").expect("a template");
        assert!(Arc::ptr_eq(&first, &templates.read("[{{ event }}]").expect("a template")));
        assert!(!Arc::ptr_eq(&first, &templates.read("[{{ lead }}]").expect("a template")));
        for number in 0..10 * ENTRIES_MAX {
            templates.read(&format!("[{number}]")).expect("a template");
        }
        assert!(templates.0.len() <= ENTRIES_MAX);
    }
}
