//! How many deliveries of each webhook may be in flight, by how its endpoint responds, and what was claimed beyond that.

use std::collections::{HashMap, VecDeque};

use super::attempt::Performance;
use crate::domain::ids::WebhookId;
use crate::domain::time::{SignedDuration, Timestamp};

/// No start time, and no time until which a rate limit forbids a claim, is further ahead than this.
pub(super) const LATER_MAX: SignedDuration = SignedDuration::from_secs(2);
/// Deliveries in flight to a webhook whose endpoint responds well.
const PER_WEBHOOK_MAX: usize = 64;
/// Deliveries in flight to a webhook that is not known yet.
const PER_WEBHOOK_START: usize = 16;
/// Deliveries claimed beyond those in flight, of a webhook whose endpoint responds quickly: it need not wait for the next claim.
const AHEAD_MAX: usize = 192;
/// Webhooks that are remembered while nothing of them is claimed.
const ENDPOINTS_MAX: usize = 10_000;

/// The limits and the waiting deliveries of all webhooks. Generic over a delivery, of which it needs to know nothing.
pub struct EndpointLimiter<D> {
    by_webhook: HashMap<WebhookId, EndpointState<D>>,
    waiting: usize,
}

struct EndpointState<D> {
    in_flight: usize,
    limit: usize,
    /// It responded quickly to the last one.
    is_quick: bool,
    waiting: VecDeque<D>,
    /// Nothing can be claimed before.
    rate_limited_until: Timestamp,
    /// The last claim took all that was due.
    is_caught_up: bool,
}

impl<D> Default for EndpointLimiter<D> {
    fn default() -> Self {
        Self { by_webhook: HashMap::new(), waiting: 0 }
    }
}

impl<D> Default for EndpointState<D> {
    fn default() -> Self {
        Self {
            in_flight: 0,
            limit: PER_WEBHOOK_START,
            is_quick: false,
            waiting: VecDeque::new(),
            rate_limited_until: Timestamp::MIN,
            is_caught_up: false,
        }
    }
}

impl<D> EndpointState<D> {
    /// How many may be claimed in all.
    fn claimed_max(&self) -> usize {
        if self.limit == PER_WEBHOOK_MAX && self.is_quick { PER_WEBHOOK_MAX + AHEAD_MAX } else { self.limit }
    }
}

impl<D> EndpointLimiter<D> {
    /// How many deliveries of a webhook to claim: none before half of its slots are free, so that claims are few.
    pub fn room(&self, webhook: WebhookId, now: Timestamp) -> usize {
        let Some(state) = self.by_webhook.get(&webhook) else { return PER_WEBHOOK_START };
        // Further ahead it can only be because the clock was set back.
        if now < state.rate_limited_until && state.rate_limited_until.duration_since(now) <= LATER_MAX {
            return 0;
        }
        let most = state.claimed_max();
        let free = most.saturating_sub(state.in_flight + state.waiting.len());
        if free * 2 >= most { free } else { 0 }
    }

    /// How many deliveries of a webhook may come without a claim: none while others are due, which they would overtake.
    pub fn permits(&self, webhook: WebhookId) -> usize {
        let caught_up = self.by_webhook.get(&webhook).filter(|state| state.is_caught_up);
        caught_up.map_or(0, |state| state.claimed_max().saturating_sub(state.in_flight + state.waiting.len()))
    }

    /// Whether more of a webhook may be due than was claimed.
    pub fn is_behind(&self, webhook: WebhookId) -> bool {
        self.by_webhook.get(&webhook).is_none_or(|state| !state.is_caught_up)
    }

    /// Sets whether all that was due of a webhook is claimed.
    pub fn set_caught_up(&mut self, webhook: WebhookId, is_caught_up: bool) {
        if let Some(state) = self.by_webhook.get_mut(&webhook) {
            state.is_caught_up = is_caught_up;
        }
    }

    /// How many are claimed and not in flight.
    pub fn waiting(&self) -> usize {
        self.waiting
    }

    /// Queues a delivery of a webhook.
    pub fn push(&mut self, webhook: WebhookId, claimed: D) {
        self.by_webhook.entry(webhook).or_default().waiting.push_back(claimed);
        self.waiting += 1;
    }

