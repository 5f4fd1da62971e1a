//! `aurix ready`

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;
use clap::Args;
use serde_json::{Value, json};

use super::output::Output;
use crate::config::Config;
use crate::net::{AddressPolicy, Client, Method, Options, Request, Resolver};
use crate::serve::reachable;

/// How long the server may take: a health check of a container gives up after five seconds.
const TIMEOUT: Duration = Duration::from_secs(4);
/// Bytes of its answer that are read.
const ANSWER_BYTES_MAX: usize = 4_096;

#[derive(Args)]
pub struct Ready {
    /// Asks this address instead of the one of the settings.
    #[arg(long, value_name = "URL")]
    url: Option<String>,
}

pub async fn run(ready: Ready, config: Config, output: &Output) -> anyhow::Result<()> {
    let (url, address) = match ready.url {
        Some(url) => (format!("{}/readyz", url.trim_end_matches('/')), None),
        None => address(&config)?,
    };
    let why_not = ask(&url, address, &config).await.err();
    if why_not.is_none() || output.is_json() {
        output
            .print(&json!({"ready": why_not.is_none(), "url": url, "detail": why_not}), || format!("ready: {url}"))?;
    }
    match why_not {
        None => Ok(()),
        Some(why) => anyhow::bail!("not ready: {url}: {why}"),
    }
}

/// Where this machine reaches its own server: by `http://` where that is served, also where TLS is built in. A certificate is for a
/// name, which leads to this machine then.
fn address(config: &Config) -> anyhow::Result<(String, Option<IpAddr>)> {
    let of_http = |address: SocketAddr| (format!("http://{}/readyz", reachable(address)), None);
    let listen = config.listen;
    let (url, leads_to) = match &config.acme {
        None => of_http(listen),
        Some(acme) => match acme.redirect_listen {
            Some(address) => of_http(address),
            None => (format!("{}:{}/readyz", acme.base_url(), listen.port()), Some(reachable(listen).ip())),
        },
    };
    anyhow::ensure!(
        listen.port() != 0,
        "AURIX_LISTEN has port 0, which is another one at each start: name the server with --url"
    );
    Ok((url, leads_to))
}

/// Why the server is not ready.
async fn ask(url: &str, leads_to: Option<IpAddr>, config: &Config) -> Result<(), String> {
    let resolver = leads_to.map_or(Resolver::System, |address| Resolver::scripted(move |_| Ok(vec![address])));
    let extra_roots = config.acme.as_ref().map(|acme| acme.extra_roots.clone()).unwrap_or_default();
    let client = Client::new(AddressPolicy::trusted(), resolver, Options { extra_roots, ..Options::default() });
    let (method, headers, body) = (Method::GET, Vec::new(), Bytes::new());
    let request =
        Request { method, url: url.to_owned(), headers, body, timeout: TIMEOUT, response_bytes_max: ANSWER_BYTES_MAX };
    let response = client.send(request).await.map_err(|error| error.to_string())?;
    if response.status == 200 {
        return Ok(());
    }
    let problem: Value = serde_json::from_slice(&response.body).unwrap_or_default();
    Err(problem["detail"].as_str().map_or_else(|| format!("it answers {}", response.status), str::to_owned))
}
