//! PostgreSQL over TLS, on a real server with a certificate of the test's own.

use std::path::{Path, PathBuf};

use aurix::db::{Db, Location};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

use super::database::Cluster;
use super::fresh_folder;

fn pem(label: &str, der: &[u8]) -> String {
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der))
}

/// A root certificate, and a certificate and its key that it signed for `localhost`.
fn signed() -> (String, String, String) {
    let root_key = KeyPair::generate().expect("a key");
    let mut params = CertificateParams::new(Vec::new()).expect("no names");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root = params.self_signed(&root_key).expect("a certificate");
    let issuer = Issuer::new(params, root_key);
    let key = KeyPair::generate().expect("a key");
    let params = CertificateParams::new(vec!["localhost".to_owned()]).expect("a name");
    let certificate = params.signed_by(&key, &issuer).expect("a certificate");
    (pem("CERTIFICATE", root.der()), pem("CERTIFICATE", certificate.der()), pem("PRIVATE KEY", &key.serialize_der()))
}

/// Whether the connections of a database that was opened so are encrypted; an error where it cannot be opened.
async fn is_encrypted(url: String) -> Result<bool, String> {
    let db = Db::open(&Location::Postgres(url)).await.map_err(|error| format!("{error:#}"))?;
    let read = db.read(async |conn| {
        let sql = "SELECT CASE WHEN ssl THEN 1 ELSE 0 END FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
        Ok(conn.get(sql, &[], |row| row.get::<i64>(0)).await?)
    });
    Ok(read.await.map_err(|error| format!("{error:#}"))? == 1)
}

fn stored(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, text).expect("a file of the test");
    path
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_is_as_safe_as_sslmode_says() {
    let Some(cluster) = Cluster::start().await else { return };
    let folder = fresh_folder();
    let url = |host: &str, query: &str| format!("{}?{query}", cluster.url.replace("127.0.0.1", host));
    assert_eq!(is_encrypted(url("localhost", "")).await, Ok(false), "the server cannot yet");
    let refused = is_encrypted(url("localhost", "sslmode=require")).await.expect_err("the server cannot yet");
    assert!(refused.contains("TLS"), "{refused}");

    let (root, certificate, key) = signed();
    let root = stored(&folder, "root.pem", &root).display().to_string();
    let other = stored(&folder, "other.pem", &signed().0).display().to_string();
    cluster.encrypt(&certificate, &key).await;
    assert_eq!(is_encrypted(url("localhost", "")).await, Ok(true), "prefer is the default");
    assert_eq!(is_encrypted(url("localhost", "sslmode=disable")).await, Ok(false));
    assert_eq!(is_encrypted(url("127.0.0.1", "sslmode=require")).await, Ok(true));
    for (host, mode, root, safe) in [
        ("localhost", "verify-full", &root, true),
        ("127.0.0.1", "verify-full", &root, false),
        ("127.0.0.1", "verify-ca", &root, true),
        ("127.0.0.1", "require", &root, true),
        ("localhost", "verify-full", &other, false),
        ("localhost", "verify-ca", &other, false),
        ("localhost", "require", &other, false),
    ] {
        let opened = is_encrypted(url(host, &format!("sslmode={mode}&sslrootcert={root}"))).await;
        assert_eq!(opened.is_ok(), safe, "{host} {mode} {root}: {opened:?}");
    }
    let unknown = is_encrypted(url("localhost", "sslmode=verify-full")).await.expect_err("no public root signed it");
    assert!(unknown.contains("certificate"), "{unknown}");
    let _ = std::fs::remove_dir_all(folder);
}
