//! `aurix reply`

use anyhow::ensure;
use clap::Subcommand;
use serde_json::{Value, json};

use super::delivery::time;
use super::output::{self, Output};
use super::{actor, open_project};
use crate::config::Config;
use crate::conversations::resend_reply::{resend_failed_replies, resend_reply};
use crate::domain::channel::MessageStatus;
use crate::domain::time::{Timestamp, with_microseconds};
use crate::store::reply_log::{self, LoggedReply};

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

pub async fn run(command: Command, config: Config, output: &Output) -> anyhow::Result<()> {
    match command {
        Command::List { project, since, status, limit } => {
            let (core, project) = open_project(config, &project).await?;
            let status = status.as_deref().and_then(MessageStatus::parse);
            let since = since.as_deref().map(time).transpose()?.unwrap_or(Timestamp::UNIX_EPOCH);
            let list =
                core.db.read(async move |conn| Ok(reply_log::list(conn, project.id, status, since, limit).await?));
            let rows = list.await?;
            let list: Vec<_> = rows.iter().map(to_json).collect();
            output.print(&json!({"replies": list}), || output::rows(&rows, to_text, "There is no such reply."))
        }
        Command::Resend { project, id: Some(id), .. } => {
            let (core, project) = open_project(config, &project).await?;
            ensure!(
                resend_reply(&core, &actor(), project.id, &id).await?,
                "there is no failed reply {id}: `aurix reply list --status failed` lists them"
            );
            output.print(&json!({"resent": 1}), || format!("Reply {id} is due now."))
        }
        Command::Resend { project, since, .. } => {
            let (core, project) = open_project(config, &project).await?;
            let since = since.as_deref().map(time).transpose()?.unwrap_or(Timestamp::UNIX_EPOCH);
            let resent = resend_failed_replies(&core, &actor(), project.id, since).await?;
            output.print(&json!({"resent": resent}), || format!("{resent} replies are due now."))
        }
    }
}

fn to_json(row: &LoggedReply) -> Value {
    json!({"id": row.reply_id, "channel_id": row.channel, "conversation_id": row.conversation, "status": row.status.as_str(),
           "attempts": row.attempts, "due_at": row.due_at.map(with_microseconds), "error": row.error,
           "created_at": with_microseconds(row.created_at),
           "generated_by": row.generated_by.map(|by| by.as_str())})
}

fn to_text(row: &LoggedReply) -> String {
    let due = row.due_at.map(|due| format!("  next attempt {due:.0}")).unwrap_or_default();
    let error = row.error.as_ref().map(|error| format!("\n  {error}")).unwrap_or_default();
    format!(
        "{}  {}  conversation {}  {} attempts{due}{error}",
        row.reply_id,
        row.status.as_str(),
        row.conversation,
        row.attempts
    )
}
