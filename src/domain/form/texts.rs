//! What a form says in languages other than its own, and instead of the agent's own sentences.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Field, InvalidForm, REASON_CHARS_MAX, TEXT_CHARS_MAX, checked_language, shortened};

/// Languages that a form has texts in.
pub const LANGUAGES_MAX: usize = 20;
/// Sentences of the agent that a language replaces.
const SENTENCES_MAX: usize = 200;

/// A form's texts in one language.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Texts {
    /// Sent before the first question; where there is none, the form's own, or the agent's in this language.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub greeting: String,
    /// Sent once, when all required fields are known.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub closing: String,
    /// Questions, by the keys of their fields.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub questions: BTreeMap<String, String>,
    /// Why fields are asked for, by their keys.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub reasons: BTreeMap<String, String>,
    /// What the agent says instead of its own sentences, by their names.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub sentences: BTreeMap<String, String>,
}

impl Texts {
    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether it has nothing that stands in the form itself.
    fn is_sentences_only(&self) -> bool {
        let own =
            [&self.greeting, &self.closing].into_iter().chain(self.questions.values()).chain(self.reasons.values());
        own.map(String::len).sum::<usize>() == 0
    }

    fn trimmed(self) -> Self {
        let trim = |text: String| text.trim().to_owned();
        let all = |texts: BTreeMap<String, String>| {
            let texts = texts.into_iter().map(|(name, text)| (name, trim(text)));
            texts.filter(|(_, text)| !text.is_empty()).collect()
        };
        Self {
            greeting: trim(self.greeting),
            closing: trim(self.closing),
            questions: all(self.questions),
            reasons: all(self.reasons),
            sentences: all(self.sentences),
        }
    }

    fn all(&self) -> impl Iterator<Item = (&str, &String)> {
        let named =
            self.questions.iter().chain(&self.reasons).chain(&self.sentences).map(|(name, text)| (name.as_str(), text));
        [("greeting", &self.greeting), ("closing", &self.closing)].into_iter().chain(named)
    }
}

/// Checks the texts of a form by language; empty ones are left out.
pub(super) fn checked(
    texts: BTreeMap<String, Texts>,
    own_language: &str,
    fields: &[Field],
) -> Result<BTreeMap<String, Texts>, InvalidForm> {
    if texts.len() > LANGUAGES_MAX {
        return Err(InvalidForm(format!("texts in {} languages are too many: keep to {LANGUAGES_MAX}", texts.len())));
    }
    let mut checked = BTreeMap::new();
    for (language, texts) in texts {
        let language = checked_language(Some(language))?;
        let (texts, is_own) = (texts.trimmed(), primary(&language) == primary(own_language));
        let refusal = |what: String| InvalidForm(format!("texts in {language:?}: {what}"));
        if is_own && !texts.is_sentences_only() {
            return Err(refusal(
                "it is the language of the form: put greeting, closing, questions and reasons into the form itself"
                    .to_owned(),
            ));
        }
        let mut keys = texts.questions.keys().chain(texts.reasons.keys());
        if let Some(key) = keys.find(|key| !fields.iter().any(|field| field.key == **key)) {
            return Err(refusal(format!("there is no field {:?}: use the key of a field", shortened(key))));
        }
        if texts.sentences.len() > SENTENCES_MAX {
            return Err(refusal(format!("{} sentences are too many: keep to {SENTENCES_MAX}", texts.sentences.len())));
        }
        if let Some((name, _)) = texts.all().find(|(_, text)| text.chars().count() > TEXT_CHARS_MAX) {
            return Err(refusal(format!("{name} is longer than {TEXT_CHARS_MAX} characters: shorten it")));
        }
        if let Some((key, _)) = texts.reasons.iter().find(|(_, text)| text.chars().count() > REASON_CHARS_MAX) {
            return Err(refusal(format!(
                "the reason of {key} is longer than {REASON_CHARS_MAX} characters: shorten it"
            )));
        }
        if !texts.is_empty() && checked.insert(primary(&language).to_ascii_lowercase(), texts).is_some() {
            return Err(refusal("the language is there twice: put its texts together".to_owned()));
        }
    }
    Ok(checked)
}

/// The language of a tag, without its country.
fn primary(tag: &str) -> &str {
    tag.split('-').next().unwrap_or(tag)
}
