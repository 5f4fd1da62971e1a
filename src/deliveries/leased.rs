//! A delivery that this node holds the lease of.

use std::sync::Arc;

use tracing::Span;

use super::endpoint::Endpoint;
use super::permits::Permit;
use crate::domain::ids::WebhookId;
use crate::domain::time::{SignedDuration, Timestamp};
use crate::store::deliveries::Lease;
use crate::store::events::Content;
use crate::traces;

/// How far ahead deliveries of a webhook with a rate limit are claimed.
pub(super) const CLAIM_AHEAD: SignedDuration = SignedDuration::from_millis(500);
/// How long a delivery may wait after it may begin. Past that its lease is given back: what was known of its webhook when it was
/// claimed, for example that it is active, is too old.
pub(super) const LATENESS_MAX: SignedDuration = SignedDuration::from_secs(1);

/// A delivery that this node has leased, with what its attempt needs.
pub struct LeasedDelivery {
    /// Its row and the fence of its attempt.
    pub lease: Lease,
    /// What is sent.
    pub content: Arc<Content>,
    /// Not before then may the attempt begin.
    pub starts_at: Timestamp,
    pub(super) endpoint: Arc<Endpoint>,
    /// How much later it may begin.
    pub(super) lateness_max: SignedDuration,
    /// Its permit, where this node leased it as it was stored. Released when the dispatcher has counted the delivery.
    pub permit: Option<Permit>,
    /// The span of the request that caused it in this process; none where it was claimed from the database.
    pub(super) cause: Span,
}

impl LeasedDelivery {
    /// One that was leased as it was stored, of a webhook without limits: it may begin at once.
    pub(super) fn local(
        lease: Lease,
        content: Arc<Content>,
        endpoint: Arc<Endpoint>,
        now: Timestamp,
        permit: Permit,
    ) -> Self {
        Self {
            lease,
            content,
            endpoint,
            starts_at: now,
            lateness_max: LATENESS_MAX,
            permit: Some(permit),
            cause: Span::none(),
        }
    }

    /// Takes the current span, of the request whose transaction stored it, as its cause.
    pub(super) fn set_cause(&mut self) {
        self.cause = Span::current();
    }

    /// The span of its attempt, within the request that caused it.
    pub fn span(&self) -> Span {
        let span = tracing::info_span!(
            parent: &self.cause,
            "delivery",
            event_id = self.content.event_id,
            webhook_id = self.lease.webhook_id.0,
            attempt = self.lease.attempt
        );
        if traces::is_sampled(&span) {
            traces::set_text(&span, "webhook", &self.endpoint.webhook.public_id);
            if let Some(event_type) = self.content.event_type() {
                traces::set_text(&span, "event_type", event_type.as_str());
            }
        }
        span
    }

    /// Where it goes.
    pub fn webhook_id(&self) -> WebhookId {
        self.lease.webhook_id
    }

    /// Whether it has waited for too long.
    pub fn is_stale(&self, now: Timestamp) -> bool {
        let waited = now.duration_since(self.starts_at);
        // A clock that was set back would hold it, and all that wait behind it, for as long as it was set back.
        waited > self.lateness_max || waited < -CLAIM_AHEAD * 2
    }
}
