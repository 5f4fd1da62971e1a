//! A conversation as people of the business read it, with the field to answer: on a lead's page and in the inbox.

mod lines;

pub use lines::{Line, Medium};
use lines::{Past, Shown, lines, message, past_lines};

use super::form::Mistakes;
use super::frame::Frame;
use super::lead_name::{Fields, Known, LeadName, channel_name, pill};
use super::view::Html;
use super::who::{Member, Needs};
use crate::conversations::reply_as_person::{ReplyWindow, reply_window};
use crate::core::Core;
use crate::db::Conn;
use crate::domain::channel::MessageStatus;
use crate::domain::ids::{ConversationId, LeadId, MessageId, ProjectId};
use crate::domain::lead::{Activity, Handling, LeadStatus};
use crate::domain::time::Timestamp;
use crate::http::error::Result;
use crate::store::handling::Handled;
use crate::store::lead_activity::{self, Done};
use crate::store::lead_view::{self, ViewedLead};
use crate::store::past_messages::{self, PastMessage};
use crate::store::talk;
use crate::store::{handling, writers};

/// Messages of a page.
const MESSAGES: u32 = 100;
/// What was done with the lead, of which the handovers are shown.
const DONE_MAX: u32 = 100;
/// Messages that were sent meanwhile and are shown.
const NEWS_MAX: u32 = 20;

/// The page that a conversation stands on, and that its buttons lead back to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The lead's page.
    Lead,
    /// The inbox.
    Inbox,
}

impl Place {
    /// The word in forms.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Lead => "lead",
            Self::Inbox => "inbox",
        }
    }

    /// The place of that word.
    pub fn parse(word: &str) -> Self {
        if word == "inbox" { Self::Inbox } else { Self::Lead }
    }

    /// The address of a lead's conversation there.
    pub fn path(self, project_path: &str, lead: LeadId) -> String {
        match self {
            Self::Lead => format!("{project_path}/leads/{lead}"),
            Self::Inbox => format!("{project_path}/inbox/{lead}"),
        }
    }
}

/// A conversation on a page.
pub struct Talk {
    /// Its lead.
    pub lead: LeadId,
    /// What the person is called by.
    pub name: LeadName,
    /// The first of their names.
    pub first_name: String,
    /// The platform.
    pub channel: String,
    /// Where the lead stands.
    pub pill: Html,
    /// Its messages, with the days between.
    pub lines: Vec<Line>,
    /// Where older ones are.
    pub older: Option<String>,
    /// What was written before all of them.
    pub past: Option<Past>,
    /// Where it stands.
    pub place: Place,
    /// The newest message on the page.
    pub seen: MessageId,
    /// Whether its newest messages are on the page, so that more can follow.
    pub is_newest: bool,
    /// Whether a reply is on its way.
    pub is_being_sent: bool,
    /// Who else writes an answer at the moment.
    pub writing: Option<String>,
    /// How much time is left to write freely.
    pub left: Option<String>,
    /// Whether a reply can be sent at all.
    pub closed: Option<&'static str>,
    /// Whether only an approved template can be sent.
    pub takes_templates: bool,
    /// Who looks after it.
    pub handling: Handling,
    /// Whether it is with who looks at the page.
    pub is_mine: bool,
    /// What was typed.
    pub text: String,
    /// What is wrong with that.
    pub mistakes: Mistakes,
    /// What was sent while it was typed.
    pub news: Vec<Line>,
    /// The messages on the page, to know where a link leads.
    pub shown: Vec<MessageId>,
}

/// What a page asks of a conversation.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    /// The lead.
    pub lead: LeadId,
    /// The page that it stands on.
    pub place: Place,
    /// Only messages before this one.
    pub before: Option<MessageId>,
}

/// Loads a conversation; `None` where the project has no such lead.
pub async fn load<N: Needs>(
    core: &Core,
    member: &Member<N>,
    frame: &Frame,
    wanted: Wanted,
) -> Result<Option<(Talk, ViewedLead)>> {
    let (project, before) = (member.project.id, wanted.before.unwrap_or(MessageId(i64::MAX)));
    let (user, now) = (member.who.user.id, core.clock.now());
    let found = core.db.read(async move |conn| {
        let Some(lead) = lead_view::find(conn, project, wanted.lead).await? else { return Ok(None) };
        let Some(handled) = handling::find(conn, project, wanted.lead).await? else { return Ok(None) };
        let said = talk::page(conn, project, lead.conversation, before, MESSAGES + 1).await?;
        let writers = writers::others(conn, project, (lead.conversation, user), now).await?;
        let done = lead_activity::of_lead(conn, project, wanted.lead, DONE_MAX).await?;
        let past = load_past(conn, project, lead.conversation, said.len() > MESSAGES as usize).await?;
        Ok(Some((lead, handled, (said, past), writers, done)))
    });
    let Some((lead, handled, (mut said, past), writers, done)) = found.await? else { return Ok(None) };
    let masked = member.sees_masked();
    let name = name_of(&lead, masked);
    let path = wanted.place.path(&member.path(), lead.id);
    let has_older = said.len() > MESSAGES as usize;
    said.truncate(MESSAGES as usize);
    let older = said.last().filter(|_| has_older).map(|oldest| format!("{path}?before={}", oldest.id));
    said.reverse();
    let ends = (said.first().filter(|_| has_older), said.last().filter(|_| wanted.before.is_some()));
    let is_of_page = |done: &&Done| {
        done.activity == Activity::HandedOver
            && ends.0.is_none_or(|first| done.at >= first.at)
            && ends.1.is_none_or(|last| done.at <= last.at)
    };
    let handovers: Vec<&Done> = done.iter().rev().filter(is_of_page).collect();
    let window = reply_window(&handled);
    let left = if let ReplyWindow::Until(ends_at) = window { frame.times.left(ends_at) } else { None };
    let closed = closed(&handled, window, left.is_some());
    let takes_templates = closed.is_some() && handled.is_reachable && !handled.is_gone;
    let lead_path = format!("{}/leads/{}", member.path(), lead.id);
    let shown = Shown { masked, correlation_id: lead.correlation_id.as_deref(), lead: &lead_path };
    let talk = Talk {
        lead: lead.id,
        first_name: first_name(&name.title),
        channel: channel_name(&lead.channel).to_owned(),
        pill: lead_pill(&lead),
        lines: lines(frame, (&said, &handovers), &name.title, shown),
        past: past_lines(frame, past, &name.title, shown),
        older,
        place: wanted.place,
        seen: handled.newest_message.unwrap_or(MessageId(0)),
        is_newest: wanted.before.is_none(),
        is_being_sent: said.iter().any(|one| one.status == MessageStatus::Queued),
        writing: writing(&writers),
        left,
        closed,
        takes_templates,
        handling: lead.handling,
        is_mine: lead.handling == Handling::With && handled.handler == Some(member.who.user.id),
        text: String::new(),
        mistakes: Mistakes::default(),
        news: Vec::new(),
        shown: said.iter().map(|message| message.id).collect(),
        name,
    };
    Ok(Some((talk, lead)))
}

