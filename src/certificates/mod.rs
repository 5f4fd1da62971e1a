//! Layer 4: TLS built in. Gets certificates from an authority that speaks ACME (RFC 8555), keeps them in the database, and secures
//! connections with them.
//!
//! Actors: the loop of the worker on each node, which loads the certificate that is there, and claims the order where one is due
//! (`look_after`); the node that ordered (`order`), which stores the answers to challenges (TLS-ALPN-01, RFC 8737) and settles behind
//! the fence; every node's connections (`accept`), which take the certificate that was loaded last, and answer the authority from the
//! database, whichever node ordered. An order is due → claimed (a lease) → issued (due again after two thirds of its life) or failed
//! (due again after a pause that grows).

mod accept;
mod authority;
mod fault;
mod look_after;
mod order;

use std::sync::{Arc, PoisonError, RwLock};

use anyhow::{Context as _, ensure};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{ServerConfig, version};

use crate::config::Acme;
use crate::core::Core;
use crate::domain::seal::Place;
use crate::domain::time::Timestamp;
use crate::net::{self, AddressPolicy, Resolver};
use crate::store::certificates::{self, Issued};

/// Looks after the certificate of this installation. Cheap to clone.
#[derive(Clone)]
pub struct Certificates(Arc<Shared>);

struct Shared {
    core: Core,
    acme: Acme,
    /// The name of the certificate in the database.
    names: String,
    /// Talks to the authority.
    client: net::Client,
    current: Arc<Current>,
    /// What visitors are served with.
    server: Arc<ServerConfig>,
}

/// The certificate that was loaded last.
#[derive(Debug, Default)]
struct Current(RwLock<Option<(Timestamp, Arc<CertifiedKey>)>>);

impl Current {
    fn issued_at(&self) -> Option<Timestamp> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).as_ref().map(|(issued_at, _)| *issued_at)
    }

    fn set(&self, issued_at: Timestamp, key: CertifiedKey) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some((issued_at, Arc::new(key)));
    }
}

impl ResolvesServerCert for Current {
    /// Whatever name is asked for: a balancer asks by address.
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).as_ref().map(|(_, key)| key.clone())
    }
}

impl Certificates {
    /// For these domains. Nothing is loaded yet, and nothing ordered.
    pub fn new(core: Core, acme: Acme) -> Self {
        let current = Arc::new(Current::default());
        let mut server = server_config(current.clone());
        server.alpn_protocols = vec![b"http/1.1".to_vec()];
        let options = net::Options { extra_roots: acme.extra_roots.clone(), ..net::Options::default() };
        let client = net::Client::new(AddressPolicy::trusted(), Resolver::System, options);
        let names = acme.names();
        Self(Arc::new(Shared { core, acme, names, client, current, server: Arc::new(server) }))
    }

    /// Loads the certificate that the database has, where it is another one than that of this process.
    pub async fn load(&self) -> anyhow::Result<()> {
        let shared = &self.0;
        let names = shared.names.clone();
        let issued_at = shared.core.db.read(async move |conn| Ok(certificates::issued_at(conn, &names).await?)).await?;
        if issued_at.is_none() || issued_at == shared.current.issued_at() {
            return Ok(());
        }
        let names = shared.names.clone();
        let found = shared.core.db.read(async move |conn| Ok(certificates::find(conn, &names).await?)).await?;
        let Some(found) = found else { return Ok(()) };
        let key = shared.core.seal.open(Place::CertificateKey(&shared.names), &found.sealed_key)?;
        shared.current.set(found.issued_at, certified(&found.chain, &key)?);
        let Issued { issued_at, expires_at, .. } = found;
        tracing::info!(names = shared.names, %issued_at, %expires_at, "certificate loaded");
        Ok(())
    }
}

/// How connections are secured with what the resolver has.
fn server_config(resolver: Arc<dyn ResolvesServerCert>) -> ServerConfig {
    ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&version::TLS13, &version::TLS12])
        .expect("ring knows both versions")
        .with_no_client_auth()
        .with_cert_resolver(resolver)
}

/// A chain and its key, both PEM, if they belong together.
fn certified(chain: &str, key: &str) -> anyhow::Result<CertifiedKey> {
    let chain = CertificateDer::pem_slice_iter(chain.as_bytes()).collect::<Result<Vec<_>, _>>();
    let chain = chain.context("the chain is no PEM")?;
    ensure!(!chain.is_empty(), "there is no certificate in the chain");
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).context("the key is no PEM")?;
    CertifiedKey::from_der(chain, key, &ring::default_provider()).context("the certificate is for another key")
}
