//! Loads what turns are decided on. Nothing is locked: what changes meanwhile is the settlement's matter.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::agent::Paragraph;
use crate::clicks::sessions::SESSION_LENGTH;
use crate::db::{Conn, pipelined, pipelined_three};
use crate::domain::channel::MessageKind;
use crate::domain::ids::{ChannelId, ConversationId, MessageId, ProjectId};
use crate::domain::time::Timestamp;
use crate::store::channels::{self, Channel};
use crate::store::clicks;
use crate::store::knowledge::{self, AgentSettings, KnownParagraph};
use crate::store::leads::{self, Lead};
use crate::store::links;
use crate::store::messages::{self, After, Unread};
use crate::store::projects::{self, Project};
use crate::store::turns::LeasedTurn;
use crate::store::widgets;

/// Messages of one turn; what is left is the next one's.
const MESSAGES_MAX: u32 = 50;

/// A claimed turn with all that it is decided on.
pub struct Turn {
    /// The claim.
    pub leased: LeasedTurn,
    /// What the conversations of the channel share.
    pub setting: Arc<Setting>,
    /// The conversation's lead. A conversation without one cannot be decided on.
    pub lead: Option<Lead>,
    /// What the person wrote since the last turn, oldest first.
    pub unread: Vec<Unread>,
    /// Whether they opened the chat without a reference, though somebody has clicked a widget of the channel of late and not written.
    pub is_reference_wanted: bool,
    /// What the links prefilled that they came by, where those have a text of their own.
    link_texts: Vec<String>,
}

impl Turn {
    /// What was prefilled for the person: by the link that they came by, or else by the newest widget of the channel.
    pub fn prefilled_greeting(&self) -> Option<&str> {
        let is_said = |text: &&String| {
            self.unread.iter().any(|message| message.text.as_deref().is_some_and(|said| said.contains(text.as_str())))
        };
        self.link_texts.iter().find(is_said).or(self.setting.greeting.as_ref()).map(String::as_str)
    }

    /// The newest message that the turn is about.
    pub fn read_up_to(&self) -> MessageId {
        self.unread.last().map_or(self.leased.answered_up_to, |message| message.id)
    }

    /// Whether the person opened the chat by the platform's bare button, and no click of theirs is known.
    fn lacks_reference(&self) -> bool {
        let is_bare = |message: &Unread| {
            message.kind == MessageKind::Start && message.text.as_deref().is_none_or(|text| text.trim() == "/start")
        };
        self.unread.iter().any(is_bare) && self.lead.as_ref().is_some_and(|lead| lead.session.is_none())
    }

    /// Whether there may be more to read than the turn is about.
    pub fn is_partial(&self) -> bool {
        self.unread.len() == MESSAGES_MAX as usize
    }
}

/// What the conversations of a channel share.
pub struct Setting {
    /// The channel.
    pub channel: Option<Channel>,
    /// Its project.
    pub project: Project,
    /// What the newest widget of the channel prefills.
    pub greeting: Option<String>,
    /// What the project has written for a language model, where there is one.
    pub agent: Option<ForModel>,
}

/// What a project has written for a language model.
pub struct ForModel {
    /// How it is used.
    pub settings: AgentSettings,
    /// What questions are answered from.
    pub knowledge: Vec<Paragraph>,
}

/// Loads turns, several at once.
pub(super) async fn load(
    conn: &Conn,
    leased: Vec<LeasedTurn>,
    now: Timestamp,
    has_model: bool,
) -> anyhow::Result<Vec<Turn>> {
    let keys: Vec<_> = leased.iter().map(|one| (one.lease.project, one.lease.conversation)).collect();
    let after: Vec<_> = leased
        .iter()
        .map(|one| After {
            project: one.lease.project,
            conversation: one.lease.conversation,
            message: one.answered_up_to,
        })
        .collect();
    let (leads, messages, texts) = pipelined_three(
        leads::of_conversations(conn, &keys),
        messages::unread(conn, &after, MESSAGES_MAX),
        links::texts_of_conversations(conn, &keys),
    )
    .await?;
    let mut link_texts: HashMap<ConversationId, Vec<String>> = HashMap::new();
    for (conversation, text) in texts {
        link_texts.entry(conversation).or_default().push(text);
    }
    let mut leads: HashMap<ConversationId, Lead> = leads.into_iter().collect();
    let mut unread: HashMap<ConversationId, Vec<Unread>> = HashMap::new();
    for (conversation, message) in messages {
        unread.entry(conversation).or_default().push(message);
    }
    let channels: HashSet<_> = leased.iter().map(|one| (one.lease.project, one.channel)).collect();
    let mut settings = HashMap::new();
    for (project, channel) in channels {
        settings.insert(channel, Arc::new(load_setting(conn, project, channel, has_model).await?));
    }
    let turns = leased.into_iter().map(|leased| Turn {
        setting: settings[&leased.channel].clone(),
        lead: leads.remove(&leased.lease.conversation),
        unread: unread.remove(&leased.lease.conversation).unwrap_or_default(),
        link_texts: link_texts.remove(&leased.lease.conversation).unwrap_or_default(),
        is_reference_wanted: false,
        leased,
    });
    let mut turns: Vec<Turn> = turns.collect();
    for turn in turns.iter_mut().filter(|turn| turn.lacks_reference()) {
        let (project, since) = (turn.leased.lease.project, now - SESSION_LENGTH);
        turn.is_reference_wanted = clicks::has_unlinked(conn, project, turn.leased.channel, since).await?;
    }
    Ok(turns)
}

async fn load_setting(conn: &Conn, project: ProjectId, channel: ChannelId, has_model: bool) -> anyhow::Result<Setting> {
    let agent = if has_model { Some(load_for_model(conn, project).await?) } else { None };
    let (project, channel, mut greetings) = pipelined_three(
        projects::get(conn, project),
        channels::find_by_id(conn, project, channel),
        widgets::greetings_of_channel(conn, project, channel, 1),
    )
    .await?;
    Ok(Setting { channel, project, greeting: greetings.pop(), agent })
}

async fn load_for_model(conn: &Conn, project: ProjectId) -> anyhow::Result<ForModel> {
    let (settings, paragraphs) =
        pipelined(knowledge::settings(conn, project), knowledge::paragraphs(conn, project)).await?;
    let paragraph = |one: KnownParagraph| Paragraph { id: format!("k{}", one.id), text: one.text };
    Ok(ForModel { settings, knowledge: paragraphs.into_iter().map(paragraph).collect() })
}
