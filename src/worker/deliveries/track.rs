//! How many deliveries of each webhook may be in flight, and what was claimed beyond that.

use std::collections::{HashMap, VecDeque};

use crate::deliveries::attempt::Impression;
use crate::domain::time::Timestamp;

use super::LATER_MAX;

/// Deliveries in flight to one webhook that answers well.
const PER_WEBHOOK_MAX: usize = 64;
/// Deliveries in flight to a webhook that is not known yet.
const PER_WEBHOOK_START: usize = 16;
/// Deliveries claimed beyond those in flight, of a webhook that answers at once: it need not wait for the next claim.
const AHEAD_MAX: usize = 192;
/// Tracks of webhooks with nothing claimed that are remembered.
const TRACKS_MAX: usize = 10_000;

/// The tracks of all webhooks, by row key. Generic over what is claimed: it is only handed on.
pub struct Tracks<D> {
    by_webhook: HashMap<i64, Track<D>>,
    waiting: usize,
}

struct Track<D> {
    in_flight: usize,
    limit: usize,
    /// It answered the last one at once.
    is_quick: bool,
    waiting: VecDeque<D>,
    /// Nothing can be claimed before.
    paced_until: Timestamp,
    /// The last claim took all that was due.
    is_caught_up: bool,
}

impl<D> Default for Tracks<D> {
    fn default() -> Self {
        Self { by_webhook: HashMap::new(), waiting: 0 }
    }
}

impl<D> Default for Track<D> {
    fn default() -> Self {
        Self {
            in_flight: 0,
            limit: PER_WEBHOOK_START,
            is_quick: false,
            waiting: VecDeque::new(),
            paced_until: Timestamp::MIN,
            is_caught_up: false,
        }
    }
}

impl<D> Track<D> {
    /// How many may be claimed in all.
    fn claimed_max(&self) -> usize {
        if self.limit == PER_WEBHOOK_MAX && self.is_quick { PER_WEBHOOK_MAX + AHEAD_MAX } else { self.limit }
    }
}

impl<D> Tracks<D> {
    /// How many deliveries of a webhook to claim: none before half of its places are free, so that claims are few.
    pub fn room(&self, webhook: i64, now: Timestamp) -> usize {
        let Some(track) = self.by_webhook.get(&webhook) else { return PER_WEBHOOK_START };
        // Further ahead it can only be because the clock was stepped back.
        if now < track.paced_until && track.paced_until.duration_since(now) <= LATER_MAX {
            return 0;
        }
        let most = track.claimed_max();
        let free = most.saturating_sub(track.in_flight + track.waiting.len());
        if free * 2 >= most { free } else { 0 }
    }

    /// How many deliveries of a webhook may come without a claim: none while others are due, for they would be passed.
    pub fn free(&self, webhook: i64) -> usize {
        let caught_up = self.by_webhook.get(&webhook).filter(|track| track.is_caught_up);
        caught_up.map_or(0, |track| track.claimed_max().saturating_sub(track.in_flight + track.waiting.len()))
    }

    /// Whether more of a webhook may be due than was claimed.
    pub fn is_behind(&self, webhook: i64) -> bool {
        self.by_webhook.get(&webhook).is_none_or(|track| !track.is_caught_up)
    }

    /// Whether a claim has taken all that was due of a webhook.
    pub fn catch_up(&mut self, webhook: i64, is_caught_up: bool) {
        if let Some(track) = self.by_webhook.get_mut(&webhook) {
            track.is_caught_up = is_caught_up;
        }
    }

    /// How many are claimed and not in flight.
    pub fn waiting(&self) -> usize {
        self.waiting
    }

    /// Puts a claimed delivery of a webhook in its line.
    pub fn wait(&mut self, webhook: i64, claimed: D) {
        self.by_webhook.entry(webhook).or_default().waiting.push_back(claimed);
        self.waiting += 1;
    }

    /// Nothing of a webhook can be claimed before `until`.
    pub fn pace(&mut self, webhook: i64, until: Timestamp) {
        self.by_webhook.entry(webhook).or_default().paced_until = until;
    }

    /// The delivery of a webhook that comes next, if it may be in flight.
    pub fn peek(&self, webhook: i64) -> Option<&D> {
        let track = self.by_webhook.get(&webhook)?;
        if track.in_flight < track.limit { track.waiting.front() } else { None }
    }

    /// The next delivery of a webhook, if it may be in flight now. It then counts as in flight until [`Tracks::ended`].
    pub fn next(&mut self, webhook: i64) -> Option<D> {
        let track = self.by_webhook.get_mut(&webhook)?;
        if track.in_flight >= track.limit {
            return None;
        }
        let next = track.waiting.pop_front()?;
        track.in_flight += 1;
        self.waiting -= 1;
        Some(next)
    }

