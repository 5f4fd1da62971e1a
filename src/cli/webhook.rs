//! `aurix webhook`

use anyhow::{Context as _, anyhow, ensure};
use clap::Subcommand;
use serde_json::json;

use super::api::{Api, of_project};
use super::elsewhere::Place;
use super::found;
use super::output::{self, Output};
use super::progress::Progress;
use super::webhook_template;
use crate::config::credential;
use crate::domain::delivery::Policy;
use crate::http::api::query::Page;
use crate::http::api::webhook_actions::{ResumeWebhook, TestedSample};
use crate::http::api::webhooks::{ChangeWebhook, CreateWebhook, HeaderBody, WebhookBody, WebhookSecret};
use crate::net::Method;
use crate::projects::pause_webhook::Waiting;
use crate::store::webhooks::title;

#[derive(Subcommand)]
pub enum Command {
    /// Adds a webhook and prints its secret.
    ///
    /// Every delivery is a POST of JSON, signed with the secret in `x-hub-signature` and in the headers of Standard Webhooks.
    /// Deliveries go to public https addresses only; AURIX_ALLOW_NETWORKS and AURIX_ALLOW_HTTP allow others.
    #[command(
        after_help = "Example:\n  aurix webhook add --project ID --url https://crm.example.com/hook \\\n    --event lead.created --header 'Authorization: Bearer T'\nEvents: widget.click lead.correlated lead.created lead.complete (these four, if none is named) lead.updated lead.stage_changed\n        lead.abandoned;\n        or attention.opened attention.closed, in a webhook of their own."
    )]
    Add {
        /// The project.
        #[arg(long)]
        project: String,
        /// The URL that events are posted to.
        #[arg(long)]
        url: String,
        /// What people call it [default: the host of the URL].
        #[arg(long)]
        name: Option<String>,
        /// An event to deliver; repeat it for several.
        #[arg(long = "event", value_name = "EVENT")]
        events: Vec<String>,
        /// A header to send, as 'Name: value', `@FILE`, or `@-` for standard input; repeat it for several.
        #[arg(long = "header", value_name = "HEADER")]
        headers: Vec<String>,
        /// What happens when a delivery fails: `retry` for two days, or `none`.
        #[arg(long, default_value = "retry")]
        policy: String,
        /// Rate limit: deliveries per second, over all nodes [default: none].
        #[arg(long, value_name = "PER_SECOND")]
        rate: Option<u32>,
        /// Concurrency limit: deliveries in flight at once, over all nodes [default: adapts to how the endpoint responds].
        #[arg(long, value_name = "AT_ONCE")]
        concurrency: Option<u32>,
    },
    /// Sets the rate limit and the concurrency limit of a webhook.
    ///
    /// A limit that is not given is removed. Deliveries above the limits wait, in order; retries count too. The limits hold
    /// over all nodes, within a second after they are set.
    #[command(after_help = "Example:\n  aurix webhook limit WEBHOOK_ID --rate 10 --concurrency 2")]
    Limit {
        /// The webhook's id.
        id: String,
        /// Deliveries per second.
        #[arg(long, value_name = "PER_SECOND")]
        rate: Option<u32>,
        /// Deliveries in flight at once.
        #[arg(long, value_name = "AT_ONCE")]
        concurrency: Option<u32>,
    },
    /// Lists the webhooks of a project, including those that partners registered.
    ///
    /// One that is off shows the reason: by hand, after 410 Gone, or after five days of failures.
    #[command(after_help = "Example:\n  aurix webhook list --project ID")]
    List {
        /// The project.
        #[arg(long)]
        project: String,
    },
    /// Sends a sample of each event and shows the responses.
    ///
    /// Samples are sent as real deliveries are, but not stored. The exit code is 1 if one would not count as delivered.
    #[command(after_help = "Example:\n  aurix webhook test WEBHOOK_ID")]
    Test {
        /// The webhook's id.
        id: String,
    },
    /// Turns a webhook on; pending deliveries are sent at once.
    ///
    /// Failed ones are not: `delivery resend` resends them.
    #[command(after_help = "Example:\n  aurix webhook enable WEBHOOK_ID")]
    Enable {
        /// The webhook's id.
        id: String,
    },
    /// Turns a webhook off; its pending deliveries wait.
    ///
    /// Events that happen while it is off are never delivered to it.
    #[command(after_help = "Example:\n  aurix webhook disable WEBHOOK_ID")]
    Disable {
        /// The webhook's id.
        id: String,
    },
    /// Pauses a webhook; deliveries are made for it and wait.
    ///
    /// Unlike with `disable`, events that happen while it is paused are delivered once it is resumed.
    #[command(after_help = "Example:\n  aurix webhook pause WEBHOOK_ID")]
    Pause {
        /// The webhook's id.
        id: String,
    },
    /// Resumes a paused webhook; deliveries that wait are sent, or cancelled with `--skip`.
    #[command(after_help = "Example:\n  aurix webhook resume WEBHOOK_ID --skip")]
    Resume {
        /// The webhook's id.
        id: String,
        /// Cancel what waits.
        #[arg(long)]
        skip: bool,
    },
    /// Gives a webhook a new secret; deliveries are signed with the old one too for 24 hours.
    ///
    /// In that time `webhook-signature` carries both signatures; `x-hub-signature` uses the new secret at once.
    #[command(after_help = "Example:\n  aurix webhook rotate WEBHOOK_ID")]
    Rotate {
        /// The webhook's id.
        id: String,
    },
    /// Sets, shows, previews and removes the payload template of a webhook.
    ///
    /// Without one the receiver gets events as they are.
    #[command(
        subcommand,
        after_help = "Example:\n  echo '{\"text\": \"New lead: {{ lead.name }}\"}' | aurix webhook template set WEBHOOK_ID -"
    )]
    Template(webhook_template::Command),
    /// Removes a webhook and cancels its pending deliveries.
    ///
    /// The log of past deliveries stays.
    #[command(after_help = "Example:\n  aurix webhook remove WEBHOOK_ID")]
    Remove {
        /// The webhook's id.
        id: String,
    },
}

