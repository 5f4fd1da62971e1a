//! `aurix agent`

use std::path::PathBuf;

use anyhow::{Context as _, bail, ensure};
use clap::Subcommand;
use serde_json::json;

use super::api::{Api, of_project};
use super::elsewhere::Place;
use super::output::{self, Output};
use crate::http::api::agent::{AgentBody, ChangeAgent, KnowledgeBody, PutKnowledge, QuestionBody, SettleQuestion};
use crate::net::Method;
use crate::projects::set_agent::TOKENS_MAX;

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

pub async fn run(command: Command, place: Place, output: &Output) -> anyhow::Result<()> {
    match command {
        Command::Show { project } => {
            let api = Api::at(place).await?;
            let agent = api.get(&format!("{}/agent", of_project(&project))).await?;
            show(&project, &agent, output)
        }
        Command::Set { project, tokens_a_day, tokens_a_month, keep_prompts, disclose } => {
            let given =
                tokens_a_day.is_some() || tokens_a_month.is_some() || keep_prompts.is_some() || disclose.is_some();
            ensure!(given, "name what to set: --tokens-a-day, --tokens-a-month, --keep-prompts or --disclose");
            let body = ChangeAgent {
                tokens_a_day: tokens_a_day.as_deref().map(|text| tokens("--tokens-a-day", text)).transpose()?,
                tokens_a_month: tokens_a_month.as_deref().map(|text| tokens("--tokens-a-month", text)).transpose()?,
                keeps_prompts: keep_prompts,
                discloses: disclose,
            };
            let api = Api::at(place).await?;
            let agent = api.send(Method::PATCH, &format!("{}/agent", of_project(&project)), &body).await?;
            show(&project, &agent, output)
        }
        Command::Knowledge { project, file: None } => {
            let api = Api::at(place).await?;
            let KnowledgeBody { text } = api.get(&format!("{}/knowledge", of_project(&project))).await?;
            output.print(&json!({"project_id": project, "text": text}), || text.clone())
        }
        Command::Knowledge { project, file: Some(file) } => {
            let text = std::fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
            let api = Api::at(place).await?;
            let path = format!("{}/knowledge", of_project(&project));
            let set: KnowledgeBody = api.send(Method::PUT, &path, &PutKnowledge { text }).await?;
            let count = set.text.split("\n\n").filter(|paragraph| !paragraph.is_empty()).count();
            output.print(&json!({"project_id": project, "paragraphs": count}), || {
                format!("The text is set: {count} paragraphs. Conversations use it from their next message on.")
            })
        }
        Command::Questions { project, limit } => {
            let api = Api::at(place).await?;
            let path = format!("{}/questions", of_project(&project));
            let open: Vec<QuestionBody> = api.all(&path, usize::try_from(limit)?).await?;
            let list: Vec<_> = open
                .iter()
                .map(|one| {
                    json!({"id": one.question_id, "question": one.question, "conversation_id": one.conversation_id,
                           "asked_at": one.asked_at})
                })
                .collect();
            let to_text = |one: &QuestionBody| format!("{}  {:.0}  {}", one.question_id, one.asked_at.0, one.question);
            output.print(&json!({"questions": list}), || output::rows(&open, to_text, "Nothing waits for an answer."))
        }
        Command::Answer { project, question, text, .. } => {
            let api = Api::at(place).await?;
            let path = format!("{}/questions/{question}/settle", of_project(&project));
            let settled = api.send(Method::POST, &path, &SettleQuestion { answer: text.clone() }).await;
            let () = settled.map_err(|refused| {
                refused.missing(|| "there is no such open question: it may have been answered meanwhile".to_owned())
            })?;
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

fn show(project: &str, agent: &AgentBody, output: &Output) -> anyhow::Result<()> {
    let AgentBody { model, tokens_a_day, tokens_a_month, keeps_prompts, discloses } = agent;
    let object = json!({"project_id": project, "model": model, "tokens_a_day": tokens_a_day,
                        "tokens_a_month": tokens_a_month, "keeps_prompts": keeps_prompts, "discloses": discloses});
    output.print(&object, || {
        let limit = |tokens: &Option<i64>| tokens.map_or_else(|| "no limit".to_owned(), |tokens| tokens.to_string());
        format!(
            "model           {}\ntokens a day    {}\ntokens a month  {}\nkeeps prompts   {keeps_prompts}\ndiscloses       {discloses}",
            model.as_deref().unwrap_or("none: the built-in agent alone"),
            limit(tokens_a_day),
            limit(tokens_a_month)
        )
    })
}
