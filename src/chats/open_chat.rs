//! Opens a chat for the visitor of a page, or finds the one that they have.

use anyhow::Context as _;

use super::follow::LAST_MAX;
use super::words::{self, Words};
use super::{Chats, hash};
use crate::clicks::sessions::SESSION_LENGTH;
use crate::db::{Conn, Tx};
use crate::domain::correlation::CorrelationId;
use crate::domain::form::Form;
use crate::domain::ids::ProjectId;
use crate::domain::lead::Handling;
use crate::domain::text::{cut, is_placeholder};
use crate::domain::time::Timestamp;
use crate::store::chat_lines::{self, Line};
use crate::store::chat_panels::{self, Panel};
use crate::store::chats::{self, Chat, NewChat};
use crate::store::projects::{self, Project};
use crate::store::sessions::{self, Device};
use crate::store::widgets::Widget;

/// Bytes of a token: it cannot be guessed.
const TOKEN_BYTES: usize = 32;
/// Characters of a page's address that are kept.
const PAGE_CHARS_MAX: usize = 2_000;
/// Characters of a device id: a UUID has 36.
const DEVICE_CHARS_MAX: usize = 64;
/// Characters of a language tag.
const LANGUAGE_CHARS_MAX: usize = 35;

/// How a visitor came, as their browser says. What cannot be right is left out: nobody is turned away for it.
#[derive(Clone, Debug, Default)]
pub struct Came {
    /// The click that brought them.
    pub correlation_id: Option<String>,
    /// The browser's UUID.
    pub device: Option<String>,
    /// The language of the page or the browser.
    pub language: Option<String>,
    /// The page's address.
    pub page: Option<String>,
}

/// An open chat.
#[derive(Debug)]
pub struct Opened {
    /// The chat.
    pub chat: Chat,
    /// The token of a new one; `None` where the visitor has it.
    pub token: Option<String>,
    /// Its last messages.
    pub lines: Vec<Line>,
    /// Who looks after it.
    pub handling: Handling,
    /// What its panel says of the business.
    pub panel: Panel,
    /// Its project.
    pub project: Project,
}

impl Opened {
    /// The words of its panel, and the language that they are in.
    pub fn words(&self) -> anyhow::Result<(&'static str, &'static Words)> {
        let form = self.project.form.as_deref().map(Form::parse).transpose().context("reading the project's form")?;
        let form = form.unwrap_or_else(Form::default_form);
        Ok(words::for_visitor(self.chat.language.as_deref(), &form.language))
    }

    /// What the business is called.
    pub fn title(&self) -> &str {
        self.panel.title.as_deref().unwrap_or(&self.project.name)
    }
}

/// The chat of a widget that a token is for.
pub async fn find_chat(engine: &Chats, widget: &Widget, token: &str) -> anyhow::Result<Option<Chat>> {
    let (project, widget, hash) = (widget.project, widget.id, hash(token));
    engine.core.db.read(async move |conn| Ok(chats::find(conn, project, widget, &hash).await?)).await
}

/// Opens a chat in which nothing is written yet.
pub async fn open_chat(engine: &Chats, widget: &Widget, came: Came) -> anyhow::Result<Opened> {
    let core = &engine.core;
    let token = hex::encode(core.random.bytes::<TOKEN_BYTES>());
    let came = checked(came);
    let new = NewChat {
        channel: widget.channel,
        widget: widget.id,
        token_hash: hash(&token),
        visitor: core.random.uuid().to_string(),
        correlation_id: came.correlation_id,
        device_id: came.device,
        language: came.language,
        page: came.page,
    };
    let (project, channel, now) = (widget.project, widget.channel, core.clock.now());
    let stored = core.db.write(async move |tx| {
        let correlation_id = match &new.correlation_id {
            Some(id) => Some(id.clone()),
            None => of_device(tx, project, new.device_id.as_deref(), now - SESSION_LENGTH).await?,
        };
        let chat = chats::insert(tx, project, &NewChat { correlation_id, ..new }, now).await?;
        Ok((chat, chat_panels::of_channel(tx, project, channel).await?, projects::get(tx, project).await?))
    });
    let (chat, panel, project) = stored.await?;
    Ok(Opened { chat, token: Some(token), lines: Vec::new(), handling: Handling::Agent, panel, project })
}

/// Opens a chat that the visitor has: with another click, where they came by one.
pub async fn open_again(engine: &Chats, chat: Chat, came: Came) -> anyhow::Result<Opened> {
    let core = &engine.core;
    let (project, id, now) = (chat.project, chat.id, core.clock.now());
    let clicked = checked(came).correlation_id.filter(|clicked| chat.correlation_id.as_ref() != Some(clicked));
    if let Some(clicked) = &clicked {
        let clicked = clicked.clone();
        core.db.write(async move |tx| Ok(chats::note_click(tx, project, id, &clicked, now).await?)).await?;
    }
    let chat = Chat { correlation_id: clicked.or(chat.correlation_id), ..chat };
    let (conversation, channel) = (chat.conversation, chat.channel);
    let read = async move |conn: &Conn| {
        let lines = match conversation {
            Some(conversation) => chat_lines::last(conn, project, conversation, LAST_MAX).await?,
            None => Vec::new(),
        };
        let standing = chats::standings(conn, &[id], now).await?;
        let panel = chat_panels::of_channel(conn, project, channel).await?;
        Ok((lines, standing, panel, projects::get(conn, project).await?))
    };
    let (lines, standing, panel, project) = core.db.read(read).await?;
    let handling = standing.first().map_or(Handling::Agent, |(_, standing)| standing.handling);
    // Behind what is given: a message that came in between comes by the stream.
    let last_seq = lines.last().map_or(chat.last_seq, |line| line.seq);
    Ok(Opened { chat: Chat { last_seq, ..chat }, token: None, lines, handling, panel, project })
}

/// The session of a browser that has clicked lately.
async fn of_device(
    tx: &Tx,
    project: ProjectId,
    device: Option<&str>,
    after: Timestamp,
) -> anyhow::Result<Option<String>> {
    let Some(id) = device else { return Ok(None) };
    let last = sessions::last_of_devices(tx, &[Device { project, id }], after).await?;
    Ok(last.into_iter().next().map(|last| last.session.correlation_id))
}

fn checked(came: Came) -> Came {
    let given = |field: Option<String>| {
        field.map(|text| text.replace('\0', "")).filter(|text| !text.is_empty() && !is_placeholder(text))
    };
    let is_tag = |tag: &String| {
        tag.len() <= LANGUAGE_CHARS_MAX && tag.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    Came {
        correlation_id: given(came.correlation_id).filter(|id| CorrelationId::parse(id).is_ok()),
        device: given(came.device).filter(|id| id.chars().count() <= DEVICE_CHARS_MAX),
        language: given(came.language).filter(is_tag),
        page: given(came.page).map(|page| cut(&page, PAGE_CHARS_MAX).to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_browser_says_wrongly_is_left_out() {
        let came = |id: &str, language: &str| {
            let came =
                Came { correlation_id: Some(id.to_owned()), language: Some(language.to_owned()), ..Came::default() };
            let Came { correlation_id, language, .. } = checked(came);
            (correlation_id, language)
        };
        let right = (Some("O-aB3dE9z".to_owned()), Some("zh-Hans-SG".to_owned()));
        assert_eq!(came("O-aB3dE9z", "zh-Hans-SG"), right);
        assert_eq!(came("O-12", "<b>"), (None, None));
        assert_eq!(came("undefined", ""), (None, None));
    }
}
