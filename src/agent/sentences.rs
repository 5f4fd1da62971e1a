//! The agent's own sentences, for those who replace them in a form.

use super::pack::packs;
use crate::domain::form::{Form, InvalidForm};

/// Characters of a word on a button: WhatsApp's limit.
const BUTTON_CHARS_MAX: usize = 20;

/// A language that the agent speaks.
#[derive(Clone, Copy, Debug)]
pub struct SpokenLanguage {
    /// Its code, such as `es`.
    pub code: &'static str,
    /// Its name in itself.
    pub name: &'static str,
}

/// The languages that the agent speaks.
pub fn spoken_languages() -> impl Iterator<Item = SpokenLanguage> {
    let spoken = packs().iter().filter(|pack| !pack.about.code.is_empty());
    spoken.map(|pack| SpokenLanguage { code: &pack.about.code, name: &pack.about.endonym })
}

/// The agent's own sentences in a language, by their names; none where it does not speak it.
pub fn sentences(code: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    let pack = packs().iter().find(|pack| !code.is_empty() && pack.about.code == code);
    pack.into_iter().flat_map(|pack| pack.say.iter().map(|(name, text)| (name.as_str(), text.as_str())))
}

/// Parses a form that somebody wrote, and checks its texts against what the agent speaks.
pub fn read_form(json: &str) -> Result<Form, InvalidForm> {
    let form = Form::parse(json)?;
    for (language, texts) in &form.texts {
        let refusal = |what: String| Err(InvalidForm(format!("texts in {language:?}: {what}")));
        if spoken_languages().all(|spoken| spoken.code != language) {
            let spoken: Vec<&str> = spoken_languages().map(|spoken| spoken.code).collect();
            return refusal(format!("the agent does not speak it: use one of {}", spoken.join(", ")));
        }
        for (name, text) in &texts.sentences {
            let Some((_, own)) = sentences(language).find(|(own, _)| own == name) else {
                return refusal(format!(
                    "the agent has no sentence {name:?}: `aurix form sentences {language}` lists them"
                ));
            };
            if slots(text) != slots(own) {
                return refusal(format!("{name} must have the same words in braces as the agent's own: {own:?}"));
            }
            if name.starts_with("button_") && text.chars().count() > BUTTON_CHARS_MAX {
                return refusal(format!("{name} is longer than {BUTTON_CHARS_MAX} characters: shorten it"));
            }
        }
    }
    Ok(form)
}

/// The names in braces, in alphabetical order.
fn slots(text: &str) -> Vec<&str> {
    let parts = text.split('{').skip(1).filter_map(|part| part.split_once('}'));
    let mut slots: Vec<&str> = parts.map(|(name, _)| name).collect();
    slots.sort_unstable();
    slots
}
