//! Claims deliveries that are due, as many of each webhook as its limits allow, and decides when each may begin.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use tracing::Span;

use super::LeasedDelivery;
use super::endpoint::Endpoint;
use super::give_back::give_back_leases;
use super::leased::{CLAIM_AHEAD, LATENESS_MAX};
use crate::core::Core;
use crate::db::{Error, Tx};
use crate::domain::ids::{EventId, WebhookId};
use crate::domain::rate_limit::RateLimit;
use crate::domain::time::{SignedDuration, Timestamp};
use crate::store::deliveries::{self, Lease};
use crate::store::events::{self, Content, EventKey};
use crate::store::rate_limits;
use crate::store::webhooks::{self, Webhook};

/// How far ahead the first free start time can be: a second and a half where the rate is one a second, and by how much the clocks
/// of two nodes may differ.
const FREE_AHEAD_MAX: SignedDuration = SignedDuration::from_secs(10);
/// How often a claim is repeated at once after a conflict: another node had claimed a delivery and ended it meanwhile.
const CONFLICTS_MAX: usize = 3;

/// How many deliveries of which webhook to claim.
#[derive(Clone, Copy)]
pub struct Wanted {
    /// The webhook.
    pub webhook: WebhookId,
    /// At most so many.
    pub most: u32,
}

/// What was claimed.
#[derive(Default)]
pub struct Claims {
    /// The deliveries, each webhook's in the order in which they are to begin.
    pub leased: Vec<LeasedDelivery>,
    /// Webhooks with a rate limit, each with the time before which nothing more of it can be claimed.
    pub rate_limited: Vec<(WebhookId, Timestamp)>,
    /// Webhooks without limits of which all that was due is claimed.
    pub caught_up: HashSet<WebhookId>,
}

/// What is pending.
#[derive(Default)]
pub struct Waiting {
    /// The active webhooks that have something due.
    pub due: Vec<WebhookId>,
    /// When something of another one is due.
    pub next_at: Option<Timestamp>,
}

/// Reads which webhooks have something due.
pub async fn find_waiting(core: &Core) -> anyhow::Result<Waiting> {
    let now = core.clock.now();
    let waiting = core.db.read(async |conn| Ok(deliveries::waiting(conn).await?)).await?;
    let (due, later): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|(_, due_at)| *due_at <= now);
    let next_at = later.into_iter().map(|(_, due_at)| due_at).min();
    Ok(Waiting { due: due.into_iter().map(|(webhook, _)| webhook).collect(), next_at })
}