pub async fn run(command: Command, place: Place, output: &Output) -> anyhow::Result<()> {
    let api = Api::at(place).await?;
    match command {
        Command::Add { project, url, name, events, headers, policy, rate, concurrency } => {
            let policy =
                Policy::parse(&policy).with_context(|| format!("`{policy}` is not a policy: choose retry or none"))?;
            let new = CreateWebhook {
                url,
                name,
                events: Some(events),
                headers: Some(headers.iter().map(|header| split(header)).collect::<anyhow::Result<_>>()?),
                policy: Some(policy.as_str().to_owned()),
                rate_per_second: rate,
                concurrency,
            };
            let added: WebhookSecret =
                api.send(Method::POST, &format!("{}/webhooks", of_project(&project)), &new).await?;
            output.print(&json!({"id": added.id, "secret": added.secret}), || {
                format!(
                    "Webhook {} is on. Its secret, which signs every delivery:\n  {}\nTry it:\n  aurix webhook test {}",
                    added.id, added.secret, added.id
                )
            })
        }
        Command::List { project } => {
            let page: Page<WebhookBody> = api.get(&format!("{}/webhooks", of_project(&project))).await?;
            let list: Vec<_> = page.data.iter().map(to_json).collect();
            output.print(&json!({"webhooks": list}), || {
                let none = "There is no webhook yet: aurix webhook add --project ID --url https://…";
                output::rows(&page.data, to_text, none)
            })
        }
        Command::Template(command) => webhook_template::run(command, &api, output).await,
        Command::Test { id } => test(&api, &id, output).await,
        Command::Enable { id } => set_active(&api, &id, true, output).await,
        Command::Disable { id } => set_active(&api, &id, false, output).await,
        Command::Pause { id } => pause(&api, &id, output).await,
        Command::Resume { id, skip } => resume(&api, (&id, skip), output).await,
        Command::Limit { id, rate, concurrency } => {
            let (path, _) = found::webhook(&api, &id).await?;
            let body = ChangeWebhook {
                rate_per_second: Some(rate),
                concurrency: Some(concurrency),
                ..ChangeWebhook::default()
            };
            let _: WebhookBody = api.send(Method::PATCH, &path, &body).await?;
            output.print(&json!({"id": id, "rate": rate, "concurrency": concurrency}), || {
                format!("Webhook {id}: {}.", limits_to_text(rate, concurrency))
            })
        }
        Command::Rotate { id } => {
            let (path, _) = found::webhook(&api, &id).await?;
            let WebhookSecret { secret, .. } = api.post(&format!("{path}/rotate-secret")).await?;
            output.print(&json!({"id": id, "secret": secret}), || {
                format!("The new secret:\n  {secret}\nFor 24 hours deliveries carry the signature of the old one too.")
            })
        }
        Command::Remove { id } => {
            let (path, _) = found::webhook(&api, &id).await?;
            let () = api.delete(&path).await?;
            output.print(&json!({"id": id, "removed": true}), || format!("Webhook {id} is removed."))
        }
    }
}

