//! Sends replies over the channel's platform: claim, send, settle. A settlement is fenced by the attempt's number.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use tracing::Span;

use super::Conversations;
use super::pace_replies::claim_in_pace;
use crate::channels::{self as platforms, Limit, Outbound, SendOutcome};
use crate::conversations::open_channel::open;
use crate::core::Core;
use crate::db::{Batch, Tx};
use crate::domain::channel::{MessageStatus, Offers, Template};
use crate::domain::ids::ChannelId;
use crate::domain::retry::RetryAfter;
use crate::domain::time::{SignedDuration, Timestamp};
use crate::notifier::Work;
use crate::store::channels::{self, Channel};
use crate::store::replies::{self, ChannelHealth, LeasedReply, Reached, Refused, SettledReply};
use crate::store::{channel_accounts, channel_troubles, chats, conversations, reply_pace};

/// A reply that was claimed, and the channel that it goes over.
pub struct Reply {
    leased: LeasedReply,
    channel: Arc<Channel>,
    /// Whether the account of the business's own, in whose name it would go, does not allow it any more.
    is_closed: bool,
}

impl Reply {
    /// The span of its attempt.
    pub fn span(&self) -> Span {
        tracing::info_span!("reply", reply_id = self.leased.reply_id, attempt = self.leased.attempt)
    }
}

/// Claims replies that are due.
pub async fn claim_replies(core: &Core, most: u32) -> anyhow::Result<Vec<Reply>> {
    let now = core.clock.now();
    let lease_until = now + core.config.lease;
    core.db
        .write(async move |tx| {
            let claimed = claim_in_pace(tx, now, lease_until, most).await?;
            let keys: HashSet<_> = claimed.iter().map(|reply| (reply.project, reply.channel)).collect();
            let mut found: HashMap<ChannelId, Arc<Channel>> = HashMap::new();
            for (project, channel) in keys {
                found.extend(channels::find_by_id(tx, project, channel).await?.map(|row| (channel, Arc::new(row))));
            }
            let mut replies = Vec::new();
            for leased in claimed {
                let Some(channel) = found.get(&leased.channel).cloned() else { continue };
                let is_closed = match &leased.route.account {
                    Some(account) => {
                        channel_accounts::may_reply(tx, leased.project, leased.channel, account).await? == Some(false)
                    }
                    None => false,
                };
                replies.push(Reply { leased, channel, is_closed });
            }
            Ok(replies)
        })
        .await
}

/// When the next reply falls due that is not due now.
pub async fn next_reply_due(core: &Core) -> anyhow::Result<Option<Timestamp>> {
    let now = core.clock.now();
    core.db.read(async move |conn| Ok(replies::next_due(conn, now).await?)).await
}

/// Stores how sending went, for many replies in one transaction.
pub struct SettleReplies {
    /// The shared parts.
    pub core: Core,
}

impl Batch for SettleReplies {
    type Item = SettledReply;
    type Output = ();

    async fn write(&self, tx: &Tx, settled: &[SettledReply]) -> anyhow::Result<Vec<()>> {
        // In the order of their keys, as everybody changes channels who changes several.
        let mut health: BTreeMap<ChannelId, &SettledReply> = BTreeMap::new();
        health
            .extend(settled.iter().filter(|one| one.health != ChannelHealth::Unchanged).map(|one| (one.channel, one)));
        for one in settled {
            let (project, conversation, now) = (one.project, one.conversation, self.core.clock.now());
            match one.reached {
                Reached::Unchanged => {}
                Reached::Gone => {
                    let why = one.error.as_deref().unwrap_or_default();
                    if conversations::note_gone(tx, project, conversation, (one.id, one.attempt), now).await? {
                        replies::fail_waiting(tx, project, conversation, Some(one.id), why).await?;
                    }
                }
                Reached::Unwanted => {
                    channel_troubles::set_no_marketing(tx, project, conversation, Some(now)).await?;
                }
                Reached::TooFast(until) => {
                    channels::slow_down(tx, project, one.channel, (conversation, until), now).await?;
                }
                Reached::Held(until) => {
                    reply_pace::hold(tx, project, one.channel, until, None).await?;
                }
                Reached::FewerCalls(until, quiet_until) => {
                    reply_pace::hold(tx, project, one.channel, until, Some(quiet_until)).await?;
                }
            }
        }
        for (channel, one) in health {
            let fault = if let ChannelHealth::Faulty(reason) = &one.health { Some(reason.as_str()) } else { None };
            channels::set_fault(tx, one.project, channel, fault, self.core.clock.now()).await?;
        }
        tx.last(replies::settle(tx, settled)).await?;
        Ok(vec![(); settled.len()])
    }
}