/// Claims due deliveries, so many of each webhook.
pub async fn claim_due(core: &Core, wanted: Vec<Wanted>) -> anyhow::Result<Claims> {
    for _ in 0..CONFLICTS_MAX {
        match claim(core, wanted.clone()).await {
            Err(error) if Error::is_conflict(&error) => {
                tracing::debug!(error = format!("{error:#}"), "claim repeated after a conflict")
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
    let claimed = core.db.write(async move |tx| {
        let most: HashMap<WebhookId, u32> = wanted.iter().map(|one| (one.webhook, one.most)).collect();
        let ids: Vec<WebhookId> = wanted.iter().map(|one| one.webhook).collect();
        let found = webhooks::find_active(tx, &ids).await?;
        let (limited, plain): (Vec<_>, Vec<_>) = found.into_iter().partition(|webhook| webhook.limits.any());
        let mut caught_up: HashSet<WebhookId> = plain.iter().map(|webhook| webhook.id).collect();
        let mut claimed = claim_unlimited(tx, plain, &most, now, lease_until).await?;
        for WebhookClaim { webhook, leases, .. } in &claimed {
            if most.get(&webhook.id).is_none_or(|most| leases.len() >= *most as usize) {
                caught_up.remove(&webhook.id);
            }
        }
        for webhook in limited {
            let most = most.get(&webhook.id).copied().unwrap_or_default();
            claimed.push(claim_limited(tx, webhook, most, now, lease_until).await?);
        }
        Ok((claimed, caught_up))
    });
    let (claimed, caught_up) = claimed.await?;
    let contents = match contents(core, &claimed).await {
        Ok(contents) => contents,
        Err(error) => {
            give_back_leases(core, claimed.into_iter().flat_map(|claimed| claimed.leases).collect()).await?;
            return Err(error);
        }
    };
    let mut claims = Claims { caught_up, ..Claims::default() };
    for claimed in claimed {
        claims.rate_limited.extend(claimed.free_at.map(|free_at| (claimed.webhook.id, free_at - CLAIM_AHEAD / 2)));
        let webhook_id = claimed.webhook.id;
        match claimed.open(core, &contents) {
            Ok(leased) => claims.leased.extend(leased),
            Err(error) => {
                let error = format!("{error:#}");
                tracing::error!(%webhook_id, error, "deliveries cannot be signed; they are tried again");
            }
        }
    }
    Ok(claims)
}

/// What was claimed of one webhook.
struct WebhookClaim {
    webhook: Webhook,
    leases: Vec<Lease>,
    /// When each may begin.
    starts: Vec<Timestamp>,
    /// The first start time that none of them has, where the webhook has a rate limit.
    free_at: Option<Timestamp>,
}

impl WebhookClaim {
    /// The deliveries, with their contents and the secrets of the webhook.
    fn open(
        self,
        core: &Core,
        contents: &HashMap<EventId, Arc<Content>>,
    ) -> anyhow::Result<impl Iterator<Item = LeasedDelivery>> {
        let rate = self.webhook.limits.rate_per_second.map(RateLimit::per_second);
        let lateness_max = rate.map_or(LATENESS_MAX, RateLimit::lateness_max);
        let endpoint = Arc::new(Endpoint::open(core, self.webhook)?);
        Ok(self.leases.into_iter().zip(self.starts).filter_map(move |(lease, starts_at)| {
            let (content, endpoint) = (contents.get(&lease.event)?.clone(), endpoint.clone());
            Some(LeasedDelivery {
                lease,
                content,
                endpoint,
                starts_at,
                lateness_max,
                permit: None,
                cause: Span::none(),
            })
        }))
    }
}

/// Claims of webhooks without limits, all at once.
async fn claim_unlimited(
    tx: &Tx,
    webhooks: Vec<Webhook>,
    most: &HashMap<WebhookId, u32>,
    now: Timestamp,
    lease_until: Timestamp,
) -> anyhow::Result<Vec<WebhookClaim>> {
    let wanted = webhooks.iter().filter_map(|webhook| Some((webhook.id, *most.get(&webhook.id)?)));
    let wanted: Vec<_> = wanted.collect();
    let mut of_webhook: HashMap<WebhookId, Vec<Lease>> = HashMap::new();
    for lease in deliveries::claim(tx, &wanted, now, lease_until, false).await? {
        of_webhook.entry(lease.webhook_id).or_default().push(lease);
    }
    let claims = webhooks.into_iter().filter_map(|webhook| {
        let leases = of_webhook.remove(&webhook.id)?;
        let starts = vec![now; leases.len()];
        Some(WebhookClaim { webhook, leases, starts, free_at: None })
    });
    Ok(claims.collect())
}

/// Claims of one webhook as its limits allow.
async fn claim_limited(
    tx: &Tx,
    webhook: Webhook,
    most: u32,
    now: Timestamp,
    lease_until: Timestamp,
) -> anyhow::Result<WebhookClaim> {
    let id = webhook.id;
    let limits = webhook.limits;
    let mut most = usize::try_from(most)?;
    let free_at = rate_limits::lock(tx, id).await?.max(now);
    // Further ahead it can only be because the clock was set back.
    let free_at = if free_at.duration_since(now) > FREE_AHEAD_MAX { now } else { free_at };
    if let Some(concurrency) = limits.concurrency {
        most = most.min(concurrency.saturating_sub(rate_limits::in_flight(tx, id, now).await?) as usize);
    }
    let rate = limits.rate_per_second.map(RateLimit::per_second);
    let mut starts = match rate {
        Some(rate) => rate.starts(free_at, now + CLAIM_AHEAD, most),
        None => vec![now; most],
    };
    let holds_slot = limits.concurrency.is_some();
    let leases = match u32::try_from(starts.len())? {
        0 => Vec::new(),
        most => deliveries::claim(tx, &[(id, most)], now, lease_until, holds_slot).await?,
    };
    starts.truncate(leases.len());
    let free_at = rate.map(|rate| starts.last().map_or(free_at, |last| rate.after(*last)));
    if let Some(free_at) = free_at {
        rate_limits::set_next(tx, id, free_at).await?;
    }
    Ok(WebhookClaim { webhook, leases, starts, free_at })
}

/// The contents of the claimed events: read beside the writer, once for all the webhooks that get one.
async fn contents(core: &Core, claimed: &[WebhookClaim]) -> anyhow::Result<HashMap<EventId, Arc<Content>>> {
    let key = |webhook: &Webhook, lease: &Lease| EventKey {
        project: webhook.project,
        created_at: lease.created_at,
        id: lease.event,
    };
    let of_one = |claim: &WebhookClaim| claim.leases.iter().map(|one| key(&claim.webhook, one)).collect::<Vec<_>>();
    let mut events: Vec<_> = claimed.iter().flat_map(of_one).collect();
    events.sort_unstable_by_key(|event| event.id);
    events.dedup();
    let contents = core.db.read(async move |conn| Ok(events::contents(conn, &events).await?)).await?;
    Ok(contents.into_iter().map(|(event, content)| (event, Arc::new(content))).collect())
}
