//! What other processes of this program play: the server with no work, and the client with no bookkeeping.

use std::ffi::OsStr;
use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use axum::Router;
use axum::body::Bytes;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, LOCATION};
use axum::routing::any;
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;

use crate::clock::moment;
use crate::program::this_with;
use crate::server::Process;
use crate::tally::Slice;
use crate::wire::ANY_PORT;
use aurix::domain::event::{ClickData, Event};
use aurix::domain::time::Clock;
use aurix::http::server;
use aurix::net::client::{RESPONSE_BYTES_MAX, TIMEOUT_DEFAULT};
use aurix::net::{AddressPolicy, Client, Method, Options, Request, Resolver};

/// As long as that of a click.
const LOCATION_TEXT: &str = "https://wa.me/6580001234?text=Hello%21%20I%20have%20a%20question.%0A%0AReference%3A%20O-aB3dE9z%20%28Please%20send%20this%20reference%20number%20so%20that%20we%20can%20help%20you%20faster%29";

/// Bytes of the longest bare answer.
const BARE_BYTES_MAX: usize = 1 << 20;

/// The server with no work, as a process.
pub struct Redirect(Process);

impl Redirect {
    /// Starts it.
    pub async fn start() -> anyhow::Result<Self> {
        let arguments = ["--role", "redirect"].map(OsStr::new);
        Ok(Self(Process::start(this_with(&arguments)?).await?))
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.0.address
    }
}

/// Is that process: the same HTTP server, with handlers that respond with 302.
pub async fn redirect() -> anyhow::Result<()> {
    let listener = server::listen(ANY_PORT)?;
    println!("Redirects on http://{}", listener.local_addr()?);
    let response = async |_: Bytes| (StatusCode::FOUND, [(LOCATION, LOCATION_TEXT), (CACHE_CONTROL, "no-store")]);
    let router =
        Router::new().route("/c/{widget}", any(response)).route("/channels/whatsapp/{channel}/webhook", any(response));
    server::serve(listener, router, server::Options::default(), aurix::serve::signalled()).await;
    Ok(())
}

/// The server that answers with as many bytes as it is asked for, as a process.
pub struct Bare(Process);

impl Bare {
    /// Starts it.
    pub async fn start() -> anyhow::Result<Self> {
        let arguments = ["--role", "bare"].map(OsStr::new);
        Ok(Self(Process::start(this_with(&arguments)?).await?))
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.0.address
    }
}

/// Is that process: the same HTTP server, with a handler that has the bytes already.
pub async fn bare() -> anyhow::Result<()> {
    let listener = server::listen(ANY_PORT)?;
    println!("Bare answers on http://{}", listener.local_addr()?);
    let bytes = Bytes::from(vec![b'x'; BARE_BYTES_MAX]);
    let response = async move |Path(count): Path<usize>| {
        ([(CACHE_CONTROL, "no-store"), (CONTENT_TYPE, "text/html")], bytes.slice(..count.min(BARE_BYTES_MAX)))
    };
    let router = Router::new().route("/{count}", any(response));
    server::serve(listener, router, server::Options::default(), aurix::serve::signalled()).await;
    Ok(())
}

/// What a poster did.
#[derive(Serialize, Deserialize)]
struct Posted {
    posts: u64,
    elapsed_us: u64,
}

/// Runs the client with no bookkeeping as a process, for so long.
pub async fn run_poster(url: &str, connections: usize, length: Duration) -> anyhow::Result<Slice> {
    let (connections, seconds) = (connections.to_string(), length.as_secs_f64().to_string());
    let arguments =
        ["--role", "post", "--url", url, "--connections", &connections, "--seconds", &seconds].map(OsStr::new);
    let child = this_with(&arguments)?.stdout(Stdio::piped()).spawn().context("starting a poster")?;
    let output = tokio::task::spawn_blocking(move || child.wait_with_output()).await??;
    ensure!(output.status.success(), "a poster failed: see above");
    let posted: Posted = serde_json::from_slice(&output.stdout).context("reading what a poster did")?;
    let elapsed = Duration::from_micros(posted.elapsed_us);
    Ok(Slice { operations: posted.posts, elapsed, waits_us: Vec::new() })
}

/// Is that process: the webhooks' client, posting the same body again and again.
pub async fn post(url: &str, connections: usize, seconds: f64) -> anyhow::Result<()> {
    let policy = AddressPolicy { allow_networks: vec!["127.0.0.0/8".parse()?], allow_http: true };
    let client = Client::new(policy, Resolver::System, Options::default());
    let request = request(url)?;
    let length = Duration::from_secs_f64(seconds);
    let mut posters = JoinSet::new();
    let began = moment();
    for _ in 0..connections {
        let (client, request) = (client.clone(), request.clone());
        posters.spawn(async move {
            let mut posts = 0;
            while began.elapsed() < length {
                let response = client.send(request.clone()).await?;
                ensure!(response.status == 200, "the sink answered {}", response.status);
                posts += 1;
            }
            anyhow::Ok(posts)
        });
    }
    let mut posts = 0;
    while let Some(poster) = posters.join_next().await {
        posts += poster??;
    }
    let elapsed_us = u64::try_from(began.elapsed().as_micros())?;
    println!("{}", serde_json::to_string(&Posted { posts, elapsed_us })?);
    Ok(())
}

/// A delivery of a click, but that its signatures are not made.
fn request(url: &str) -> anyhow::Result<Request> {
    let parameters = serde_json::value::to_raw_value(&serde_json::json!({
        "utm_source": "google", "utm_medium": "cpc", "utm_campaign": "spring", "gclid": "Cj0KCQjwsoBhC5ARIsAJx",
    }))?;
    let data = ClickData {
        correlation_id: "O-aB3dE9z",
        device_id: Some("00000000-0000-4000-8000-000000000000"),
        click_url: Some("https://shop.example/bikes/city-7"),
        parsed_params: &parameters,
        ip_address: Some("127.0.0.1"),
        user_agent: Some(crate::click_request::USER_AGENT),
    };
    let id = "evt_00000000000000000000000000000000";
    let body = Event::widget_click(id.to_owned(), &data, Clock::System.now()).body;
    let headers = [
        ("content-type", "application/json"),
        ("user-agent", aurix::outbound::USER_AGENT),
        ("x-hub-signature", "0000000000000000000000000000000000000000000000000000000000000000"),
        ("webhook-id", id),
        ("webhook-timestamp", "1767348000"),
        ("webhook-signature", "v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="),
    ];
    Ok(Request {
        method: Method::POST,
        url: url.to_owned(),
        headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
        body: Bytes::from(body),
        timeout: TIMEOUT_DEFAULT,
        response_bytes_max: RESPONSE_BYTES_MAX,
    })
}
