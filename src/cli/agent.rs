//! `aurix agent`

use std::path::PathBuf;

use anyhow::{Context as _, bail, ensure};
use clap::Subcommand;
use serde_json::json;

use super::output::{self, Output};
use super::{actor, open_project};
use crate::config::Config;
use crate::core::Core;
use crate::domain::time::with_microseconds;
use crate::projects::set_agent::{TOKENS_MAX, knowledge_text, set_agent_settings, set_knowledge, settle_question};
use crate::store::knowledge::{self, AgentSettings};
use crate::store::projects::Project;

/// Questions that are listed.
const LISTED_MAX: i64 = 10_000;

#[derive(Subcommand)]
pub enum Command {
    /// Shows how a project uses the language model: limits, what is kept, and what the greeting says.
    #[command(after_help = "Example:\n  aurix agent show --project ID")]
    Show {
        /// The project.
        #[arg(long)]
        project: String,
    },
    /// Sets how a project uses the language model. What is not named stays as it is.
    #[command(after_help = "Example:\n  aurix agent set --project ID --tokens-a-day 200000 --tokens-a-month 3000000")]
    Set {
        /// The project.
        #[arg(long)]
        project: String,
        /// Tokens of a day in the project's time zone, or `none`. Beyond them the built-in agent answers.
        #[arg(long, value_name = "TOKENS")]
        tokens_a_day: Option<String>,
        /// Tokens of a calendar month, or `none`.
        #[arg(long, value_name = "TOKENS")]
        tokens_a_month: Option<String>,
        /// Whether prompts and the model's answers are kept, as long as messages.
        #[arg(long, value_name = "BOOL")]
        keep_prompts: Option<bool>,
        /// Whether the greeting says that the agent is automated.
        #[arg(long, value_name = "BOOL")]
        disclose: Option<bool>,
    },
    /// Shows the text that questions are answered from, or sets it from a file: paragraphs with blank lines between.
    #[command(
        after_help = "Examples:\n  aurix agent knowledge --project ID > text.txt\n  aurix agent knowledge --project ID text.txt"
    )]
    Knowledge {
        /// The project.
        #[arg(long)]
        project: String,
        /// The file with the text, UTF-8.
        file: Option<PathBuf>,
    },
    /// Lists what people asked and nothing answered, newest first.
    #[command(after_help = "Example:\n  aurix agent questions --project ID")]
    Questions {
        /// The project.
        #[arg(long)]
        project: String,
        /// The number of questions to list.
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=LISTED_MAX))]
        limit: u32,
    },
    /// Answers such a question for good: the answer becomes a paragraph of the knowledge text. Or puts it aside.
    #[command(
        after_help = "Examples:\n  aurix agent answer --project ID 12 \"Dogs are welcome on the terrace.\"\n  aurix agent answer --project ID 12 --dismiss"
    )]
    Answer {
        /// The project.
        #[arg(long)]
        project: String,
        /// The question's number.
        question: i64,
        /// The answer, as it may be told to anybody.
        #[arg(required_unless_present = "dismiss", conflicts_with = "dismiss")]
        text: Option<String>,
        /// Puts the question aside without an answer.
        #[arg(long)]
        dismiss: bool,
    },
}

