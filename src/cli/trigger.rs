//! `aurix trigger`

use anyhow::{anyhow, bail};
use clap::Args;

use super::output::Output;
use super::post_here::{self, Posted, Where};
use super::{actor, open_project};
use crate::config::Config;
use crate::deliveries::emit::event_id;
use crate::deliveries::samples::{EventChoice, sample};
use crate::deliveries::test_webhook::test_event;
use crate::domain::event::EventType;
use crate::domain::random::Random;
use crate::domain::time::Clock;
use crate::store::webhooks;

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

pub async fn run(arguments: Arguments, config: Config, output: &Output) -> anyhow::Result<()> {
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
        (None, Some(project)) => to_webhooks(project, event_type, config, output).await?,
        (None, None) => bail!("name a project with --project, or an address with --forward"),
    };
    if taken { Ok(()) } else { bail!("not taken: the lines above say why") }
}

/// Sends a sample to each webhook of a project that takes such events.
async fn to_webhooks(project: &str, event: EventType, config: Config, output: &Output) -> anyhow::Result<bool> {
    let (core, project) = open_project(config, project).await?;
    let all = core.db.read(async move |conn| Ok(webhooks::list(conn, project.id).await?)).await?;
    let takes = |webhook: &&webhooks::Webhook| webhook.events.iter().any(|name| name == event.as_str());
    let taking: Vec<_> = all.iter().filter(takes).collect();
    if taking.is_empty() {
        bail!("no webhook of the project takes {}: `aurix webhook list` shows what they take", event.as_str());
    }
    let mut taken = true;
    for webhook in taking {
        post_here::say(&webhook.url, output)?;
        let Some(tested) = test_event(&core, &actor(), webhook, EventChoice::Sample(event)).await? else { continue };
        let event = Posted { event_type: event.as_str().to_owned(), event_id: tested.event_id, body: String::new() };
        post_here::tell(&event, &tested.attempt, tested.started_at, output)?;
        taken &= tested.attempt.outcome.error().is_none();
    }
    Ok(taken)
}
