//! `aurix reply`

use clap::Subcommand;
use serde_json::{Value, json};

use super::api::{Api, of_project, part};
use super::delivery::time;
use super::elsewhere::Place;
use super::output::{self, Output};
use crate::domain::time::Timestamp;
use crate::http::api::replies::{ReplyBody, ResendReplies, ResentReplies};
use crate::http::partner::timestamp::UtcMicroseconds;
use crate::net::Method;

/// Replies that are listed.
const LISTED_MAX: i64 = 10_000;

#[derive(Subcommand)]
pub enum Command {
    /// Lists replies, newest first.
    ///
    /// `queued`: the next attempt is due at some time. `failed`: retries have ended, or the platform refused it for good.
    /// `cancelled`: a person of the business wrote before it was sent.
    #[command(after_help = "Example:\n  aurix reply list --project ID --status failed --since 2026-01-31")]
    List {
        /// The project.
        #[arg(long)]
        project: String,
        /// Only replies from this time on (ISO 8601).
        #[arg(long)]
        since: Option<String>,
        /// Only `queued`, `sent`, `delivered`, `read`, `failed` or `cancelled` ones.
        #[arg(long, value_parser = ["queued", "sent", "delivered", "read", "failed", "cancelled"])]
        status: Option<String>,
        /// The number of replies to list.
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=LISTED_MAX))]
        limit: u32,
    },
    /// Resends a failed reply, or all failed ones since a time.
    ///
    /// Retries start from the beginning. WhatsApp takes a reply within 24 hours of the person's last message.
    #[command(
        after_help = "Examples:\n  aurix reply resend --project ID 5e8f…\n  aurix reply resend --project ID --since 2026-01-31"
    )]
    Resend {
        /// The project.
        #[arg(long)]
        project: String,
        /// The reply's id.
        #[arg(conflicts_with = "since", required_unless_present = "since")]
        id: Option<String>,
        /// All failed ones from this time on (ISO 8601).
        #[arg(long)]
        since: Option<String>,
    },
}

pub async fn run(command: Command, place: Place, output: &Output) -> anyhow::Result<()> {
    let api = Api::at(place).await?;
    match command {
        Command::List { project, since, status, limit } => {
            let since = since.as_deref().map(time).transpose()?.unwrap_or(Timestamp::UNIX_EPOCH);
            let status = status.map(|status| format!("&status={}", part(&status))).unwrap_or_default();
            let path = format!("{}/replies?since={}{status}", of_project(&project), part(&since.to_string()));
            let rows: Vec<ReplyBody> = api.all(&path, usize::try_from(limit)?).await?;
            let list: Vec<_> = rows.iter().map(to_json).collect();
            output.print(&json!({"replies": list}), || output::rows(&rows, to_text, "There is no such reply."))
        }
        Command::Resend { project, id: Some(id), .. } => {
            let resent = api.post(&format!("{}/replies/{}/resend", of_project(&project), part(&id))).await;
            let _: ResentReplies = resent.map_err(|refused| {
                refused
                    .missing(|| format!("there is no failed reply {id}: `aurix reply list --status failed` lists them"))
            })?;
            output.print(&json!({"resent": 1}), || format!("Reply {id} is due now."))
        }
        Command::Resend { project, since, .. } => {
            let since = since.as_deref().map(time).transpose()?.unwrap_or(Timestamp::UNIX_EPOCH);
            let path = format!("{}/replies/resend", of_project(&project));
            let body = ResendReplies { since: Some(UtcMicroseconds(since)) };
            let ResentReplies { resent } = api.send(Method::POST, &path, &body).await?;
            output.print(&json!({"resent": resent}), || format!("{resent} replies are due now."))
        }
    }
}

fn to_json(row: &ReplyBody) -> Value {
    json!({"id": row.reply_id, "channel_id": row.channel_id, "conversation_id": row.conversation_id, "status": row.status,
           "attempts": row.attempts, "due_at": row.due_at, "error": row.error,
           "created_at": row.created_at, "generated_by": row.generated_by})
}

fn to_text(row: &ReplyBody) -> String {
    let due = row.due_at.map(|UtcMicroseconds(due)| format!("  next attempt {due:.0}")).unwrap_or_default();
    let error = row.error.as_ref().map(|error| format!("\n  {error}")).unwrap_or_default();
    format!(
        "{}  {}  conversation {}  {} attempts{due}{error}",
        row.reply_id, row.status, row.conversation_id, row.attempts
    )
}
