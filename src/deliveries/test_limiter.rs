//! How often webhooks may be tested: each test makes Aurix send a request for every event to an address of the caller's choice.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

use crate::domain::ids::{ProjectId, WebhookId};
use crate::domain::rate_limit::BurstLimit;
use crate::domain::time::{SignedDuration, Timestamp};

/// Tests of one webhook: a key has one.
const OF_WEBHOOK: BurstLimit = BurstLimit { burst: 10, every: SignedDuration::from_secs(6) };
/// Tests of one project.
const OF_PROJECT: BurstLimit = BurstLimit { burst: 30, every: SignedDuration::from_secs(2) };
/// Webhooks, and projects, that are being tested at most.
const ENTRIES_MAX: usize = 10_000;

/// The limits of this node. Cheap to ask; what has recovered is forgotten.
#[derive(Default)]
pub struct TestLimiter(Mutex<Recent>);

#[derive(Default)]
struct Recent {
    webhooks: HashMap<WebhookId, Timestamp>,
    projects: HashMap<ProjectId, Timestamp>,
}

impl TestLimiter {
    /// Allows a test, or says how long there may be none.
    pub fn try_acquire(&self, project: ProjectId, webhook: WebhookId, now: Timestamp) -> Result<(), SignedDuration> {
        let mut recent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of_webhook = take(&mut recent.webhooks, webhook, OF_WEBHOOK, now)?;
        let of_project = take(&mut recent.projects, project, OF_PROJECT, now)?;
        recent.webhooks.insert(webhook, of_webhook);
        recent.projects.insert(project, of_project);
        Ok(())
    }
}

/// What is left of a limit after one more test.
fn take<K: Eq + Hash>(
    recent: &mut HashMap<K, Timestamp>,
    key: K,
    limit: BurstLimit,
    now: Timestamp,
) -> Result<Timestamp, SignedDuration> {
    if recent.len() >= ENTRIES_MAX && !recent.contains_key(&key) {
        recent.retain(|_, full_at| *full_at > now);
        if recent.len() >= ENTRIES_MAX {
            return Err(limit.every);
        }
    }
    limit.take(recent.get(&key).copied().unwrap_or(now), now)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    #[test]
    fn what_has_recovered_is_forgotten_when_there_is_no_room() {
        let limiter = TestLimiter::default();
        let test = |number: usize, now: Timestamp| {
            let number = i64::try_from(number).expect("a small number");
            limiter.try_acquire(ProjectId(number), WebhookId(number), now)
        };
        for number in 0..ENTRIES_MAX {
            assert_eq!(test(number, NOW), Ok(()));
        }
        assert_eq!(test(ENTRIES_MAX, NOW), Err(OF_WEBHOOK.every));
        assert_eq!(test(0, NOW), Ok(()), "who is known already has a limit of their own");
        assert_eq!(test(ENTRIES_MAX, NOW + OF_WEBHOOK.every), Ok(()));
        assert_eq!(limiter.0.lock().map(|recent| recent.webhooks.len()).ok(), Some(2));
    }
}
