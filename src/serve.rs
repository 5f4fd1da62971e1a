//! Wiring: builds the `App`, starts the worker, runs HTTP, stops in order. The only place that knows everything.

use std::future::Future;
use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use anyhow::Context as _;
use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::cache::KnownSources;
use crate::clicks::{find_link, find_links_domain, find_widget};
use crate::config::Config;
use crate::core::{Core, CoreParts};
use crate::db::Db;
use crate::domain::ids::{NODES_MAX, RowKeys};
use crate::domain::random::Random;
use crate::domain::time::Clock;
use crate::engines::Engines;
use crate::http::https;
use crate::http::server::{self, STOP_TIMEOUT};
use crate::llm::Llm;
use crate::maintenance::make_partitions::make_partitions;
use crate::metrics::Metrics;
use crate::net::{AddressPolicy, Client, Options, Resolver};
use crate::notifier::Notifier;
use crate::outbound::template::Templates;
use crate::projects::secret_key::unlock;
use crate::smtp::Mailer;
use crate::store::counters;
use crate::{http, worker};

/// Who opens the database.
enum Process {
    /// A command, beside a running server perhaps. It stores no click, event, delivery or message, so that all commands share one
    /// number in row keys: a number for each would soon repeat that of a running server.
    Command,
    /// A server: a node with a number of its own.
    Node,
}

/// Opens the database and builds the core for a command.
pub async fn open(config: Config) -> anyhow::Result<Core> {
    let parts = (Clock::System, Random::from_system(), Resolver::System);
    build(config, Process::Command, parts, Metrics::default()).await
}

/// Opens the database and builds the core for a server.
pub async fn open_node(config: Config) -> anyhow::Result<Core> {
    open_with(config, Clock::System, Random::from_system(), Resolver::System).await
}

/// [`open_node`] with a clock, a generator and a resolver of one's own, as tests have.
pub async fn open_with(config: Config, clock: Clock, random: Random, resolver: Resolver) -> anyhow::Result<Core> {
    build(config, Process::Node, (clock, random, resolver), Metrics::default()).await
}

async fn build(
    config: Config,
    process: Process,
    (clock, random, resolver): (Clock, Random, Resolver),
    metrics: Metrics,
) -> anyhow::Result<Core> {
    config.make_data_dir()?;
    let is_node = matches!(process, Process::Node);
    let was_stopped_uncleanly = is_node && config.database.was_stopped_uncleanly();
    let db = Db::open(&config.database).await.context("AURIX_DATABASE: the database cannot be opened")?;
    let seal = unlock(&config, &db, &random).await?;
    if is_node {
        config.warn_of_wide_modes();
    }
    if was_stopped_uncleanly {
        tokio::spawn(look_for_damage(db.clone()));
    }
    let node = match process {
        Process::Command => 0,
        Process::Node => {
            let count = db.write(async |tx| Ok(counters::next_node(tx).await?)).await.context("numbering this node")?;
            1 + (count - 1) % (NODES_MAX - 1)
        }
    };
    let policy = AddressPolicy { allow_networks: config.allow_networks.clone(), allow_http: config.allow_http };
    // A person would read a reply twice; receivers of webhooks know an event by its id.
    let platform_options = Options { resend_unanswered: false, ..Options::default() };
    let core = Core::new(CoreParts {
        row_keys: RowKeys::new(node),
        seal,
        webhook_client: Client::new(policy, resolver, Options::default()),
        platform_client: Client::new(AddressPolicy::trusted(), Resolver::System, platform_options),
        llm: config.llm.clone().map(|endpoint| Llm::new(endpoint, clock.clone())),
        mailer: config.mail.clone().map(Mailer::new),
        templates: Templates::default(),
        sources: KnownSources::default(),
        metrics,
        notifier: Notifier::default(),
        config,
        db,
        clock,
        random,
    });
    if let Err(error) = make_partitions(&core).await {
        tracing::warn!(error = %format!("{error:#}"), "creating partitions failed");
    }
    Ok(core)
}

