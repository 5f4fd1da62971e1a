//! Posts events to a program that is being written, signed as deliveries are, and says how it took them.

use anyhow::{Context as _, ensure};
use bytes::Bytes;
use clap::Args;
use serde_json::{Value, json};

use super::output::{self, Output};
use crate::config::credential;
use crate::domain::delivery::AttemptOutcome;
use crate::domain::ids::ProjectId;
use crate::domain::random::Random;
use crate::domain::time::{Clock, Timestamp, with_milliseconds};
use crate::net::client::TIMEOUT_DEFAULT;
use crate::net::{AddressPolicy, Client, Options, Resolver, Target};
use crate::outbound::{self, Delivery};

/// Characters of a secret that is made.
const SECRET_CHARS: usize = 40;

#[derive(Args)]
pub struct Where {
    /// Where events are posted to: http://localhost:3000/hook, for example.
    #[arg(long, value_name = "URL")]
    forward: Option<String>,
    /// What they are signed with, or `@FILE` [default: made, and printed].
    #[arg(long, value_name = "TEXT", requires = "forward")]
    secret: Option<String>,
}

/// A program of whoever runs the command.
pub struct Here {
    url: String,
    /// What events are signed with.
    pub secret: String,
    client: Client,
    clock: Clock,
}

/// An event to post.
#[derive(Clone, Debug)]
pub struct Posted {
    /// `lead.created`, …
    pub event_type: String,
    /// `evt_…`
    pub event_id: String,
    /// JSON.
    pub body: String,
}

impl Posted {
    /// Reads an event as the API lists it.
    pub fn of_api(listed: &Value) -> anyhow::Result<Self> {
        let text =
            |name: &str| listed[name].as_str().map(str::to_owned).with_context(|| format!("an event without {name}"));
        Ok(Self { event_type: text("event_type")?, event_id: text("event_id")?, body: listed["body"].to_string() })
    }
}

impl Where {
    /// The program; `None` where none was named. Its address is one that whoever runs the command chose.
    pub fn open(&self) -> anyhow::Result<Option<Here>> {
        let Some(url) = &self.forward else { return Ok(None) };
        Target::parse(url, &AddressPolicy::trusted())
            .with_context(|| format!("--forward {url}: write http://HOST:PORT/PATH"))?;
        let given = self.secret.as_deref().map(|text| credential(text).map_err(anyhow::Error::msg)).transpose()?;
        let secret = given.unwrap_or_else(|| Random::from_system().token("", SECRET_CHARS));
        ensure!(!secret.is_empty(), "--secret is empty: leave it out, and one is made");
        let client = Client::new(AddressPolicy::trusted(), Resolver::System, Options::default());
        Ok(Some(Here { url: url.clone(), secret, client, clock: Clock::System }))
    }
}

impl Here {
    /// Posts an event, and prints how it was taken.
    pub async fn post(&self, event: &Posted, output: &Output) -> anyhow::Result<bool> {
        let now = self.clock.now();
        let delivery = Delivery {
            project: ProjectId::INSTANCE,
            url: &self.url,
            event_id: &event.event_id,
            body: Bytes::copy_from_slice(event.body.as_bytes()),
            secret: &self.secret,
            previous_secret: None,
            headers: &[],
            now,
            timeout: TIMEOUT_DEFAULT,
        };
        let attempt = outbound::post(&self.client, &delivery).await;
        let (status, error) = (attempt.status, attempt.outcome.error().map(str::to_owned));
        tell(event, &Taken { at: now, status, duration_ms: attempt.duration_ms, error }, output)?;
        Ok(attempt.outcome == AttemptOutcome::Delivered)
    }
}

/// How an event was taken.
pub struct Taken {
    pub at: Timestamp,
    pub status: Option<u16>,
    pub duration_ms: u64,
    pub error: Option<String>,
}

/// Prints how an event was taken.
pub fn tell(event: &Posted, taken: &Taken, output: &Output) -> anyhow::Result<()> {
    let Posted { event_type, event_id, .. } = event;
    let Taken { at, status, duration_ms: took, error } = taken;
    let object = json!({"at": with_milliseconds(*at), "event_type": event_type, "event_id": event_id,
                        "status": status, "duration_ms": took, "problem": error});
    output.print(&object, || {
        let how = match (status, error) {
            (Some(status), None) => format!("{status} in {took} ms"),
            (_, error) => format!("failed after {took} ms: {}", error.as_deref().unwrap_or_default()),
        };
        format!("{}  {event_type:<18} {event_id}  {how}", with_milliseconds(*at))
    })
}

/// Says what an event is signed with, where the program has to know it.
pub fn tell_secret(here: &Here, output: &Output) -> anyhow::Result<()> {
    output.print(&json!({"secret": here.secret}), || {
        format!("Signed with {} in X-Hub-Signature, and as Standard Webhooks do.", here.secret)
    })
}

/// Prints a line for people only.
pub fn say(text: &str, output: &Output) -> anyhow::Result<()> {
    if output.is_json() { Ok(()) } else { output::line(text) }
}
