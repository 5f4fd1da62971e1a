//! Sends one reply through the platform's own API: claim, send, settle.

use anyhow::Context as _;
use bytes::Bytes;

use crate::app::App;
use crate::channels::whatsapp::API_VERSION;
use crate::channels::whatsapp::send::{self, Api, Recipient, SendOutcome, TextRequest};
use crate::domain::retry::RetryAfter;
use crate::domain::time::Timestamp;
use crate::flows::open_channel::{OpenChannel, open};
use crate::net::{Method, Request};
use crate::store::channels;
use crate::store::messages::{self, Outgoing};
use crate::wake::Work;

/// Bytes read of the platform's answer.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// Claims replies that are due.
pub async fn claim_replies(app: &App, most: u32) -> anyhow::Result<Vec<Outgoing>> {
    let now = app.clock.now();
    let lease_until = now + app.config.lease;
    app.db.write(async move |tx| Ok(tx.last(messages::claim(tx, now, lease_until, most)).await?)).await
}

/// When the next reply falls due that is not due now.
pub async fn next_reply_due(app: &App) -> anyhow::Result<Option<Timestamp>> {
    let now = app.clock.now();
    app.db.read(async move |conn| Ok(messages::next_due(conn, now).await?)).await
}

/// Sends a claimed reply and stores how it went.
pub async fn send_message(app: &App, reply: Outgoing) -> anyhow::Result<()> {
    let channel_key = reply.channel;
    let row = app.db.read(async move |conn| Ok(channels::get(conn, channel_key).await?)).await?;
    let outcome = send(app, open(app, row)?, &reply).await?;
    let (now, jitter, schedule) = (app.clock.now(), app.random.fraction(), app.config.retry_schedule.clone());
    app.db
        .write(async move |tx| {
            let (status, platform_id, problem, due_at) = match &outcome {
                SendOutcome::Sent { platform_id } => ("sent", platform_id.as_deref(), None, None),
                SendOutcome::GiveUp { why, .. } => ("failed", None, Some(why.as_str()), None),
                SendOutcome::Retry { why, after, .. } => {
                    let due_at = schedule.next(reply.attempt, now, jitter, after.map(RetryAfter::wait));
                    (if due_at.is_some() { "queued" } else { "failed" }, None, Some(why.as_str()), due_at)
                }
            };
            if let Some(problem) = problem {
                tracing::warn!(reply = reply.reply_id, attempt = reply.attempt, problem, "a reply was not sent");
            }
            tx.last(messages::settle(tx, reply.id, reply.attempt, status, platform_id, problem, due_at)).await?;
            Ok(())
        })
        .await?;
    // The next one of the conversation may go.
    app.wake.ring(Work::Replies);
    Ok(())
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
