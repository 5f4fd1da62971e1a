//! `aurix listen`

use std::collections::VecDeque;
use std::io::BufRead as _;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use clap::Args;
use serde_json::Value;
use tokio::sync::mpsc;

use super::open_project;
use super::output::Output;
use super::post_here::{self, Here, Posted, Where};
use crate::config::{Config, credential};
use crate::core::Core;
use crate::domain::event::EventType;
use crate::domain::ids::ProjectId;
use crate::domain::time::Clock;
use crate::net::client::TIMEOUT_DEFAULT;
use crate::net::{AddressPolicy, Client, Method, Options, Request, Resolver};
use crate::store::events;
use crate::store::window::Position;

/// How long between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Events that a look finds.
const LOOK_MAX: u32 = 200;
/// Events that are known again.
const KNOWN_MAX: usize = 2_000;
/// Bytes of a look's answer from a server.
const ANSWER_BYTES_MAX: usize = 64 << 20;

#[derive(Args)]
pub struct Arguments {
    /// The project whose events are listened to.
    #[arg(long)]
    project: String,
    #[command(flatten)]
    to: Where,
    /// Only such events; repeat it for several.
    #[arg(long = "event", value_name = "EVENT")]
    events: Vec<String>,
    /// The address of a server, instead of the data of this machine: https://aurix.example.com.
    #[arg(long, value_name = "URL", requires = "token")]
    server: Option<String>,
    /// A token for that server, or `@FILE`: `aurix token create`, or the console's Account page, makes one.
    #[arg(long, value_name = "TEXT", requires = "server", env = "AURIX_TOKEN", hide_env_values = true)]
    token: Option<String>,
}

/// Where events come from.
enum Source {
    /// The data of this machine.
    Here(Core, ProjectId),
    /// A server's API.
    Server { client: Client, url: String, token: String },
}

pub async fn run(arguments: Arguments, config: Config, output: &Output) -> anyhow::Result<()> {
    for event in &arguments.events {
        let known = || EventType::ALL.map(EventType::as_str).join(" ");
        ensure!(EventType::parse(event).is_some(), "there is no event {event:?}: use one of {}", known());
    }
    let Some(here) = arguments.to.open()? else {
        bail!("say where events are posted to: --forward http://localhost:3000/hook")
    };
    let source = Source::open(&arguments, config).await?;
    post_here::tell_secret(&here, output)?;
    let mut listening = Listening { source, here, wanted: arguments.events, known: VecDeque::new(), last: None };
    listening.look(output, false).await?;
    post_here::say("Listening. Enter sends the last event again; Ctrl-C ends.", output)?;
    let mut pressed = lines();
    loop {
        tokio::select! {
            Some(()) = pressed.recv() => listening.again(output).await?,
            () = Clock::System.sleep(LOOK_EVERY) => listening.look(output, true).await?,
            _ = tokio::signal::ctrl_c() => return Ok(()),
        }
    }
}

/// A message for each line of standard input. None comes where it has ended.
fn lines() -> mpsc::Receiver<()> {
    let (send, receive) = mpsc::channel(16);
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            if line.is_err() || send.blocking_send(()).is_err() {
                return;
            }
        }
    });
    receive
}

struct Listening {
    source: Source,
    here: Here,
    wanted: Vec<String>,
    /// Ids of events that were seen, the oldest first.
    known: VecDeque<String>,
    last: Option<Posted>,
}

impl Listening {
    /// Looks for events that are new, and posts them in their order.
    async fn look(&mut self, output: &Output, posts: bool) -> anyhow::Result<()> {
        let mut found = match self.source.newest().await {
            Ok(found) => found,
            // The server may be starting anew.
            Err(error) if posts => return post_here::say(&format!("not looked: {error:#}"), output),
            Err(error) => return Err(error),
        };
        let is_new = |event: &Posted| !self.known.contains(&event.event_id);
        let all_new = found.iter().all(is_new) && found.len() >= LOOK_MAX as usize;
        found.retain(is_new);
        if posts && all_new {
            post_here::say("more came at once than a look finds: older ones are left out", output)?;
        }
        for event in found.into_iter().rev() {
            self.known.push_back(event.event_id.clone());
            if posts && (self.wanted.is_empty() || self.wanted.contains(&event.event_type)) {
                self.here.post(&event, output).await?;
                self.last = Some(event);
            }
        }
        let over = self.known.len().saturating_sub(KNOWN_MAX);
        self.known.drain(..over);
        Ok(())
    }

    async fn again(&self, output: &Output) -> anyhow::Result<()> {
        match &self.last {
            Some(event) => self.here.post(event, output).await.map(drop),
            None => post_here::say("Nothing came yet.", output),
        }
    }
}

impl Source {
    async fn open(arguments: &Arguments, config: Config) -> anyhow::Result<Self> {
        let (Some(server), Some(token)) = (&arguments.server, &arguments.token) else {
            let (core, project) = open_project(config, &arguments.project).await?;
            return Ok(Self::Here(core, project.id));
        };
        let project = &arguments.project;
        ensure!(project.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-'), "{project:?} is no project's id");
        let url = format!("{}/api/v1/projects/{project}/events?limit={LOOK_MAX}", server.trim_end_matches('/'));
        let token = credential(token).map_err(anyhow::Error::msg)?;
        let client = Client::new(AddressPolicy::trusted(), Resolver::System, Options::default());
        Ok(Self::Server { client, url, token })
    }

    /// The newest events, newest first.
    async fn newest(&self) -> anyhow::Result<Vec<Posted>> {
        match self {
            Self::Here(core, project) => {
                let project = *project;
                let newest =
                    core.db.read(async move |conn| Ok(events::page(conn, project, Position::NEWEST, LOOK_MAX).await?));
                Ok(newest.await?.into_iter().map(Posted::from).collect())
            }
            Self::Server { client, url, token } => {
                let request = Request {
                    method: Method::GET,
                    url: url.clone(),
                    headers: vec![("authorization".to_owned(), format!("Bearer {token}"))],
                    body: Default::default(),
                    timeout: TIMEOUT_DEFAULT,
                    response_bytes_max: ANSWER_BYTES_MAX,
                };
                let response = client.send(request).await.with_context(|| format!("asking {url}"))?;
                let answer: Value = serde_json::from_slice(&response.body).unwrap_or_default();
                let why = || answer["detail"].as_str().unwrap_or("and not as Aurix does").to_owned();
                ensure!(response.status == 200, "the server answered {}: {}", response.status, why());
                let events = answer["data"].as_array().context("the server's answer has no events")?;
                events.iter().map(Posted::of_api).collect()
            }
        }
    }
}
