//! Sends one reply through the platform's own API: claim, send, settle.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use anyhow::Context as _;
use bytes::Bytes;
use futures_util::future::try_join_all;

use crate::app::App;
use crate::channels::whatsapp::API_VERSION;
use crate::channels::whatsapp::send::{self, Api, Recipient, SendOutcome, TextRequest};
use crate::db::{Group, Result, Tx};
use crate::domain::retry::RetryAfter;
use crate::domain::time::Timestamp;
use crate::flows::open_channel::{OpenChannel, open};
use crate::net::{Method, Request};
use crate::store::channels::{self, Channel};
use crate::store::messages::{self, Outgoing, SettledReply};
use crate::wake::Work;

/// A reply that was claimed, and where it goes.
pub struct Reply {
    outgoing: Outgoing,
    channel: Arc<Channel>,
}

/// Bytes read of the platform's answer.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// Claims replies that are due.
pub async fn claim_replies(app: &App, most: u32) -> anyhow::Result<Vec<Reply>> {
    let now = app.clock.now();
    let lease_until = now + app.config.lease;
    app.db
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
pub async fn next_reply_due(app: &App) -> anyhow::Result<Option<Timestamp>> {
    let now = app.clock.now();
    app.db.read(async move |conn| Ok(messages::next_due(conn, now).await?)).await
}

/// Stores how sending went, for many replies in one transaction.
pub struct SettleReplies;

impl Group for SettleReplies {
    type Item = SettledReply;
    type Answer = ();

    async fn write(&self, tx: &Tx, settled: &[SettledReply]) -> anyhow::Result<Vec<()>> {
        tx.last(messages::settle(tx, settled)).await?;
        Ok(vec![(); settled.len()])
    }
}

/// Sends a claimed reply. What it came to is still to be settled.
pub async fn send_message(app: &App, Reply { outgoing, channel }: Reply) -> anyhow::Result<SettledReply> {
    let outcome = send(app, open(app, channel)?, &outgoing).await?;
    let settled = settled(app, &outgoing, outcome);
    if let Some(problem) = &settled.problem {
        tracing::warn!(reply = outgoing.reply_id, attempt = outgoing.attempt, problem, "a reply was not sent");
    }
    Ok(settled)
}

/// Stores how sending a reply went.
pub async fn settle(app: &App, settled: &SettledReply) -> anyhow::Result<()> {
    app.sent.write(settled.clone()).await?;
    // The next one of the conversation may go.
    app.wake.ring(Work::Replies);
    Ok(())
}

fn settled(app: &App, reply: &Outgoing, outcome: SendOutcome) -> SettledReply {
    let (status, platform_id, problem, due_at) = match outcome {
        SendOutcome::Sent { platform_id } => ("sent", platform_id, None, None),
        SendOutcome::GiveUp { why, .. } => ("failed", None, Some(why), None),
        SendOutcome::Retry { why, after, .. } => {
            let (now, jitter) = (app.clock.now(), app.random.fraction());
            let due_at = app.config.retry_schedule.next(reply.attempt, now, jitter, after.map(RetryAfter::wait));
            (if due_at.is_some() { "queued" } else { "failed" }, None, Some(why), due_at)
        }
    };
    SettledReply { id: reply.id, attempt: reply.attempt, status, platform_id, problem, due_at }
}

async fn send(app: &App, channel: OpenChannel, reply: &Outgoing) -> anyhow::Result<SendOutcome> {
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
    Ok(match app.platform_client.send(request).await {
        Ok(answer) => {
            let asked = answer.header("retry-after").and_then(RetryAfter::parse);
            let asked = asked.map(|asked| asked.at(app.clock.now()).duration_since(app.clock.now()));
            send::outcome(Some(answer.status), asked, &answer.body)
        }
        Err(error) => {
            tracing::info!(%error, "the platform's API was not reached");
            send::outcome(None, None, &[])
        }
    })
}
