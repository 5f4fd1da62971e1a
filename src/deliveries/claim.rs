//! Claims deliveries that are due, as many of each webhook as its limits allow, and knows when each may begin.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::core::Core;
use crate::db::{Error, Tx};
use crate::deliveries::endpoint::Endpoint;
use crate::domain::pace::Pace;
use crate::domain::time::{SignedDuration, Timestamp};
use crate::store::deliveries::{self, Claimed};
use crate::store::events::{self, Content, Place};
use crate::store::pacing;
use crate::store::webhooks::{self, Webhook};

/// How far ahead deliveries of a webhook with a rate are claimed.
const AHEAD: SignedDuration = SignedDuration::from_millis(500);
/// How far ahead the first moment can be that is free: a second and a half where the rate is one a second, and by how much
/// the clocks of two nodes may differ.
const FREE_AHEAD_MAX: SignedDuration = SignedDuration::from_secs(10);
/// How long a delivery may wait after it may begin. Past that it is given back: what was known of its webhook when it was
/// claimed, for example that it is on, is too old.
const FRESH: SignedDuration = SignedDuration::from_secs(1);

/// How often it is claimed once more at once, where another node had claimed a delivery and ended it meanwhile.
const RACES_MAX: usize = 3;

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
    /// The delivery.
    pub claimed: Claimed,
    /// What is sent.
    pub content: Arc<Content>,
    pub(super) endpoint: Arc<Endpoint>,
    /// Not before then may it begin.
    pub starts_at: Timestamp,
    /// How much later it may.
    lateness_max: SignedDuration,
}

impl Due {
    /// One of a webhook without limits, which may begin when it is claimed.
    pub(super) fn at_once(claimed: Claimed, content: Arc<Content>, endpoint: Arc<Endpoint>, now: Timestamp) -> Self {
        Self { claimed, content, endpoint, starts_at: now, lateness_max: FRESH }
    }

    /// Row key of the webhook.
    pub fn webhook_id(&self) -> i64 {
        self.claimed.webhook_id
    }

    /// Whether it has waited for too long.
    pub fn is_stale(&self, now: Timestamp) -> bool {
        let waited = now.duration_since(self.starts_at);
        // A clock that was stepped back would keep it, and all that wait behind it, for as long as it was stepped.
        waited > self.lateness_max || waited < -AHEAD * 2
    }
}

/// What was claimed.
#[derive(Default)]
pub struct Claims {
    /// The deliveries, each webhook's in the order in which they are to begin.
    pub due: Vec<Due>,
    /// Webhooks with a rate of which nothing more can be claimed before some moment.
    pub paced: Vec<(i64, Timestamp)>,
    /// Webhooks without limits of which all that was due is claimed.
    pub caught_up: HashSet<i64>,
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
pub async fn look(core: &Core) -> anyhow::Result<Waiting> {
    let now = core.clock.now();
    let waiting = core.db.read(async |conn| Ok(deliveries::waiting(conn).await?)).await?;
    let (due, later): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|(_, due_at)| *due_at <= now);
    let next_at = later.into_iter().map(|(_, due_at)| due_at).min();
    Ok(Waiting { due: due.into_iter().map(|(webhook, _)| webhook).collect(), next_at })
}

/// Claims due deliveries, so many of each webhook.
pub async fn claim_due(core: &Core, wanted: Vec<Wanted>) -> anyhow::Result<Claims> {
    for _ in 0..RACES_MAX {
        match claim(core, wanted.clone()).await {
            Err(error) if Error::is_conflict(&error) => {
                tracing::debug!(error = format!("{error:#}"), "claimed once more")
            }
            result => return result,
        }
    }
    claim(core, wanted).await
}

