//! Sends one reply through the platform's own API: claim, send, settle.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use anyhow::Context as _;
use bytes::Bytes;
use futures_util::future::try_join_all;

use super::Conversations;
use crate::channels::whatsapp::API_VERSION;
use crate::channels::whatsapp::send::{self, Api, Recipient, SendOutcome, TextRequest};
use crate::conversations::open_channel::{OpenChannel, open};
use crate::core::Core;
use crate::db::{Batch, Result, Tx};
use crate::domain::retry::RetryAfter;
use crate::domain::time::Timestamp;
use crate::net::{Method, Request};
use crate::notifier::Work;
use crate::store::channels::{self, Channel};
use crate::store::messages::{self, Outgoing, SettledReply};

/// A reply that was claimed, and where it goes.
pub struct Reply {
    outgoing: Outgoing,
    channel: Arc<Channel>,
}

/// Bytes read of the platform's answer.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// Claims replies that are due.
pub async fn claim_replies(core: &Core, most: u32) -> anyhow::Result<Vec<Reply>> {
    let now = core.clock.now();
    let lease_until = now + core.config.lease;
    core.db
        .write(async move |tx| {
            let claimed = messages::claim(tx, now, lease_until, most).await?;
            let keys: HashSet<i64> = claimed.iter().map(|reply| reply.channel).collect();
            let channels = keys.into_iter().map(async |key| Ok((key, Arc::new(channels::get(tx, key).await?))));
            let channels: Result<Vec<(i64, Arc<Channel>)>> = try_join_all(channels).await;
            let channels: HashMap<_, _> = channels?.into_iter().collect();
            let reply = |outgoing: Outgoing| Reply { channel: channels[&outgoing.channel].clone(), outgoing };
            Ok(claimed.into_iter().map(reply).collect())
        })
        .await
}

/// When the next reply falls due that is not due now.
pub async fn next_reply_due(core: &Core) -> anyhow::Result<Option<Timestamp>> {
    let now = core.clock.now();
    core.db.read(async move |conn| Ok(messages::next_due(conn, now).await?)).await
}

/// Stores how sending went, for many replies in one transaction.
pub struct SettleReplies;

impl Batch for SettleReplies {
    type Item = SettledReply;
    type Output = ();

    async fn write(&self, tx: &Tx, settled: &[SettledReply]) -> anyhow::Result<Vec<()>> {
        tx.last(messages::settle(tx, settled)).await?;
        Ok(vec![(); settled.len()])
    }
}

/// Sends a claimed reply. What it came to is still to be settled.
pub async fn send_reply(core: &Core, Reply { outgoing, channel }: Reply) -> anyhow::Result<SettledReply> {
    let outcome = send(core, open(core, channel)?, &outgoing).await?;
    let settled = settled(core, &outgoing, outcome);
    if let Some(problem) = &settled.problem {
        tracing::warn!(reply = outgoing.reply_id, attempt = outgoing.attempt, problem, "a reply was not sent");
    }
    Ok(settled)
}

/// Stores how sending a reply went.
pub async fn settle(engine: &Conversations, settled: &SettledReply) -> anyhow::Result<()> {
    engine.sent.write(settled.clone()).await?;
    // The next one of the conversation may go.
    engine.core.notifier.notify(Work::Replies);
    Ok(())
}

fn settled(core: &Core, reply: &Outgoing, outcome: SendOutcome) -> SettledReply {
    let (status, platform_id, problem, due_at) = match outcome {
        SendOutcome::Sent { platform_id } => ("sent", platform_id, None, None),
        SendOutcome::GiveUp { why, .. } => ("failed", None, Some(why), None),
        SendOutcome::Retry { why, after, .. } => {
            let (now, jitter) = (core.clock.now(), core.random.fraction());
            let due_at = core.config.retry_schedule.next(reply.attempt, now, jitter, after.map(RetryAfter::wait));
            (if due_at.is_some() { "queued" } else { "failed" }, None, Some(why), due_at)
        }
    };
    SettledReply { id: reply.id, attempt: reply.attempt, status, platform_id, problem, due_at }
}

async fn send(core: &Core, channel: OpenChannel, reply: &Outgoing) -> anyhow::Result<SendOutcome> {
    let to = Recipient::of(reply.wa_id.as_deref(), reply.user_id.as_deref()).context("a reply to nobody")?;
    let api = Api { base: &channel.row.api_base, version: API_VERSION, phone_number_id: &channel.row.channel_id };
    let TextRequest { url, body } = send::text_request(&api, &to, &reply.text, &reply.reply_id);
    let request = Request {
        method: Method::POST,
        url,
        headers: vec![
            ("authorization".to_owned(), format!("Bearer {}", channel.credentials.access_token)),
            ("content-type".to_owned(), "application/json".to_owned()),
        ],
        body: Bytes::from(body),
        timeout: crate::net::client::TIMEOUT_DEFAULT,
        answer_bytes_max: ANSWER_BYTES_MAX,
    };
    Ok(match core.platform_client.send(request).await {
        Ok(answer) => {
            let asked = answer.header("retry-after").and_then(RetryAfter::parse);
            let asked = asked.map(|asked| asked.at(core.clock.now()).duration_since(core.clock.now()));
            send::outcome(Some(answer.status), asked, &answer.body)
        }
        Err(error) => {
            tracing::info!(%error, "the platform's API was not reached");
            send::outcome(None, None, &[])
        }
    })
}
