//! The management API of a server, over HTTP. A call that may be repeated is repeated where its connection was dropped: reads, and
//! `POST`s, whose idempotency key lets the server do each once.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use bytes::Bytes;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;

use super::answer::{ANSWER_BYTES_MAX, Answer};
use super::elsewhere::Server;
use super::progress::Progress;
use crate::domain::random::Random;
use crate::domain::time::Clock;
use crate::net::{AddressPolicy, Client, Method, Options, Request, Resolver, Response, SendError};

/// What a call may take. The test of a webhook waits for its receiver.
const TIMEOUT: Duration = Duration::from_secs(60);
/// How often a call is made.
const TRIES_MAX: u32 = 6;
/// How long a server that is at its limit is waited for at once.
const WAIT_MAX: Duration = Duration::from_secs(60);

/// A server.
pub struct Remote {
    client: Client,
    url: String,
    token: String,
    random: Random,
}

impl Remote {
    pub fn new(server: Server) -> anyhow::Result<Self> {
        let extra_roots = match &server.ca {
            None => Vec::new(),
            Some(file) => {
                let read = CertificateDer::pem_file_iter(file).and_then(Iterator::collect::<Result<Vec<_>, _>>);
                let read = read.with_context(|| format!("--ca {}", file.display()))?;
                ensure!(!read.is_empty(), "--ca {}: there is no certificate in it", file.display());
                read.into_iter().map(|one| one.to_vec()).collect()
            }
        };
        if is_in_the_clear(&server.url) {
            super::note(&format!("{} is not encrypted: whoever is on the way can read the token", server.url));
        }
        let options = Options { extra_roots, ..Options::default() };
        let client = Client::new(AddressPolicy::trusted(), Resolver::System, options);
        Ok(Self { client, url: server.url, token: server.token, random: Random::from_system() })
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// Makes a call, and makes it again where that is right.
    pub async fn call(&self, method: Method, path: &str, body: Option<Bytes>) -> anyhow::Result<Answer> {
        let url = format!("{}{path}", self.url);
        let key = (method == Method::POST).then(|| self.random.uuid().to_string());
        let may_repeat = key.is_some() || method == Method::GET;
        let mut headers = vec![("authorization".to_owned(), format!("Bearer {}", self.token))];
        headers.extend(key.map(|key| ("idempotency-key".to_owned(), key)));
        headers.extend(body.is_some().then(|| ("content-type".to_owned(), "application/json".to_owned())));
        let request = Request {
            method,
            url: url.clone(),
            headers,
            body: body.unwrap_or_default(),
            timeout: TIMEOUT,
            response_bytes_max: ANSWER_BYTES_MAX,
        };
        let progress = Progress::counting();
        for tries in 1.. {
            let sent = self.client.send(request.clone()).await;
            let Some(wait) = wait_before_again(&sent, tries, may_repeat) else {
                let response = sent.with_context(|| format!("asking {url}"))?;
                ensure!(!response.truncated, "the answer of {url} is too long");
                return Ok(Answer { status: response.status, body: response.body });
            };
            progress.set(match &sent {
                Ok(response) if response.status == 429 => format!("the server takes no more calls: waiting {wait:?}"),
                _ => format!("asking {} again in {wait:?}", self.url),
            });
            Clock::System.sleep(wait).await;
        }
        unreachable!("the tries end")
    }
}

/// Whether a token goes over a network unencrypted.
fn is_in_the_clear(url: &str) -> bool {
    let Ok(url) = url::Url::parse(url) else { return false };
    let is_here = match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    url.scheme() == "http" && !is_here
}

/// How long to wait before a call is made again, after that many tries; `None` where it is not.
fn wait_before_again(sent: &Result<Response, SendError>, tries: u32, may_repeat: bool) -> Option<Duration> {
    if tries >= TRIES_MAX {
        return None;
    }
    let pause = Duration::from_millis(100 << tries.min(6));
    match sent {
        // Nothing was done.
        Ok(response) if matches!(response.status, 429 | 503) => {
            let said = response.header("retry-after").and_then(|text| text.parse().ok());
            Some(said.map_or(pause, Duration::from_secs).min(WAIT_MAX))
        }
        // The try before is still under way.
        Ok(response) if response.status == 409 && tries > 1 && is_under_way(&response.body) => Some(pause),
        Ok(_) => None,
        Err(error) if error.never_sent() => None,
        Err(_) => may_repeat.then_some(pause),
    }
}

fn is_under_way(body: &[u8]) -> bool {
    String::from_utf8_lossy(body).contains("Idempotency-Key is under way")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::Cause;

    fn answered(status: u16, retry_after: Option<&str>, body: &str) -> Result<Response, SendError> {
        let headers = retry_after.map(|text| ("retry-after".to_owned(), text.to_owned())).into_iter().collect();
        let body = Bytes::copy_from_slice(body.as_bytes());
        Ok(Response { status, headers, body, truncated: false, duration: Duration::ZERO })
    }

    fn failed(cause: Cause) -> Result<Response, SendError> {
        Err(SendError { cause, status: None, headers: Vec::new(), duration: Duration::ZERO })
    }

    #[test]
    fn a_call_is_made_again_where_that_cannot_double_it() {
        assert!(wait_before_again(&failed(Cause::Cut), 1, true).is_some());
        assert_eq!(wait_before_again(&failed(Cause::Cut), 1, false), None, "a change without a key");
        assert_eq!(wait_before_again(&failed(Cause::Cut), TRIES_MAX, true), None);
        assert_eq!(wait_before_again(&failed(Cause::Connect("refused".to_owned())), 1, true), None);
        for status in [200, 401, 403, 404, 422, 500] {
            assert_eq!(wait_before_again(&answered(status, None, ""), 1, true), None, "{status}");
        }
    }

    #[test]
    fn a_server_at_its_limit_is_waited_for_as_it_says() {
        assert_eq!(wait_before_again(&answered(429, Some("7"), ""), 1, false), Some(Duration::from_secs(7)));
        assert_eq!(wait_before_again(&answered(429, Some("900"), ""), 1, false), Some(WAIT_MAX));
        assert_eq!(wait_before_again(&answered(503, Some("1"), ""), 1, false), Some(Duration::from_secs(1)));
        let under_way = answered(409, None, "A call with this Idempotency-Key is under way: ask again in a moment.");
        assert!(wait_before_again(&under_way, 2, true).is_some());
        assert_eq!(wait_before_again(&under_way, 1, true), None, "it is another program's");
        assert_eq!(wait_before_again(&answered(409, None, "It was cancelled."), 2, true), None);
    }

    #[test]
    fn a_token_in_the_clear_is_said_where_others_are_on_the_way() {
        assert!(is_in_the_clear("http://aurix.example.com"));
        for safe in ["https://aurix.example.com", "http://localhost:8080", "http://127.0.0.1:1", "http://[::1]:1"] {
            assert!(!is_in_the_clear(safe), "{safe}");
        }
    }
}
