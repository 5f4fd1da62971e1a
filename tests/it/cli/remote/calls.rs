//! The calls themselves: once for their key, as the server wishes, and only to a server that proves itself.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::process::Command;
use std::sync::Arc;
use std::thread::JoinHandle;

use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::{ServerConfig, ServerConnection, StreamOwned, crypto};

use crate::support::fresh_folder;

const KEY: &str = r#"{"key_id":"k","key":"aurix_key_x"}"#;

fn response(status: &str, headers: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
}

/// Answers each connection with the next text, or by closing it where there is none. Gives the requests.
fn server(answers: Vec<Option<String>>) -> (String, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("bound"));
    let served = std::thread::spawn(move || {
        let mut requests = Vec::new();
        for answer in answers {
            let (mut stream, _) = listener.accept().expect("a connection");
            let mut request = vec![0; 16 * 1024];
            let read = stream.read(&mut request).expect("a request");
            requests.push(String::from_utf8_lossy(&request[..read]).into_owned());
            if let Some(answer) = answer {
                stream.write_all(answer.as_bytes()).expect("it reads");
            }
        }
        requests
    });
    (url, served)
}

fn command(words: &[&str], url: &str) -> std::process::Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_aurix"));
    command.args(words).args(["--server", url, "--token", "T"]).env_clear().current_dir(std::env::temp_dir());
    command.output().expect("the program starts")
}

fn header<'a>(request: &'a str, name: &str) -> &'a str {
    let line = request.lines().find(|line| line.to_lowercase().starts_with(&format!("{name}:")));
    line.and_then(|line| line.split_once(": ")).map_or("", |(_, value)| value)
}

#[test]
fn a_change_whose_connection_is_dropped_is_sent_again_with_its_key() {
    let (url, served) = server(vec![None, Some(response("201 Created", "", KEY))]);
    let output = command(&["key", "create", "--project", "p", "--json"], &url);
    assert!(output.status.success(), "{output:?}");
    let requests = served.join().expect("it ends");
    let keys: Vec<_> = requests.iter().map(|request| header(request, "idempotency-key")).collect();
    assert!(keys[0].len() == 36 && keys[0] == keys[1], "{keys:?}");
    assert_eq!(header(&requests[0], "authorization"), "Bearer T");
}

#[test]
fn what_has_no_key_is_not_sent_again() {
    let (url, served) = server(vec![None]);
    let output = command(&["project", "set", "--project", "p", "--name", "x"], &url);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains(&format!("asking {url}/api/v1/projects/p")), "{said}");
    assert!(served.join().expect("it ends")[0].starts_with("PATCH "));
}

#[test]
fn a_server_at_its_limit_is_asked_again() {
    let over = response("429 Too Many Requests", "retry-after: 0\r\n", "{}");
    let none = response("200 OK", "", r#"{"data":[],"next_cursor":null}"#);
    let (url, served) = server(vec![Some(over), Some(none)]);
    let output = command(&["project", "list", "--json"], &url);
    assert_eq!(String::from_utf8_lossy(&output.stdout), "{\"projects\":[]}\n");
    assert_eq!(served.join().expect("it ends").len(), 2);
}

#[test]
fn what_is_no_aurix_is_said() {
    for (answer, part) in [
        (response("502 Bad Gateway", "", "<html>"), "the answer is 502, and not Aurix's"),
        (response("200 OK", "", "<html>"), "is not as this program knows it"),
    ] {
        let (url, served) = server(vec![Some(answer)]);
        let said = String::from_utf8_lossy(&command(&["project", "list"], &url).stderr).into_owned();
        assert!(said.contains(part), "{said}");
        served.join().expect("it ends");
    }
}

/// A server with a certificate of its own for 127.0.0.1, for as many connections: its address, and the certificate.
fn encrypted(connections: usize) -> (String, String) {
    let certified = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a name");
    let provider = Arc::new(crypto::ring::default_provider());
    let builder =
        ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().expect("ring knows them");
    let key = PrivateKeyDer::try_from(certified.signing_key.serialize_der()).expect("a key");
    let chain = vec![certified.cert.der().clone()];
    let config = Arc::new(builder.with_no_client_auth().with_single_cert(chain, key).expect("a pair"));
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("https://{}", listener.local_addr().expect("bound"));
    std::thread::spawn(move || {
        for _ in 0..connections {
            let (stream, _) = listener.accept().expect("a connection");
            let mut stream = StreamOwned::new(ServerConnection::new(config.clone()).expect("a connection"), stream);
            let mut request = [0; 16 * 1024];
            if stream.read(&mut request).is_ok_and(|read| read > 0) {
                let answer = response("200 OK", "", r#"{"data":[],"next_cursor":null}"#);
                // It may be gone.
                let _ = stream.write_all(answer.as_bytes()).and_then(|()| stream.flush());
            }
        }
    });
    (url, certified.cert.pem())
}

#[test]
fn a_server_with_a_private_certificate_is_trusted_by_its_file_alone() {
    let (url, certificate) = encrypted(2);
    let folder = fresh_folder();
    std::fs::create_dir_all(&folder).expect("a folder");
    let (file, empty) = (folder.join("ca.pem"), folder.join("empty.pem"));
    std::fs::write(&file, certificate).expect("a file");
    std::fs::write(&empty, "").expect("a file");
    let refused = command(&["project", "list"], &url);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && said.contains("no secure connection"), "{said}");
    let trusted = command(&["project", "list", "--json", "--ca", file.to_str().expect("UTF-8")], &url);
    assert_eq!(String::from_utf8_lossy(&trusted.stdout), "{\"projects\":[]}\n", "{trusted:?}");
    let none = command(&["project", "list", "--ca", empty.to_str().expect("UTF-8")], &url);
    assert!(String::from_utf8_lossy(&none.stderr).contains("there is no certificate in it"), "{none:?}");
    std::fs::remove_dir_all(folder).expect("removed");
}