    /// Nothing of a webhook can be claimed before `until`.
    pub fn rate_limit(&mut self, webhook: WebhookId, until: Timestamp) {
        self.by_webhook.entry(webhook).or_default().rate_limited_until = until;
    }

    /// The delivery of a webhook that comes next, if it may be in flight.
    pub fn peek(&self, webhook: WebhookId) -> Option<&D> {
        let state = self.by_webhook.get(&webhook)?;
        if state.in_flight < state.limit { state.waiting.front() } else { None }
    }

    /// The next delivery of a webhook, if it may be in flight now. It then counts as in flight until [`EndpointLimiter::release`].
    pub fn pop(&mut self, webhook: WebhookId) -> Option<D> {
        let state = self.by_webhook.get_mut(&webhook)?;
        if state.in_flight >= state.limit {
            return None;
        }
        let next = state.waiting.pop_front()?;
        state.in_flight += 1;
        self.waiting -= 1;
        Some(next)
    }

    /// One is no longer in flight. How its endpoint performed, if it was called, sets how many may be.
    pub fn release(&mut self, webhook: WebhookId, performance: Option<Performance>) {
        let Some(state) = self.by_webhook.get_mut(&webhook) else { return };
        state.in_flight -= 1;
        if let Some(performance) = performance {
            state.is_quick = performance == Performance::Quick;
            state.limit = match performance {
                Performance::Quick | Performance::Good => (state.limit * 2).min(PER_WEBHOOK_MAX),
                Performance::Bad => (state.limit / 2).max(1),
            };
        }
        if self.by_webhook.len() > ENDPOINTS_MAX {
            self.by_webhook.retain(|_, state| state.in_flight > 0 || !state.waiting.is_empty());
        }
    }