    /// One is no longer in flight. What it tells of the webhook, if anything, sets how many may be.
    pub fn ended(&mut self, webhook: i64, impression: Option<Impression>) {
        let Some(track) = self.by_webhook.get_mut(&webhook) else { return };
        track.in_flight -= 1;
        if let Some(impression) = impression {
            track.is_quick = impression == Impression::Quick;
            track.limit = match impression {
                Impression::Quick | Impression::Good => (track.limit * 2).min(PER_WEBHOOK_MAX),
                Impression::Bad => (track.limit / 2).max(1),
            };
        }
        if self.by_webhook.len() > TRACKS_MAX {
            self.by_webhook.retain(|_, track| track.in_flight > 0 || !track.waiting.is_empty());
        }
    }

    /// Everything that waits.
    pub fn drain(&mut self) -> Vec<D> {
        self.waiting = 0;
        self.by_webhook.values_mut().flat_map(|track| track.waiting.drain(..)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::SignedDuration;

    const WEBHOOK: i64 = 7;
    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    /// Claims what there is room for and starts what may start; tells how many of each.
    fn turn(tracks: &mut Tracks<()>) -> (usize, usize) {
        let room = tracks.room(WEBHOOK, NOW);
        (0..room).for_each(|_| tracks.wait(WEBHOOK, ()));
        (room, std::iter::from_fn(|| tracks.next(WEBHOOK)).count())
    }

    #[test]
    fn a_webhook_that_answers_gets_more_and_is_claimed_ahead() {
        let mut tracks = Tracks::default();
        assert_eq!(turn(&mut tracks), (16, 16));
        assert_eq!(tracks.room(WEBHOOK, NOW), 0);
        (0..16).for_each(|_| tracks.ended(WEBHOOK, Some(Impression::Quick)));
        assert_eq!(turn(&mut tracks), (256, 64));
        assert_eq!(tracks.waiting(), 192);
        tracks.ended(WEBHOOK, Some(Impression::Quick));
        assert_eq!(turn(&mut tracks), (0, 1));
    }

    #[test]
    fn a_webhook_that_takes_its_time_is_not_claimed_ahead() {
        let mut tracks = Tracks::default();
        turn(&mut tracks);
        (0..16).for_each(|_| tracks.ended(WEBHOOK, Some(Impression::Good)));
        assert_eq!(turn(&mut tracks), (64, 64));
    }

    #[test]
    fn a_webhook_with_a_rate_is_claimed_when_it_is_time() {
        let mut tracks = Tracks::default();
        tracks.pace(WEBHOOK, NOW + SignedDuration::from_millis(250));
        assert_eq!(turn(&mut tracks), (0, 0));
        assert_eq!(tracks.room(WEBHOOK, NOW + SignedDuration::from_millis(250)), 16);
    }

    #[test]
    fn a_webhook_that_fails_gets_one_at_a_time() {
        let mut tracks = Tracks::default();
        turn(&mut tracks);
        (0..16).for_each(|_| tracks.ended(WEBHOOK, Some(Impression::Bad)));
        assert_eq!(turn(&mut tracks), (1, 1));
        assert_eq!(turn(&mut tracks), (0, 0));
        tracks.ended(WEBHOOK, None);
        assert_eq!(turn(&mut tracks), (1, 1));
    }

    #[test]
    fn what_waits_when_a_webhook_turns_bad_is_started_no_faster() {
        let mut tracks = Tracks::default();
        turn(&mut tracks);
        (0..16).for_each(|_| tracks.ended(WEBHOOK, Some(Impression::Quick)));
        turn(&mut tracks);
        (0..64).for_each(|_| tracks.ended(WEBHOOK, Some(Impression::Bad)));
        assert_eq!(turn(&mut tracks), (0, 1));
        assert_eq!(tracks.drain().len(), 191);
        assert_eq!(tracks.waiting(), 0);
    }

    #[test]
    fn the_webhooks_with_nothing_in_flight_that_are_remembered_are_bounded() {
        let mut tracks = Tracks::default();
        let most = i64::try_from(TRACKS_MAX).expect("a small number");
        tracks.wait(-1, ());
        for webhook in 0..=most {
            tracks.wait(webhook, ());
            assert!(tracks.next(webhook).is_some());
            tracks.ended(webhook, None);
        }
        assert!(tracks.by_webhook.len() <= TRACKS_MAX, "{} are remembered", tracks.by_webhook.len());
        assert_eq!(tracks.waiting(), 1, "what waits is not forgotten");
        assert!(tracks.next(-1).is_some());
    }
}
