//! Adds a chat on the page to a project, or changes what its panel says. Nothing is asked of anybody: all of it is served from here.

use anyhow::Context as _;
use serde_json::json;

use super::add_channel::new_channel;
use crate::core::Core;
use crate::domain::actor::Actor;
use crate::domain::audit::{Action, Change, Object};
use crate::domain::channel::{ChannelKind, Credentials};
use crate::domain::ids::ProjectId;
use crate::store::channels::{self, Channel};
use crate::store::chat_panels::{self, Panel};
use crate::store::{audit, projects};

/// Characters of a name: one line of the panel's head.
pub const TITLE_CHARS_MAX: usize = 60;
/// Characters of the first words.
pub const GREETING_CHARS_MAX: usize = 500;
/// Characters of an id that we make.
const ID_CHARS: usize = 12;

/// What the operator enters about a chat.
#[derive(Clone, Debug, Default)]
pub struct WebChannel {
    /// What the panel calls the business by; the project's name where there is none.
    pub title: Option<String>,
    /// Its first words; those of the visitor's language where there are none.
    pub greeting: Option<String>,
}

/// Why a chat is not saved.
#[derive(Debug, thiserror::Error)]
pub enum WebRefused {
    /// The name has too many characters, or more than one line.
    #[error("use one line of {TITLE_CHARS_MAX} characters at most")]
    Title,
    /// The first words have too many characters.
    #[error("use {GREETING_CHARS_MAX} characters at most")]
    Greeting,
    /// Something failed.
    #[error(transparent)]
    Failed(#[from] anyhow::Error),
}

/// Adds the chat.
pub async fn add_web_channel(
    core: &Core,
    actor: &Actor,
    project: ProjectId,
    new: WebChannel,
) -> Result<Channel, WebRefused> {
    let new = checked(new)?;
    let id = core.random.token("chat_", ID_CHARS);
    let channel = new_channel(core, project, &id, &Credentials::Web, (String::new(), String::new()))?;
    let (actor, now) = (actor.clone(), core.clock.now());
    let stored = core.db.write(async move |tx| {
        let title = new.title.unwrap_or(projects::get(tx, project).await?.name);
        let channel =
            channels::upsert(tx, project, &channel, None, now).await?.context("an id that we made is taken")?;
        let panel = Panel { title: Some(title.clone()), greeting: new.greeting };
        chat_panels::set(tx, project, channel.id, &panel).await?;
        let change = Change::new(Action::AddChannel, Object::Channel(channel.external_id.clone()));
        let change = change.with(json!({"kind": channel.kind.as_str()}));
        audit::record(tx, project, &actor, &change, now).await?;
        Ok(Channel { title: Some(title), ..channel })
    });
    Ok(stored.await?)
}

/// Changes what the panel of a project's chat says; `false` where it has no such chat.
pub async fn update_web_channel(
    core: &Core,
    actor: &Actor,
    project: ProjectId,
    external_id: &str,
    new: WebChannel,
) -> Result<bool, WebRefused> {
    let new = checked(new)?;
    let (actor, id, now) = (actor.clone(), external_id.to_owned(), core.clock.now());
    let stored = core.db.write(async move |tx| {
        let Some(channel) = channels::find_in(tx, project, &id).await? else { return Ok(false) };
        if channel.kind != ChannelKind::Web {
            return Ok(false);
        }
        let title = new.title.unwrap_or(projects::get(tx, project).await?.name);
        chat_panels::set(tx, project, channel.id, &Panel { title: Some(title), greeting: new.greeting }).await?;
        let change = Change::new(Action::AddChannel, Object::Channel(id));
        audit::record(tx, project, &actor, &change.with(json!({"kind": channel.kind.as_str()})), now).await?;
        Ok(true)
    });
    Ok(stored.await?)
}

fn checked(new: WebChannel) -> Result<WebChannel, WebRefused> {
    let given = |text: Option<String>| text.map(|text| text.trim().replace('\0', "")).filter(|text| !text.is_empty());
    let (title, greeting) = (given(new.title), given(new.greeting));
    if title.as_ref().is_some_and(|text| text.chars().count() > TITLE_CHARS_MAX || text.contains(char::is_control)) {
        return Err(WebRefused::Title);
    }
    if greeting.as_ref().is_some_and(|text| text.chars().count() > GREETING_CHARS_MAX) {
        return Err(WebRefused::Greeting);
    }
    Ok(WebChannel { title, greeting })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_short_line() {
        let check = |title: &str, greeting: &str| {
            let new = WebChannel { title: Some(title.to_owned()), greeting: Some(greeting.to_owned()) };
            checked(new).map(|new| (new.title, new.greeting))
        };
        assert_eq!(check(" Juniper ", " ").expect("fine"), (Some("Juniper".to_owned()), None));
        assert!(matches!(check("a\nb", ""), Err(WebRefused::Title)));
        assert!(matches!(check(&"a".repeat(TITLE_CHARS_MAX + 1), ""), Err(WebRefused::Title)));
        assert!(matches!(check("", &"a".repeat(GREETING_CHARS_MAX + 1)), Err(WebRefused::Greeting)));
        assert!(check("", &"a".repeat(GREETING_CHARS_MAX)).is_ok());
    }
}
