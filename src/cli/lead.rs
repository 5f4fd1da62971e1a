//! `aurix lead`

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::api::{Api, of_project, part};
use super::elsewhere::Place;
use super::output::{self, Output};
use crate::domain::lead::Quality;
use crate::domain::text::cut;
use crate::http::api::conversations::{ConversationBody, MessageBody};
use crate::http::api::leads::LeadBody;
use crate::http::partner::timestamp::UtcMicroseconds;
use crate::net::Method;

/// Rows that are listed at most.
const LISTED_MAX: i64 = 10_000;
/// Characters of what the person came for, in a line.
const INTENT_CHARS_MAX: usize = 60;

#[derive(Subcommand)]
pub enum Command {
    /// Lists leads, the newest message first.
    #[command(
        after_help = "Examples:\n  aurix lead list --project ID --waiting\n  aurix lead list --project ID --search '+65 8748 7282'"
    )]
    List(List),
    /// Shows what is known of a lead.
    #[command(after_help = "Example:\n  aurix lead show --project ID 470")]
    Show(Named),
    /// Prints the conversation with a lead, the oldest message first.
    #[command(after_help = "Example:\n  aurix lead messages --project ID 470 --limit 20")]
    Messages {
        #[command(flatten)]
        named: Named,
        /// The number of messages to print, the newest ones.
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=LISTED_MAX))]
        limit: u32,
    },
    /// Writes to the person of a lead. The agent is silent from then on, until the conversation is given back.
    #[command(after_help = "Example:\n  aurix lead reply --project ID 470 'Yes, on Saturday at ten.'")]
    Reply {
        #[command(flatten)]
        named: Named,
        /// What to say.
        text: String,
    },
    /// Takes the conversation with a lead over from the agent.
    #[command(after_help = "Example:\n  aurix lead take-over --project ID 470")]
    TakeOver(Named),
    /// Gives the conversation with a lead back to the agent.
    #[command(after_help = "Example:\n  aurix lead give-back --project ID 470")]
    GiveBack(Named),
    /// Says what became of a lead: its stage and what it was worth, and how good it was. What is not named stays.
    #[command(
        after_help = "Examples:\n  aurix lead rate --project ID 470 --stage won --value 1250 --currency SGD\n  aurix lead rate --project ID 470 --quality not_a_lead --reason 'Looking for a job'"
    )]
    Rate(Rate),
    /// Writes a note on a lead: people of the business read it, the person does not.
    #[command(after_help = "Example:\n  aurix lead note --project ID 470 'Called back on Monday'")]
    Note {
        #[command(flatten)]
        named: Named,
        /// The note.
        text: String,
    },
}

#[derive(Args)]
pub struct List {
    /// The project.
    #[arg(long)]
    project: String,
    /// Only leads with this status.
    #[arg(long, value_parser = ["active", "correlated", "complete"])]
    status: Option<String>,
    /// Only those whose conversation waits for a person, who has waited longest first.
    #[arg(long, conflicts_with_all = ["status", "search"])]
    waiting: bool,
    /// Only leads at this stage.
    #[arg(long, value_parser = ["open", "qualified", "won", "lost"])]
    stage: Option<String>,
    /// Only leads of this quality.
    #[arg(long, value_parser = ["unknown", "good", "poor", "not_a_lead"])]
    quality: Option<String>,
    /// A name, an e-mail address, a number in any spelling, or a reference: all leads are looked through.
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
    /// The number of leads to list.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=LISTED_MAX))]
    limit: u32,
}

#[derive(Args)]
pub struct Named {
    /// The project.
    #[arg(long)]
    project: String,
    /// The lead's number.
    lead: i64,
}

#[derive(Args)]
pub struct Rate {
    #[command(flatten)]
    named: Named,
    /// The stage; `open` opens it again.
    #[arg(long, value_parser = ["open", "qualified", "won", "lost"])]
    stage: Option<String>,
    /// What it was worth: 1250 or 1250.50.
    #[arg(long, value_name = "AMOUNT")]
    value: Option<String>,
    /// Three letters: SGD.
    #[arg(long, requires = "value")]
    currency: Option<String>,
    /// How good it was.
    #[arg(long, value_parser = ["unknown", "good", "poor", "not_a_lead"])]
    quality: Option<String>,
    /// Why the quality is as it is.
    #[arg(long)]
    reason: Option<String>,
}

pub async fn run(command: Command, place: Place, output: &Output) -> anyhow::Result<()> {
    let api = Api::at(place).await?;
    match command {
        Command::List(list) => self::list(list, &api, output).await,
        Command::Show(named) => show(&find(&named, &api).await?, output),
        Command::Messages { named, limit } => messages(&named, limit, &api, output).await,
        Command::Reply { named, text } => {
            let path = format!("{}/reply", conversation(&named, &api).await?);
            let body = json!({"text": text});
            handled(&api.send(Method::POST, &path, &body).await?, "The reply is on its way.", output)
        }
        Command::TakeOver(named) => {
            let taken = api.post(&format!("{}/take-over", conversation(&named, &api).await?)).await?;
            handled(&taken, "The conversation is yours: the agent is silent.", output)
        }
        Command::GiveBack(named) => {
            let given = api.post(&format!("{}/give-back", conversation(&named, &api).await?)).await?;
            handled(&given, "The agent goes on with the conversation.", output)
        }
        Command::Rate(rate) => self::rate(rate, &api, output).await,
        Command::Note { named, text } => {
            let path = format!("{}/notes", path(&named));
            let written = api.send(Method::POST, &path, &json!({"text": text})).await;
            let () = written.map_err(|refused| refused.missing(|| no_lead(&named)))?;
            output.print(&json!({"lead_id": named.lead}), || format!("The note stands on lead {}.", named.lead))
        }
    }
}

