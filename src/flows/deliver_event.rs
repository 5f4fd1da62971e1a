//! Delivers one event to one webhook: claim, one signed POST, settle.

use std::sync::Arc;

use anyhow::Context as _;
use bytes::Bytes;

use crate::app::App;
use crate::db::Tx;
use crate::domain::event::PhoneStyle;
use crate::domain::time::{SignedDuration, Timestamp};
use crate::net::client::TIMEOUT_DEFAULT;
use crate::outbound::{self, Attempt, Delivery, Outcome};
use crate::store::deliveries::{self, AttemptRow, Claimed};
use crate::store::webhooks::{self, Webhook};

/// How long a webhook may fail everything before it is turned off.
const FAILING_MAX: SignedDuration = SignedDuration::from_hours(5 * 24);
/// An answer slower than this is a reason to send fewer at once.
const SLOW_MS: u64 = 2_000;

/// How many deliveries of which webhook to claim.
#[derive(Clone, Copy)]
pub struct Wanted {
    /// Row key.
    pub webhook: i64,
    /// At most so many.
    pub most: u32,
}

/// A claimed delivery with what is known of its webhook.
pub struct Due {
    /// Row key of the webhook.
    pub webhook_id: i64,
    claimed: Claimed,
    webhook: Arc<Webhook>,
}

/// How an attempt ended, for the pace of the next ones.
pub struct Attempted {
    /// Row key of the webhook.
    pub webhook_id: i64,
    /// It succeeded, and in good time.
    pub answered_well: bool,
}

/// The webhooks that are on and have something due.
pub async fn due_webhooks(app: &App) -> anyhow::Result<Vec<i64>> {
    let now = app.clock.now();
    app.db.read(async move |conn| Ok(deliveries::due_webhooks(conn, now).await?)).await
}

/// When the next delivery falls due that is not due now.
pub async fn next_due(app: &App) -> anyhow::Result<Option<Timestamp>> {
    let now = app.clock.now();
    app.db.read(async move |conn| Ok(deliveries::next_due(conn, now).await?)).await
}

/// Claims due deliveries, so many of each webhook.
pub async fn claim_due(app: &App, wanted: Vec<Wanted>) -> anyhow::Result<Vec<Due>> {
    let now = app.clock.now();
    let lease_until = now + app.config.lease;
    app.db
        .write(async move |tx| {
            let mut due = Vec::new();
            for Wanted { webhook: id, most } in wanted {
                let claimed = deliveries::claim(tx, id, now, lease_until, most).await?;
                if claimed.is_empty() {
                    continue;
                }
                let webhook = Arc::new(webhooks::get(tx, id).await?);
                due.extend(claimed.into_iter().map(|claimed| Due {
                    webhook_id: id,
                    claimed,
                    webhook: webhook.clone(),
                }));
            }
            Ok(due)
        })
        .await
}

/// Makes one attempt and stores how it went.
pub async fn deliver(app: App, due: Due) -> Attempted {
    let started_at = app.clock.now();
    let webhook_id = due.webhook_id;
    let result = async {
        let attempt = post(&app, &due, started_at).await?;
        let answered_well = matches!(attempt.outcome, Outcome::Delivered) && attempt.duration_ms < SLOW_MS;
        settle(&app, due, attempt, started_at).await?;
        anyhow::Ok(answered_well)
    };
    let answered_well = result.await.unwrap_or_else(|error| {
        tracing::error!(webhook = webhook_id, error = %format!("{error:#}"), "a delivery was not settled; it is tried again");
        false
    });
    Attempted { webhook_id, answered_well }
}

async fn post(app: &App, due: &Due, now: Timestamp) -> anyhow::Result<Attempt> {
    let Due { claimed, webhook, .. } = due;
    let body = match (&claimed.body_external, PhoneStyle::of_service(&webhook.service_name)) {
        (Some(body), PhoneStyle::Bare) => body,
        _ => &claimed.body,
    };
    attempt(app, webhook, &claimed.event_id, Bytes::from(body.clone()), now).await
}

