//! `aurix webhook template`

use std::io::Read as _;

use anyhow::{Context as _, bail, ensure};
use clap::Subcommand;
use serde_json::json;

use super::api::Api;
use super::found;
use super::output::Output;
use crate::deliveries::samples::EventChoice;
use crate::domain::event::EventType;
use crate::http::api::templates::{PreviewBody, PreviewTemplate, PutTemplate, TemplateBody};
use crate::http::api::webhooks::WebhookBody;
use crate::net::Method;
use crate::outbound::receivers::Receiver;
use crate::outbound::template::TEMPLATE_BYTES_MAX;

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

pub async fn run(command: Command, api: &Api, output: &Output) -> anyhow::Result<()> {
    match command {
        Command::Set { id, file, starter } => {
            let template = match (file, starter) {
                (Some(file), _) => read(&file)?,
                (None, starter) => starter_text(&starter.unwrap_or_default())?,
            };
            let (path, _) = found::webhook(api, &id).await?;
            let set = api.send(Method::PUT, &format!("{path}/template"), &PutTemplate { template }).await?;
            let TemplateBody { version, .. } = set;
            output.print(&json!({"id": id, "version": version}), || {
                let version = version.unwrap_or_default();
                format!("Version {version} of the template is in use. Try it:\n  aurix webhook test {id}")
            })
        }
        Command::Show { id } => {
            let (path, _) = found::webhook(api, &id).await?;
            let TemplateBody { version, template } = api.get(&format!("{path}/template")).await?;
            output.print(&json!({"id": id, "version": version, "template": template}), || {
                template.clone().unwrap_or_else(|| "The webhook has no template: events go as they are.".to_owned())
            })
        }
        Command::Remove { id } => {
            let (path, _) = found::webhook(api, &id).await?;
            let removed = api.delete(&format!("{path}/template")).await;
            let () = removed.map_err(|refused| refused.missing(|| "the webhook has no template".to_owned()))?;
            output.print(&json!({"id": id, "version": null}), || format!("Webhook {id} sends events as they are."))
        }
        Command::Preview { id, file, event } => {
            let text = file.map(|file| read(&file)).transpose()?;
            preview(api, &id, (text, event), output).await
        }
    }
}

async fn preview(
    api: &Api,
    id: &str,
    (template, event): (Option<String>, Option<String>),
    output: &Output,
) -> anyhow::Result<()> {
    let (path, webhook) = found::webhook(api, id).await?;
    let choice = event.map_or_else(|| first_sample(&webhook), |event| choice_of(&event))?;
    let has_template = template.is_some() || webhook.template_version.is_some();
    ensure!(has_template, "the webhook has no template: name a file with one");
    let body = PreviewTemplate { template, event: Some(choice.word()) };
    let preview: PreviewBody = api.send(Method::POST, &format!("{path}/template/preview"), &body).await?;
    let object = json!({"id": id, "event": preview.event, "body": preview.body, "unknown": preview.unknown});
    output.print(&object, || {
        let unknown = preview.unknown.iter().map(|field| format!("\n{field} is in none of the webhook's events."));
        format!("{}{}", preview.body.get(), unknown.collect::<String>())
    })
}

fn first_sample(webhook: &WebhookBody) -> anyhow::Result<EventChoice> {
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
