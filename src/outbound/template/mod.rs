//! Payload templates: what a webhook's receiver gets instead of the event as it is. A template is text of its owner in which `{{ … }}`
//! stands for a field of one event; what comes of it has to be JSON.
//!
//! Actors: the owner, who is trusted to shape the body and with nothing more; strangers, whose texts are in the event and must not
//! change the shape; the engine (minijinja), which does the work and counts it.
//!
//! A template goes through these states: text → read on a large stack and checked by `grammar` → [`Template`] → written by the
//! engine with each value marked → `body` puts each value where it stands and checks the JSON.
//!
//! Bounds: [`TEMPLATE_BYTES_MAX`], `FUEL`, [`BODY_BYTES_MAX`]. With them one rendering takes at most a few milliseconds and a few
//! megabytes (`tests::work_has_a_limit` measures it), so it is done where it is needed.

mod body;
mod cache;
mod error;
mod filters;
mod grammar;
mod values;
mod variables;

use std::sync::LazyLock;

use minijinja::{Environment, UndefinedBehavior};

pub use self::cache::Templates;
pub use self::error::{Place, TemplateError};
pub use self::filters::{FILTERS, Filter};
pub use self::grammar::TESTS;
pub use self::variables::Variables;

/// Bytes of a template.
pub const TEMPLATE_BYTES_MAX: usize = 16 * 1024;
/// Bytes of a body, and of every text on the way to it.
pub const BODY_BYTES_MAX: usize = 128 * 1024;
/// What one rendering may cost: about one for each instruction, for each 64 bytes made, and for each two entries looked at. What is
/// not counted is work on a text per instruction, so time grows with the square of this.
const FUEL: u64 = 4_000;
/// Parts that a text is split into, and entries that a filter looks at.
const PIECES_MAX: usize = 1_000;
/// The stack on which a template is read: whatever [`TEMPLATE_BYTES_MAX`] can nest fits, at 2 KiB for each byte.
const STACK_BYTES: usize = 64 * 1024 * 1024;
/// What the engine calls it.
const NAME: &str = "template";

/// The engine with its filters and limits.
static ENGINE: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut engine = Environment::empty();
    engine.set_debug(false);
    engine.set_fuel(Some(FUEL));
    // One template serves several events, each of which lacks what others have: a field that is not there, and whatever is below
    // it, has no value. A typing mistake is found by `Template::names`.
    engine.set_undefined_behavior(UndefinedBehavior::Chainable);
    engine.set_formatter(|out, _, value| out.write_str(&body::marked(value)?).map_err(minijinja::Error::from));
    filters::add(&mut engine);
    engine
});

/// A template that can be rendered.
pub struct Template {
    engine: Environment<'static>,
    names: Vec<String>,
}

impl Template {
    /// Reads a template and checks that it does only what templates may.
    pub fn read(source: &str) -> Result<Self, TemplateError> {
        if source.trim().is_empty() {
            return Err(TemplateError::Empty);
        }
        if source.len() > TEMPLATE_BYTES_MAX {
            return Err(TemplateError::TooLong);
        }
        // The parser calls itself for what is nested, and so does the end of what it made.
        let read = || {
            let names = grammar::names(source)?;
            let mut engine = ENGINE.clone();
            let added = engine.add_template_owned(NAME, source.to_owned());
            added.map_err(|error| TemplateError::of_engine(source, &error))?;
            Ok(Self { engine, names })
        };
        std::thread::scope(|scope| {
            let thread = std::thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, read);
            thread.map_err(|_| TemplateError::NoRoom)?.join().unwrap_or(Err(TemplateError::NoRoom))
        })
    }

    /// The fields that it names: `lead.name`.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The body of an event: the same bytes whenever it is made.
    pub fn render(&self, event: &Variables) -> Result<String, TemplateError> {
        let template = self.engine.get_template(NAME).map_err(|error| TemplateError::of_engine("", &error))?;
        let rendered = template.render(event.to_value());
        body::assemble(&rendered.map_err(|error| TemplateError::of_engine(template.source(), &error))?)
    }
}

#[cfg(test)]
mod tests;
