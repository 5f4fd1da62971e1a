//! `aurix delivery`

use anyhow::{Context as _, bail, ensure};
use clap::Subcommand;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::actor;
use super::output::{self, Output};
use super::progress::Progress;
use crate::config::Config;
use crate::core::Core;
use crate::deliveries::resend::{resend_delivery, resend_failed};
use crate::deliveries::sent_body::{SentBody, sent_body};
use crate::domain::delivery::DeliveryStatus;
use crate::domain::ids::{DeliveryId, ProjectId, WebhookId};
use crate::domain::time::{Timestamp, with_microseconds};
use crate::outbound::Sent;
use crate::store::delivery_log::{self, Filter, LoggedAttempt, LoggedDelivery};

/// Deliveries that are listed.
const LISTED_MAX: i64 = 10_000;

#[derive(Subcommand)]
pub enum Command {
    /// Lists deliveries, newest first.
    ///
    /// `pending`: the next attempt is due at some time. `failed`: retries have ended. `cancelled`: the webhook was removed.
    #[command(after_help = "Example:\n  aurix delivery list --status failed --since 2026-01-31")]
    List {
        /// Only those of this webhook.
        #[arg(long)]
        webhook: Option<String>,
        /// Only events from this time on (ISO 8601).
        #[arg(long)]
        since: Option<String>,
        /// Only `pending`, `delivered`, `failed` or `cancelled` ones.
        #[arg(long, value_parser = ["pending", "delivered", "failed", "cancelled"])]
        status: Option<String>,
        /// The number of deliveries to list.
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=LISTED_MAX))]
        limit: u32,
    },
    /// Shows a delivery with every attempt: the request and the response.
    ///
    /// Response bodies are stored up to 16 KiB.
    #[command(after_help = "Example:\n  aurix delivery show 17")]
    Show {
        /// The delivery's id.
        id: DeliveryId,
    },
    /// Resends a delivery, or all failed ones of a webhook or since a time.
    ///
    /// Body and event id are the same as before, so that a receiver can skip what it has. Retries start from the beginning.
    #[command(
        after_help = "Examples:\n  aurix delivery resend 17\n  aurix delivery resend --webhook ID --since 2026-01-31T00:00:00Z"
    )]
    Resend {
        /// The delivery's id.
        #[arg(conflicts_with_all = ["webhook", "since"], required_unless_present_any = ["webhook", "since"])]
        id: Option<DeliveryId>,
        /// All failed ones of this webhook.
        #[arg(long)]
        webhook: Option<String>,
        /// All failed ones of events from this time on (ISO 8601).
        #[arg(long)]
        since: Option<String>,
    },
}

pub async fn run(command: Command, config: Config, output: &Output) -> anyhow::Result<()> {
    let core = crate::serve::open(config).await?;
    match command {
        Command::List { webhook, since, status, limit } => {
            if let Some(webhook) = &webhook {
                find_webhook(&core, webhook).await?;
            }
            let status = status.as_deref().and_then(DeliveryStatus::parse);
            let filter = Filter { webhook, status, since: since.as_deref().map(time).transpose()? };
            let rows = core.db.read(async move |conn| Ok(delivery_log::list(conn, &filter, limit).await?)).await?;
            let list: Vec<_> = rows.iter().map(to_json).collect();
            output.print(&json!({"deliveries": list}), || output::rows(&rows, to_text, "There is no such delivery."))
        }
        Command::Show { id } => show(&core, id, output).await,
        Command::Resend { id: Some(id), .. } => resend_one(&core, id, output).await,
        Command::Resend { webhook, since, .. } => {
            let since = since.as_deref().map(time).transpose()?.unwrap_or(Timestamp::UNIX_EPOCH);
            let resent = resend_all(&core, webhook, since).await?;
            output.print(&json!({"resent": resent}), || format!("{resent} deliveries are due now."))
        }
    }
}

/// A time, a time without an offset (UTC), or a day.
pub(super) fn time(text: &str) -> anyhow::Result<Timestamp> {
    let in_utc = |time: DateTime| time.to_zoned(TimeZone::UTC).ok().map(|time| time.timestamp());
    text.parse::<Timestamp>().ok().or_else(|| text.parse::<DateTime>().ok().and_then(in_utc)).with_context(|| {
        format!("{text:?} is not a time: write ISO 8601, for example 2026-01-31T10:00:00Z or 2026-01-31")
    })
}

async fn find_webhook(core: &Core, id: &str) -> anyhow::Result<(ProjectId, WebhookId)> {
    let wanted = id.to_owned();
    let found = core.db.read(async move |conn| Ok(delivery_log::webhook_key(conn, &wanted).await?)).await?;
    let none = || format!("there is no webhook {id:?}: `aurix webhook list --project ID` lists the webhooks");
    found.with_context(none)
}

async fn resend_one(core: &Core, id: DeliveryId, output: &Output) -> anyhow::Result<()> {
    let none = || format!("there is no delivery {id} that can be resent: `aurix delivery list` lists the deliveries");
    let project = core.db.read(async move |conn| Ok(delivery_log::project_of(conn, id).await?)).await?;
    let project = project.with_context(none)?;
    ensure!(resend_delivery(core, &actor(), project, id).await?, none());
    let row = core.db.read(async move |conn| Ok(delivery_log::find(conn, project, id).await?)).await?;
    output.print(&json!({"resent": 1}), || match row.filter(|row| !row.is_webhook_active) {
        Some(row) => format!("Delivery {id} waits for its webhook, which is off: aurix webhook enable {}", row.webhook),
        None => format!("Delivery {id} is due now."),
    })
}