/// The newest past messages and how many there are: none while older messages stand between.
async fn load_past(
    conn: &Conn,
    project: ProjectId,
    conversation: ConversationId,
    has_older: bool,
) -> anyhow::Result<(Vec<PastMessage>, i64)> {
    if has_older {
        return Ok((Vec::new(), 0));
    }
    let mut newest = past_messages::newest(conn, project, conversation, MESSAGES + 1).await?;
    if newest.len() <= MESSAGES as usize {
        let count = i64::try_from(newest.len())?;
        return Ok((newest, count));
    }
    newest.truncate(MESSAGES as usize);
    Ok((newest, past_messages::count(conn, project, conversation).await?))
}

/// Why no reply can be sent.
fn closed(handled: &Handled, window: ReplyWindow, is_open: bool) -> Option<&'static str> {
    match window {
        _ if !handled.is_reachable => Some("This person was erased: there is no way to reach them any more."),
        _ if handled.is_gone => Some(
            "They have blocked the bot, or their account is gone: nothing reaches them. Once they write again or let it in, you can answer.",
        ),
        ReplyWindow::Until(_) | ReplyWindow::Never if !is_open => Some(
            "Their last message is more than 24 hours old, and WhatsApp delivers free text only within them. Wait until they write \
             again, or send an approved template.",
        ),
        _ => None,
    }
}

/// Who writes, in words.
fn writing(names: &[String]) -> Option<String> {
    match names {
        [] => None,
        [one] => Some(format!("{one} is writing")),
        [first, .., last] => Some(format!("{first} and {last} are writing")),
    }
}

/// What was sent to the person after a message, as it is shown to who wrote meanwhile.
pub async fn news<N: Needs>(
    core: &Core,
    member: &Member<N>,
    frame: &Frame,
    (lead, after): (LeadId, MessageId),
) -> Result<Vec<Line>> {
    let project = member.project.id;
    let sent = core.db.read(async move |conn| {
        let Some(lead) = lead_view::find(conn, project, lead).await? else { return Ok(Vec::new()) };
        Ok(talk::sent_after(conn, project, lead.conversation, after, NEWS_MAX).await?)
    });
    let sent = sent.await?;
    let lead_path = format!("{}/leads/{lead}", member.path());
    let shown = Shown { masked: member.sees_masked(), correlation_id: None, lead: &lead_path };
    Ok(sent.iter().map(|said| Line::Message(message(frame, said, "", shown))).collect())
}

/// What the person of a lead is called by.
pub fn name_of(lead: &ViewedLead, masked: bool) -> LeadName {
    LeadName::of(Known {
        fields: &Fields::parse(&lead.fields),
        profile_name: lead.profile_name.as_deref(),
        saved_name: lead.saved_name.as_deref(),
        phone: lead.phone.as_deref(),
        channel: &lead.channel,
        is_erased: lead.erased_at.is_some(),
        masked,
    })
}

/// Where a lead stands.
pub fn lead_pill(lead: &ViewedLead) -> Html {
    pill(lead.status, lead.handling, lead.handler.as_deref(), lead.erased_at.is_some())
}

/// How far a lead came, whoever looks after it.
pub fn status_pill(status: LeadStatus) -> Html {
    pill(status, Handling::Agent, None, false)
}

fn first_name(title: &str) -> String {
    match title.split_whitespace().next() {
        Some(first) if first.chars().any(char::is_alphabetic) && first != "Somebody" => first.to_owned(),
        _ => "them".to_owned(),
    }
}

/// A time of a page's address.
pub fn before(query: &crate::http::extract::Query) -> Option<MessageId> {
    query.one("before").ok().flatten().and_then(|text| text.parse().ok())
}

/// How long somebody has waited.
pub fn waits(frame: &Frame, since: Option<Timestamp>) -> String {
    since.map(|since| format!("waits {}", frame.times.since(since))).unwrap_or_default()
}
