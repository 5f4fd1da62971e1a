//! `aurix webhook template`

use std::io::Read as _;

use anyhow::{Context as _, anyhow, bail, ensure};
use clap::Subcommand;
use serde_json::{Value, json};

use super::output::Output;
use super::{actor, open_webhook};
use crate::config::Config;
use crate::deliveries::samples::EventChoice;
use crate::domain::event::EventType;
use crate::outbound::receivers::Receiver;
use crate::outbound::template::TEMPLATE_BYTES_MAX;
use crate::projects::preview_template::preview_template;
use crate::projects::set_template::{remove_template, set_template};
use crate::store::webhooks::Webhook;

#[derive(Subcommand)]
pub enum Command {
    /// Gives a webhook a payload template: what makes the body of its requests.
    ///
    /// The template is checked with samples of the events that the webhook receives: what comes of it has to be JSON. It is used
    /// from the next attempt on. docs/templates.md has the variables and filters.
    #[command(
        after_help = "Examples:\n  echo '{\"text\": \"New lead: {{ lead.name }}\"}' | aurix webhook template set WEBHOOK_ID -\n  aurix webhook template set WEBHOOK_ID --starter hubspot\nStarters: hubspot pipedrive amocrm bitrix24 notion slack telegram."
    )]
    Set {
        /// The webhook's id.
        id: String,
        /// The file with the template; `-` for standard input.
        #[arg(required_unless_present = "starter")]
        file: Option<String>,
        /// The template of a receiver that many people have.
        #[arg(long, value_name = "RECEIVER", conflicts_with = "file")]
        starter: Option<String>,
    },
    /// Shows the payload template of a webhook.
    #[command(after_help = "Example:\n  aurix webhook template show WEBHOOK_ID > template.json.jinja")]
    Show {
        /// The webhook's id.
        id: String,
    },
    /// Removes the payload template of a webhook: events go as they are, from the next attempt on.
    #[command(after_help = "Example:\n  aurix webhook template remove WEBHOOK_ID")]
    Remove {
        /// The webhook's id.
        id: String,
    },
    /// Shows what a template makes of an event; nothing is stored or sent.
    ///
    /// The exit code is 1 if it makes no body.
    #[command(
        after_help = "Example:\n  aurix webhook template preview WEBHOOK_ID template.json.jinja --event newest:lead.created"
    )]
    Preview {
        /// The webhook's id.
        id: String,
        /// A file with a template that is not set yet; `-` for standard input [default: the webhook's].
        file: Option<String>,
        /// `sample:EVENT`, or `newest:EVENT` for the newest real one [default: a sample of the webhook's first event].
        #[arg(long)]
        event: Option<String>,
    },
}

pub async fn run(command: Command, config: Config, output: &Output) -> anyhow::Result<()> {
    match command {
        Command::Set { id, file, starter } => {
            let text = match (file, starter) {
                (Some(file), _) => read(&file)?,
                (None, starter) => starter_text(&starter.unwrap_or_default())?,
            };
            let (core, webhook) = open_webhook(config, &id).await?;
            let version = set_template(&core, &actor(), &webhook, &text).await?;
            let version = version.context("the webhook was removed")?;
            output.print(&json!({"id": id, "version": version}), || {
                format!("Version {version} of the template is in use. Try it:\n  aurix webhook test {id}")
            })
        }
        Command::Show { id } => {
            let (_, webhook) = open_webhook(config, &id).await?;
            let template = webhook.template;
            let object = json!({"id": id, "version": template.as_ref().map(|it| it.version),
                                "template": template.as_ref().map(|it| &it.text)});
            output.print(&object, || {
                template.map_or_else(|| "The webhook has no template: events go as they are.".to_owned(), |it| it.text)
            })
        }
        Command::Remove { id } => {
            let (core, webhook) = open_webhook(config, &id).await?;
            let is_removed = remove_template(&core, &actor(), webhook.project, webhook.id).await?;
            ensure!(is_removed, "the webhook has no template");
            output.print(&json!({"id": id, "version": null}), || format!("Webhook {id} sends events as they are."))
        }
        Command::Preview { id, file, event } => {
            let text = file.map(|file| read(&file)).transpose()?;
            preview(config, &id, (text, event), output).await
        }
    }
}

async fn preview(
    config: Config,
    id: &str,
    (text, event): (Option<String>, Option<String>),
    output: &Output,
) -> anyhow::Result<()> {
    let (core, webhook) = open_webhook(config, id).await?;
    let choice = event.map_or_else(|| first_sample(&webhook), |event| choice_of(&event))?;
    let text = text.or_else(|| webhook.template.as_ref().map(|template| template.text.clone()));
    let text = text.context("the webhook has no template: name a file with one")?;
    let preview = preview_template(&core, &webhook, &text, choice).await?;
    let preview = preview.context("there is no real event of this kind yet: choose a sample")?;
    let made = preview.made.map_err(|error| anyhow!("the template makes no body of {}: {error}", choice.word()))?;
    let object = json!({"id": id, "event": serde_json::from_str::<Value>(&preview.event)?,
                        "body": serde_json::from_str::<Value>(&made)?, "unknown": preview.unknown});
    output.print(&object, || {
        let unknown = preview.unknown.iter().map(|field| format!("\n{field} is in none of the webhook's events."));
        format!("{made}{}", unknown.collect::<String>())
    })
}

fn first_sample(webhook: &Webhook) -> anyhow::Result<EventChoice> {
    let first = webhook.events.first().and_then(|word| EventType::parse(word));
    Ok(EventChoice::Sample(first.context("the webhook is subscribed to no event")?))
}

fn choice_of(text: &str) -> anyhow::Result<EventChoice> {
    let none = || {
        let events = EventType::ALL.map(EventType::as_str).join(" ");
        format!("{text:?} is no event: write sample:EVENT or newest:EVENT. Events: {events}")
    };
    EventChoice::parse(text).with_context(none)
}

fn starter_text(name: &str) -> anyhow::Result<String> {
    let with_template = |receiver: &Receiver| receiver.guide().template.is_some();
    match Receiver::parse(name).and_then(|receiver| receiver.guide().template) {
        Some(template) => Ok(template.trim_end().to_owned()),
        None => {
            let names: Vec<_> = Receiver::ALL.into_iter().filter(with_template).map(Receiver::as_str).collect();
            bail!("there is no starter {name:?}: choose from {}", names.join(", "))
        }
    }
}

/// A file, or standard input; one that is too long is not read whole.
fn read(file: &str) -> anyhow::Result<String> {
    let most = u64::try_from(TEMPLATE_BYTES_MAX)? + 1;
    let mut text = String::new();
    if file == "-" {
        std::io::stdin().lock().take(most).read_to_string(&mut text).context("reading standard input")?;
    } else {
        let opened = std::fs::File::open(file).with_context(|| format!("cannot read {file}"))?;
        opened.take(most).read_to_string(&mut text).with_context(|| format!("cannot read {file}"))?;
    }
    Ok(text.replace("\r\n", "\n").trim().to_owned())
}