pub async fn run(command: Command, config: Config, output: &Output) -> anyhow::Result<()> {
    match command {
        Command::Show { project } => {
            let (core, project) = open_project(config, &project).await?;
            show(&core, &project, output).await
        }
        Command::Set { project, tokens_a_day, tokens_a_month, keep_prompts, disclose } => {
            let given =
                tokens_a_day.is_some() || tokens_a_month.is_some() || keep_prompts.is_some() || disclose.is_some();
            ensure!(given, "name what to set: --tokens-a-day, --tokens-a-month, --keep-prompts or --disclose");
            let day = tokens_a_day.as_deref().map(|text| tokens("--tokens-a-day", text)).transpose()?;
            let month = tokens_a_month.as_deref().map(|text| tokens("--tokens-a-month", text)).transpose()?;
            let (core, project) = open_project(config, &project).await?;
            let id = project.id;
            let old = core.db.read(async move |conn| Ok(knowledge::settings(conn, id).await?)).await?;
            let settings = AgentSettings {
                tokens_a_day: day.unwrap_or(old.tokens_a_day),
                tokens_a_month: month.unwrap_or(old.tokens_a_month),
                keeps_prompts: keep_prompts.unwrap_or(old.keeps_prompts),
                discloses: disclose.unwrap_or(old.discloses),
            };
            set_agent_settings(&core, &actor(), id, settings).await?;
            show(&core, &project, output).await
        }
        Command::Knowledge { project, file: None } => {
            let (core, project) = open_project(config, &project).await?;
            let text = knowledge_text(&core, project.id).await?;
            output.print(&json!({"project_id": project.public_id, "text": text}), || text.clone())
        }
        Command::Knowledge { project, file: Some(file) } => {
            let text = std::fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
            let (core, project) = open_project(config, &project).await?;
            let count = set_knowledge(&core, &actor(), project.id, &text).await?;
            output.print(&json!({"project_id": project.public_id, "paragraphs": count}), || {
                format!("The text is set: {count} paragraphs. Conversations use it from their next message on.")
            })
        }
        Command::Questions { project, limit } => {
            let (core, project) = open_project(config, &project).await?;
            let read = async move |conn: &crate::db::Conn| {
                Ok(knowledge::open_questions(conn, project.id, i64::MAX, limit).await?)
            };
            let open = core.db.read(read).await?;
            let list: Vec<_> = open
                .iter()
                .map(|one| {
                    json!({"id": one.id, "question": one.question, "conversation_id": one.conversation,
                           "asked_at": with_microseconds(one.asked_at)})
                })
                .collect();
            let to_text = |one: &knowledge::Unanswered| format!("{}  {:.0}  {}", one.id, one.asked_at, one.question);
            output.print(&json!({"questions": list}), || output::rows(&open, to_text, "Nothing waits for an answer."))
        }
        Command::Answer { project, question, text, .. } => {
            let (core, project) = open_project(config, &project).await?;
            settle_question(&core, &actor(), project.id, (question, text.as_deref())).await?;
            output.print(&json!({"settled": question}), || match text {
                Some(_) => "The answer is part of the knowledge text.".to_owned(),
                None => "The question is put aside.".to_owned(),
            })
        }
    }
}

fn tokens(flag: &str, text: &str) -> anyhow::Result<Option<i64>> {
    match text.parse() {
        _ if text == "none" => Ok(None),
        Ok(tokens) if (1..=TOKENS_MAX).contains(&tokens) => Ok(Some(tokens)),
        _ => {
            bail!("{flag}: {text:?} is no number of tokens from 1 to {TOKENS_MAX}: write 200000, for example, or none")
        }
    }
}

async fn show(core: &Core, project: &Project, output: &Output) -> anyhow::Result<()> {
    let id = project.id;
    let settings = core.db.read(async move |conn| Ok(knowledge::settings(conn, id).await?)).await?;
    let model = core.llm.as_ref().map(|llm| format!("{} at {}", llm.endpoint().model(), llm.endpoint().host()));
    let AgentSettings { tokens_a_day, tokens_a_month, keeps_prompts, discloses } = settings;
    let object = json!({"project_id": project.public_id, "model": model, "tokens_a_day": tokens_a_day,
                        "tokens_a_month": tokens_a_month, "keeps_prompts": keeps_prompts, "discloses": discloses});
    output.print(&object, || {
        let limit = |tokens: Option<i64>| tokens.map_or_else(|| "no limit".to_owned(), |tokens| tokens.to_string());
        format!(
            "model           {}\ntokens a day    {}\ntokens a month  {}\nkeeps prompts   {keeps_prompts}\ndiscloses       {discloses}",
            model.as_deref().unwrap_or("none: the built-in agent alone"),
            limit(tokens_a_day),
            limit(tokens_a_month)
        )
    })
}