async fn list(list: List, api: &Api, output: &Output) -> anyhow::Result<()> {
    let List { project, status, waiting, stage, quality, search, limit } = list;
    let waiting = waiting.then(|| "true".to_owned());
    let query: Vec<String> =
        [("status", status), ("waiting", waiting), ("stage", stage), ("quality", quality), ("q", search)]
            .into_iter()
            .filter_map(|(name, value)| Some(format!("{name}={}", part(&value?))))
            .collect();
    let leads = format!("{}/leads", of_project(&project));
    let path = if query.is_empty() { leads } else { format!("{leads}?{}", query.join("&")) };
    let rows: Vec<LeadBody> = api.all(&path, usize::try_from(limit)?).await?;
    output.print(&json!({"leads": rows}), || output::rows(&rows, line, "There is no such lead."))
}

async fn messages(named: &Named, limit: u32, api: &Api, output: &Output) -> anyhow::Result<()> {
    let path = format!("{}/messages", conversation(named, api).await?);
    let mut rows: Vec<MessageBody> = api.all(&path, usize::try_from(limit)?).await?;
    rows.reverse();
    output.print(&json!({"messages": rows}), || output::rows(&rows, said, "Nothing was said yet."))
}

async fn rate(rate: Rate, api: &Api, output: &Output) -> anyhow::Result<()> {
    let Rate { named, stage, value, currency, quality, reason } = rate;
    let mut body = Map::new();
    let stage = stage.map(|stage| if stage == "open" { Value::Null } else { stage.into() });
    let texts = [("value", value), ("currency", currency), ("quality", quality), ("quality_reason", reason)];
    body.extend(stage.map(|stage| ("stage".to_owned(), stage)));
    body.extend(texts.into_iter().filter_map(|(name, text)| Some((name.to_owned(), text?.into()))));
    anyhow::ensure!(!body.is_empty(), "say what became of it: --stage, --value, --quality or --reason");
    let rated = api.send(Method::PATCH, &format!("{}/rating", path(&named)), &body).await;
    show(&rated.map_err(|refused| refused.missing(|| no_lead(&named)))?, output)
}

/// The path of a lead.
fn path(named: &Named) -> String {
    format!("{}/leads/{}", of_project(&named.project), named.lead)
}

async fn find(named: &Named, api: &Api) -> anyhow::Result<LeadBody> {
    api.get(&path(named)).await.map_err(|refused| refused.missing(|| no_lead(named)))
}

fn no_lead(named: &Named) -> String {
    format!("the project has no lead {}: `aurix lead list --project ID` lists its leads", named.lead)
}

/// The path of the conversation with a lead.
async fn conversation(named: &Named, api: &Api) -> anyhow::Result<String> {
    let lead = find(named, api).await?;
    Ok(format!("{}/conversations/{}", of_project(&named.project), lead.conversation_id))
}

fn show(lead: &LeadBody, output: &Output) -> anyhow::Result<()> {
    output.print(&json!(lead), || {
        let mut lines = vec![line(lead)];
        lines.extend(lead.fields.iter().map(|(key, value)| format!("  {key}: {value}")));
        lines.extend(lead.intent.as_ref().map(|intent| format!("  came for: {intent}")));
        let worth = lead.value.as_ref().zip(lead.currency.as_ref());
        lines.extend(worth.map(|(value, currency)| format!("  worth: {value} {currency}")));
        lines.extend((lead.quality != Quality::Unknown.as_str()).then(|| format!("  quality: {}", lead.quality)));
        lines.join("\n")
    })
}

fn handled(conversation: &ConversationBody, what: &str, output: &Output) -> anyhow::Result<()> {
    output.print(&json!(conversation), || what.to_owned())
}

fn line(lead: &LeadBody) -> String {
    let name = lead.fields.get("name").or(lead.profile_name.as_ref()).or(lead.phone.as_ref());
    let intent = lead.intent.as_deref().map(|text| cut(text, INTENT_CHARS_MAX));
    let UtcMicroseconds(at) = lead.last_message_at;
    let words = [
        name.map_or("(no name)", String::as_str),
        lead.lead_status.as_ref(),
        lead.stage.as_deref().unwrap_or("open"),
        lead.correlation_id.as_deref().unwrap_or("no reference"),
        intent.unwrap_or_default(),
    ];
    format!("{}  {at:.0}  {}", lead.lead_id, words.join("  ")).trim_end().to_owned()
}

fn said(message: &MessageBody) -> String {
    let UtcMicroseconds(at) = message.sent_at;
    let text = message.text.as_deref().unwrap_or(if message.is_revoked { "(taken back)" } else { "(no text)" });
    let error = message.error.as_ref().map(|error| format!("\n  not sent: {error}")).unwrap_or_default();
    format!("{at:.0}  {}: {text}{error}", message.writer)
}
