//! `aurix demo`: a whole Aurix with a shop, a phone and a listener to try it with. It reaches nothing beyond loopback.

mod past;
mod playground;
mod shop;

use std::fs::{File, TryLockError};
use std::io::ErrorKind;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::config::{Config, OpenConsole};
use crate::db::Location;
use crate::domain::actor::Actor;
use crate::engines::Engines;
use crate::http::server;
use crate::serve;
use playground::{PATH, Playground};

/// Whom everybody on this machine is signed in as.
const VISITOR: &str = "demo@localhost";

/// Serves the demo until SIGTERM or Ctrl-C. A new one begins with some weeks that are invented, unless it is to be empty.
pub async fn run(mut config: Config, actor: &Actor, is_empty: bool) -> anyhow::Result<()> {
    config.data_dir = config.data_dir.join("demo");
    let data_dir = config.data_dir.clone();
    // Held until the process ends: two demos on one folder would send each other's deliveries.
    let _lock = lock(&data_dir)?;
    if config.acme.take().is_some() {
        // The demo is this machine's alone.
        (config.listen, config.base_url_is_default) = (Config::default().listen, true);
    }
    let (listener, address) = listen(&config)?;
    let inside_url = format!("http://{address}");
    if config.base_url_is_default {
        config.base_url.clone_from(&inside_url);
    }
    config.database = Location::Sqlite(data_dir.join("aurix.db"));
    config.allow_http = true;
    config.allow_networks.extend([loopback_v4(), loopback_v6()]);
    config.open_console = Some(OpenConsole { email: VISITOR.to_owned(), home: PATH });
    let core = serve::open_node(config).await?;
    let stage = shop::set_stage(&core, actor, inside_url, is_empty)
        .await
        .with_context(|| format!("setting up the demo; delete {} to start afresh", data_dir.display()))?;
    let key = shop::api_key(&core, actor, stage.project, &data_dir.join("api-key")).await?;
    serve::say(&welcome(&stage.base_url, &key, &data_dir));
    let engines = Engines::new(core);
    shop::visitor(&engines.accounts, actor, VISITOR, stage.project).await?;
    let stopping = stop_signal();
    let playground = Arc::new(Playground::new(stage, &engines.core.random, stopping.clone()));
    serve::serve(engines, listener, playground::routes(playground), stopping).await
}

fn lock(data_dir: &Path) -> anyhow::Result<File> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(data_dir)
        .with_context(|| format!("AURIX_DATA_DIR: cannot create the folder {}", data_dir.display()))?;
    let file = File::create(data_dir.join("running.lock")).context("creating the demo's lock")?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            bail!("a demo is running on {} already: open its page, or stop it first", data_dir.display())
        }
        Err(TryLockError::Error(error)) => Err(error).context("locking the demo's folder"),
    }
}

/// Binds the address of the settings; a free port where it is the default one and somebody else has it. The address that is
/// returned is one to connect to.
fn listen(config: &Config) -> anyhow::Result<(TcpListener, SocketAddr)> {
    let is_default = config.listen == Config::default().listen;
    let listener = match server::listen(config.listen) {
        Err(error) if is_default && error.kind() == ErrorKind::AddrInUse => {
            serve::say(&format!("Port {} is taken, so the demo has one of its own.", config.listen.port()));
            server::listen(SocketAddr::new(config.listen.ip(), 0)).context("finding a free port")?
        }
        bound => bound.with_context(|| {
            format!("AURIX_LISTEN: cannot listen on {}: choose another port, or stop what uses it", config.listen)
        })?,
    };
    let address = serve::reachable(listener.local_addr()?);
    Ok((listener, address))
}

fn loopback_v4() -> ipnet::IpNet {
    ipnet::Ipv4Net::new_assert(Ipv4Addr::new(127, 0, 0, 0), 8).into()
}

fn loopback_v6() -> ipnet::IpNet {
    ipnet::Ipv6Net::new_assert(Ipv6Addr::LOCALHOST, 128).into()
}

/// Turns true at SIGTERM or Ctrl-C: the server stops, and the playground's streams end.
fn stop_signal() -> watch::Receiver<bool> {
    let (stop, stopping) = watch::channel(false);
    tokio::spawn(async move {
        serve::signalled().await;
        stop.send_replace(true);
    });
    stopping
}

fn welcome(base_url: &str, key: &str, data_dir: &Path) -> String {
    let data_dir = data_dir.display();
    format!(
        "Aurix demo is ready. Open in a browser: {base_url}{PATH}\n\n\
         \x20 Click the green button in the shop, send the message on the phone, and reply as you like:\n\
         \x20 beside it every event arrives, signed, until the lead is complete.\n\n\
         The same lead as a partner's program gets it:\n\
         \x20 curl -H 'Authorization: Bearer {key}' {base_url}/integrations/external/leads\n\n\
         The console, with all of it: {base_url}/projects\n\n\
         Commands work beside it: aurix --data-dir {data_dir} delivery list\n\
         All of it is in {data_dir}, and nothing leaves this machine. Ctrl-C stops; delete the folder to start afresh."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_and_the_page_are_in_the_welcome() {
        let text = welcome("http://127.0.0.1:8080", "aurix_key_1", Path::new("/tmp/demo"));
        assert!(text.contains(" http://127.0.0.1:8080/playground\n"));
        assert!(text.contains("Bearer aurix_key_1"));
    }
}
