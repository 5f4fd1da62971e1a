//! Encrypted connections: only to who can prove the name.

use std::net::IpAddr;
use std::sync::Arc;

use aurix::net::{Cause, Client, Options, Resolver, SendError};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig, crypto};

use super::raw_receiver::read_request;
use super::{TIMEOUT, one_address, request};

/// A receiver for `hooks.example` with a certificate of its own: its port and the certificate.
async fn receiver() -> (u16, Vec<u8>) {
    let certified = rcgen::generate_simple_self_signed(["hooks.example".to_owned()]).expect("a name");
    let certificate = certified.cert.der().to_vec();
    (serve(vec![certified.cert.der().clone()], &certified.signing_key, None).await, certificate)
}

/// Answers on a port of its own, with this chain, to who has a certificate of `clients` where there is such an authority.
async fn serve(chain: Vec<CertificateDer<'static>>, key: &KeyPair, clients: Option<CertificateDer<'static>>) -> u16 {
    let provider = Arc::new(crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .expect("ring knows them");
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(authority) => {
            let mut roots = RootCertStore::empty();
            roots.add(authority).expect("a certificate");
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
            builder.with_client_cert_verifier(verifier.expect("an authority"))
        }
    };
    let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
    let acceptor = TlsAcceptor::from(Arc::new(builder.with_single_cert(chain, key).expect("a pair")));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            while read_request(&mut stream).await.is_some() {
                stream
                    .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nsecret")
                    .await
                    .expect("an open connection");
            }
        }
    });
    port
}

/// An authority, a second one that it vouches for, and the key of a receiver.
struct Authorities {
    root: CertificateDer<'static>,
    intermediate: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
    key: KeyPair,
}

impl Authorities {
    fn new(owner: &str) -> Self {
        let authority = |name: &str| {
            let mut params = CertificateParams::new(vec![]).expect("no names");
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            params.distinguished_name.push(DnType::CommonName, format!("{owner} {name}"));
            (params, KeyPair::generate().expect("a key"))
        };
        let (params, key) = authority("Root");
        let root = params.self_signed(&key).expect("signed").der().clone();
        let root_issuer = Issuer::new(params, key);
        let (params, key) = authority("Intermediate");
        let intermediate = params.signed_by(&key, &root_issuer).expect("signed").der().clone();
        let issuer = Issuer::new(params, key);
        Self { root, intermediate, issuer, key: KeyPair::generate().expect("a key") }
    }

    /// A certificate for names, valid in these years.
    fn certify(&self, names: &[&str], years: (i32, i32)) -> CertificateDer<'static> {
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).expect("names");
        params.distinguished_name.push(DnType::CommonName, "Receiver");
        params.not_before = rcgen::date_time_ymd(years.0, 1, 1);
        params.not_after = rcgen::date_time_ymd(years.1, 1, 1);
        params.signed_by(&self.key, &self.issuer).expect("signed").der().clone()
    }

    /// Why `hooks.example` with this chain is not delivered to.
    async fn refused(&self, chain: Vec<CertificateDer<'static>>, key: &KeyPair) -> String {
        let port = serve(chain, key, None).await;
        let client = trusting(vec![self.root.to_vec()]);
        let failed =
            client.send(request(&format!("https://hooks.example:{port}/"), TIMEOUT)).await.expect_err("a refusal");
        assert_is_tls(&failed);
        failed.to_string()
    }
}

fn trusting(certificates: Vec<Vec<u8>>) -> Client {
    let resolver = Resolver::scripted(|_| Ok(vec![IpAddr::from([127, 0, 0, 1])]));
    Client::new(one_address(), resolver, Options { extra_roots: certificates, ..Options::default() })
}

fn assert_is_tls(failed: &SendError) {
    assert!(matches!(failed.cause, Cause::Tls(_)) && failed.never_sent(), "{failed:?}");
    assert!(failed.to_string().starts_with("no secure connection: "), "{failed}");
}

