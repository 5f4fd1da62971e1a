//! A person of the business writes to the customer. The reply is sent as the agent's are; the conversation is theirs from then on.

use anyhow::Context as _;
use serde_json::json;

use super::take_over::{Answers, move_to_person};
use crate::core::Core;
use crate::db::Tx;
use crate::domain::actor::Actor;
use crate::domain::audit::{Action, Change, Object};
use crate::domain::channel::{Offers, Template};
use crate::domain::generated_by::GeneratedBy;
use crate::domain::ids::{LeadId, MessageId, ProjectId, UserId};
use crate::domain::lead::Handling;
use crate::domain::text::split;
use crate::domain::time::Timestamp;
use crate::notifier::Work;
use crate::store::handling::{self, Handled};
use crate::store::replies::{self, NewReply};
use crate::store::{answers, audit, leads, talk, writers};

/// Characters of a reply: what WhatsApp takes in one message. Other platforms get it as several where they take less.
pub const REPLY_CHARS_MAX: usize = 4_096;

/// What is to be said.
#[derive(Clone, Debug)]
pub struct PersonReply {
    /// The words.
    pub text: String,
    /// The newest message that its writer had seen.
    pub seen: MessageId,
}

/// Why nothing is sent.
#[derive(Debug, thiserror::Error)]
pub enum ReplyRefused {
    /// There is no such lead.
    #[error("there is no such lead in this project")]
    Unknown,
    /// The platform's name for them is gone.
    #[error("this person was erased: there is no way to reach them any more")]
    Unreachable,
    /// They do not want it, or their account is gone.
    #[error("this person has blocked the channel: nothing reaches them until they write again or let it in")]
    Blocked,
    /// There is nothing to send.
    #[error("write something first")]
    Empty,
    /// It is longer than the platform takes.
    #[error("shorten it to {REPLY_CHARS_MAX} characters: the platform takes no more in one message")]
    TooLong,
    /// The platform takes no reply any more.
    #[error(
        "the last message of this person is more than 24 hours old, and the platform delivers free text only within them: wait until they \
         write again, or send an approved template"
    )]
    WindowClosed,
    /// They want no message that they did not ask for.
    #[error("this person wrote “stop”: write to them again once they have written")]
    Stopped,
    /// Somebody else, or the agent, answered in the meantime.
    #[error("this was answered while you were writing: read it, and send yours if it is still needed")]
    Answered,
    /// Storing failed.
    #[error(transparent)]
    Failed(#[from] anyhow::Error),
}

/// How long the platform takes a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplyWindow {
    /// At any time.
    Always,
    /// Until then.
    Until(Timestamp),
    /// The person never wrote.
    Never,
}

/// How long the platform takes a reply.
pub fn reply_window(handled: &Handled) -> ReplyWindow {
    match (handled.kind.window(), handled.last_heard_at) {
        (None, _) => ReplyWindow::Always,
        (Some(window), Some(heard_at)) => ReplyWindow::Until(heard_at + window),
        (Some(_), None) => ReplyWindow::Never,
    }
}

/// Queues a person's reply.
pub async fn reply_as_person(
    core: &Core,
    actor: &Actor,
    project: ProjectId,
    lead: LeadId,
    reply: PersonReply,
) -> Result<(), ReplyRefused> {
    let text = reply.text.trim().to_owned();
    if text.is_empty() {
        return Err(ReplyRefused::Empty);
    }
    if text.chars().count() > REPLY_CHARS_MAX {
        return Err(ReplyRefused::TooLong);
    }
    say(core, actor, (project, lead), Words { text, template: None }, reply.seen).await
}

/// What a person of the business says.
pub(super) struct Words {
    /// How it reads.
    pub(super) text: String,
    /// The approved template that it is: the window does not count then.
    pub(super) template: Option<Template>,
}

/// Queues what a person says, unless something was sent after the newest message that they had seen.
pub(super) async fn say(
    core: &Core,
    actor: &Actor,
    (project, lead): (ProjectId, LeadId),
    words: Words,
    seen: MessageId,
) -> Result<(), ReplyRefused> {
    let (inside, actor, now) = (core.clone(), actor.clone(), core.clock.now());
    let stored = core.db.write(async move |tx| {
        let Some(handled) = handling::lock(tx, project, lead).await? else { return Ok(Err(ReplyRefused::Unknown)) };
        if let Some(refused) = refused(&handled, words.template.is_some(), now) {
            return Ok(Err(refused));
        }
        if !talk::sent_after(tx, project, handled.conversation, seen, 1).await?.is_empty() {
            return Ok(Err(ReplyRefused::Answered));
        }
        move_to_person(tx, project, &handled, (&actor, Answers::Now), now).await?;
        let (message, reply_id) = queue(tx, &inside, project, (&handled, actor.user()), &words).await?;
        answers::note(tx, project, message, handled.asked_at, now).await?;
        leads::touch(tx, project, lead, now).await?;
        if let Some(user) = actor.user() {
            writers::remove(tx, project, handled.conversation, user).await?;
        }
        let mut detail = json!({"lead": lead});
        if let Some(template) = &words.template {
            detail["template"] = json!(template.name);
        }
        let change = Change::new(Action::Reply, Object::Reply(reply_id.clone())).with(detail);
        audit::record(tx, project, &actor, &change, now).await?;
        Ok(Ok(()))
    });
    stored.await??;
    core.notifier.notify(Work::Replies);
    core.notifier.notify(Work::Turns);
    core.notifier.notify(Work::Chats);
    Ok(())
}

/// Queues the words, in as many messages as the platform needs. What the agent offered to answer it by counts no more. Gives the ids of
/// the first one.
async fn queue(
    tx: &Tx,
    core: &Core,
    project: ProjectId,
    (handled, user): (&Handled, Option<UserId>),
    words: &Words,
) -> anyhow::Result<(MessageId, String)> {
    let (now, mut newest) = (core.clock.now(), handled.newest_message.unwrap_or(MessageId(0)));
    let offers = serde_json::to_string(&Offers::Nothing)?;
    let template = words.template.as_ref().map(serde_json::to_string).transpose()?;
    // A template is one message, however it reads.
    let parts = match template {
        Some(_) => vec![words.text.as_str()],
        None => split(&words.text, handled.kind.text_units_max()),
    };
    let mut queued = Vec::new();
    for part in parts {
        newest = core.row_keys.next_above(now, newest);
        queued.push((newest, core.random.uuid().to_string(), part));
    }
    let new = queued.iter().map(|(id, reply_id, text)| NewReply {
        id: *id,
        project,
        channel: handled.channel,
        conversation: handled.conversation,
        reply_id,
        text,
        user,
        offers: Some(&offers),
        template: template.as_deref(),
        by: GeneratedBy::Person,
    });
    replies::insert(tx, &new.collect::<Vec<_>>(), now).await?;
    let first = queued.into_iter().next().context("a reply has words")?;
    Ok((first.0, first.1))
}

fn refused(handled: &Handled, is_template: bool, now: Timestamp) -> Option<ReplyRefused> {
    match reply_window(handled) {
        _ if !handled.is_reachable => Some(ReplyRefused::Unreachable),
        _ if handled.is_gone => Some(ReplyRefused::Blocked),
        _ if is_template && handled.handling == Handling::Stopped => Some(ReplyRefused::Stopped),
        _ if is_template => None,
        ReplyWindow::Always => None,
        ReplyWindow::Until(ends_at) if now < ends_at => None,
        ReplyWindow::Until(_) | ReplyWindow::Never => Some(ReplyRefused::WindowClosed),
    }
}
