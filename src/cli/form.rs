//! `aurix form`

use std::io::BufRead as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use clap::Subcommand;
use serde::Deserialize;
use serde_json::{Value, json};

use super::open_project;
use super::output::{Output, line};
use crate::agent;
use crate::config::Config;
use crate::domain::form::Form;
use crate::domain::phone::Region;
use crate::domain::time::Clock;
use crate::flows::set_form::set_form;

/// Bytes that a line of `form try` may have.
const LINE_BYTES_MAX: usize = 1024 * 1024;

#[derive(Subcommand)]
pub enum Command {
    /// Gives a project the form in a file; conversations follow it from their next message on.
    #[command(
        after_help = "Example of a file:\n  {\"greeting\":\"Hi!\",\"closing\":\"Thank you.\",\"language\":\"en\",\"fields\":[\n    {\"key\":\"outlet\",\"type\":\"choice\",\"required\":true,\"question\":\"Which outlet?\",\"options\":[\"Orchard\",\"Bugis\"]}]}\nTypes: name email phone text choice number date datetime time yes_no.\nname, email and phone are always there and required unless the file says otherwise."
    )]
    Set {
        /// The project.
        #[arg(long)]
        project: String,
        /// The file with the form, JSON.
        file: PathBuf,
    },
    /// Shows the form of a project.
    #[command(after_help = "Example:\n  aurix form show --project ID > form.json")]
    Show {
        /// The project.
        #[arg(long)]
        project: String,
    },
    /// Shows what the built-in agent takes from messages: JSON lines {"text","requested"} on standard input.
    #[command(
        after_help = "Example:\n  echo '{\"text\":\"It is Mei Tan\",\"requested\":[\"name\"]}' | aurix form try form.json\nPrints {\"fields\":{key: their words},\"values\":{key: as it is stored}} for each line."
    )]
    Try {
        /// The file with the form, JSON.
        file: PathBuf,
        /// Country that phone numbers without a country code are of.
        #[arg(long, default_value = "SG")]
        region: String,
        /// Time zone that "tomorrow" is meant in.
        #[arg(long, default_value = "UTC")]
        timezone: String,
    },
}

pub async fn run(command: Command, config: Config, output: &Output) -> anyhow::Result<()> {
    match command {
        Command::Set { project, file } => {
            let form = read_form(&file)?;
            let (app, project) = open_project(config, &project).await?;
            set_form(&app, project.id, &form).await?;
            let keys: Vec<&str> = form.fields.iter().map(|field| field.key.as_str()).collect();
            output.print(&json!({"project_id": project.public_id, "fields": keys}), || {
                format!("The form is set. The agent asks for: {}.", keys.join(", "))
            })
        }
        Command::Show { project } => {
            let (_, project) = open_project(config, &project).await?;
            let form = project.form.as_deref().map(Form::parse).transpose()?.unwrap_or_else(Form::default_form);
            let object = serde_json::to_value(&form)?;
            let text = serde_json::to_string_pretty(&form)?;
            output.print(&object, || text)
        }
        Command::Try { file, region, timezone } => try_lines(&read_form(&file)?, Region::parse(&region)?, &timezone),
    }
}

fn read_form(file: &Path) -> anyhow::Result<Form> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    Form::parse(&text).with_context(|| format!("{} is no form", file.display()))
}

#[derive(Deserialize)]
struct Line {
    text: String,
    #[serde(default)]
    requested: Option<Vec<String>>,
}

/// Answers each line as it comes; one that cannot be read gets an error and harms no other.
fn try_lines(form: &Form, region: Region, timezone: &str) -> anyhow::Result<()> {
    let zone = jiff::tz::TimeZone::get(timezone)
        .with_context(|| format!("{timezone:?} is no time zone: write an IANA name, for example Asia/Singapore"))?;
    let now = Clock::System.now();
    let mut wrong = 0_usize;
    for (index, text) in std::io::stdin().lock().lines().enumerate() {
        let text = text.context("reading standard input")?;
        if text.trim().is_empty() {
            continue;
        }
        ensure!(text.len() <= LINE_BYTES_MAX, "line {} is longer than {LINE_BYTES_MAX} bytes", index + 1);
        let answer: Value = match serde_json::from_str::<Line>(&text) {
            Ok(one) => agent::try_line(form, region, &zone, now, &one.text, &one.requested.unwrap_or_default()),
            Err(error) => {
                wrong += 1;
                json!({"error": format!("line {}: {error}; write {{\"text\": \"…\", \"requested\": [\"key\"]}}", index + 1)})
            }
        };
        line(&answer.to_string())?;
    }
    if wrong > 0 {
        bail!("{wrong} lines could not be read");
    }
    Ok(())
}