/// Logs what is damaged in a SQLite file whose process did not stop by itself.
async fn look_for_damage(db: Db) {
    match db.damage().await {
        Ok(found) if found.is_empty() => tracing::info!("database checked after an unclean stop: no damage found"),
        Ok(found) => tracing::error!(?found, "the database is damaged: restore a backup"),
        Err(error) => tracing::error!(error = %format!("{error:#}"), "the database cannot be checked"),
    }
}

/// Raises the number of files that this process may open to what the system allows it: each connection is one, and a shell gives
/// 1,024 where it could give more. Returns the number; `None` for no limit.
pub fn raise_open_files() -> Option<u64> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current == maximum {
        return current;
    }
    match setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        Ok(()) => {
            tracing::debug!(before = current, open_files = maximum, "limit of open files raised");
            maximum
        }
        Err(error) => {
            tracing::warn!(%error, open_files = current, "the limit of open files could not be raised");
            current
        }
    }
}

/// `aurix serve`: until SIGTERM or Ctrl-C. `metrics` has what was counted before, by the export of traces.
pub async fn run(mut config: Config, metrics: Metrics) -> anyhow::Result<()> {
    if config.otlp.is_some() && !cfg!(feature = "otlp") {
        tracing::warn!("traces are not exported: this program was built without them (cargo feature otlp)");
    }
    raise_open_files();
    let (listeners, address) = listen(&config)?;
    if config.base_url_is_default {
        config.base_url = format!("http://{}", reachable(address));
    }
    let parts = (Clock::System, Random::from_system(), Resolver::System);
    let core = build(config, Process::Node, parts, metrics).await?;
    say(&format!("Aurix listens on {}://{address}", if core.config.acme.is_some() { "https" } else { "http" }));
    let engines = Engines::new(core);
    if let Some(link) = engines.accounts.create_first_run_link().await? {
        say(&first_steps(&engines.core.config, &link.url));
    }
    serve_until_stopped(engines, listeners, Router::new()).await
}

/// Says something to whoever started the server. That nobody listens is no failure.
pub fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}

/// An address that this machine reaches itself by: `0.0.0.0` and `[::]` are none.
pub fn reachable(mut address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    address
}

/// Where a server accepts connections.
pub struct Listeners {
    /// All that is served.
    pub main: TcpListener,
    /// The way from `http://` to `https://`, where TLS is built in.
    pub redirect: Option<TcpListener>,
}

impl From<TcpListener> for Listeners {
    fn from(main: TcpListener) -> Self {
        Self { main, redirect: None }
    }
}

/// Binds the addresses of the settings, and returns which `AURIX_LISTEN` became.
pub fn listen(config: &Config) -> anyhow::Result<(Listeners, SocketAddr)> {
    let main = bind("AURIX_LISTEN", config.listen)?;
    let address = main.local_addr()?;
    let redirect = config.acme.as_ref().and_then(|acme| acme.redirect_listen);
    let redirect = redirect.map(|address| bind("AURIX_REDIRECT_LISTEN", address)).transpose()?;
    Ok((Listeners { main, redirect }, address))
}

fn bind(setting: &str, address: SocketAddr) -> anyhow::Result<TcpListener> {
    let bound = match server::listen(address) {
        // A machine without IPv6 has no `[::]`.
        Err(error) if is_without_ipv6(&error) && address.ip() == IpAddr::V6(Ipv6Addr::UNSPECIFIED) => {
            server::listen((Ipv4Addr::UNSPECIFIED, address.port()).into())
        }
        bound => bound,
    };
    bound.with_context(|| {
        let advice = if address.port() < 1024 {
            "choose another port, stop what uses it, or let this program have ports below 1024 (CAP_NET_BIND_SERVICE)"
        } else {
            "choose another port, or stop what uses it"
        };
        format!("{setting}: cannot listen on {address}: {advice}")
    })
}

fn is_without_ipv6(error: &std::io::Error) -> bool {
    let code = error.raw_os_error().map(rustix::io::Errno::from_raw_os_error);
    matches!(code, Some(rustix::io::Errno::AFNOSUPPORT | rustix::io::Errno::ADDRNOTAVAIL))
}

