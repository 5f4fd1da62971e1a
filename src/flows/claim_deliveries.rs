//! Claims deliveries that are due, as many of each webhook as its limits allow, and knows when each may begin.

use std::collections::HashMap;
use std::sync::Arc;

use crate::app::App;
use crate::db::Tx;
use crate::domain::pace::Pace;
use crate::domain::time::{SignedDuration, Timestamp};
use crate::flows::post_event::Endpoint;
use crate::store::deliveries::{self, Claimed};
use crate::store::events::{self, Content};
use crate::store::pacing;
use crate::store::webhooks::{self, Webhook};

/// How far ahead deliveries of a webhook with a rate are claimed.
const AHEAD: SignedDuration = SignedDuration::from_millis(500);
/// How long a delivery may wait after it may begin. Past that it is given back: what was known of its webhook when it was
/// claimed, for example that it is on, is too old.
const FRESH: SignedDuration = SignedDuration::from_secs(1);

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
    pub(super) claimed: Claimed,
    pub(super) content: Arc<Content>,
    pub(super) endpoint: Arc<Endpoint>,
    /// Not before then may it begin.
    pub starts_at: Timestamp,
    /// How much later it may.
    lateness_max: SignedDuration,
}

impl Due {
    /// Row key of the webhook.
    pub fn webhook_id(&self) -> i64 {
        self.claimed.webhook_id
    }

    /// Whether it has waited for too long.
    pub fn is_stale(&self, now: Timestamp) -> bool {
        now.duration_since(self.starts_at) > self.lateness_max
    }
}

/// What was claimed.
#[derive(Default)]
pub struct Claims {
    /// The deliveries, each webhook's in the order in which they are to begin.
    pub due: Vec<Due>,
    /// Webhooks with a rate of which nothing more can be claimed before some moment.
    pub paced: Vec<(i64, Timestamp)>,
}

/// What waits.
#[derive(Default)]
pub struct Waiting {
    /// The webhooks that are on and have something due.
    pub due: Vec<i64>,
    /// When something of another one falls due.
    pub next_at: Option<Timestamp>,
}

/// Looks what waits.
pub async fn look(app: &App) -> anyhow::Result<Waiting> {
    let now = app.clock.now();
    let waiting = app.db.read(async |conn| Ok(deliveries::waiting(conn).await?)).await?;
    let (due, later): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|(_, due_at)| *due_at <= now);
    let next_at = later.into_iter().map(|(_, due_at)| due_at).min();
    Ok(Waiting { due: due.into_iter().map(|(webhook, _)| webhook).collect(), next_at })
}

/// Claims due deliveries, so many of each webhook.
pub async fn claim_due(app: &App, wanted: Vec<Wanted>) -> anyhow::Result<Claims> {
    let now = app.clock.now();
    let lease_until = now + app.config.lease;
    let granted = app.db.write(async move |tx| {
        let mut all = Vec::new();
        for one in wanted {
            all.extend(grant(tx, one, now, lease_until).await?);
        }
        Ok(all)
    });
    let granted = granted.await?;
    let contents = contents(app, &granted).await?;
    let mut claims = Claims::default();
    for Granted { webhook, claimed, moments, free_at } in granted {
        claims.paced.extend(free_at.map(|free_at| (webhook.id, free_at - AHEAD / 2)));
        let id = webhook.id;
        let pace = webhook.limits.rate_per_second.map(Pace::per_second);
        let lateness_max = pace.map_or(FRESH, |pace| pace.lateness_max());
        match Endpoint::open(app, webhook) {
            Ok(endpoint) => {
                let endpoint = Arc::new(endpoint);
                let due = claimed.into_iter().zip(moments).filter_map(|(claimed, starts_at)| {
                    let content = contents.get(&claimed.event)?.clone();
                    Some(Due { claimed, content, endpoint: endpoint.clone(), starts_at, lateness_max })
                });
                claims.due.extend(due);
            }
            Err(error) => {
                let error = format!("{error:#}");
                tracing::error!(webhook = id, error, "deliveries cannot be signed; they are tried again");
            }
        }
    }
    Ok(claims)
}

/// What was claimed of one webhook.
struct Granted {
    webhook: Webhook,
    claimed: Vec<Claimed>,
    /// When each may begin.
    moments: Vec<Timestamp>,
    /// The first moment that none of them has, where the webhook has a rate.
    free_at: Option<Timestamp>,
}

/// Claims of one webhook; `None` where it was removed or turned off a moment ago.
async fn grant(
    tx: &Tx,
    Wanted { webhook: id, most }: Wanted,
    now: Timestamp,
    lease_until: Timestamp,
) -> anyhow::Result<Option<Granted>> {
    let Some(webhook) = webhooks::find(tx, id).await?.filter(|webhook| webhook.is_active) else { return Ok(None) };
    let limits = webhook.limits;
    let mut most = usize::try_from(most)?;
    let free_at = if limits.any() { pacing::lock(tx, id).await?.max(now) } else { now };
    if let Some(concurrency) = limits.concurrency {
        most = most.min(concurrency.saturating_sub(pacing::in_flight(tx, id, now).await?) as usize);
    }
    let pace = limits.rate_per_second.map(Pace::per_second);
    let mut moments = match pace {
        Some(pace) => pace.moments(free_at, now + AHEAD, most),
        None => vec![now; most],
    };
    let takes_place = limits.concurrency.is_some();
    let claimed = match u32::try_from(moments.len())? {
        0 => Vec::new(),
        most => deliveries::claim(tx, id, now, lease_until, most, takes_place).await?,
    };
    moments.truncate(claimed.len());
    let free_at = pace.map(|pace| moments.last().map_or(free_at, |last| pace.after(*last)));
    if let Some(free_at) = free_at {
        pacing::set_next(tx, id, free_at).await?;
    }
    Ok(Some(Granted { webhook, claimed, moments, free_at }))
}

/// The contents of the claimed events: read beside the writer, once for all the webhooks that get one.
async fn contents(app: &App, granted: &[Granted]) -> anyhow::Result<HashMap<i64, Arc<Content>>> {
    let mut events: Vec<i64> =
        granted.iter().flat_map(|granted| &granted.claimed).map(|claimed| claimed.event).collect();
    events.sort_unstable();
    events.dedup();
    let contents = app.db.read(async move |conn| Ok(events::contents(conn, &events).await?)).await?;
    Ok(contents.into_iter().map(|(event, content)| (event, Arc::new(content))).collect())
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
