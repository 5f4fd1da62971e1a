//! `aurix demo`: a whole Aurix with a shop, a phone and a listener to try it with. It reaches nothing beyond loopback.

use std::fs::{File, TryLockError};
use std::io::{ErrorKind, Write as _};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::config::Config;
use crate::core::Core;
use crate::db::Location;
use crate::domain::channel::ChannelKind;
use crate::domain::form::Form;
use crate::domain::ids::ProjectId;
use crate::domain::phone::PhoneNumber;
use crate::domain::visitor::IpPolicy;
use crate::engines::Engines;
use crate::http::playground::{self, GRAPH_PATH, LISTENER_PATH, PATH, PHONE_PATH, Playground, Stage};
use crate::http::server;
use crate::projects::add_channel::{WhatsAppChannel, add_whatsapp_channel};
use crate::projects::add_webhook::{NewWebhook, add_webhook};
use crate::projects::create_key::{self, create_key};
use crate::projects::create_project::{NewProject, create_project};
use crate::projects::create_widget::{NewWidget, create_widget};
use crate::projects::remove_webhook::remove_webhook;
use crate::projects::set_form::set_form;
use crate::projects::set_webhook_active::set_webhook_active;
use crate::serve;
use crate::store::channels::Channel;
use crate::store::{channels, keys, webhooks, widgets};

/// The shop's name, as its pages have it.
const BUSINESS_NAME: &str = "Juniper Cycles";
/// The shop's number: nobody's.
const NUMBER: &str = "+6580001234";
/// The number's id at the platform that is played; finds the demo again at the next start.
const PHONE_NUMBER_ID: &str = "100000000000001";
/// What the prefilled text begins with.
const GREETING: &str = "Hello Juniper Cycles, I have a question.";
/// Characters of the channel's credentials.
const CREDENTIAL_CHARS: usize = 40;
/// What the shop wants to know of its visitors.
const FORM: &str = include_str!("demo/form.json");
/// The service of the key that is printed.
const SERVICE_NAME: &str = "external";

/// Serves the demo until SIGTERM or Ctrl-C.
pub async fn run(mut config: Config) -> anyhow::Result<()> {
    config.data_dir = config.data_dir.join("demo");
    let data_dir = config.data_dir.clone();
    // Held until the process ends: two demos on one folder would send each other's deliveries.
    let _lock = lock(&data_dir)?;
    let (listener, address) = listen(&config)?;
    let inside_url = format!("http://{address}");
    if config.base_url_is_default {
        config.base_url.clone_from(&inside_url);
    }
    config.database = Location::Sqlite(data_dir.join("aurix.db"));
    config.allow_http = true;
    config.allow_networks.extend([loopback_v4(), loopback_v6()]);
    let core = serve::open(config).await?;
    let stage = set_stage(&core, inside_url)
        .await
        .with_context(|| format!("setting up the demo; delete {} to start afresh", data_dir.display()))?;
    let key = api_key(&core, stage.project, &data_dir.join("api-key")).await?;
    serve::say(&welcome(&stage.base_url, &key, &data_dir));
    let stopping = stop_signal();
    let playground = Arc::new(Playground::new(stage, &core.random, stopping.clone()));
    serve::serve(Engines::new(core), listener, playground::routes(playground), stopping).await
}

fn lock(data_dir: &Path) -> anyhow::Result<File> {
    std::fs::create_dir_all(data_dir)
        .with_context(|| format!("AURIX_DATA_DIR: cannot make the folder {}", data_dir.display()))?;
    let file = File::create(data_dir.join("running.lock")).context("making the demo's lock")?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            bail!("a demo is running on {} already: open its page, or stop it first", data_dir.display())
        }
        Err(TryLockError::Error(error)) => Err(error).context("locking the demo's folder"),
    }
}

/// Binds the address of the settings; a free port where it is the default one and somebody else has it. The address that is
/// given back is one to connect to.
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

/// Makes what the demo needs, or finds it, and points it to where the server is this time.
async fn set_stage(core: &Core, inside_url: String) -> anyhow::Result<Stage> {
    let base_url = core.config.base_url.clone();
    let project = project(core).await?;
    let channel = channel(core, project, &base_url, &inside_url).await?;
    Ok(Stage {
        project,
        business_name: BUSINESS_NAME.to_owned(),
        widget_id: widget_id(core, project).await?,
        channel: channel.id.0,
        phone_number_id: channel.external_id,
        number: PhoneNumber::from_e164(NUMBER)?,
        webhook: webhook(core, project, format!("{inside_url}{LISTENER_PATH}")).await?,
        base_url,
        inside_url,
    })
}

