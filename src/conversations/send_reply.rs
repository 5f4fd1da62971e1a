//! Sends replies over the channel's platform: claim, send, settle. A settlement is fenced by the attempt's number.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use tracing::Span;

use super::Conversations;
use crate::channels::{self as platforms, Outbound, SendOutcome};
use crate::conversations::open_channel::open;
use crate::core::Core;
use crate::db::{Batch, Tx};
use crate::domain::channel::MessageStatus;
use crate::domain::ids::ChannelId;
use crate::domain::retry::RetryAfter;
use crate::domain::time::{SignedDuration, Timestamp};
use crate::notifier::Work;
use crate::store::channels::{self, Channel};
use crate::store::replies::{self, ChannelHealth, LeasedReply, SettledReply};

/// A reply that was claimed, and the channel that it goes over.
pub struct Reply {
    leased: LeasedReply,
    channel: Arc<Channel>,
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
            let claimed = replies::claim(tx, now, lease_until, most).await?;
            let keys: HashSet<_> = claimed.iter().map(|reply| (reply.project, reply.channel)).collect();
            let mut found: HashMap<ChannelId, Arc<Channel>> = HashMap::new();
            for (project, channel) in keys {
                found.extend(channels::find_by_id(tx, project, channel).await?.map(|row| (channel, Arc::new(row))));
            }
            let reply = |leased: LeasedReply| Some(Reply { channel: found.get(&leased.channel)?.clone(), leased });
            Ok(claimed.into_iter().filter_map(reply).collect())
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
        for (channel, one) in health {
            let fault = if let ChannelHealth::Faulty(reason) = &one.health { Some(reason.as_str()) } else { None };
            channels::set_fault(tx, one.project, channel, fault, self.core.clock.now()).await?;
        }
        tx.last(replies::settle(tx, settled)).await?;
        Ok(vec![(); settled.len()])
    }
}

/// Sends a claimed reply. What became of it is still to be settled. `None` where the lease ended before: another node may be
/// sending it.
pub async fn send_reply(core: &Core, Reply { leased, channel }: Reply) -> anyhow::Result<Option<SettledReply>> {
    let (project, reply, attempt) = (leased.project, &leased.reply_id, leased.attempt);
    if core.clock.now() >= leased.lease_until {
        tracing::info!(%project, reply, attempt, "lease ended before the reply was sent");
        return Ok(None);
    }
    let is_faulty = channel.fault.is_some();
    let channel = open(core, channel)?;
    let outbound = Outbound { to: &leased.to, text: &leased.text, reply_id: &leased.reply_id };
    let outcome = platforms::send(&core.platform_client, channel.account(), outbound, core.clock.now()).await;
    let settled = settled(core, &leased, is_faulty, outcome);
    if let Some(error) = &settled.error {
        tracing::warn!(%project, reply, attempt, error, "reply not sent");
    }
    Ok(Some(settled))
}

/// Stores what became of a reply.
pub async fn settle_reply(engine: &Conversations, settled: &SettledReply) -> anyhow::Result<()> {
    engine.sent.write(settled.clone()).await?;
    // The next one of the conversation may be sent.
    engine.core.notifier.notify(Work::Replies);
    Ok(())
}

fn settled(core: &Core, reply: &LeasedReply, is_faulty: bool, outcome: SendOutcome) -> SettledReply {
    let health = match &outcome {
        SendOutcome::ChannelFault { reason, .. } => ChannelHealth::Faulty(reason.clone()),
        SendOutcome::Sent { .. } if is_faulty => ChannelHealth::Mended,
        _ => ChannelHealth::Unchanged,
    };
    let retried = |reason: String, after: Option<SignedDuration>| {
        let (now, jitter) = (core.clock.now(), core.random.fraction());
        let attempt = reply.attempt.saturating_sub(reply.retries_from).max(1);
        let due_at = core.config.retry_schedule.next(attempt, now, jitter, after.map(RetryAfter::wait));
        let status = if due_at.is_some() { MessageStatus::Queued } else { MessageStatus::Failed };
        (status, None, Some(reason), due_at)
    };
    let (status, external_id, error, due_at) = match outcome {
        SendOutcome::Sent { external_id } => (MessageStatus::Sent, external_id, None, None),
        SendOutcome::GiveUp { reason, .. } => (MessageStatus::Failed, None, Some(reason), None),
        SendOutcome::Retry { reason, after, .. } => retried(reason, after),
        SendOutcome::ChannelFault { reason, .. } => retried(reason, None),
    };
    SettledReply {
        id: reply.id,
        project: reply.project,
        channel: reply.channel,
        health,
        attempt: reply.attempt,
        status,
        external_id,
        error,
        due_at,
    }
}
