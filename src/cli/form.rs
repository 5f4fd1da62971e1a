//! `aurix form`

use std::collections::BTreeMap;
use std::io::{BufRead, Read as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use clap::Subcommand;
use serde::Deserialize;
use serde_json::{Value, json};

use super::api::{Api, of_project};
use super::elsewhere::Place;
use super::output::{Output, line};
use crate::agent;
use crate::domain::form::Form;
use crate::domain::phone::Region;
use crate::domain::time::Clock;
use crate::net::Method;

/// Bytes that a line of `form try` may have.
const LINE_BYTES_MAX: usize = 1024 * 1024;

#[derive(Subcommand)]
pub enum Command {
    /// Sets the lead form of a project from a file; conversations use it from their next message on.
    ///
    /// `form show` prints the current form, to start from.
    #[command(
        after_help = "Example of a file:\n  {\"greeting\":\"Hi!\",\"closing\":\"Thank you.\",\"language\":\"en\",\"fields\":[\n    {\"key\":\"outlet\",\"type\":\"choice\",\"required\":true,\"question\":\"Which outlet?\",\"options\":[\"Orchard\",\"Bugis\"]}]}\nTypes: name email phone text choice number date datetime time yes_no.\nname, email and phone are always part of it, and required unless the file says otherwise."
    )]
    Set {
        /// The project.
        #[arg(long)]
        project: String,
        /// The file with the form, JSON.
        file: PathBuf,
    },
    /// Shows the form of a project.
    ///
    /// The default form asks for name, email and phone.
    #[command(after_help = "Example:\n  aurix form show --project ID > form.json")]
    Show {
        /// The project.
        #[arg(long)]
        project: String,
    },
    /// Shows the agent's own sentences in a language: a form's "texts" can replace them.
    #[command(
        after_help = "Example:\n  aurix form sentences es\nIn a form: \"texts\":{\"es\":{\"sentences\":{\"thanks\":\"¡Gracias!\"}}}"
    )]
    Sentences {
        /// Its code, such as es.
        language: String,
    },
    /// Shows what the built-in agent extracts from messages: JSON lines {"text","requested"} on standard input.
    ///
    /// `requested` names the fields that were just asked for, and may be left out. Each line gets its result at once; a line
    /// that cannot be read gets {"error"}, and the exit code is 1 at the end. Needs no project and no server.
    #[command(
        after_help = "Example:\n  echo '{\"text\":\"It is Mei Tan\",\"requested\":[\"name\"]}' | aurix form try form.json\nPrints {\"fields\":{key: their words},\"values\":{key: as it is stored}} for each line."
    )]
    Try {
        /// The file with the form, JSON.
        file: PathBuf,
        /// Country of phone numbers that are written without a country code.
        #[arg(long, default_value = "SG")]
        region: String,
        /// Time zone of dates such as "tomorrow".
        #[arg(long, default_value = "UTC")]
        timezone: String,
    },
}

pub async fn run(command: Command, place: Place, output: &Output) -> anyhow::Result<()> {
    match command {
        Command::Set { project, file } => {
            let form = read_form(&file)?;
            let api = Api::at(place).await?;
            let _: Value = api.send(Method::PUT, &format!("{}/form", of_project(&project)), &form).await?;
            let keys: Vec<&str> = form.fields.iter().map(|field| field.key.as_str()).collect();
            output.print(&json!({"project_id": project, "fields": keys}), || {
                format!("The form is set. The agent asks for: {}.", keys.join(", "))
            })
        }
        Command::Show { project } => {
            let api = Api::at(place).await?;
            let form: Value = api.get(&format!("{}/form", of_project(&project))).await?;
            let form = Form::parse(&form.to_string())?;
            let object = serde_json::to_value(&form)?;
            let text = serde_json::to_string_pretty(&form)?;
            output.print(&object, || text)
        }
        Command::Sentences { language } => {
            let sentences: BTreeMap<_, _> = agent::sentences(&language).collect();
            let spoken: Vec<&str> = agent::spoken_languages().map(|spoken| spoken.code).collect();
            ensure!(!sentences.is_empty(), "the agent does not speak {language:?}: use one of {}", spoken.join(", "));
            let text = || sentences.iter().map(|(name, text)| format!("{name}: {text}")).collect::<Vec<_>>().join("\n");
            output.print(&json!(sentences), text)
        }
        Command::Try { file, region, timezone } => try_lines(&read_form(&file)?, Region::parse(&region)?, &timezone),
    }
}

