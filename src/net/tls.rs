//! TLS with the certificates that browsers trust and those that the machine's owner added.

use std::cell::Cell;
use std::io;
use std::sync::Arc;

use tokio::net::TcpStream;
use tokio::sync::OnceCell;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::client::ResolvesClientCert;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, SignatureScheme, crypto};

use crate::net::error::Cause;
use crate::net::tls_error::{self, ExplainingVerifier};

tokio::task_local! {
    /// Whether the other side of this task's handshake asked for a client certificate.
    static WANTS_CERTIFICATE: Cell<bool>;
}

/// Secures connections. Certificates are loaded with the first one, so that a start does not wait for them.
pub(super) struct Tls {
    extra_roots: Vec<CertificateDer<'static>>,
    connector: OnceCell<TlsConnector>,
}

impl Tls {
    /// Trusts `extra_roots` besides Mozilla's list and the machine's store (or `SSL_CERT_FILE`).
    pub(super) fn new(extra_roots: Vec<CertificateDer<'static>>) -> Self {
        Self { extra_roots, connector: OnceCell::new() }
    }

    /// The handshake: the certificate must be valid for `host`. The flag says whether the other side asked for a client
    /// certificate, which it does not get.
    pub(super) async fn secure(&self, host: &str, stream: TcpStream) -> Result<(TlsStream<TcpStream>, bool), Cause> {
        let failed = |error: io::Error| Cause::of_handshake(&error);
        let name = ServerName::try_from(host.to_owned()).map_err(|error| failed(io::Error::other(error)))?;
        let connector = self.connector.get_or_try_init(|| connector(self.extra_roots.clone())).await.map_err(failed)?;
        let handshake = async {
            let secured = connector.connect(name, stream).await;
            (secured, WANTS_CERTIFICATE.with(Cell::get))
        };
        let (secured, wants_certificate) = WANTS_CERTIFICATE.scope(Cell::new(false), handshake).await;
        match secured {
            Ok(stream) => Ok((stream, wants_certificate)),
            Err(error) if wants_certificate && tls_error::is_refusal(&error) => Err(Cause::ClientCertificate),
            Err(error) => Err(failed(error)),
        }
    }
}

/// Notes that a client certificate was asked for. One for all connections, since sessions are resumed only under the same one.
#[derive(Debug)]
struct NoCertificate;

impl ResolvesClientCert for NoCertificate {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        // Outside of a handshake of ours nobody asks.
        let _ = WANTS_CERTIFICATE.try_with(|wants| wants.set(true));
        None
    }

    fn has_certs(&self) -> bool {
        false
    }
}

/// Reading the machine's certificates touches a hundred files: not on a thread that serves others.
async fn connector(extra_roots: Vec<CertificateDer<'static>>) -> io::Result<TlsConnector> {
    let made = tokio::task::spawn_blocking(move || {
        let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        // What cannot be read or parsed is left out: the other certificates still serve.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        roots.add_parsable_certificates(extra_roots);
        let provider = Arc::new(crypto::ring::default_provider());
        let verifier = ExplainingVerifier::new(roots, provider.clone()).map_err(io::Error::other)?;
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let builder = builder.map_err(io::Error::other)?.dangerous();
        let builder = builder.with_custom_certificate_verifier(Arc::new(verifier));
        let mut config = builder.with_client_cert_resolver(Arc::new(NoCertificate));
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(TlsConnector::from(Arc::new(config)))
    });
    made.await.map_err(io::Error::other)?
}