/// Sends a claimed reply. What became of it is still to be settled. `None` where nothing is: the lease ended before, so that another node
/// may be sending it; or the visitor of a page has it.
pub async fn send_reply(core: &Core, reply: Reply) -> anyhow::Result<Option<SettledReply>> {
    let Reply { leased, channel, is_closed } = reply;
    let (project, reply, attempt) = (leased.project, &leased.reply_id, leased.attempt);
    if core.clock.now() >= leased.lease_until {
        tracing::info!(%project, reply, attempt, "lease ended before the reply was sent");
        return Ok(None);
    }
    let (is_faulty, kind) = (channel.fault.is_some(), channel.kind);
    if kind.is_fetched() {
        give_to_visitor(core, &leased).await?;
        core.metrics.reply(kind.as_str(), MessageStatus::Sent.as_str());
        return Ok(None);
    }
    let give_up = |reason: &str| SendOutcome::GiveUp { code: None, reason: reason.to_owned() };
    let outcome = if is_closed {
        give_up(CLOSED)
    } else if kind.unknown_attempts_max().is_some_and(|most| leased.unknown_attempts >= most) {
        give_up(UNKNOWN)
    } else {
        let offers = leased.offers.as_deref().map(serde_json::from_str::<Offers>).transpose()?;
        let template = leased.template.as_deref().map(serde_json::from_str::<Template>).transpose()?;
        let channel = open(core, channel)?;
        let outbound = Outbound {
            to: &leased.to,
            route: &leased.route,
            text: &leased.text,
            offers: offers.as_ref(),
            template: template.as_ref(),
            reply_id: &leased.reply_id,
        };
        platforms::send(&core.platform_client, channel.account(), outbound, core.clock.now()).await
    };
    let settled = settled(core, &leased, is_faulty, outcome);
    let result = if settled.status == MessageStatus::Queued { "retried" } else { settled.status.as_str() };
    core.metrics.reply(kind.as_str(), result);
    if let Some(error) = &settled.error {
        tracing::warn!(%project, reply, attempt, error, "reply not sent");
    }
    Ok(Some(settled))
}

/// Gives a reply to the visitor of a chat on a page: it is theirs once it has its number, in one transaction for each. Two replies never
/// wait for each other's chats that way.
async fn give_to_visitor(core: &Core, leased: &LeasedReply) -> anyhow::Result<()> {
    let (project, conversation, reply) = (leased.project, leased.conversation, (leased.id, leased.attempt));
    let given = core.db.write(async move |tx| {
        if !chats::end_attempt(tx, project, reply, (MessageStatus::Sent, None)).await? {
            return Ok(());
        }
        if !chats::number_reply(tx, project, conversation, reply.0).await? {
            chats::end_attempt(tx, project, reply, (MessageStatus::Failed, Some(CHAT_GONE))).await?;
        }
        Ok(())
    });
    given.await?;
    core.notifier.notify(Work::Chats);
    // The next one of the conversation may be given.
    core.notifier.notify(Work::Replies);
    Ok(())
}

/// Why a reply reaches nobody.
const CHAT_GONE: &str = "The chat is gone: its visitor has not used it for longer than messages are kept.";
/// Why a reply in the name of an account is not sent.
const CLOSED: &str =
    "The business account does not let the bot reply any more: its owner can change that in the app's settings.";
/// Why a reply is not sent a third time.
const UNKNOWN: &str = "Twice the platform did not say whether it got the message. It may have arrived: look in the chat before it is resent.";
/// Attempts at a reply that the platform holds back.
const TOO_FAST_MAX: u32 = 100;
/// Attempts at a reply to a person who got too many: the waits sum up to a day.
const PERSON_WAITS_MAX: u32 = 8;
/// A reply as one that was sent, of a past that is made up: it has no platform.
pub fn take_as_sent(core: &Core, reply: &Reply) -> SettledReply {
    let external_id = Some(core.random.token("wamid.", 32));
    settled(core, &reply.leased, false, SendOutcome::Sent { external_id })
}

/// How long a platform that wants fewer calls gets nothing but replies.
const QUIET_FOR: SignedDuration = SignedDuration::from_mins(15);

/// Stores what became of a reply.
pub async fn settle_reply(engine: &Conversations, settled: &SettledReply) -> anyhow::Result<()> {
    engine.sent.write(settled.clone()).await?;
    // The next one of the conversation may be sent.
    engine.core.notifier.notify(Work::Replies);
    Ok(())
}

/// Where an attempt leaves its reply.
struct Step {
    status: MessageStatus,
    external_id: Option<String>,
    error: Option<String>,
    due_at: Option<Timestamp>,
}

impl Step {
    fn sent(external_id: Option<String>) -> Self {
        Self { status: MessageStatus::Sent, external_id, error: None, due_at: None }
    }

