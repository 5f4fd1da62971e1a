//! Slows down who guesses passwords and codes. Counters are in the database, so that they hold over nodes and restarts.
//!
//! Failures are held against the address that they come from, in general and for the account that was tried. A browser that its
//! person has signed in with before has a counter of its own: whoever fails on purpose keeps nobody out but themselves.

use std::net::{IpAddr, Ipv6Addr};

use super::{Accounts, hash};
use crate::db::Tx;
use crate::domain::seal::Place;
use crate::domain::time::{SignedDuration, Timestamp};
use crate::store::sign_in_failures::{self, Failures};
use crate::store::users::User;

/// Failures of an address on one account before it has to wait.
const FREE_ON_ACCOUNT: i64 = 5;
/// Failures of an address on all accounts together before it has to wait.
const FREE_IN_ALL: i64 = 30;
/// Requests for a new password from an address, and for one account, before the next has to wait.
const FREE_REQUESTS: i64 = 10;
const FREE_REQUESTS_FOR_ACCOUNT: i64 = 3;
/// The first wait; each further failure doubles it.
const FIRST_WAIT: SignedDuration = SignedDuration::from_secs(15);
/// The longest wait.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_mins(15);
/// After so long without one, failures are forgotten.
pub(super) const FORGOTTEN_AFTER: SignedDuration = SignedDuration::from_hours(1);

/// What failures of an attempt are held against: that of the account first.
#[derive(Clone, Debug)]
pub(super) struct Sources(Vec<(String, i64)>);

/// What becomes of a request for a new password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// A link is mailed where the address has an account.
    Anew,
    /// Links were mailed a moment ago: whoever asks is not told, since that would say that there is an account.
    Again,
    /// Whoever asks has to wait.
    Wait(SignedDuration),
}

impl Accounts {
    /// Counts a request for a new password. Unknown addresses are counted like those that have an account.
    pub(super) async fn count_request(tx: &Tx, ip: IpAddr, email: &str, now: Timestamp) -> anyhow::Result<Asked> {
        let from = format!("reset from {}", network(ip));
        let failures = sign_in_failures::lock(tx, &from, now).await?;
        if let Some(wait) = wait_after(failures, FREE_REQUESTS, now) {
            return Ok(Asked::Wait(wait));
        }
        count(tx, &from, failures, now).await?;
        let of_account = format!("reset of {}", hash(email));
        let failures = sign_in_failures::lock(tx, &of_account, now).await?;
        if wait_after(failures, FREE_REQUESTS_FOR_ACCOUNT, now).is_some() {
            return Ok(Asked::Again);
        }
        count(tx, &of_account, failures, now).await?;
        Ok(Asked::Anew)
    }

    /// Whom an attempt is held against. `known` is the cookie of a browser that somebody signed in with before.
    pub(super) fn sources(&self, email: &str, user: Option<&User>, ip: IpAddr, known: Option<&str>) -> Sources {
        let is_known = |cookie: &&str| {
            user.is_some_and(|user| self.core.seal.open(Place::KnownBrowser(&user.public_id), cookie).is_ok())
        };
        if let Some(cookie) = known.filter(is_known) {
            return Sources(vec![(format!("browser {}", hash(cookie)), FREE_ON_ACCOUNT)]);
        }
        let network = network(ip);
        let on_account = format!("address {network} {}", hash(email));
        Sources(vec![(on_account, FREE_ON_ACCOUNT), (format!("address {network}"), FREE_IN_ALL)])
    }

    /// Begins an attempt, unless these have to wait: then how long. It counts as a failure until it has succeeded, so that many
    /// at once are no way around the wait.
    pub(super) async fn begin_attempt(&self, sources: &Sources) -> anyhow::Result<Option<SignedDuration>> {
        let (sources, now) = (sources.clone(), self.core.clock.now());
        self.core
            .db
            .write(async move |tx| {
                let mut held = Vec::new();
                for (source, free) in &sources.0 {
                    let failures = sign_in_failures::lock(tx, source, now).await?;
                    if let Some(wait) = wait_after(failures, *free, now) {
                        return Ok(Some(wait));
                    }
                    held.push((source, failures));
                }
                for (source, failures) in held {
                    count(tx, source, failures, now).await?;
                }
                Ok(None)
            })
            .await
    }

    /// Takes the failure back that an attempt was counted as: it was right so far.
    pub(super) async fn take_back(tx: &Tx, sources: &Sources) -> anyhow::Result<()> {
        for (source, _) in &sources.0 {
            sign_in_failures::take_back(tx, source).await?;
        }
        Ok(())
    }

    /// Ends an attempt by which somebody is signed in: failures on the account are forgotten. Those on other accounts stay: else
    /// an account of one's own would be a way to guess others'.
    pub(super) async fn forget_failures(tx: &Tx, sources: &Sources) -> anyhow::Result<()> {
        Self::take_back(tx, sources).await?;
        if let Some((on_account, _)) = sources.0.first() {
            sign_in_failures::forget(tx, on_account).await?;
        }
        Ok(())
    }
}

/// Counts one more.
async fn count(tx: &Tx, source: &str, failures: Failures, now: Timestamp) -> anyhow::Result<()> {
    let is_forgotten = now - FORGOTTEN_AFTER > failures.last_at;
    let count = if is_forgotten { 1 } else { failures.count + 1 };
    sign_in_failures::set(tx, source, Failures { count, last_at: now }).await?;
    Ok(())
}

/// How long is still to wait after these failures.
fn wait_after(failures: Failures, free: i64, now: Timestamp) -> Option<SignedDuration> {
    if now - FORGOTTEN_AFTER > failures.last_at {
        return None;
    }
    let over = u32::try_from(failures.count - free).ok()?;
    let wait = FIRST_WAIT.checked_mul(1 << over.min(10)).map_or(LONGEST_WAIT, |wait| wait.min(LONGEST_WAIT));
    let left = wait - now.duration_since(failures.last_at);
    left.is_positive().then_some(left)
}

/// A host on IPv6 has a /64 at least.
fn network(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V6(ip) => Ipv6Addr::from_bits(ip.to_bits() & !u128::from(u64::MAX)).into(),
        ip @ IpAddr::V4(_) => ip,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_from_the_fifth_failure_to_a_quarter_of_an_hour() {
        let last_at: Timestamp = "2026-01-02T10:00:00Z".parse().expect("a time");
        let wait = |count, seconds| {
            let left = wait_after(Failures { count, last_at }, 5, last_at + SignedDuration::from_secs(seconds));
            left.map(|left| left.as_secs())
        };
        assert_eq!(wait(4, 0), None);
        assert_eq!((wait(5, 0), wait(5, 14), wait(5, 15)), (Some(15), Some(1), None));
        assert_eq!((wait(6, 0), wait(8, 0), wait(11, 0), wait(5_000, 0)), (Some(30), Some(120), Some(900), Some(900)));
        assert_eq!(wait(5_000, 3_601), None);
    }
}