/// One signed POST to `webhook`: the way of deliveries and of tests alike.
pub async fn attempt(
    app: &App,
    webhook: &Webhook,
    event_id: &str,
    body: Bytes,
    now: Timestamp,
) -> anyhow::Result<Attempt> {
    let secret = app.seal.open(&webhook.sealed_secret)?;
    let previous_secret = match (&webhook.sealed_previous_secret, webhook.previous_secret_until) {
        (Some(sealed), Some(until)) if now < until => Some(app.seal.open(sealed)?),
        _ => None,
    };
    let headers: Vec<(String, String)> =
        serde_json::from_str(&app.seal.open(&webhook.sealed_headers)?).context("reading a webhook's headers")?;
    let delivery = Delivery {
        url: &webhook.url,
        event_id,
        body,
        secret: &secret,
        previous_secret: previous_secret.as_deref(),
        headers: &headers,
        now,
        timeout: TIMEOUT_DEFAULT,
    };
    Ok(outbound::post(&app.webhook_client, &delivery).await)
}

async fn settle(app: &App, due: Due, attempt: Attempt, started_at: Timestamp) -> anyhow::Result<()> {
    let now = app.clock.now();
    let jitter = app.random.fraction();
    let schedule = app.config.retry_schedule.clone();
    app.db
        .write(async move |tx| {
            let Due { claimed, webhook, .. } = &due;
            log(tx, claimed, &attempt, started_at).await?;
            let (status, due_at) = match &attempt.outcome {
                Outcome::Delivered => ("delivered", None),
                Outcome::Gone => ("failed", None),
                Outcome::Failed { .. } if webhook.policy == "none" => ("failed", None),
                Outcome::Failed { retry_after, .. } => {
                    let made = claimed.attempt.saturating_sub(claimed.retries_from);
                    match schedule.next(made, now, jitter, *retry_after) {
                        Some(due_at) => ("pending", Some(due_at)),
                        None => ("failed", None),
                    }
                }
            };
            deliveries::settle(tx, claimed.id, claimed.attempt, status, due_at).await?;
            judge(tx, webhook, &attempt.outcome, now).await
        })
        .await
}

async fn log(tx: &Tx, claimed: &Claimed, attempt: &Attempt, started_at: Timestamp) -> anyhow::Result<()> {
    let problem = match &attempt.outcome {
        Outcome::Delivered => None,
        Outcome::Failed { why, .. } => Some(why.as_str()),
        Outcome::Gone => Some("the receiver answered 410 Gone"),
    };
    let answered = attempt.status.is_some();
    let answer_headers = answered.then(|| serde_json::to_string(&attempt.answer_headers)).transpose()?;
    // PostgreSQL keeps no NUL in a text.
    let answer_body = answered.then(|| attempt.answer_body.replace('\0', "\u{fffd}"));
    let row = AttemptRow {
        delivery_id: claimed.id,
        number: claimed.attempt,
        started_at,
        duration_ms: i64::try_from(attempt.duration_ms)?,
        status_code: attempt.status.map(i64::from),
        problem,
        request_headers: &serde_json::to_string(&attempt.request_headers)?,
        answer_headers: answer_headers.as_deref(),
        answer_body: answer_body.as_deref(),
    };
    deliveries::log_attempt(tx, &row).await?;
    Ok(())
}

/// Keeps the webhook's record: since when it has failed everything, and whether that is reason to turn it off.
async fn judge(tx: &Tx, webhook: &Webhook, outcome: &Outcome, now: Timestamp) -> anyhow::Result<()> {
    let project = webhook.project;
    match (outcome, webhook.failing_since) {
        (Outcome::Delivered, None) => {}
        (Outcome::Delivered, Some(_)) => webhooks::set_failing_since(tx, project, webhook.id, None).await?,
        (Outcome::Gone, _) => {
            let reason = "It answered 410 Gone: the endpoint asks not to be called any more.";
            webhooks::set_active(tx, project, webhook.id, false, Some(reason)).await?;
            tracing::warn!(webhook = webhook.public_id, "turned off: 410 Gone");
        }
        (Outcome::Failed { .. }, None) => webhooks::set_failing_since(tx, project, webhook.id, Some(now)).await?,
        (Outcome::Failed { .. }, Some(since)) if now.duration_since(since) >= FAILING_MAX => {
            let reason = "Every delivery has failed for 5 days. Mend the endpoint, then turn the webhook on again.";
            webhooks::set_active(tx, project, webhook.id, false, Some(reason)).await?;
            tracing::warn!(webhook = webhook.public_id, "turned off: failed everything for 5 days");
        }
        (Outcome::Failed { .. }, Some(_)) => {}
    }
    Ok(())
}