    /// Everything that waits.
    pub fn drain(&mut self) -> Vec<D> {
        self.waiting = 0;
        self.by_webhook.values_mut().flat_map(|state| state.waiting.drain(..)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::SignedDuration;

    const WEBHOOK: WebhookId = WebhookId(7);
    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    /// Claims what there is room for and starts what may start; gives how many of each.
    fn turn(limiter: &mut EndpointLimiter<()>) -> (usize, usize) {
        let room = limiter.room(WEBHOOK, NOW);
        (0..room).for_each(|_| limiter.push(WEBHOOK, ()));
        (room, std::iter::from_fn(|| limiter.pop(WEBHOOK)).count())
    }

    #[test]
    fn an_endpoint_that_responds_quickly_gets_more_and_is_claimed_ahead() {
        let mut limiter = EndpointLimiter::default();
        assert_eq!(turn(&mut limiter), (16, 16));
        assert_eq!(limiter.room(WEBHOOK, NOW), 0);
        (0..16).for_each(|_| limiter.release(WEBHOOK, Some(Performance::Quick)));
        assert_eq!(turn(&mut limiter), (256, 64));
        assert_eq!(limiter.waiting(), 192);
        limiter.release(WEBHOOK, Some(Performance::Quick));
        assert_eq!(turn(&mut limiter), (0, 1));
    }

    #[test]
    fn an_endpoint_that_responds_slowly_is_not_claimed_ahead() {
        let mut limiter = EndpointLimiter::default();
        turn(&mut limiter);
        (0..16).for_each(|_| limiter.release(WEBHOOK, Some(Performance::Good)));
        assert_eq!(turn(&mut limiter), (64, 64));
    }

    #[test]
    fn a_webhook_with_a_rate_limit_is_claimed_when_that_allows_it() {
        let mut limiter = EndpointLimiter::default();
        limiter.rate_limit(WEBHOOK, NOW + SignedDuration::from_millis(250));
        assert_eq!(turn(&mut limiter), (0, 0));
        assert_eq!(limiter.room(WEBHOOK, NOW + SignedDuration::from_millis(250)), 16);
    }

    #[test]
    fn an_endpoint_that_fails_gets_one_at_a_time() {
        let mut limiter = EndpointLimiter::default();
        turn(&mut limiter);
        (0..16).for_each(|_| limiter.release(WEBHOOK, Some(Performance::Bad)));
        assert_eq!(turn(&mut limiter), (1, 1));
        assert_eq!(turn(&mut limiter), (0, 0));
        limiter.release(WEBHOOK, None);
        assert_eq!(turn(&mut limiter), (1, 1));
    }

    #[test]
    fn one_failure_halves_what_may_be_in_flight() {
        let mut limiter = EndpointLimiter::default();
        turn(&mut limiter);
        limiter.release(WEBHOOK, Some(Performance::Bad));
        (0..15).for_each(|_| limiter.release(WEBHOOK, None));
        assert_eq!(limiter.room(WEBHOOK, NOW), 8);
    }

    #[test]
    fn a_webhook_is_claimed_when_half_of_its_slots_are_free() {
        let mut limiter = EndpointLimiter::default();
        (0..9).for_each(|_| limiter.push(WEBHOOK, ()));
        assert_eq!(limiter.room(WEBHOOK, NOW), 0);
        for free in 8..=13 {
            assert!(limiter.pop(WEBHOOK).is_some());
            limiter.release(WEBHOOK, None);
            assert_eq!(limiter.room(WEBHOOK, NOW), free);
        }
    }

    #[test]
    fn permits_are_for_webhooks_of_which_nothing_else_is_due() {
        let mut limiter = EndpointLimiter::default();
        assert!(limiter.is_behind(WEBHOOK), "nothing is known of it");
        (0..4).for_each(|_| limiter.push(WEBHOOK, ()));
        assert!(limiter.pop(WEBHOOK).is_some());
        assert_eq!((limiter.is_behind(WEBHOOK), limiter.permits(WEBHOOK)), (true, 0));
        limiter.set_caught_up(WEBHOOK, true);
        assert_eq!((limiter.is_behind(WEBHOOK), limiter.permits(WEBHOOK)), (false, 12));
    }

    #[test]
    fn the_next_one_is_shown_when_it_may_be_in_flight() {
        let mut limiter = EndpointLimiter::default();
        turn(&mut limiter);
        limiter.push(WEBHOOK, ());
        assert!(limiter.peek(WEBHOOK).is_none());
        limiter.release(WEBHOOK, None);
        assert!(limiter.peek(WEBHOOK).is_some());
    }

    #[test]
    fn what_waits_when_an_endpoint_turns_bad_is_started_no_faster() {
        let mut limiter = EndpointLimiter::default();
        turn(&mut limiter);
        (0..16).for_each(|_| limiter.release(WEBHOOK, Some(Performance::Quick)));
        turn(&mut limiter);
        (0..64).for_each(|_| limiter.release(WEBHOOK, Some(Performance::Bad)));
        assert_eq!(turn(&mut limiter), (0, 1));
        assert_eq!(limiter.drain().len(), 191);
        assert_eq!(limiter.waiting(), 0);
    }

    #[test]
    fn the_webhooks_with_nothing_in_flight_that_are_remembered_are_bounded() {
        let mut limiter = EndpointLimiter::default();
        let most = i64::try_from(ENDPOINTS_MAX).expect("a small number");
        limiter.push(WebhookId(-1), ());
        let deliver = |limiter: &mut EndpointLimiter<()>, webhook| {
            limiter.push(webhook, ());
            assert!(limiter.pop(webhook).is_some());
            limiter.release(webhook, None);
        };
        limiter.push(WebhookId(-2), ());
        assert!(limiter.pop(WebhookId(-2)).is_some());
        (2..most).map(WebhookId).for_each(|webhook| deliver(&mut limiter, webhook));
        assert_eq!(limiter.by_webhook.len(), ENDPOINTS_MAX, "as many as may be");
        (most..most + 2).map(WebhookId).for_each(|webhook| deliver(&mut limiter, webhook));
        assert!(limiter.by_webhook.len() <= ENDPOINTS_MAX, "{} are remembered", limiter.by_webhook.len());
        assert!(limiter.by_webhook.contains_key(&WebhookId(-2)), "what is in flight is not forgotten");
        assert_eq!(limiter.waiting(), 1, "what waits is not forgotten");
        assert!(limiter.pop(WebhookId(-1)).is_some());
    }
}
