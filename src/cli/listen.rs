//! `aurix listen`

use std::collections::VecDeque;
use std::io::BufRead as _;
use std::time::Duration;

use anyhow::{bail, ensure};
use clap::Args;
use serde_json::Value;
use tokio::sync::mpsc;

use super::api::{Api, of_project};
use super::elsewhere::Place;
use super::output::Output;
use super::post_here::{self, Here, Posted, Where};
use crate::domain::event::EventType;
use crate::domain::time::Clock;
use crate::http::api::query::Page;

/// How long between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Events that a look finds.
const LOOK_MAX: usize = 200;
/// Events that are known again.
const KNOWN_MAX: usize = 2_000;

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
}

pub async fn run(arguments: Arguments, place: Place, output: &Output) -> anyhow::Result<()> {
    for event in &arguments.events {
        let known = || EventType::ALL.map(EventType::as_str).join(" ");
        ensure!(EventType::parse(event).is_some(), "there is no event {event:?}: use one of {}", known());
    }
    let Some(here) = arguments.to.open()? else {
        bail!("say where events are posted to: --forward http://localhost:3000/hook")
    };
    let (api, path) = (Api::at(place).await?, format!("{}/events?limit={LOOK_MAX}", of_project(&arguments.project)));
    post_here::tell_secret(&here, output)?;
    let mut listening = Listening { api, path, here, wanted: arguments.events, known: VecDeque::new(), last: None };
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
    api: Api,
    /// Of the newest events.
    path: String,
    here: Here,
    wanted: Vec<String>,
    /// Ids of events that were seen, the oldest first.
    known: VecDeque<String>,
    last: Option<Posted>,
}

impl Listening {
    /// Looks for events that are new, and posts them in their order.
    async fn look(&mut self, output: &Output, posts: bool) -> anyhow::Result<()> {
        let mut found = match self.newest().await {
            Ok(found) => found,
            // The server may be starting anew.
            Err(error) if posts => return post_here::say(&format!("not looked: {error:#}"), output),
            Err(error) => return Err(error),
        };
        let is_new = |event: &Posted| !self.known.contains(&event.event_id);
        let all_new = found.iter().all(is_new) && found.len() >= LOOK_MAX;
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

    /// The newest events, newest first.
    async fn newest(&self) -> anyhow::Result<Vec<Posted>> {
        let page: Page<Value> = self.api.get(&self.path).await?;
        page.data.iter().map(Posted::of_api).collect()
    }

    async fn again(&self, output: &Output) -> anyhow::Result<()> {
        match &self.last {
            Some(event) => self.here.post(event, output).await.map(drop),
            None => post_here::say("Nothing came yet.", output),
        }
    }
}
