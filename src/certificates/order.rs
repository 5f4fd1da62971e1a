//! One order: proves to the authority that the domains lead here, and fetches the certificate. It holds no transaction meanwhile.

use std::time::Duration;

use anyhow::Context as _;
use instant_acme::{
    AuthorizationHandle, AuthorizationStatus, ChallengeType, Error, Identifier, NewOrder, Order, OrderStatus,
    RetryPolicy,
};
use rcgen::{CertificateParams, DistinguishedName, KeyPair};
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;

use super::authority::Authority;
use super::fault::{Fault, Refusal};
use super::{Shared, certified};
use crate::domain::certificate::Certificate;
use crate::domain::seal::Place;
use crate::domain::time::SignedDuration;
use crate::store::certificates::{self, Issued};

/// How long the answer to a challenge is there.
const CHALLENGE_FOR: SignedDuration = SignedDuration::from_mins(10);
/// How often the authority is asked whether it has looked, and for how long: it looks within seconds.
const LOOKS: RetryPolicy =
    RetryPolicy::new().initial_delay(Duration::from_millis(500)).backoff(1.5).timeout(Duration::from_secs(90));

/// What an order brought.
pub(super) struct Brought {
    pub(super) issued: Issued,
    pub(super) certificate: Certificate,
}

impl Shared {
    /// Orders a certificate for all domains.
    pub(super) async fn order(&self, authority: &Authority) -> Result<Brought, Fault> {
        let account = self.account(authority).await?;
        let identifiers: Vec<_> = self.acme.domains.iter().cloned().map(Identifier::Dns).collect();
        let mut order = account.new_order(&NewOrder::new(&identifiers)).await?;
        let proved = self.prove(&mut order).await;
        for domain in self.acme.domains.clone() {
            // It ends by itself, too.
            let removed = self.core.db.write(async move |tx| Ok(certificates::remove_challenge(tx, &domain).await?));
            let _ = removed.await;
        }
        proved?;
        let key = KeyPair::generate().context("making a key")?;
        let mut request = CertificateParams::new(self.acme.domains.clone()).context("naming the domains")?;
        request.distinguished_name = DistinguishedName::new();
        let request = request.serialize_request(&key).context("making a request for a certificate")?;
        order.finalize_csr(request.der()).await?;
        let chain = order.poll_certificate(&LOOKS).await?;
        Ok(self.brought(chain, &key)?)
    }

    /// Lets the authority look at each domain that it has not seen lately.
    async fn prove(&self, order: &mut Order) -> Result<(), Fault> {
        let mut authorizations = order.authorizations();
        while let Some(authorization) = authorizations.next().await {
            let authorization = authorization?;
            match authorization.status {
                AuthorizationStatus::Valid => {}
                AuthorizationStatus::Pending => self.answer_challenge(authorization).await?,
                _ => return Err(refusal(&authorization).into()),
            }
        }
        match order.poll_ready(&LOOKS).await {
            Ok(OrderStatus::Ready | OrderStatus::Valid) => Ok(()),
            Ok(_) => Err(self.refused(order, None).await),
            Err(error) => Err(self.refused(order, Some(error)).await),
        }
    }

    /// Stores the answer, then asks the authority to look.
    async fn answer_challenge(&self, authorization: AuthorizationHandle<'_>) -> Result<(), Fault> {
        // A challenge borrows its authorization for as long as that lives.
        let mut authorization = authorization;
        let domain = authorization.identifier().to_string();
        let Some(mut challenge) = authorization.challenge(ChallengeType::TlsAlpn01) else {
            return Err(Fault::NoChallenge { domain });
        };
        let digest = hex::encode(challenge.key_authorization().digest());
        let expires_at = self.core.clock.now() + CHALLENGE_FOR;
        self.core
            .db
            .write(async move |tx| Ok(certificates::put_challenge(tx, &domain, &digest, expires_at).await?))
            .await?;
        Ok(challenge.set_ready().await?)
    }

    /// Why the authority refused an order: what it says of each domain, or else of the order.
    async fn refused(&self, order: &mut Order, error: Option<Error>) -> Fault {
        let mut refusals = Vec::new();
        let mut authorizations = order.authorizations();
        while let Some(Ok(mut authorization)) = authorizations.next().await {
            if authorization.refresh().await.is_ok_and(|state| state.status != AuthorizationStatus::Valid) {
                refusals.push(refusal(&authorization));
            }
        }
        match error {
            Some(error) if refusals.is_empty() => error.into(),
            _ => Fault::Refused(refusals),
        }
    }

    /// The certificate, if it can be served with.
    fn brought(&self, chain: String, key: &KeyPair) -> anyhow::Result<Brought> {
        let key = key.serialize_pem();
        certified(&chain, &key).context("what the authority sent")?;
        let first = CertificateDer::from_pem_slice(chain.as_bytes()).context("what the authority sent")?;
        let certificate = Certificate::parse(&first).context("what the authority sent")?;
        let issued = Issued {
            sealed_key: self.core.seal.seal(Place::CertificateKey(&self.names), &key),
            chain,
            issued_at: self.core.clock.now(),
            expires_at: certificate.not_after,
        };
        Ok(Brought { issued, certificate })
    }
}

/// What the authority says of a domain that it does not take.
fn refusal(authorization: &AuthorizationHandle<'_>) -> Refusal {
    let domain = authorization.identifier().to_string();
    let problem = authorization.challenges.iter().find_map(|challenge| challenge.error.clone());
    Refusal { domain, problem }
}
