//! How the authority looks at a domain, and how tests look at a server: a handshake that takes any certificate, and keeps it.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{ClientConfig, DigitallySignedStruct, Error, SignatureScheme};

/// The protocol of the look.
pub const ACME: &[u8] = b"acme-tls/1";
/// id-pe-acmeIdentifier (1.3.6.1.5.5.7.1.31), critical, and the beginning of its value: 32 bytes within an octet string.
const IDENTIFIER: &[u8] =
    &[0x06, 0x08, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x01, 0x1f, 0x01, 0x01, 0xff, 0x04, 0x22, 0x04, 0x20];

/// What a handshake showed.
pub struct Seen {
    pub certificate: Vec<u8>,
    pub protocol: Option<Vec<u8>>,
}

/// A handshake with whoever is there, for that name and protocol.
pub async fn handshake(address: SocketAddr, name: &str, protocol: &[u8]) -> io::Result<Seen> {
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().map_err(io::Error::other)?;
    let builder = builder.dangerous().with_custom_certificate_verifier(Arc::new(Anybody));
    let mut config = builder.with_no_client_auth();
    config.alpn_protocols = vec![protocol.to_vec()];
    let name = ServerName::try_from(name.to_owned()).map_err(io::Error::other)?;
    let stream = TlsConnector::from(Arc::new(config)).connect(name, TcpStream::connect(address).await?).await?;
    let (_, connection) = stream.get_ref();
    let certificate = connection.peer_certificates().and_then(<[_]>::first).map(|first| first.to_vec());
    let certificate = certificate.ok_or_else(|| io::Error::other("no certificate"))?;
    Ok(Seen { certificate, protocol: connection.alpn_protocol().map(<[u8]>::to_vec) })
}

/// Whether the domain is who asked for the certificate; an error as the authority words it.
pub(super) async fn look(address: SocketAddr, domain: &str, expected: &[u8; 32]) -> Result<(), Value> {
    let problem =
        |kind: &str, detail: String| json!({"type": format!("urn:ietf:params:acme:error:{kind}"), "detail": detail});
    if let Err(error) = TcpStream::connect(address).await {
        return Err(problem("connection", format!("{address}: {}", error.kind())));
    }
    let seen = handshake(address, domain, ACME).await.map_err(|error| problem("tls", error.to_string()))?;
    if seen.protocol.as_deref() != Some(ACME) {
        return Err(problem("unauthorized", "No ALPN protocol was negotiated".to_owned()));
    }
    let wanted = [IDENTIFIER, &expected[..]].concat();
    let names = aurix::domain::certificate::Certificate::parse(&seen.certificate).map(|certificate| certificate.names);
    if names.ok() != Some(vec![domain.to_owned()]) {
        return Err(problem("unauthorized", "Not a certificate for that domain alone".to_owned()));
    }
    if !seen.certificate.windows(wanted.len()).any(|window| window == wanted) {
        return Err(problem("unauthorized", "Incorrect acmeIdentifier".to_owned()));
    }
    Ok(())
}

/// Takes any certificate.
#[derive(Debug)]
struct Anybody;

impl ServerCertVerifier for Anybody {
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
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = ring::default_provider().signature_verification_algorithms;
        tokio_rustls::rustls::crypto::verify_tls12_signature(message, certificate, signed, &algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        // Its extension is critical, and unknown to the verifier: an authority looks into the certificate by itself.
        let _ = (message, certificate, signed);
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        ring::default_provider().signature_verification_algorithms.supported_schemes()
    }
}
