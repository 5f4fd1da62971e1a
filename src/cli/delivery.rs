//! `aurix delivery`

use std::io::IsTerminal as _;

use anyhow::{Context as _, bail};
use clap::Subcommand;
use indicatif::ProgressBar;
use serde_json::{Value, json};

use super::output::Output;
use crate::app::App;
use crate::config::Config;
use crate::domain::time::{Timestamp, with_microseconds};
use crate::flows::resend_delivery::{resend_delivery, resend_failed};
use crate::store::delivery_log::{self, Filter, LoggedAttempt, LoggedDelivery};

#[derive(Subcommand)]
pub enum Command {
    /// Lists deliveries, newest first.
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
        /// At most so many.
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// Shows a delivery with every attempt: what was sent, what was answered.
    #[command(after_help = "Example:\n  aurix delivery show 17")]
    Show {
        /// The delivery's id.
        id: i64,
    },
    /// Sends a delivery again, or all of a webhook that failed since a time.
    #[command(
        after_help = "Examples:\n  aurix delivery resend 17\n  aurix delivery resend --webhook ID --since 2026-01-31T00:00:00Z"
    )]
    Resend {
        /// The delivery's id.
        #[arg(conflicts_with_all = ["webhook", "since"], required_unless_present = "webhook")]
        id: Option<i64>,
        /// All failed ones of this webhook.
        #[arg(long, requires = "since")]
        webhook: Option<String>,
        /// Of events from this time on (ISO 8601).
        #[arg(long, requires = "webhook")]
        since: Option<String>,
    },
}

pub async fn run(command: Command, config: Config, output: &Output) -> anyhow::Result<()> {
    let app = crate::serve::open(config).await?;
    match command {
        Command::List { webhook, since, status, limit } => {
            let filter = Filter { webhook, status, since: since.as_deref().map(time).transpose()? };
            let rows = app.db.read(async move |conn| Ok(delivery_log::list(conn, &filter, limit).await?)).await?;
            let list: Vec<_> = rows.iter().map(shown).collect();
            output.print(&json!({"deliveries": list}), || rows.iter().map(told).collect::<Vec<_>>().join("\n"))
        }
        Command::Show { id } => show(&app, id, output).await,
        Command::Resend { id: Some(id), .. } => {
            if !resend_delivery(&app, id).await? {
                bail!("there is no delivery {id} that can be sent: `aurix delivery list` shows those that there are");
            }
            output.print(&json!({"resent": 1}), || format!("Delivery {id} is due now."))
        }
        Command::Resend { webhook, since, .. } => {
            let (webhook, since) = (webhook.context("--webhook is missing")?, since.context("--since is missing")?);
            let resent = resend_all(&app, webhook, time(&since)?).await?;
            output.print(&json!({"resent": resent}), || format!("{resent} deliveries are due now."))
        }
    }
}

fn time(text: &str) -> anyhow::Result<Timestamp> {
    let date = || {
        text.parse::<jiff::civil::Date>().ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
    };
    let civil = || {
        text.parse::<jiff::civil::DateTime>()
            .ok()?
            .to_zoned(jiff::tz::TimeZone::UTC)
            .ok()
            .map(|zoned| zoned.timestamp())
    };
    text.parse()
        .ok()
        .or_else(|| if text.len() > 10 { civil() } else { date() })
        .with_context(|| format!("{text:?} is no time: write ISO 8601, for example 2026-01-31T10:00:00Z or 2026-01-31"))
}

async fn resend_all(app: &App, webhook: String, since: Timestamp) -> anyhow::Result<u64> {
    let wanted = webhook.clone();
    let found = app.db.read(async move |conn| Ok(delivery_log::webhook_key(conn, &wanted).await?)).await?;
    let (_, key) = found.with_context(|| format!("there is no webhook {webhook:?}"))?;
    let bar = if std::io::stderr().is_terminal() { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
    let resent = resend_failed(app, key, since, |so_far| bar.set_message(format!("{so_far} deliveries"))).await;
    bar.finish_and_clear();
    resent
}

async fn show(app: &App, id: i64, output: &Output) -> anyhow::Result<()> {
    let found = app
        .db
        .read(async move |conn| match delivery_log::find(conn, id).await? {
            Some(row) => Ok(Some((row, delivery_log::body(conn, id).await?, delivery_log::attempts(conn, id).await?))),
            None => Ok(None),
        })
        .await?;
    let Some((row, body, attempts)) = found else {
        bail!("there is no delivery {id}: `aurix delivery list` shows those that there are");
    };
    let mut object = shown(&row);
    object["body"] = serde_json::from_str(&body)?;
    object["attempt_log"] = attempts.iter().map(attempt_shown).collect();
    output.print(&object, || {
        let attempts: Vec<_> = attempts.iter().map(attempt_told).collect();
        format!("{}\n\nBody:\n  {body}\n\n{}", told(&row), attempts.join("\n\n"))
    })
}

fn shown(row: &LoggedDelivery) -> Value {
    json!({"id": row.id, "webhook": row.webhook, "url": row.url, "event_id": row.event_id, "event_type": row.event_type,
           "status": row.status, "attempts": row.attempts, "due_at": row.due_at.map(with_microseconds),
           "created_at": with_microseconds(row.created_at)})
}

fn told(row: &LoggedDelivery) -> String {
    let due = row.due_at.map(|due| format!("  next attempt {due:.0}")).unwrap_or_default();
    format!(
        "{}  {}  {}  {}  {} attempts{due}  {}",
        row.id, row.status, row.event_type, row.event_id, row.attempts, row.url
    )
}

fn attempt_shown(attempt: &LoggedAttempt) -> Value {
    let headers = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_default();
    json!({"number": attempt.number, "started_at": with_microseconds(attempt.started_at),
           "duration_ms": attempt.duration_ms, "status_code": attempt.status_code, "problem": attempt.problem,
           "request_headers": headers(&attempt.request_headers),
           "answer_headers": attempt.answer_headers.as_deref().map(headers), "answer_body": attempt.answer_body})
}

fn attempt_told(attempt: &LoggedAttempt) -> String {
    let headers = |text: &str| {
        let list: Vec<(String, String)> = serde_json::from_str(text).unwrap_or_default();
        list.iter().map(|(name, value)| format!("  {name}: {value}")).collect::<Vec<_>>().join("\n")
    };
    let outcome = match (&attempt.problem, attempt.status_code) {
        (Some(problem), _) => problem.clone(),
        (None, Some(status)) => format!("answered {status}"),
        (None, None) => String::new(),
    };
    let answer = attempt
        .answer_headers
        .as_deref()
        .map(|text| format!("\nAnswer:\n{}\n  {}", headers(text), attempt.answer_body.as_deref().unwrap_or_default()));
    format!(
        "Attempt {} at {:.3}, {} ms: {outcome}\nRequest:\n{}{}",
        attempt.number,
        attempt.started_at,
        attempt.duration_ms,
        headers(&attempt.request_headers),
        answer.unwrap_or_default()
    )
}
