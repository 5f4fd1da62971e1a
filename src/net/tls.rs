//! TLS with the certificates that browsers trust and those that the machine's owner added.

use std::io;
use std::sync::Arc;

use tokio::net::TcpStream;
use tokio::sync::OnceCell;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto};

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

    /// The handshake: the certificate must be valid for `host`.
    pub(super) async fn secure(&self, host: &str, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        let connector = self.connector.get_or_try_init(|| connector(self.extra_roots.clone())).await?;
        connector.connect(name, stream).await
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
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let mut config = builder.map_err(io::Error::other)?.with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(TlsConnector::from(Arc::new(config)))
    });
    made.await.map_err(io::Error::other)?
}