fn read_form(file: &Path) -> anyhow::Result<Form> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    agent::read_form(&text).with_context(|| format!("{} is not a form", file.display()))
}

#[derive(Deserialize)]
struct Line {
    text: String,
    requested: Option<Requested>,
}

/// One key or several.
#[derive(Deserialize)]
#[serde(untagged)]
enum Requested {
    One(String),
    Many(Vec<String>),
}

impl Requested {
    fn keys(self) -> Vec<String> {
        match self {
            Self::One(key) => vec![key],
            Self::Many(keys) => keys,
        }
    }
}

/// Prints the result of each line as it comes. A line that cannot be read gets an error, and the next ones are read.
fn try_lines(form: &Form, region: Region, timezone: &str) -> anyhow::Result<()> {
    let zone = jiff::tz::TimeZone::get(timezone)
        .with_context(|| format!("{timezone:?} is not a time zone: write an IANA name, for example Asia/Singapore"))?;
    let mut input = std::io::stdin().lock();
    let (mut number, mut wrong) = (0_usize, 0_usize);
    while let Some(bytes) = next_line(&mut input).context("reading standard input")? {
        number += 1;
        if bytes.trim_ascii().is_empty() {
            continue;
        }
        let answer = parse_line(&bytes).map(|asked| {
            let requested = asked.requested.map(Requested::keys).unwrap_or_default();
            agent::try_line(form, region, &zone, Clock::System.now(), &asked.text, &requested)
        });
        let answer = answer.unwrap_or_else(|error| {
            wrong += 1;
            json!({"error": format!("line {number}: {error}")})
        });
        line(&answer.to_string())?;
    }
    ensure!(wrong == 0, "{wrong} of {number} lines could not be read");
    Ok(())
}

fn parse_line(bytes: &[u8]) -> Result<Line, String> {
    if bytes.len() > LINE_BYTES_MAX {
        return Err(format!("longer than {LINE_BYTES_MAX} bytes"));
    }
    serde_json::from_slice(bytes)
        .map_err(|error| format!("{error}; write {{\"text\": \"…\", \"requested\": [\"key\"]}}"))
}

/// The next line, cut a little above the maximum; the rest of a longer one is skipped. `None` at the end.
fn next_line(input: &mut impl BufRead) -> std::io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    let most = u64::try_from(LINE_BYTES_MAX).unwrap_or(u64::MAX).saturating_add(2);
    input.by_ref().take(most).read_until(b'\n', &mut bytes)?;
    if bytes.last() != Some(&b'\n') {
        input.skip_until(b'\n')?;
    }
    Ok((!bytes.is_empty()).then_some(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_is_too_long_is_skipped_and_the_next_one_read() {
        let text = format!("{}\n{{\"text\":\"a\"}}", "x".repeat(3 * LINE_BYTES_MAX));
        let mut input = text.as_bytes();
        let long = next_line(&mut input).unwrap().unwrap();
        assert!(long.len() <= LINE_BYTES_MAX + 2);
        assert!(parse_line(&long).is_err_and(|problem| problem.contains("longer than")));
        assert_eq!(
            parse_line(&next_line(&mut input).unwrap().unwrap()).ok().map(|line| line.text).as_deref(),
            Some("a")
        );
        assert!(next_line(&mut input).unwrap().is_none());
    }

    #[test]
    fn what_was_requested_is_one_key_several_or_none() {
        let keys = |text: &str| {
            parse_line(text.as_bytes()).map(|line| line.requested.map(Requested::keys).unwrap_or_default())
        };
        assert_eq!(keys(r#"{"text":"a"}"#).unwrap(), [""; 0]);
        assert_eq!(keys(r#"{"text":"a","requested":null}"#).unwrap(), [""; 0]);
        assert_eq!(keys(r#"{"text":"a","requested":"name"}"#).unwrap(), ["name"]);
        assert_eq!(keys(r#"{"text":"a","requested":["name","date"],"gold":{}}"#).unwrap(), ["name", "date"]);
        for wrong in ["", "[]", "{}", r#"{"text":1}"#, r#"{"text":"a","requested":1}"#, "{\"text\":\"\u{1}"] {
            assert!(keys(wrong).is_err(), "{wrong:?}");
        }
        assert!(parse_line(b"{\"text\":\"\xff\"}").is_err());
    }
}