async fn resend_all(core: &Core, webhook: Option<String>, since: Timestamp) -> anyhow::Result<u64> {
    let key = match webhook {
        Some(webhook) => Some(find_webhook(core, &webhook).await?),
        None => None,
    };
    let progress = Progress::counting();
    resend_failed(core, &actor(), key, since, |so_far| progress.set(format!("{so_far} deliveries"))).await
}

async fn show(core: &Core, id: DeliveryId, output: &Output) -> anyhow::Result<()> {
    let found = core
        .db
        .read(async move |conn| {
            let Some(project) = delivery_log::project_of(conn, id).await? else { return Ok(None) };
            let Some(row) = delivery_log::find(conn, project, id).await? else { return Ok(None) };
            let body = delivery_log::body(conn, project, id).await?;
            Ok(Some((project, row, body, delivery_log::attempts(conn, project, id).await?)))
        })
        .await?;
    let Some((project, row, body, attempts)) = found else {
        bail!("there is no delivery {id}: `aurix delivery list` lists the deliveries");
    };
    let mut object = to_json(&row);
    object["body"] = serde_json::from_str(&body)?;
    let last = attempts.last().and_then(|attempt| Sent::from_log(&attempt.sent)).and_then(|sent| sent.template);
    let sent = sent_body(core, project, &row.webhook, last, (&row.event_id, &body)).await?;
    if let SentBody::Made { body: Ok(made), .. } = &sent {
        object["sent_body"] = serde_json::from_str(made)?;
    }
    object["attempt_log"] = attempts.iter().map(|attempt| attempt_to_json(&row, attempt)).collect();
    output.print(&object, || {
        let attempts: Vec<_> = attempts.iter().map(|attempt| attempt_to_text(&row, attempt)).collect();
        format!("{}\n\nBody:\n  {body}\n{}\n{}", to_text(&row), sent_to_text(&sent), attempts.join("\n\n"))
    })
}

/// What the last attempt sent, where that is not the event as it is.
fn sent_to_text(sent: &SentBody) -> String {
    match sent {
        SentBody::Event => String::new(),
        SentBody::Made { version, body: Ok(body) } => {
            format!("\nSent by the last attempt, made by version {version} of the template:\n  {body}\n")
        }
        SentBody::Made { version, body: Err(error) } => {
            format!("\nNothing was sent: version {version} of the template failed: {error}\n")
        }
        SentBody::NotKept { version } => {
            format!("\nWhat was sent is not known any more: version {version} of the template is not kept.\n")
        }
    }
}

fn to_json(row: &LoggedDelivery) -> Value {
    // As text: a number of this size loses digits in JavaScript.
    json!({"id": row.id.to_string(), "webhook": row.webhook, "url": row.url, "event_id": row.event_id, "event_type": row.event_type,
           "status": row.status.as_str(), "attempts": row.attempts, "due_at": row.due_at.map(with_microseconds),
           "created_at": with_microseconds(row.created_at)})
}

fn to_text(row: &LoggedDelivery) -> String {
    let due = row.due_at.map(|due| format!("  next attempt {due:.0}")).unwrap_or_default();
    format!(
        "{}  {}  {}  {}  {} attempts{due}  {}",
        row.id,
        row.status.as_str(),
        row.event_type,
        row.event_id,
        row.attempts,
        row.url
    )
}

/// The headers of a request, as they were sent.
fn request_headers(row: &LoggedDelivery, attempt: &LoggedAttempt) -> Vec<(String, String)> {
    let sent = Sent::from_log(&attempt.sent);
    sent.map_or_else(Vec::new, |sent| sent.headers(&row.event_id, attempt.started_at))
}

fn attempt_to_json(row: &LoggedDelivery, attempt: &LoggedAttempt) -> Value {
    let headers = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_default();
    json!({"number": attempt.number, "started_at": with_microseconds(attempt.started_at),
           "duration_ms": attempt.duration_ms, "status_code": attempt.status_code, "problem": attempt.error,
           "request_headers": request_headers(row, attempt),
           "answer_headers": attempt.response_headers.as_deref().map(headers), "answer_body": attempt.response_body})
}

fn attempt_to_text(row: &LoggedDelivery, attempt: &LoggedAttempt) -> String {
    let lines = |list: Vec<(String, String)>| {
        list.iter().map(|(name, value)| format!("  {name}: {value}")).collect::<Vec<_>>().join("\n")
    };
    let headers = |text: &str| lines(serde_json::from_str(text).unwrap_or_default());
    let outcome = match (&attempt.error, attempt.status_code) {
        (Some(error), _) => error.clone(),
        (None, Some(status)) => format!("answered {status}"),
        (None, None) => String::new(),
    };
    let response = attempt.response_headers.as_deref().map(|text| {
        format!("\nResponse:\n{}\n  {}", headers(text), attempt.response_body.as_deref().unwrap_or_default())
    });
    format!(
        "Attempt {} at {:.3}, {} ms: {outcome}\nRequest:\n{}{}",
        attempt.number,
        attempt.started_at,
        attempt.duration_ms,
        lines(request_headers(row, attempt)),
        response.unwrap_or_default()
    )
}
