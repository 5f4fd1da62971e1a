//! Secures a connection that was accepted, or answers the authority that looks whether a domain leads here.

use std::io;
use std::sync::Arc;

use anyhow::Context as _;
use rcgen::{CertificateParams, CustomExtension, KeyPair};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::server::{Acceptor, ClientHello, ResolvesServerCert};
use tokio_rustls::rustls::sign::{CertifiedKey, SingleCertAndKey};
use tokio_rustls::server::TlsStream;

use super::{Certificates, server_config};
use crate::store::certificates;

/// The protocol by which an authority looks (RFC 8737).
const PROTOCOL: &[u8] = b"acme-tls/1";

impl Certificates {
    /// The handshake. `None` where the connection was an authority's, which has its answer by then.
    pub async fn accept<S>(&self, stream: S) -> io::Result<Option<TlsStream<S>>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let begun = LazyConfigAcceptor::new(Acceptor::default(), stream).await?;
        let Some(domain) = looked_for(&begun.client_hello()) else {
            return begun.into_stream(self.0.server.clone()).await.map(Some);
        };
        let config = self.answer(domain).await.map_err(io::Error::other)?;
        begun.into_stream(config).await?.shutdown().await?;
        Ok(None)
    }

    /// What answers an authority: a certificate for the domain, made on the spot, that has the digest in it.
    async fn answer(&self, domain: String) -> anyhow::Result<Arc<ServerConfig>> {
        anyhow::ensure!(
            self.0.acme.domains.contains(&domain),
            "an authority looks for {domain}, which is none of ours"
        );
        let (name, now) = (domain.clone(), self.0.core.clock.now());
        let found = self.0.core.db.read(async move |conn| Ok(certificates::challenge(conn, &name, now).await?));
        let digest = found.await?.context("an authority looks, and no order is under way")?;
        tracing::info!(domain, "the certificate authority looked whether the domain leads here");
        let mut config = server_config(self_signed(domain, &hex::decode(digest)?)?);
        config.alpn_protocols = vec![PROTOCOL.to_vec()];
        Ok(Arc::new(config))
    }
}

/// The domain that an authority looks for; `None` for everybody else.
fn looked_for(hello: &ClientHello<'_>) -> Option<String> {
    let is_authority = hello.alpn().is_some_and(|mut protocols| protocols.any(|protocol| protocol == PROTOCOL));
    is_authority.then(|| hello.server_name().unwrap_or_default().to_ascii_lowercase())
}

fn self_signed(domain: String, digest: &[u8]) -> anyhow::Result<Arc<dyn ResolvesServerCert>> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new([domain])?;
    params.custom_extensions = vec![CustomExtension::new_acme_identifier(digest)];
    let certificate = params.self_signed(&key)?.der().clone();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    // The verifier of certificates knows no such extension, and would take it for a wrong key.
    let certified = CertifiedKey::new(vec![certificate], ring::sign::any_supported_type(&key)?);
    Ok(Arc::new(SingleCertAndKey::from(certified)))
}
