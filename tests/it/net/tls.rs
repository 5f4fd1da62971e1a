//! Encrypted connections: only to who can prove the name.

use std::net::IpAddr;
use std::sync::Arc;

use aurix::net::{Cause, Client, Options, Resolver, SendError};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::{ServerConfig, crypto};

use super::raw_receiver::read_request;
use super::{TIMEOUT, one_address, request};

/// A receiver for `hooks.example` with a certificate of its own: its port and the certificate.
async fn receiver() -> (u16, Vec<u8>) {
    let rcgen::CertifiedKey { cert, signing_key } =
        rcgen::generate_simple_self_signed(["hooks.example".to_owned()]).expect("a name");
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).expect("a key");
    let config = ServerConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring knows them")
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .expect("a pair");
    let acceptor = TlsAcceptor::from(Arc::new(config));
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
    (port, cert.der().to_vec())
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
}
