//! Delivers events to webhooks: claim, one signed POST, settle.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;

use crate::app::App;
use crate::domain::time::Timestamp;
use crate::flows::post_event::Endpoint;

use crate::flows::settle_delivery::Settling;
use crate::outbound::{Attempt, Outcome};
use crate::store::deliveries::{self, Claimed};
use crate::store::events::{self, Content};
use crate::store::webhooks;

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
    claimed: Claimed,
    content: Arc<Content>,
    endpoint: Arc<Endpoint>,
    /// Half of the lease is over: from now on an attempt, which takes 15 s at most, might outlast it.
    stale_at: Timestamp,
}

impl Due {
    /// Row key of the webhook.
    pub fn webhook_id(&self) -> i64 {
        self.claimed.webhook_id
    }

    /// Whether so little is left of the lease that another worker could claim it during the attempt.
    pub fn is_stale(&self, now: Timestamp) -> bool {
        now >= self.stale_at
    }
}

/// A delivery that was attempted and is not settled.
pub struct Attempted {
    due: Due,
    attempt: Attempt,
    started_at: Timestamp,
}

impl Attempted {
    /// Whether it succeeded, and in good time.
    pub fn went_well(&self) -> bool {
        matches!(self.attempt.outcome, Outcome::Delivered) && self.attempt.duration_ms < SLOW_MS
    }
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
    let (lease_until, stale_at) = (now + app.config.lease, now + app.config.lease / 2);
    let claimed = app.db.write(async move |tx| {
        let mut all = Vec::new();
        for Wanted { webhook: id, most } in wanted {
            let claimed = deliveries::claim(tx, id, now, lease_until, most).await?;
            if !claimed.is_empty() {
                all.push((webhooks::get(tx, id).await?, claimed));
            }
        }
        Ok(all)
    });
    let claimed = claimed.await?;
    let mut events: Vec<i64> = claimed.iter().flat_map(|(_, claimed)| claimed).map(|claimed| claimed.event).collect();
    events.sort_unstable();
    events.dedup();
    // Beside the writer, and read once for all the webhooks that get it.
    let contents = app.db.read(async move |conn| Ok(events::contents(conn, &events).await?)).await?;
    let contents: HashMap<i64, Arc<Content>> =
        contents.into_iter().map(|(event, content)| (event, Arc::new(content))).collect();
    let mut due = Vec::new();
    for (webhook, claimed) in claimed {
        let id = webhook.id;
        match Endpoint::open(app, webhook) {
            Ok(endpoint) => {
                let endpoint = Arc::new(endpoint);
                due.extend(claimed.into_iter().filter_map(|claimed| {
                    let content = contents.get(&claimed.event)?.clone();
                    Some(Due { claimed, content, endpoint: endpoint.clone(), stale_at })
                }));
            }
            Err(error) => {
                let error = format!("{error:#}");
                tracing::error!(webhook = id, error, "deliveries cannot be signed; they are tried again");
            }
        }
    }
    Ok(due)
}

/// Gives back what was claimed and not attempted: another worker can claim it at once.
pub async fn give_back(app: &App, due: Vec<Due>) -> anyhow::Result<()> {
    let now = app.clock.now();
    let claimed: Vec<Claimed> = due.into_iter().map(|due| due.claimed).collect();
    app.db
        .write(async move |tx| {
            deliveries::give_back(tx, &claimed, now).await?;
            Ok(())
        })
        .await
}

/// Makes one attempt.
pub async fn attempt(app: &App, due: Due) -> Attempted {
    let started_at = app.clock.now();
    let Content { event_id, body, body_external } = &*due.content;
    let body = Bytes::copy_from_slice(due.endpoint.body(body, body_external.as_deref()).as_bytes());
    let attempt = due.endpoint.post(app, event_id, body, started_at).await;
    Attempted { due, attempt, started_at }
}

/// Stores how an attempt went, together with others.
pub async fn settle(app: &App, attempted: Attempted) -> anyhow::Result<()> {
    let Attempted { due: Due { claimed, endpoint, .. }, attempt, started_at } = attempted;
    app.settlements.write(Settling { claimed, endpoint, attempt, started_at, jitter: app.random.fraction() }).await
}