/// Runs the worker and HTTP, `extra` routes among them, until SIGTERM or Ctrl-C; then ends what is in flight.
pub async fn serve_until_stopped(engines: Engines, listeners: Listeners, extra: Router<Engines>) -> anyhow::Result<()> {
    let (stop, stopping) = watch::channel(false);
    tokio::spawn(async move {
        signalled().await;
        tracing::info!("stopping: not ready any more; what is in flight is ended");
        stop.send_replace(true);
    });
    serve(engines, listeners, extra, stopping).await
}

/// Runs the worker and HTTP until `stopping` turns true.
pub async fn serve(
    engines: Engines,
    listeners: impl Into<Listeners>,
    extra: Router<Engines>,
    stopping: watch::Receiver<bool>,
) -> anyhow::Result<()> {
    find_widget::preload(&engines.clicks).await?;
    find_link::preload(&engines.clicks).await?;
    find_links_domain::preload(&engines.clicks).await?;
    let router = http::router(engines.clone(), extra, stopping.clone());
    let (close, closing) = watch::channel(false);
    let Listeners { main, redirect } = listeners.into();
    let options = server::Options { keep_alive: engines.core.config.keep_alive, ..server::Options::default() };
    let secured = server::Options { tls: engines.certificates.clone(), ..options.clone() };
    if let Some(certificates) = &engines.certificates {
        certificates.start().await.context("reading the certificate")?;
    }
    let redirects = https::redirects(engines.clone(), stopping.clone());
    let worker = tokio::spawn(worker::run(engines.clone(), closing.clone()));
    let ((), _, _, worker) = tokio::join!(
        drain(&engines.core, stopping, close),
        server::serve(main, router, secured, stopped(closing.clone())),
        serve_redirects(redirect, redirects, options, stopped(closing.clone())),
        end_in_time(worker, stopped(closing))
    );
    engines.clicks.spool.close().await;
    if tokio::time::timeout(STOP_TIMEOUT, engines.core.db.close()).await.is_err() {
        tracing::warn!(timeout = ?STOP_TIMEOUT, "the database could not be closed; the next start checks it");
    }
    worker
}

/// Sends visitors of `http://` on, where there is a place for it.
async fn serve_redirects(
    listener: Option<TcpListener>,
    router: Router,
    options: server::Options,
    stop: impl Future<Output = ()>,
) {
    if let Some(listener) = listener {
        server::serve(listener, router, options, stop).await;
    }
}

/// Closes HTTP some time after the process was asked to stop, so that load balancers can notice that it is not ready.
async fn drain(core: &Core, stopping: watch::Receiver<bool>, close: watch::Sender<bool>) {
    stopped(stopping).await;
    core.clock.sleep(core.config.drain).await;
    close.send_replace(true);
}

/// Waits until `stopping` turns true.
async fn stopped(mut stopping: watch::Receiver<bool>) {
    // An error says that nobody can ask for a stop any more: that is a stop as well.
    let _ = stopping.wait_for(|stop| *stop).await;
}

/// Lets the worker end what is in flight after it was asked to stop: no longer than HTTP may take, whatever hangs.
async fn end_in_time(worker: JoinHandle<()>, stopped: impl Future<Output = ()>) -> anyhow::Result<()> {
    stopped.await;
    if let Ok(ended) = tokio::time::timeout(STOP_TIMEOUT, worker).await {
        return ended.context("the worker");
    }
    tracing::warn!(timeout = ?STOP_TIMEOUT, "work was still in flight and is cut off; the next start takes it up again");
    Ok(())
}

/// Waits for SIGTERM or Ctrl-C.
pub async fn signalled() {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).expect("the system lets a process listen to SIGTERM");
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}

fn first_steps(config: &Config, link: &str) -> String {
    format!(
        "\nNobody has an account here yet ({}). Open this link to make the first one; it is good once, for an hour:\n\
         \x20 {link}\n\
         To see it all work first, without an account anywhere: aurix demo\n",
        config.data_dir.display()
    )
}

#[cfg(test)]
mod tests {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    use super::*;

    #[test]
    fn a_server_may_open_as_many_files_as_the_system_allows() {
        let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
        let lower = Rlimit { current: maximum.map(|files| files - 1).or(Some(1 << 16)), maximum };
        setrlimit(Resource::Nofile, lower).expect("less is allowed");
        assert_eq!(raise_open_files(), maximum);
        assert_eq!(getrlimit(Resource::Nofile).current, maximum);
    }
}
