//! Looks an installation over, for an operator who wonders what is wrong: settings, database, clock, disk, how the outside reaches it,
//! platforms, the collector of traces, and what needs attention.

mod certificate;

use std::time::{Duration, Instant};

use bytes::Bytes;
use rustix::process::{Resource, Rlimit, getrlimit};
use url::{Host, Url};

use crate::attention::disks_here;
use crate::channels::{Finding, FindingState};
use crate::core::Core;
use crate::db::Conn;
use crate::domain::ids::{ChannelId, ProjectId};
use crate::domain::time::{SignedDuration, Timestamp};
use crate::net::{Method, Request, Response};
use crate::projects::check_channel::check_channel;
use crate::store::attention::{self, AttentionItem};
use crate::store::channels::{self, Channel};
use crate::store::{counters, projects};
use crate::traces;

/// How long an answer of the base URL is waited for.
const REACH_TIMEOUT: Duration = Duration::from_secs(10);
/// Clocks may differ by so much: tokens and signatures of others are good for minutes.
const CLOCK_DIFFERENCE_MAX: SignedDuration = SignedDuration::from_secs(5);
/// A write takes longer than that where the disk is slow or busy.
const SLOW_WRITE: Duration = Duration::from_millis(500);
/// Files that a server with some hundred visitors at once needs.
const OPEN_FILES_MIN: u64 = 4_096;
/// Channels whose platforms are asked.
const CHANNELS_MAX: u32 = 1_000;
/// Items that are told of.
const ITEMS_MAX: u32 = 100;

/// What was found of one thing.
#[derive(Debug)]
pub struct Examined {
    /// What was looked at: `settings`, or a channel.
    pub about: String,
    /// What was found.
    pub finding: Finding,
}

/// Looks at everything, one after the other, and tells `looks_at` before each.
pub async fn examine(core: &Core, looks_at: impl Fn(&str)) -> anyhow::Result<Vec<Examined>> {
    let mut found = Vec::new();
    let mut add = |about: &str, findings: Vec<Finding>| {
        found.extend(findings.into_iter().map(|finding| Examined { about: about.to_owned(), finding }));
    };
    looks_at("the settings");
    add("settings", settings(core));
    looks_at("the database, which takes minutes where it is large");
    add("database", database(core).await?);
    looks_at("the disks");
    add("disk", disks(core));
    looks_at("the base URL");
    add("reach", reach(core).await);
    add("reach", certificate::certificate(core).await?);
    looks_at("the collector of traces");
    add("traces", vec![collector(core).await]);
    for channel in core.db.read(async |conn| Ok(channels::page_of_all(conn, ChannelId(0), CHANNELS_MAX).await?)).await?
    {
        let label = format!("{} {}", channel.kind.name(), channel.label());
        looks_at(&label);
        add(&label, of_channel(core, channel).await);
    }
    for item in core.db.read(async |conn| open_items(conn).await).await? {
        let said = format!("{}: {}", item.title, item.message);
        add("attention", vec![Finding::new("open item", FindingState::Attention, said)]);
    }
    Ok(found)
}

fn fine(name: &'static str, said: impl Into<String>) -> Finding {
    Finding::new(name, FindingState::Fine, said)
}

fn warning(name: &'static str, said: impl Into<String>) -> Finding {
    Finding::new(name, FindingState::Attention, said)
}

fn failed(name: &'static str, said: impl Into<String>) -> Finding {
    Finding::new(name, FindingState::Missing, said)
}