async fn claim(core: &Core, mut wanted: Vec<Wanted>) -> anyhow::Result<Claims> {
    // So that two nodes never wait for each other's locks.
    wanted.sort_unstable_by_key(|one| one.webhook);
    let now = core.clock.now();
    let lease_until = now + core.config.lease;
    let granted = core.db.write(async move |tx| {
        let most: HashMap<i64, u32> = wanted.iter().map(|one| (one.webhook, one.most)).collect();
        let ids: Vec<i64> = wanted.iter().map(|one| one.webhook).collect();
        let found = webhooks::find_active(tx, &ids).await?;
        let (limited, plain): (Vec<_>, Vec<_>) = found.into_iter().partition(|webhook| webhook.limits.any());
        let mut caught_up: HashSet<i64> = plain.iter().map(|webhook| webhook.id).collect();
        let mut granted = grant_all(tx, plain, &most, now, lease_until).await?;
        for Granted { webhook, claimed, .. } in &granted {
            if most.get(&webhook.id).is_none_or(|most| claimed.len() >= *most as usize) {
                caught_up.remove(&webhook.id);
            }
        }
        for webhook in limited {
            let most = most.get(&webhook.id).copied().unwrap_or_default();
            granted.push(grant(tx, webhook, most, now, lease_until).await?);
        }
        Ok((granted, caught_up))
    });
    let (granted, caught_up) = granted.await?;
    let contents = match contents(core, &granted).await {
        Ok(contents) => contents,
        Err(error) => {
            let claimed = granted.into_iter().flat_map(|granted| granted.claimed).collect();
            return_claimed(core, claimed).await?;
            return Err(error);
        }
    };
    let mut claims = Claims { caught_up, ..Claims::default() };
    for Granted { webhook, claimed, moments, free_at } in granted {
        claims.paced.extend(free_at.map(|free_at| (webhook.id, free_at - AHEAD / 2)));
        let id = webhook.id;
        let pace = webhook.limits.rate_per_second.map(Pace::per_second);
        let lateness_max = pace.map_or(FRESH, |pace| pace.lateness_max());
        match Endpoint::open(core, webhook) {
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

/// Claims of webhooks without limits, all at once.
async fn grant_all(
    tx: &Tx,
    webhooks: Vec<Webhook>,
    most: &HashMap<i64, u32>,
    now: Timestamp,
    lease_until: Timestamp,
) -> anyhow::Result<Vec<Granted>> {
    let wanted = webhooks.iter().filter_map(|webhook| Some((webhook.id, *most.get(&webhook.id)?)));
    let wanted: Vec<_> = wanted.collect();
    let mut of_webhook: HashMap<i64, Vec<Claimed>> = HashMap::new();
    for claimed in deliveries::claim(tx, &wanted, now, lease_until, false).await? {
        of_webhook.entry(claimed.webhook_id).or_default().push(claimed);
    }
    let granted = webhooks.into_iter().filter_map(|webhook| {
        let claimed = of_webhook.remove(&webhook.id)?;
        let moments = vec![now; claimed.len()];
        Some(Granted { webhook, claimed, moments, free_at: None })
    });
    Ok(granted.collect())
}

/// Claims of one webhook as its limits allow.
async fn grant(
    tx: &Tx,
    webhook: Webhook,
    most: u32,
    now: Timestamp,
    lease_until: Timestamp,
) -> anyhow::Result<Granted> {
    let id = webhook.id;
    let limits = webhook.limits;
    let mut most = usize::try_from(most)?;
    let free_at = pacing::lock(tx, id).await?.max(now);
    // Further ahead it can only be because the clock was stepped back.
    let free_at = if free_at.duration_since(now) > FREE_AHEAD_MAX { now } else { free_at };
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
        most => deliveries::claim(tx, &[(id, most)], now, lease_until, takes_place).await?,
    };
    moments.truncate(claimed.len());
    let free_at = pace.map(|pace| moments.last().map_or(free_at, |last| pace.after(*last)));
    if let Some(free_at) = free_at {
        pacing::set_next(tx, id, free_at).await?;
    }
    Ok(Granted { webhook, claimed, moments, free_at })
}

/// The contents of the claimed events: read beside the writer, once for all the webhooks that get one.
async fn contents(core: &Core, granted: &[Granted]) -> anyhow::Result<HashMap<i64, Arc<Content>>> {
    let place = |webhook: &Webhook, claimed: &Claimed| Place {
        project: webhook.project,
        created_at: claimed.created_at,
        id: claimed.event,
    };
    let of_one = |granted: &Granted| granted.claimed.iter().map(|one| place(&granted.webhook, one)).collect::<Vec<_>>();
    let mut events: Vec<_> = granted.iter().flat_map(of_one).collect();
    events.sort_unstable_by_key(|event| event.id);
    events.dedup();
    let contents = core.db.read(async move |conn| Ok(events::contents(conn, &events).await?)).await?;
    Ok(contents.into_iter().map(|(event, content)| (event, Arc::new(content))).collect())
}

/// Gives back what was claimed and not attempted: another worker can claim it at once.
pub async fn give_back(core: &Core, due: Vec<Due>) -> anyhow::Result<()> {
    return_claimed(core, due.into_iter().map(|due| due.claimed).collect()).await
}

async fn return_claimed(core: &Core, claimed: Vec<Claimed>) -> anyhow::Result<()> {
    let now = core.clock.now();
    core.db
        .write(async move |tx| {
            deliveries::give_back(tx, &claimed, now).await?;
            Ok(())
        })
        .await
}