/// The project that has the demo's channel, or a new one.
async fn project(core: &Core) -> anyhow::Result<ProjectId> {
    let known =
        core.db.read(async |conn| Ok(channels::find(conn, ChannelKind::WhatsApp, PHONE_NUMBER_ID).await?)).await?;
    if let Some(channel) = known {
        return Ok(channel.project);
    }
    let project = create_project(
        core,
        NewProject {
            name: "Aurix demo".to_owned(),
            region: "SG".to_owned(),
            time_zone: "Asia/Singapore".to_owned(),
            ip_policy: IpPolicy::Full,
        },
    )
    .await?;
    set_form(core, project.id, &Form::parse(FORM)?).await?;
    Ok(project.id)
}

/// The channel, with credentials that live as long as the process.
async fn channel(core: &Core, project: ProjectId, base_url: &str, inside_url: &str) -> anyhow::Result<Channel> {
    let secret = || core.random.token("", CREDENTIAL_CHARS);
    let channel = WhatsAppChannel {
        phone_number_id: PHONE_NUMBER_ID.to_owned(),
        number: NUMBER.to_owned(),
        access_token: secret(),
        app_secret: secret(),
        verify_token: secret(),
        api_base: Some(format!("{inside_url}{GRAPH_PATH}")),
        link_base: Some(format!("{base_url}{PHONE_PATH}")),
    };
    add_whatsapp_channel(core, project, channel).await
}

async fn widget_id(core: &Core, project: ProjectId) -> anyhow::Result<String> {
    let known = core.db.read(async move |conn| Ok(widgets::list(conn, project, 1).await?)).await?;
    if let Some(widget) = known.into_iter().next() {
        return Ok(widget.public_id);
    }
    let widget =
        NewWidget { channel_id: PHONE_NUMBER_ID.to_owned(), origins: Vec::new(), greeting: Some(GREETING.to_owned()) };
    Ok(create_widget(core, project, widget).await?.public_id)
}

/// The webhook that leads to the listener at `url`. One that leads to where an earlier start had it is replaced.
async fn webhook(core: &Core, project: ProjectId, url: String) -> anyhow::Result<String> {
    let all = core.db.read(async move |conn| Ok(webhooks::list(conn, project).await?)).await?;
    for known in all.iter().filter(|known| known.key_id.is_none() && known.url.ends_with(LISTENER_PATH)) {
        if known.url == url {
            set_webhook_active(core, project, known.id, true).await?;
            return Ok(known.public_id.clone());
        }
        remove_webhook(core, project, known.id).await?;
    }
    let new = NewWebhook { url, policy: "retry".to_owned(), ..NewWebhook::default() };
    Ok(add_webhook(core, project, new).await?.public_id)
}

/// The key that is printed: the one in the file `path` while it counts, else a new one.
async fn api_key(core: &Core, project: ProjectId, path: &Path) -> anyhow::Result<String> {
    if let Ok(key) = std::fs::read_to_string(path) {
        let hash = create_key::hash(&key);
        if core.db.read(async move |conn| Ok(keys::find_by_hash(conn, &hash).await?)).await?.is_some() {
            return Ok(key);
        }
    }
    let key = create_key(core, project, SERVICE_NAME.to_owned()).await?.key;
    let mut file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(key.as_bytes()).context("keeping the demo's API key")?;
    Ok(key)
}

fn welcome(base_url: &str, key: &str, data_dir: &Path) -> String {
    let data_dir = data_dir.display();
    format!(
        "Aurix demo is ready. Open in a browser: {base_url}{PATH}\n\n\
         \x20 Press the green button in the shop, send the message on the phone, and answer as you like:\n\
         \x20 beside it every event arrives, signed, until the lead is complete.\n\n\
         The same lead as a partner's program gets it:\n\
         \x20 curl -H 'Authorization: Bearer {key}' {base_url}/integrations/external/leads\n\n\
         Commands work beside it: aurix --data-dir {data_dir} delivery list\n\
         All of it is in {data_dir}, and nothing leaves this machine. Ctrl-C stops; delete the folder to start afresh."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_asks_what_the_shop_offers() {
        let form = Form::parse(FORM).unwrap();
        let shop = include_str!("../assets/playground/shop.html");
        assert!(shop.contains(BUSINESS_NAME));
        let service = form.field("service").unwrap();
        assert!(service.options.iter().all(|option| shop.contains(option)), "{:?}", service.options);
        assert!(form.fields.iter().all(|field| field.has_own_question()));
    }

    #[test]
    fn the_key_and_the_page_are_in_the_welcome() {
        let text = welcome("http://127.0.0.1:8080", "aurix_key_1", Path::new("/tmp/demo"));
        assert!(text.contains(" http://127.0.0.1:8080/playground\n"));
        assert!(text.contains("Bearer aurix_key_1"));
    }
}
