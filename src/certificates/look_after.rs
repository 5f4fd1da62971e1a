//! Orders a certificate when it is due: one node, fenced by the number of the attempt, and after failures with growing pauses.

use std::time::Duration;

use super::authority::Authority;
use super::fault::Fault;
use super::order::Brought;
use super::{Certificates, Shared};
use crate::domain::certificate::Certificate;
use crate::domain::retry::RETRY_AFTER_MAX;
use crate::domain::time::{SignedDuration, Timestamp};
use crate::store::certificates::{self, Claimed};

/// How long an order may take.
const ORDER_TIMEOUT: Duration = Duration::from_secs(4 * 60);
/// For how long an order is its node's: longer than it may take.
const LEASE: SignedDuration = SignedDuration::from_mins(5);
/// After failures in a row. Let's Encrypt allows five failed looks at a domain in an hour: these are three, and a fourth and fifth
/// where somebody starts the server again.
const PAUSES: [SignedDuration; 6] = [
    SignedDuration::from_mins(5),
    SignedDuration::from_mins(20),
    SignedDuration::from_mins(40),
    SignedDuration::from_hours(2),
    SignedDuration::from_hours(4),
    SignedDuration::from_hours(8),
];
/// A start of the server tries again at once where the last failure is as old: something was mended, perhaps.
const START_PAUSE: SignedDuration = SignedDuration::from_mins(20);
/// The least time between two certificates, whatever their dates say.
const RENEW_AFTER_MIN: SignedDuration = SignedDuration::from_hours(1);
/// Renewals are spread over this part of a certificate's life, before two thirds of it are over.
const SPREAD: f64 = 0.05;

impl Certificates {
    /// Has the certificate looked after: a new installation orders one at once, one that failed tries again.
    pub async fn start(&self) -> anyhow::Result<()> {
        let (shared, now) = (&self.0, self.0.core.clock.now());
        let names = shared.names.clone();
        let write = shared.core.db.write(async move |tx| {
            certificates::register(tx, &names, now).await?;
            certificates::bring_forward(tx, &names, now - START_PAUSE, now).await?;
            Ok(())
        });
        write.await?;
        self.load().await
    }

    /// Loads what another node got, and orders where it is due. Returns whether it ordered.
    pub async fn look_after(&self) -> anyhow::Result<bool> {
        self.load().await?;
        let shared = &self.0;
        let (names, now) = (shared.names.clone(), shared.core.clock.now());
        let standing = shared.core.db.read(async move |conn| Ok(certificates::standing(conn, &names).await?)).await?;
        if standing.is_none_or(|standing| standing.due_at > now) {
            return Ok(false);
        }
        let names = shared.names.clone();
        let claim = async move |tx: &crate::db::Tx| Ok(certificates::claim(tx, &names, now, now + LEASE).await?);
        let Some(claimed) = shared.core.db.write(claim).await? else { return Ok(false) };
        tracing::info!(names = shared.names, directory = shared.acme.directory, "ordering a certificate");
        let authority = Authority::new(shared.client.clone());
        let ordered = tokio::time::timeout(ORDER_TIMEOUT, shared.order(&authority)).await;
        match ordered.unwrap_or(Err(Fault::TooLong)) {
            Ok(brought) => shared.settle_issued(claimed, &brought).await?,
            Err(fault) => shared.settle_failed(claimed, &fault, authority.retry_after()).await?,
        }
        self.load().await?;
        Ok(true)
    }
}

impl Shared {
    async fn settle_issued(&self, claimed: Claimed, brought: &Brought) -> anyhow::Result<()> {
        let Brought { issued, certificate } = brought;
        let due_at = renewal(certificate, self.core.random.fraction()).max(issued.issued_at + RENEW_AFTER_MIN);
        let settle = || async {
            let (names, issued) = (self.names.clone(), issued.clone());
            let write = async move |tx: &crate::db::Tx| {
                Ok(certificates::settle_issued(tx, (&names, claimed.attempt), &issued, due_at).await?)
            };
            self.core.db.write(write).await.map(drop)
        };
        self.core.settle_persistently(settle).await?;
        tracing::info!(
            names = self.names,
            issuer = certificate.issuer,
            expires_at = %certificate.not_after,
            renewal = %due_at,
            "certificate issued"
        );
        Ok(())
    }

    async fn settle_failed(&self, claimed: Claimed, fault: &Fault, wanted: Option<Duration>) -> anyhow::Result<()> {
        let nth = usize::try_from(claimed.failures).unwrap_or(usize::MAX).min(PAUSES.len() - 1);
        let wanted = wanted.map(|wait| wait.min(RETRY_AFTER_MAX)).and_then(|wait| SignedDuration::try_from(wait).ok());
        let due_at = self.core.clock.now() + wanted.unwrap_or_default().max(PAUSES[nth]);
        let said = fault.in_words();
        tracing::warn!(names = self.names, fault = said, next_order = %due_at, "no certificate was issued");
        let settle = || async {
            let (names, said, directory) = (self.names.clone(), said.clone(), self.acme.directory.clone());
            let forgets = fault.is_of_account();
            let write = async move |tx: &crate::db::Tx| {
                if forgets {
                    certificates::remove_account(tx, &directory).await?;
                }
                Ok(certificates::settle_failed(tx, (&names, claimed.attempt), &said, due_at).await?)
            };
            self.core.db.write(write).await.map(drop)
        };
        self.core.settle_persistently(settle).await
    }
}

/// When a certificate is renewed: after two thirds of its life, or a little before.
fn renewal(certificate: &Certificate, fraction: f64) -> Timestamp {
    let lifetime = certificate.lifetime().as_secs_f64();
    let after = lifetime * (2.0 / 3.0 - SPREAD * fraction);
    certificate.not_before + SignedDuration::from_secs(after as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_renewed_before_two_thirds_of_its_life_are_over() {
        let (not_before, day) = (Timestamp::UNIX_EPOCH, SignedDuration::from_hours(24));
        let certificate = |days: i32| Certificate {
            issuer: String::new(),
            names: Vec::new(),
            not_before,
            not_after: not_before + day * days,
        };
        assert_eq!(renewal(&certificate(90), 0.0), not_before + day * 60);
        let earliest = renewal(&certificate(90), 0.999);
        assert!(not_before + day * 55 < earliest && earliest < not_before + day * 56, "{earliest}");
        assert_eq!(renewal(&certificate(6), 0.0), not_before + day * 4);
    }

    #[test]
    fn an_authority_is_asked_four_times_in_the_first_hours_at_most() {
        let hour = SignedDuration::from_hours(1);
        let mut asked = vec![SignedDuration::ZERO];
        for pause in PAUSES {
            asked.push(*asked.last().expect("one") + pause);
        }
        for start in &asked {
            let within = asked.iter().filter(|at| *at >= start && **at < *start + hour).count();
            assert!(within <= 3, "{within} from {start}");
        }
        assert!(START_PAUSE >= hour / 5, "starts of the server among them are five at most");
    }
}