fn settings(core: &Core) -> Vec<Finding> {
    let config = &core.config;
    let url = Url::parse(&config.base_url).ok();
    let is_https = url.as_ref().is_some_and(|url| url.scheme() == "https");
    let mut found = vec![if config.base_url_is_default {
        warning(
            "base URL",
            "AURIX_BASE_URL is not set: links, tags and callback URLs lead to this machine alone. Set it to the address that the outside uses.",
        )
    } else if is_https {
        fine("base URL", &config.base_url)
    } else if url.as_ref().is_some_and(is_loopback) {
        warning(
            "base URL",
            format!(
                "{} is this machine: nobody else reaches it. Set AURIX_BASE_URL before others are to.",
                config.base_url
            ),
        )
    } else {
        failed(
            "base URL",
            format!(
                "{} is not encrypted: WhatsApp and Telegram call https addresses only, and passwords would be readable. Use an https address.",
                config.base_url
            ),
        )
    }];
    if is_https && config.trusted_proxies.is_empty() && config.acme.is_none() {
        let said = "AURIX_TRUSTED_PROXIES is not set, although something in front must end the encryption: every visitor has its \
                    address, and they share its limits. Name the proxy's network.";
        found.push(warning("proxy", said));
    }
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    found.push(match maximum {
        Some(files) if files < OPEN_FILES_MIN => warning(
            "open files",
            format!("{files} at most, and each connection is one: raise the limit (LimitNOFILE of the service) to {OPEN_FILES_MIN} or more."),
        ),
        Some(files) => fine("open files", format!("{files} at most")),
        None => fine("open files", "without a limit"),
    });
    let model = config.llm.as_ref().map(|endpoint| endpoint.host().to_owned());
    found.push(match model {
        Some(host) => fine("language model", format!("at {host}; `aurix llm check` asks it")),
        None => fine("language model", "none: the built-in agent answers"),
    });
    found.push(match &core.mailer {
        Some(_) => fine("mail", "a server is set"),
        None => fine("mail", "none is set: alerts go to the console and to webhooks"),
    });
    found
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

#[expect(clippy::disallowed_methods, reason = "what is measured is how long a write takes")]
async fn database(core: &Core) -> anyhow::Result<Vec<Finding>> {
    let (began, now) = (Instant::now(), core.clock.now());
    let written = core.db.write(async move |tx| Ok(counters::record_check(tx, now).await?)).await;
    let took = began.elapsed();
    let engine = if core.db.has_peers() { "PostgreSQL" } else { "SQLite" };
    let mut found = vec![match written {
        Err(error) => failed("writing", format!("{engine}: nothing can be written: {error:#}")),
        Ok(_) if took > SLOW_WRITE => {
            warning("writing", format!("{engine}: a write took {} ms. The disk is slow or busy.", took.as_millis()))
        }
        Ok(_) => fine("writing", format!("{engine}: a write took {} ms", took.as_millis())),
    }];
    let damage = core.db.damage().await?;
    found.push(match damage.as_slice() {
        [] => fine("file", "no damage found"),
        damage => failed("file", format!("it is damaged: restore a backup. {}", damage.join("; "))),
    });
    if let Some(there) = core.db.read(async |conn| Ok(counters::database_time(conn).await?)).await? {
        found.push(clock("the database's", core.clock.now(), there));
    }
    Ok(found)
}

/// How this machine's clock stands to another one.
fn clock(whose: &str, here: Timestamp, there: Timestamp) -> Finding {
    let difference = here.duration_since(there);
    let said = format!("{:.1} s from {whose}", difference.as_secs_f64());
    if difference.abs() > CLOCK_DIFFERENCE_MAX {
        return failed(
            "clock",
            format!("{said}: let both follow a time server. Signatures with a wrong time are refused."),
        );
    }
    fine("clock", said)
}

fn disks(core: &Core) -> Vec<Finding> {
    let told = |(disk, is_full): (crate::store::disks::Disk, bool)| {
        let gb = |bytes: i64| bytes as f64 / 1e9;
        let said = format!("{}: {:.1} of {:.1} GB are free", disk.path, gb(disk.free_bytes), gb(disk.total_bytes));
        if is_full {
            return failed(
                "room",
                format!("{said}. Make room, or keep less (`aurix retention`): a full disk stops everything."),
            );
        }
        fine("room", said)
    };
    disks_here(core).into_iter().map(told).collect()
}

/// Whether the base URL leads to an Aurix.
async fn reach(core: &Core) -> Vec<Finding> {
    let url = format!("{}/healthz", core.config.base_url);
    let request = Request {
        method: Method::GET,
        url: url.clone(),
        headers: Vec::new(),
        body: Bytes::new(),
        timeout: REACH_TIMEOUT,
        response_bytes_max: 1_024,
    };
    match core.platform_client.send(request).await {
        Ok(Response { status: 200, headers, body, duration, .. }) if &body[..] == b"ok\n" => {
            let mut found = vec![fine("answer", format!("{url} answers in {} ms", duration.as_millis()))];
            let date = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("date"));
            let there = date.and_then(|(_, text)| httpdate::parse_http_date(text).ok());
            let there = there.and_then(|there| Timestamp::try_from(there).ok());
            found.extend(there.map(|there| clock("the server's", core.clock.now(), there)));
            found
        }
        Ok(response) => {
            let said = format!(
                "{url} answers {}, and not as Aurix does: something else is at this address. Look at the proxy and at AURIX_BASE_URL.",
                response.status
            );
            vec![failed("answer", said)]
        }
        Err(error) => {
            let said = format!(
                "{url} cannot be reached from here: {error}. Start `aurix serve`, and look at name, certificate, firewall and proxy."
            );
            vec![failed("answer", said)]
        }
    }
}

/// Whether the collector takes traces.
async fn collector(core: &Core) -> Finding {
    let Some(otlp) = &core.config.otlp else { return fine("collector", "none: AURIX_OTLP_ENDPOINT is not set") };
    let origin = otlp.origin();
    match traces::check(otlp).await {
        Ok(took) => fine("collector", format!("{origin} takes traces; it answered in {} ms", took.as_millis())),
        Err(said) => failed(
            "collector",
            format!(
                "{origin} takes no traces: {said}. Nothing else suffers. Look whether it runs and takes OTLP over HTTP there (port 4318, \
                 mostly), at what it wants in OTEL_EXPORTER_OTLP_HEADERS, and at firewalls; or take AURIX_OTLP_ENDPOINT away."
            ),
        ),
    }
}

async fn of_channel(core: &Core, channel: Channel) -> Vec<Finding> {
    let fault = channel.fault.clone().map(|fault| failed("sending", fault.reason));
    let mut found: Vec<Finding> = fault.into_iter().collect();
    match check_channel(core, channel).await {
        Ok(findings) => found.extend(findings),
        Err(error) => found.push(failed("check", format!("{error:#}"))),
    }
    found
}

/// What needs attention, of the instance and of all projects.
async fn open_items(conn: &Conn) -> anyhow::Result<Vec<AttentionItem>> {
    let mut items = attention::list_open(conn, ProjectId::INSTANCE, ITEMS_MAX).await?;
    for project in projects::list(conn, u32::MAX).await? {
        items.extend(attention::list_open(conn, project.id, ITEMS_MAX).await?);
    }
    items.truncate(ITEMS_MAX as usize);
    Ok(items)
}
