//! `aurix delivery`

use std::cmp::Reverse;
use std::time::Duration;

use anyhow::Context as _;
use clap::Subcommand;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::actor;
use super::api::{Api, of_project, part};
use super::elsewhere::Place;
use super::output::{self, Output};
use super::progress::Progress;
use crate::deliveries::resend::resend_failed;
use crate::domain::ids::DeliveryId;
use crate::domain::time::{Clock, Timestamp};
use crate::http::api::deliveries::{AttemptBody, DeliveryBody, DeliveryDetails, MadeBody};
use crate::http::api::projects::ProjectBody;
use crate::http::api::query::Page;
use crate::http::api::resends::{ResendBody, StartResend};
use crate::http::partner::timestamp::UtcMicroseconds;
use crate::net::Method;
use crate::store::delivery_log;
use crate::store::resend_jobs::JobState;

/// Deliveries that are listed.
const LISTED_MAX: i64 = 10_000;
/// Projects that are looked through.
const PROJECTS_MAX: usize = 10_000;
/// How long between two looks at a job of a server.
const LOOK_EVERY: Duration = Duration::from_millis(500);

#[derive(Subcommand)]
pub enum Command {
    /// Lists deliveries, newest first.
    ///
    /// `pending`: the next attempt is due at some time. `failed`: retries have ended. `cancelled`: the webhook was removed.
    #[command(after_help = "Example:\n  aurix delivery list --status failed --since 2026-01-31")]
    List {
        /// Only those of this project.
        #[arg(long)]
        project: Option<String>,
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

pub async fn run(command: Command, place: Place, output: &Output) -> anyhow::Result<()> {
    let api = Api::at(place).await?;
    match command {
        Command::List { project, webhook, since, status, limit } => {
            let since = since.as_deref().map(time).transpose()?;
            let projects = match (&webhook, project) {
                (Some(webhook), _) => vec![project_of_webhook(&api, webhook).await?],
                (None, Some(project)) => vec![project],
                (None, None) => all_projects(&api).await?,
            };
            let given = [("webhook", webhook), ("status", status), ("since", since.map(|since| since.to_string()))];
            let rows = list(&api, projects, &query(given), usize::try_from(limit)?).await?;
            let list: Vec<_> = rows.iter().map(to_json).collect();
            output.print(&json!({"deliveries": list}), || output::rows(&rows, to_text, "There is no such delivery."))
        }
        Command::Show { id } => show(&api, id, output).await,
        Command::Resend { id: Some(id), .. } => resend_one(&api, id, output).await,
        Command::Resend { webhook, since, .. } => {
            let since = since.as_deref().map(time).transpose()?.unwrap_or(Timestamp::UNIX_EPOCH);
            let resent = resend_all(&api, webhook, since).await?;
            output.print(&json!({"resent": resent}), || format!("{resent} deliveries are due now."))
        }
    }
}

/// The parameters that are given, as they stand in an address.
fn query<const N: usize>(given: [(&str, Option<String>); N]) -> String {
    let pairs = given.into_iter().filter_map(|(name, value)| Some(format!("{name}={}", part(&value?))));
    pairs.collect::<Vec<_>>().join("&")
}

/// A time, a time without an offset (UTC), or a day.
pub(super) fn time(text: &str) -> anyhow::Result<Timestamp> {
    let in_utc = |time: DateTime| time.to_zoned(TimeZone::UTC).ok().map(|time| time.timestamp());
    text.parse::<Timestamp>().ok().or_else(|| text.parse::<DateTime>().ok().and_then(in_utc)).with_context(|| {
        format!("{text:?} is not a time: write ISO 8601, for example 2026-01-31T10:00:00Z or 2026-01-31")
    })
}

async fn project_of_webhook(api: &Api, id: &str) -> anyhow::Result<String> {
    let none = || format!("there is no webhook {id:?}: `aurix webhook list --project ID` lists the webhooks");
    api.owner("webhook", id).await.map_err(|refused| refused.missing(none))
}

async fn all_projects(api: &Api) -> anyhow::Result<Vec<String>> {
    let projects: Vec<ProjectBody> = api.all("/projects", PROJECTS_MAX).await?;
    Ok(projects.into_iter().map(|project| project.project_id).collect())
}

/// The newest of some projects together, newest first.
async fn list(api: &Api, projects: Vec<String>, query: &str, most: usize) -> anyhow::Result<Vec<DeliveryBody>> {
    let mut newest: Vec<DeliveryBody> = Vec::new();
    let number = |row: &DeliveryBody| row.id.parse::<i64>().unwrap_or_default();
    for project in projects {
        newest.extend(api.all::<DeliveryBody>(&format!("{}/deliveries?{query}", of_project(&project)), most).await?);
        newest.sort_by_key(|row| Reverse((row.created_at.0, number(row))));
        newest.truncate(most);
    }
    Ok(newest)
}

async fn resend_one(api: &Api, id: DeliveryId, output: &Output) -> anyhow::Result<()> {
    let none = || format!("there is no delivery {id} that can be resent: `aurix delivery list` lists the deliveries");
    let project = api.owner("delivery", &id.to_string()).await.map_err(|refused| refused.missing(none))?;
    let sent = api.post(&format!("{}/deliveries/{id}/resend", of_project(&project))).await;
    let row: DeliveryDetails = sent.map_err(|refused| refused.conflict(|_| Some(none())))?;
    output.print(&json!({"resent": 1}), || match row.is_webhook_active {
        false => format!("Delivery {id} waits for its webhook, which is off: aurix webhook enable {}", row.webhook_id),
        true => format!("Delivery {id} is due now."),
    })
}

async fn resend_all(api: &Api, webhook: Option<String>, since: Timestamp) -> anyhow::Result<u64> {
    let progress = Progress::counting();
    if let Some(core) = api.core() {
        let key = match webhook {
            Some(id) => {
                let wanted = id.clone();
                let found = core.db.read(async move |conn| Ok(delivery_log::webhook_key(conn, &wanted).await?)).await?;
                let none =
                    || format!("there is no webhook {id:?}: `aurix webhook list --project ID` lists the webhooks");
                Some(found.with_context(none)?)
            }
            None => None,
        };
        return resend_failed(core, &actor(), key, since, |so_far| progress.set(format!("{so_far} deliveries"))).await;
    }
    let projects = match &webhook {
        Some(webhook) => vec![project_of_webhook(api, webhook).await?],
        None => all_projects(api).await?,
    };
    let mut all = 0;
    for project in projects {
        let path = format!("{}/resends", of_project(&project));
        let body =
            StartResend { webhook: webhook.clone(), since: Some(UtcMicroseconds(since)), ..StartResend::default() };
        let started: Page<ResendBody> = api.send(Method::POST, &path, &body).await?;
        for job in started.data {
            all += until_done(api, &format!("{path}/{}", job.id), all, &progress).await?;
        }
    }
    Ok(all)
}

/// Follows a job of the server until it has ended: how many it resent.
async fn until_done(api: &Api, path: &str, before: u64, progress: &Progress) -> anyhow::Result<u64> {
    loop {
        let job: ResendBody = api.get(path).await?;
        let resent = u64::try_from(job.resent)?;
        if job.state != JobState::Running.as_str() {
            return Ok(resent);
        }
        progress.set(format!("{} deliveries; the server goes on if this is stopped", before + resent));
        Clock::System.sleep(LOOK_EVERY).await;
    }
}

async fn show(api: &Api, id: DeliveryId, output: &Output) -> anyhow::Result<()> {
    let none = || format!("there is no delivery {id}: `aurix delivery list` lists the deliveries");
    let project = api.owner("delivery", &id.to_string()).await.map_err(|refused| refused.missing(none))?;
    let found = api.get(&format!("{}/deliveries/{id}", of_project(&project))).await;
    let row: DeliveryDetails = found.map_err(|refused| refused.missing(none))?;
    let mut object = details_to_json(&row);
    object["body"] = serde_json::from_str(row.event.get())?;
    if let Some(body) = row.made.as_ref().and_then(|made| made.body.as_ref()) {
        object["sent_body"] = serde_json::from_str(body.get())?;
    }
    object["attempt_log"] = row.attempts.iter().map(attempt_to_json).collect();
    output.print(&object, || {
        let attempts: Vec<_> = row.attempts.iter().map(attempt_to_text).collect();
        let sent = row.made.as_ref().map(made_to_text).unwrap_or_default();
        format!("{}\n\nBody:\n  {}\n{sent}\n{}", details_to_text(&row), row.event.get(), attempts.join("\n\n"))
    })
}

/// What the last attempt sent, where that is not the event as it is.
fn made_to_text(made: &MadeBody) -> String {
    let version = made.version;
    match (&made.body, &made.error) {
        (Some(body), _) => {
            format!("\nSent by the last attempt, made by version {version} of the template:\n  {}\n", body.get())
        }
        (None, Some(error)) => {
            format!("\nNothing was sent: version {version} of the template failed: {error}\n")
        }
        (None, None) => {
            format!("\nWhat was sent is not known any more: version {version} of the template is not kept.\n")
        }
    }
}

fn to_json(row: &DeliveryBody) -> Value {
    // As text: a number of this size loses digits in JavaScript.
    json!({"id": row.id, "webhook": row.webhook_id, "url": row.url, "event_id": row.event_id, "event_type": row.event_type,
           "status": row.status, "attempts": row.attempts, "due_at": row.due_at, "created_at": row.created_at})
}

fn details_to_json(row: &DeliveryDetails) -> Value {
    json!({"id": row.id, "webhook": row.webhook_id, "url": row.url, "event_id": row.event_id, "event_type": row.event_type,
           "status": row.status, "attempts": row.attempts_begun, "due_at": row.due_at, "created_at": row.created_at})
}

fn to_text(row: &DeliveryBody) -> String {
    let DeliveryBody { id, status, event_type, event_id, attempts, url, .. } = row;
    format!("{id}  {status}  {event_type}  {event_id}  {attempts} attempts{}  {url}", due_to_text(row.due_at))
}

fn details_to_text(row: &DeliveryDetails) -> String {
    let DeliveryDetails { id, status, event_type, event_id, attempts_begun, url, .. } = row;
    format!("{id}  {status}  {event_type}  {event_id}  {attempts_begun} attempts{}  {url}", due_to_text(row.due_at))
}

fn due_to_text(due: Option<UtcMicroseconds>) -> String {
    due.map(|UtcMicroseconds(due)| format!("  next attempt {due:.0}")).unwrap_or_default()
}

fn attempt_to_json(attempt: &AttemptBody) -> Value {
    json!({"number": attempt.number, "started_at": attempt.started_at,
           "duration_ms": attempt.duration_ms, "status_code": attempt.status_code, "problem": attempt.error,
           "request_headers": attempt.request_headers, "answer_headers": attempt.response_headers,
           "answer_body": attempt.response_body})
}

fn attempt_to_text(attempt: &AttemptBody) -> String {
    let lines = |list: &[(String, String)]| {
        list.iter().map(|(name, value)| format!("  {name}: {value}")).collect::<Vec<_>>().join("\n")
    };
    let outcome = match (&attempt.error, attempt.status_code) {
        (Some(error), _) => error.clone(),
        (None, Some(status)) => format!("answered {status}"),
        (None, None) => String::new(),
    };
    let response = attempt.response_headers.as_deref().map(|headers| {
        format!("\nResponse:\n{}\n  {}", lines(headers), attempt.response_body.as_deref().unwrap_or_default())
    });
    format!(
        "Attempt {} at {:.3}, {} ms: {outcome}\nRequest:\n{}{}",
        attempt.number,
        attempt.started_at.0,
        attempt.duration_ms,
        lines(&attempt.request_headers),
        response.unwrap_or_default()
    )
}
