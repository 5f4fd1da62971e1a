//! Why a secure connection failed, in words for whoever looks after the receiver.

use std::io;
use std::sync::Arc;

use tokio_rustls::rustls::client::WebPkiServerVerifier;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::crypto::CryptoProvider;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::server::VerifierBuilderError;
use tokio_rustls::rustls::{
    AlertDescription, CertificateError, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme,
};
use webpki::EndEntityCert;

use crate::net::in_words;

/// Names of a certificate that an error shows.
const NAMES_MAX: usize = 5;

/// Why a handshake failed.
pub(super) fn words(error: &io::Error) -> String {
    match tls_error(error) {
        Some(error) => of_tls(error),
        None if error.kind() == io::ErrorKind::UnexpectedEof => {
            "the receiver closed the connection during the TLS handshake".to_owned()
        }
        None => in_words(error),
    }
}

/// Whether a handshake failed for want of a client certificate.
pub(super) fn requires_certificate(error: &io::Error) -> bool {
    matches!(tls_error(error), Some(Error::AlertReceived(AlertDescription::CertificateRequired)))
}

/// Whether an error on an established connection says that a client certificate is missing.
pub(super) fn wants_certificate(error: &io::Error) -> bool {
    use AlertDescription::{BadCertificate, CertificateRequired, CertificateUnknown};
    let alerts = [CertificateRequired, BadCertificate, CertificateUnknown];
    matches!(tls_error(error), Some(Error::AlertReceived(alert)) if alerts.contains(alert))
}

/// Whether the receiver ended the handshake.
pub(super) fn is_refusal(error: &io::Error) -> bool {
    match tls_error(error) {
        Some(tls) => matches!(tls, Error::AlertReceived(_)),
        None => true,
    }
}

fn tls_error(error: &io::Error) -> Option<&Error> {
    error.get_ref()?.downcast_ref()
}

fn of_tls(error: &Error) -> String {
    use AlertDescription::{HandshakeFailure, InsufficientSecurity, ProtocolVersion, UnrecognisedName};
    match error {
        Error::InvalidCertificate(error) => of_certificate(error),
        Error::InvalidMessage(_) => "the receiver does not speak TLS on this port".to_owned(),
        Error::PeerIncompatible(_)
        | Error::AlertReceived(HandshakeFailure | InsufficientSecurity | ProtocolVersion) => {
            "the receiver offers no TLS version or cipher that Aurix takes (TLS 1.2 and 1.3)".to_owned()
        }
        Error::AlertReceived(UnrecognisedName) => "the receiver does not serve this name".to_owned(),
        other => other.to_string(),
    }
}

fn of_certificate(error: &CertificateError) -> String {
    let day = |time: &UnixTime| {
        let seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
        jiff::Timestamp::from_second(seconds).map(|time| time.strftime("%Y-%m-%d").to_string()).unwrap_or_default()
    };
    match error {
        CertificateError::ExpiredContext { not_after, .. } => {
            format!("the receiver's certificate expired on {}", day(not_after))
        }
        CertificateError::Expired => "the receiver's certificate has expired".to_owned(),
        CertificateError::NotValidYetContext { not_before, .. } => {
            format!("the receiver's certificate is not valid before {}", day(not_before))
        }
        CertificateError::NotValidForNameContext { expected, presented } => {
            let names: Vec<_> = presented.iter().take(NAMES_MAX).map(|name| name_in_words(name)).collect();
            let names = if names.is_empty() { "no name".to_owned() } else { names.join(", ") };
            format!("the receiver's certificate is for {names}, not for {}", expected.to_str())
        }
        CertificateError::NotValidForName => "the receiver's certificate is for another name".to_owned(),
        CertificateError::UnknownIssuer => Untrusted::Authority.to_string(),
        CertificateError::Other(OtherError(other)) => other.to_string(),
        other => format!("the receiver's certificate is not valid: {other}"),
    }
}

/// The verifier writes names as `DnsName("a.example")`.
fn name_in_words(name: &str) -> &str {
    let quoted = name.strip_prefix("DnsName(\"").and_then(|name| name.strip_suffix("\")"));
    quoted.unwrap_or(name)
}

/// Why nobody vouches for a certificate.
#[derive(Debug, thiserror::Error)]
enum Untrusted {
    #[error("the receiver's certificate is self-signed")]
    SelfSigned,
    #[error(
        "the receiver's certificate leads to no known authority: its intermediate certificate is missing (the receiver sent \
         only its own)"
    )]
    Alone,
    #[error("the receiver's certificate is from an authority that is not known")]
    Authority,
}

/// Verifies as rustls does, and looks closer at what has failed.
#[derive(Debug)]
pub(super) struct ExplainingVerifier(Arc<WebPkiServerVerifier>);

impl ExplainingVerifier {
    pub(super) fn new(roots: RootCertStore, provider: Arc<CryptoProvider>) -> Result<Self, VerifierBuilderError> {
        WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build().map(Self)
    }
}

impl ServerCertVerifier for ExplainingVerifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verified = self.0.verify_server_cert(certificate, intermediates, name, ocsp_response, now);
        verified.map_err(|error| explain(error, certificate, intermediates))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}

/// Names the reason behind an unknown issuer, and behind what the verifier has no word for, such as an authority's certificate
/// in the place of a receiver's: most self-signed ones are.
fn explain(error: Error, certificate: &CertificateDer<'_>, intermediates: &[CertificateDer<'_>]) -> Error {
    let is_self_signed =
        EndEntityCert::try_from(certificate).is_ok_and(|certificate| certificate.issuer() == certificate.subject());
    let untrusted = match &error {
        Error::InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::Other(_)) if is_self_signed => {
            Untrusted::SelfSigned
        }
        Error::InvalidCertificate(CertificateError::UnknownIssuer) if intermediates.is_empty() => Untrusted::Alone,
        _ => return error,
    };
    Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(untrusted))))
}