#[tokio::test]
async fn a_trusted_certificate_for_the_name_makes_a_secure_connection() {
    let (port, certificate) = receiver().await;
    let client = trusting(vec![certificate]);
    for _ in 0..2 {
        let response = client.send(request(&format!("https://hooks.example:{port}/hook"), TIMEOUT)).await.unwrap();
        assert_eq!((response.status, &response.body[..]), (200, &b"secret"[..]));
    }
    assert_eq!(client.idle_connections(), 1);
}

#[tokio::test]
async fn a_certificate_that_nobody_trusts_or_for_another_name_does_not() {
    let (port, certificate) = receiver().await;
    let failed = trusting(vec![]).send(request(&format!("https://hooks.example:{port}/"), TIMEOUT)).await.unwrap_err();
    assert_is_tls(&failed);
    let client = trusting(vec![certificate]);
    for host in ["other.example", "127.0.0.1"] {
        assert_is_tls(&client.send(request(&format!("https://{host}:{port}/"), TIMEOUT)).await.unwrap_err());
    }
}

#[tokio::test]
async fn a_receiver_that_speaks_no_tls_is_told_as_such() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
    });
    let failed = trusting(vec![]).send(request(&format!("https://hooks.example:{port}/"), TIMEOUT)).await.unwrap_err();
    assert_is_tls(&failed);
    assert_eq!(failed.to_string(), "no secure connection: the receiver does not speak TLS on this port");
}

const VALID: (i32, i32) = (2020, 4000);

#[tokio::test]
async fn a_certificate_that_is_not_good_is_told_in_plain_words() {
    let authorities = Authorities::new("The");
    let Authorities { key, intermediate, .. } = &authorities;
    let check = async |names: &[&str], years: (i32, i32), expected: &str| {
        let chain = vec![authorities.certify(names, years), intermediate.clone()];
        let told = authorities.refused(chain, key).await;
        assert_eq!(told, format!("no secure connection: the receiver's certificate {expected}"));
    };
    check(&["hooks.example"], (2020, 2021), "expired on 2021-01-01").await;
    check(&["hooks.example"], (3000, 4000), "is not valid before 3000-01-01").await;
    check(&["a.example", "b.example"], VALID, "is for a.example, b.example, not for hooks.example").await;

    let told = authorities.refused(vec![authorities.certify(&["hooks.example"], VALID)], key).await;
    assert!(told.contains("its intermediate certificate is missing"), "{told}");
    let strangers = Authorities::new("A stranger's");
    let chain = vec![strangers.certify(&["hooks.example"], VALID), strangers.intermediate.clone()];
    let told = authorities.refused(chain, &strangers.key).await;
    assert!(told.ends_with("is from an authority that is not known"), "{told}");

    // As openssl makes them: an authority of its own.
    for is_ca in [IsCa::NoCa, IsCa::Ca(BasicConstraints::Unconstrained)] {
        let mut params = CertificateParams::new(vec!["hooks.example".to_owned()]).expect("a name");
        params.is_ca = is_ca;
        let chain = vec![params.self_signed(key).expect("signed").der().clone()];
        let told = authorities.refused(chain, key).await;
        assert_eq!(told, "no secure connection: the receiver's certificate is self-signed");
    }
}

#[tokio::test]
async fn a_receiver_that_wants_a_client_certificate_is_told_as_such() {
    let authorities = Authorities::new("The");
    let chain = vec![authorities.certify(&["hooks.example"], VALID), authorities.intermediate.clone()];
    let port = serve(chain, &authorities.key, Some(authorities.root.clone())).await;
    let client = trusting(vec![authorities.root.to_vec()]);
    let failed = client.send(request(&format!("https://hooks.example:{port}/"), TIMEOUT)).await.unwrap_err();
    assert!(matches!(failed.cause, Cause::ClientCertificate) && !failed.never_sent(), "{failed:?}");
    let words = "no secure connection: the receiver asks for a client certificate, which Aurix does not send";
    assert_eq!(failed.to_string(), words);
}
