//! The certificate that a server shows, whoever vouches for it: for people who look after one. Nothing is sent over the connection.

use std::io;
use std::sync::Arc;

use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::crypto::{ring, verify_tls12_signature, verify_tls13_signature};
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{ClientConfig, DigitallySignedStruct, Error, SignatureScheme};

use crate::net::connect::Connector;
use crate::net::error::Cause;
use crate::net::target::Target;

impl Connector {
    /// The certificate (DER) of whoever answers at an `https:` address.
    pub(super) async fn shown_certificate(&self, target: &Target) -> Result<Vec<u8>, Cause> {
        let failed = |error: io::Error| Cause::of_handshake(&error);
        let stream = self.reach(target).await?;
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let builder = builder.with_safe_default_protocol_versions().map_err(|error| failed(io::Error::other(error)))?;
        let builder = builder.dangerous().with_custom_certificate_verifier(Arc::new(Whoever));
        let connector = TlsConnector::from(Arc::new(builder.with_no_client_auth()));
        let name = ServerName::try_from(target.host_name()).map_err(|error| failed(io::Error::other(error)))?;
        let stream = connector.connect(name, stream).await.map_err(failed)?;
        let (_, connection) = stream.get_ref();
        let shown = connection.peer_certificates().and_then(<[_]>::first).map(|certificate| certificate.to_vec());
        shown.ok_or_else(|| Cause::Tls("there is no certificate".to_owned()))
    }
}

/// Takes any certificate. That the other side has its key is verified.
#[derive(Debug)]
struct Whoever;

impl ServerCertVerifier for Whoever {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = ring::default_provider().signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, &algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = ring::default_provider().signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, &algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        ring::default_provider().signature_verification_algorithms.supported_schemes()
    }
}
