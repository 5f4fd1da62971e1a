//! Encrypted connections to PostgreSQL: `sslmode` and `sslrootcert` of the connection string, with the meaning that they have
//! for PostgreSQL's own clients.

use std::io;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;
use percent_encoding::percent_decode_str;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::config::SslMode;
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};
use tokio_rustls::rustls::client::WebPkiServerVerifier;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{
    self, CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
};

/// `sslmode`: how much is asked of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Disable,
    /// Encrypted where the server can, by whoever it is. What holds where nothing is said.
    Prefer,
    /// Encrypted, by whoever it is; with a root certificate as [`Mode::VerifyCa`].
    Require,
    /// By a server whose certificate a trusted root has signed.
    VerifyCa,
    /// By a server that is so called, too.
    VerifyFull,
}

/// What a connection string says of encryption.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TlsSettings {
    mode: Mode,
    root_certificate: Option<String>,
}

/// A connection string as the driver takes it, and what it does not know.
pub(super) fn parse(url: &str) -> Result<(tokio_postgres::Config, TlsSettings), String> {
    let (server, query) = url.split_once('?').unwrap_or((url, ""));
    let mut settings = TlsSettings { mode: Mode::Prefer, root_certificate: None };
    let mut others = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let value = || percent_decode_str(value).decode_utf8().map_err(|error| format!("{name}: {error}"));
        match name {
            "sslmode" => settings.mode = mode(&value()?)?,
            "sslrootcert" => settings.root_certificate = Some(value()?.into_owned()),
            _ => others.push(pair),
        }
    }
    if settings.mode == Mode::Require && settings.root_certificate.is_some() {
        settings.mode = Mode::VerifyCa;
    }
    let url = if others.is_empty() { server.to_owned() } else { format!("{server}?{}", others.join("&")) };
    let mut config: tokio_postgres::Config = url.parse().map_err(|error: tokio_postgres::Error| error.to_string())?;
    config.ssl_mode(match settings.mode {
        Mode::Disable => SslMode::Disable,
        Mode::Prefer => SslMode::Prefer,
        Mode::Require | Mode::VerifyCa | Mode::VerifyFull => SslMode::Require,
    });
    Ok((config, settings))
}

fn mode(text: &str) -> Result<Mode, String> {
    Ok(match text {
        "disable" => Mode::Disable,
        "allow" | "prefer" => Mode::Prefer,
        "require" => Mode::Require,
        "verify-ca" => Mode::VerifyCa,
        "verify-full" => Mode::VerifyFull,
        _ => return Err("sslmode must be disable, prefer, require, verify-ca or verify-full".to_owned()),
    })
}

/// Makes the encrypted connections of a database. Cheap to clone.
#[derive(Clone)]
pub(super) struct Tls(Arc<ClientConfig>);

impl Tls {
    /// Reads the root certificates: those of `sslrootcert`, else those that the machine and browsers trust.
    pub fn new(settings: &TlsSettings) -> anyhow::Result<Self> {
        let provider = Arc::new(ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions()?;
        let verified = match settings.mode {
            Mode::Disable | Mode::Prefer | Mode::Require => None,
            Mode::VerifyCa | Mode::VerifyFull => {
                let roots = Arc::new(roots(settings.root_certificate.as_deref())?);
                Some(WebPkiServerVerifier::builder_with_provider(roots, provider.clone()).build()?)
            }
        };
        let verifier = Arc::new(Verifier { provider, verified, ignores_name: settings.mode == Mode::VerifyCa });
        let config = builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth();
        Ok(Self(Arc::new(config)))
    }
}

fn roots(file: Option<&str>) -> anyhow::Result<RootCertStore> {
    let Some(file) = file.filter(|file| *file != "system") else {
        let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        return Ok(roots);
    };
    let wrong = |error: String| anyhow::anyhow!("sslrootcert: {file}: {error}");
    let read = CertificateDer::pem_file_iter(Path::new(file)).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let mut roots = RootCertStore::empty();
    for certificate in read.map_err(|error| wrong(error.to_string()))? {
        roots.add(certificate).map_err(|error| wrong(error.to_string()))?;
    }
    if roots.is_empty() { Err(wrong("there is no certificate in it".to_owned())) } else { Ok(roots) }
}

/// Asks as much of a certificate as the mode says; signatures are checked in each.
#[derive(Debug)]
struct Verifier {
    provider: Arc<CryptoProvider>,
    /// `None`: any certificate will do.
    verified: Option<Arc<WebPkiServerVerifier>>,
    ignores_name: bool,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let Some(verifier) = &self.verified else { return Ok(ServerCertVerified::assertion()) };
        match verifier.verify_server_cert(certificate, intermediates, name, ocsp, now) {
            // The name is looked at last: the signature is a trusted root's.
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) if self.ignores_name => Ok(ServerCertVerified::assertion()),
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> MakeTlsConnect<S> for Tls {
    type Stream = Stream<S>;
    type TlsConnect = Handshake;
    type Error = io::Error;

    fn make_tls_connect(&mut self, host: &str) -> io::Result<Handshake> {
        let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        Ok(Handshake { config: self.0.clone(), name })
    }
}

/// One handshake.
pub(super) struct Handshake {
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> TlsConnect<S> for Handshake {
    type Stream = Stream<S>;
    type Error = io::Error;
    type Future = BoxFuture<'static, io::Result<Stream<S>>>;

    fn connect(self, stream: S) -> Self::Future {
        let connect = tokio_rustls::TlsConnector::from(self.config).connect(self.name, stream);
        Box::pin(async move { connect.await.map(Stream) })
    }
}

/// An encrypted connection.
pub(super) struct Stream<S>(tokio_rustls::client::TlsStream<S>);

impl<S: AsyncRead + AsyncWrite + Unpin> TlsStream for Stream<S> {
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Stream<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Stream<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(query: &str) -> Result<(Mode, Option<String>), String> {
        parse(&format!("postgres://a:b@db.example/aurix?{query}"))
            .map(|(_, settings)| (settings.mode, settings.root_certificate))
    }

    #[test]
    fn the_connection_string_says_how_much_is_asked_of_the_server() {
        assert_eq!(parsed(""), Ok((Mode::Prefer, None)));
        assert_eq!(parsed("sslmode=disable&application_name=x"), Ok((Mode::Disable, None)));
        assert_eq!(parsed("sslmode=require"), Ok((Mode::Require, None)));
        let root = Some("/etc/db ca.pem".to_owned());
        assert_eq!(parsed("sslrootcert=/etc/db%20ca.pem&sslmode=verify-full"), Ok((Mode::VerifyFull, root.clone())));
        assert_eq!(parsed("sslrootcert=/etc/db%20ca.pem&sslmode=require"), Ok((Mode::VerifyCa, root)));
        assert!(parsed("sslmode=verify").unwrap_err().contains("verify-full"));
        assert!(parsed("sslwhatever=1").is_err());
    }

    #[test]
    fn a_root_certificate_that_cannot_be_read_is_named() {
        let settings = TlsSettings { mode: Mode::VerifyFull, root_certificate: Some("/nowhere/ca.pem".to_owned()) };
        let error = Tls::new(&settings).err().expect("there is no such file").to_string();
        assert!(error.starts_with("sslrootcert: /nowhere/ca.pem: "), "{error}");
    }
}