fn split(header: &str) -> anyhow::Result<HeaderBody> {
    let header = credential(header).map_err(|why| anyhow!("--header: {why}"))?;
    let (name, value) =
        header.split_once(':').with_context(|| format!("{header:?} is not a header: write 'Name: value'"))?;
    Ok(HeaderBody { name: name.trim().to_owned(), value: Some(value.trim().to_owned()) })
}

async fn test(api: &Api, id: &str, output: &Output) -> anyhow::Result<()> {
    let (path, _) = found::webhook(api, id).await?;
    let progress = Progress::waiting("waiting for the response");
    let tested: Page<TestedSample> = api.post(&format!("{path}/test")).await?;
    let tested = tested.data;
    drop(progress);
    let list: Vec<_> = tested.iter().map(test_to_json).collect();
    output.print(&json!({"id": id, "tests": list}), || {
        output::rows(&tested, test_to_text, "The webhook is subscribed to no event.")
    })?;
    let failed = tested.iter().filter(|test| !test.delivered).count();
    ensure!(failed == 0, "{failed} of {} samples would not count as delivered", tested.len());
    Ok(())
}

async fn pause(api: &Api, id: &str, output: &Output) -> anyhow::Result<()> {
    let (path, webhook) = found::webhook(api, id).await?;
    let is_on = webhook.is_active && webhook.paused_at.is_none();
    ensure!(is_on, "the webhook is off, or paused already");
    let _: WebhookBody = api.post(&format!("{path}/pause")).await?;
    output.print(&json!({"id": id, "paused": true}), || format!("Webhook {id} is paused: deliveries wait."))
}

async fn resume(api: &Api, (id, skips): (&str, bool), output: &Output) -> anyhow::Result<()> {
    let (path, webhook) = found::webhook(api, id).await?;
    ensure!(webhook.paused_at.is_some(), "the webhook is not paused");
    let waiting = if skips { Waiting::Skip } else { Waiting::Send };
    let body = ResumeWebhook { waiting: waiting.as_str().to_owned() };
    let _: WebhookBody = api.send(Method::POST, &format!("{path}/resume"), &body).await?;
    output.print(&json!({"id": id, "paused": false}), || format!("Webhook {id} is on."))
}

async fn set_active(api: &Api, id: &str, is_active: bool, output: &Output) -> anyhow::Result<()> {
    let (path, _) = found::webhook(api, id).await?;
    let way = if is_active { "enable" } else { "disable" };
    let _: WebhookBody = api.post(&format!("{path}/{way}")).await?;
    output.print(&json!({"id": id, "is_active": is_active}), || {
        format!("Webhook {id} is {}.", if is_active { "on" } else { "off" })
    })
}

fn to_json(row: &WebhookBody) -> serde_json::Value {
    json!({"id": row.id, "url": row.url, "events": row.events, "policy": row.policy,
           "name": title(&row.name, &row.url), "is_active": row.is_active, "paused": row.paused_at.is_some(),
           "off_reason": row.off_reason, "service_name": row.service_name,
           "rate": row.rate_per_second, "concurrency": row.concurrency, "template_version": row.template_version})
}

fn limits_to_text(rate: Option<u32>, concurrency: Option<u32>) -> String {
    let rate = rate.map(|rate| format!("at most {rate} a second"));
    let concurrency = concurrency.map(|most| format!("at most {most} at once"));
    let limits: Vec<String> = rate.into_iter().chain(concurrency).collect();
    if limits.is_empty() { "no limits".to_owned() } else { limits.join(", ") }
}

fn to_text(row: &WebhookBody) -> String {
    let state = match (row.is_active, &row.off_reason) {
        (true, _) if row.paused_at.is_some() => "paused".to_owned(),
        (true, _) => "on".to_owned(),
        (false, Some(reason)) => format!("off: {reason}"),
        (false, None) => "off".to_owned(),
    };
    let is_limited = row.rate_per_second.is_some() || row.concurrency.is_some();
    let limits =
        if is_limited { format!("  {}", limits_to_text(row.rate_per_second, row.concurrency)) } else { String::new() };
    format!("{}  {}  {}  {state}{limits}", row.id, row.url, row.events.join(","))
}

fn test_to_json(test: &TestedSample) -> serde_json::Value {
    json!({"event_type": test.event_type, "event_id": test.event_id, "delivered": test.delivered,
           "status_code": test.status_code, "duration_ms": test.duration_ms, "answer_body": test.response_body,
           "problem": test.error})
}

fn test_to_text(test: &TestedSample) -> String {
    let how = match (&test.error, test.status_code) {
        (Some(error), _) => format!("failed: {error}"),
        (None, Some(status)) => format!("delivered, {status} in {} ms", test.duration_ms),
        (None, None) => "delivered".to_owned(),
    };
    format!("{}  {how}", test.event_type)
}
