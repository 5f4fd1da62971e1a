//! `aurix trigger`

use anyhow::{anyhow, bail};
use clap::Args;

use super::api::{Api, of_project, part};
use super::elsewhere::Place;
use super::output::Output;
use super::post_here::{self, Posted, Taken, Where};
use crate::deliveries::emit::event_id;
use crate::deliveries::samples::sample;
use crate::domain::event::EventType;
use crate::domain::random::Random;
use crate::domain::time::Clock;
use crate::http::api::query::Page;
use crate::http::api::webhook_actions::TestedSample;
use crate::http::api::webhooks::WebhookBody;

#[derive(Args)]
pub struct Arguments {
    /// The event: lead.created, for example.
    event: String,
    /// Whose webhooks get it: those that take such events.
    #[arg(long, required_unless_present = "forward", conflicts_with = "forward")]
    project: Option<String>,
    #[command(flatten)]
    to: Where,
}

pub async fn run(arguments: Arguments, place: Place, output: &Output) -> anyhow::Result<()> {
    let known = || EventType::ALL.map(EventType::as_str).join(" ");
    let event_type = EventType::parse(&arguments.event)
        .ok_or_else(|| anyhow!("there is no event {:?}: use one of {}", arguments.event, known()))?;
    let taken = match (arguments.to.open()?, &arguments.project) {
        (Some(here), _) => {
            post_here::tell_secret(&here, output)?;
            let now = Clock::System.now();
            let event = sample(event_type, event_id(&Random::from_system(), now), now);
            let event_type = event.event_type.as_str().to_owned();
            here.post(&Posted { event_type, event_id: event.event_id, body: event.body }, output).await?
        }
        (None, Some(project)) => to_webhooks(project, event_type, place, output).await?,
        (None, None) => bail!("name a project with --project, or an address with --forward"),
    };
    if taken { Ok(()) } else { bail!("not taken: the lines above say why") }
}

/// Sends a sample to each webhook of a project that takes such events.
async fn to_webhooks(project: &str, event: EventType, place: Place, output: &Output) -> anyhow::Result<bool> {
    let (api, event) = (Api::at(place).await?, event.as_str());
    let all: Page<WebhookBody> = api.get(&format!("{}/webhooks", of_project(project))).await?;
    let taking: Vec<_> = all.data.iter().filter(|webhook| webhook.events.iter().any(|name| name == event)).collect();
    if taking.is_empty() {
        bail!("no webhook of the project takes {event}: `aurix webhook list` shows what they take");
    }
    let mut taken = true;
    for webhook in taking {
        post_here::say(&webhook.url, output)?;
        let path = format!("{}/webhooks/{}/test?event={event}", of_project(project), part(&webhook.id));
        let tested: Page<TestedSample> = api.post(&path).await?;
        for sample in tested.data {
            let posted = Posted { event_type: event.to_owned(), event_id: sample.event_id, body: String::new() };
            let at = sample.started_at.0;
            taken &= sample.delivered;
            let (status, duration_ms, error) = (sample.status_code, sample.duration_ms, sample.error);
            post_here::tell(&posted, &Taken { at, status, duration_ms, error }, output)?;
        }
    }
    Ok(taken)
}