    fn failed(reason: String) -> Self {
        Self { status: MessageStatus::Failed, external_id: None, error: Some(reason), due_at: None }
    }

    fn retried(reason: Option<String>, due_at: Timestamp) -> Self {
        Self { status: MessageStatus::Queued, external_id: None, error: reason, due_at: Some(due_at) }
    }
}

fn settled(core: &Core, reply: &LeasedReply, is_faulty: bool, outcome: SendOutcome) -> SettledReply {
    let health = match &outcome {
        SendOutcome::ChannelFault { reason, .. } => ChannelHealth::Faulty(reason.clone()),
        SendOutcome::Sent { .. } if is_faulty => ChannelHealth::Mended,
        _ => ChannelHealth::Unchanged,
    };
    let (now, jitter) = (core.clock.now(), core.random.fraction());
    let attempts = reply.attempt.saturating_sub(reply.retries_from).max(1);
    let next = |after: Option<SignedDuration>| {
        core.config.retry_schedule.next(attempts, now, jitter, after.map(RetryAfter::wait))
    };
    let retried = |reason: String, after: Option<SignedDuration>| match next(after) {
        Some(due_at) => Step::retried(Some(reason), due_at),
        None => Step::failed(reason),
    };
    let again = |code: i64| refused_again(reply, code, attempts);
    // What the platform took it may refuse later, and then it counts.
    let mut refused = reply.refused.filter(|_| matches!(outcome, SendOutcome::Sent { .. }));
    let mut reached = Reached::Unchanged;
    let step = match outcome {
        SendOutcome::Sent { external_id } => Step::sent(external_id),
        SendOutcome::GiveUp { reason, .. } => Step::failed(reason),
        SendOutcome::Retry { reason, after, .. } => retried(reason, after),
        SendOutcome::ChannelFault { reason, .. } => retried(reason, None),
        SendOutcome::Unreachable { reason } => {
            reached = Reached::Gone;
            Step::failed(reason)
        }
        SendOutcome::Unwanted { reason } => {
            reached = Reached::Unwanted;
            Step::failed(reason)
        }
        SendOutcome::Once { code, reason, after } => {
            let again = again(code);
            refused = Some(again);
            match next(Some(after)) {
                Some(due_at) if again.times == 1 => Step::retried(Some(reason), due_at),
                _ => Step::failed(reason),
            }
        }
        SendOutcome::TooFast { code, reason, after, limit } => {
            let again = again(code);
            refused = Some(again);
            // Up to a second more, so that what waits does not come at once.
            let due_at = now + wait_for(limit, after, again.times) + SignedDuration::from_secs_f64(jitter);
            reached = held_back(limit, due_at, now);
            if again.times <= times_max(limit) { Step::retried(Some(reason), due_at) } else { Step::failed(reason) }
        }
        SendOutcome::Unknown { reason } => {
            tracing::warn!(reply = reply.reply_id, reason, "unknown whether the reply was sent");
            // Without an error it counts as unknown when it is claimed again.
            next(None).map_or_else(|| Step::failed(reason), |due_at| Step::retried(None, due_at))
        }
    };
    let Step { status, external_id, error, due_at } = step;
    SettledReply {
        id: reply.id,
        project: reply.project,
        channel: reply.channel,
        conversation: reply.conversation,
        health,
        reached,
        attempt: reply.attempt,
        status,
        external_id,
        error,
        due_at,
        refused,
    }
}

/// That the platform refuses a reply with `code`, with how often it did so before in a row.
fn refused_again(reply: &LeasedReply, code: i64, attempts: u32) -> Refused {
    let before = reply.refused.filter(|before| before.code == code && attempts > 1);
    Refused { code, times: 1 + before.map_or(0, |before| before.times) }
}

/// How long a reply waits: one to a person who got too many 4, 16, 64 seconds and so on.
fn wait_for(limit: Limit, after: SignedDuration, times: u32) -> SignedDuration {
    match limit {
        Limit::Person => SignedDuration::from_secs(after.as_secs().saturating_pow(times.min(PERSON_WAITS_MAX))),
        Limit::Untold | Limit::Channel | Limit::Calls => after,
    }
}

/// How often a reply may be held back.
fn times_max(limit: Limit) -> u32 {
    if limit == Limit::Person { PERSON_WAITS_MAX } else { TOO_FAST_MAX }
}

/// What a limit says of the channel.
fn held_back(limit: Limit, until: Timestamp, now: Timestamp) -> Reached {
    match limit {
        Limit::Untold => Reached::TooFast(until),
        Limit::Person => Reached::Unchanged,
        Limit::Channel => Reached::Held(until),
        Limit::Calls => Reached::FewerCalls(until, now + QUIET_FOR),
    }
}
