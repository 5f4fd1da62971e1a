//! `aurix llm`

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use clap::Subcommand;
use serde_json::{Value, json};

use super::llm_dialogues::{Course, people, talk};
use super::output::Output;
use crate::agent::Prompt;
use crate::config::Config;
use crate::domain::time::Clock;
use crate::llm::{Ask, Called, Failure, Llm, Rung, Usage, estimate_tokens};

/// Tokens that Ollama reads unless it is told otherwise: what is beyond is cut in silence.
const SHORT_CONTEXT: u64 = 4_096;

#[derive(Subcommand)]
pub enum Command {
    /// Tries the model: which way of asking it takes, how long it takes, what it costs, and how twenty fixed dialogues go with it
    /// and without.
    ///
    /// The exit code is 1 where it cannot be used, or where something was invented.
    #[command(after_help = "Example:\n  aurix llm check --price-in 0.15 --price-out 0.60")]
    Check {
        /// Price of a million tokens of prompts, in any currency.
        #[arg(long, value_name = "PRICE")]
        price_in: Option<f64>,
        /// Price of a million tokens of answers.
        #[arg(long, value_name = "PRICE")]
        price_out: Option<f64>,
    },
    /// Writes what the model answers in these dialogues into a folder, a file each: without keys and ids, and the people are
    /// invented.
    #[command(after_help = "Example:\n  aurix llm record ./cassettes")]
    Record {
        /// The folder. It is created where it is not there.
        folder: PathBuf,
    },
}

pub async fn run(command: Command, config: Config, output: &Output) -> anyhow::Result<()> {
    let endpoint = config.llm.context("there is no model to try: set AURIX_LLM_BASE_URL and AURIX_LLM_MODEL first")?;
    let llm = Llm::new(endpoint, Clock::System);
    match command {
        Command::Check { price_in, price_out } => {
            let first = first_call(&llm).await?;
            let tried = Tried::all(&llm, None).await?;
            let price = price_in.unwrap_or(0.0) / 1e6 * as_float(tried.usage.prompt_tokens)
                + price_out.unwrap_or(0.0) / 1e6 * as_float(tried.usage.completion_tokens);
            let has_price = price_in.is_some() || price_out.is_some();
            let report = tried.report(&llm, &first, has_price.then_some(price));
            output.print(&report, || in_words(&report))?;
            ensure!(
                tried.invented + tried.leaked == 0,
                "the model got something through that was not said: report this"
            );
            Ok(())
        }
        Command::Record { folder } => {
            std::fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
            first_call(&llm).await?;
            let tried = Tried::all(&llm, Some(&folder)).await?;
            output.print(&json!({"folder": folder, "cassettes": tried.asked}), || {
                format!("{} answers are in {}.", tried.asked, folder.display())
            })
        }
    }
}

fn as_float(count: u64) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

fn ask_of(prompt: &Prompt) -> Ask {
    Ask {
        system: prompt.system.clone(),
        user: prompt.user.clone(),
        schema: prompt.schema.clone(),
        cache_key: prompt.cache_key.clone(),
    }
}

/// Finds the way of asking that the server takes: each call may step down once.
async fn first_call(llm: &Llm) -> anyhow::Result<Called> {
    let schema = json!({"type": "object", "properties": {"act": {"type": "string", "enum": ["answer", "other"]}},
                        "required": ["act"], "additionalProperties": false});
    let ask = Ask {
        system: format!("Answer with one JSON object of this schema, and nothing else: {schema}"),
        user: "{\"unread\":[\"hello\"]}".to_owned(),
        schema,
        cache_key: "check".to_owned(),
    };
    let mut called = llm.ask(&ask).await;
    for _ in 0..Rung::ALL.len() {
        match &called.result {
            Ok(_) => return Ok(called),
            Err(Failure::Status(..) | Failure::Unreadable) => called = llm.ask(&ask).await,
            Err(_) => break,
        }
    }
    match &called.result {
        Ok(_) => Ok(called),
        Err(failure) => {
            Err(anyhow::anyhow!("{failure}: check AURIX_LLM_BASE_URL, AURIX_LLM_MODEL and AURIX_LLM_API_KEY"))
        }
    }
}

/// What the dialogues came to.
#[derive(Default)]
struct Tried {
    people: usize,
    completed: usize,
    completed_alone: usize,
    turns: usize,
    turns_alone: usize,
    invented: usize,
    leaked: usize,
    asked: usize,
    failures: BTreeMap<&'static str, usize>,
    dropped: BTreeMap<&'static str, u32>,
    usage: Usage,
    durations: Vec<Duration>,
    prompt_tokens_max: u64,
}

impl Tried {
    async fn all(llm: &Llm, folder: Option<&Path>) -> anyhow::Result<Self> {
        let (people, now) = (people(), Clock::System.now());
        let tried = Mutex::new(Self { people: people.len(), ..Self::default() });
        for person in &people {
            let alone = talk(person, now, async |_| Ok(None)).await?;
            let helped = talk(person, now, async |prompt: Prompt| {
                let ask = ask_of(&prompt);
                let called = llm.ask(&ask).await;
                let mut tried = tried.lock().expect("not poisoned: nothing in here panics");
                tried.count(&ask, &called);
                if let Some(folder) = folder {
                    write_cassette(folder, tried.asked, &ask, &called)?;
                }
                Ok(called.result.ok().map(|object| prompt.help(&object)))
            });
            let helped = helped.await?;
            tried.lock().expect("not poisoned: nothing in here panics").add(alone, helped);
        }
        Ok(tried.into_inner().expect("not poisoned: nothing in here panics"))
    }

    fn count(&mut self, ask: &Ask, called: &Called) {
        self.asked += 1;
        self.usage.prompt_tokens += called.usage.prompt_tokens;
        self.usage.completion_tokens += called.usage.completion_tokens;
        self.usage.cached_tokens += called.usage.cached_tokens;
        self.durations.push(called.duration);
        self.prompt_tokens_max = self.prompt_tokens_max.max(estimate_tokens(&ask.system) + estimate_tokens(&ask.user));
        if let Err(failure) = &called.result {
            *self.failures.entry(failure.as_str()).or_insert(0) += 1;
        }
    }

    fn add(&mut self, alone: Course, helped: Course) {
        self.completed_alone += usize::from(alone.completed);
        self.completed += usize::from(helped.completed);
        self.turns_alone += alone.turns;
        self.turns += helped.turns;
        self.invented += helped.invented;
        self.leaked += helped.leaked;
        for (reason, count) in helped.dropped {
            *self.dropped.entry(reason.as_str()).or_insert(0) += count;
        }
    }

    fn report(&self, llm: &Llm, first: &Called, price: Option<f64>) -> Value {
        let mut durations = self.durations.clone();
        durations.sort_unstable();
        let at = |percent: usize| {
            let place = (durations.len() * percent / 100).min(durations.len().saturating_sub(1));
            u64::try_from(durations.get(place).copied().unwrap_or_default().as_millis()).unwrap_or(u64::MAX)
        };
        let asked = as_float(self.asked.max(1) as u64);
        json!({
            "model": llm.endpoint().model(), "host": llm.endpoint().host(), "asked_by": first.rung.as_str(),
            "first_call_ms": u64::try_from(first.duration.as_millis()).unwrap_or(u64::MAX),
            "ms_p50": at(50), "ms_p90": at(90), "timeout_ms": u64::try_from(llm.endpoint().timeout.as_millis()).unwrap_or(u64::MAX),
            "calls": self.asked, "without_answer": self.failures, "prompt_tokens": self.usage.prompt_tokens,
            "completion_tokens": self.usage.completion_tokens, "cached_tokens": self.usage.cached_tokens,
            "longest_prompt_tokens": self.prompt_tokens_max,
            "tokens_a_turn": (as_float(self.usage.total()) / asked).round(),
            "price": price, "price_a_thousand_turns": price.map(|price| price / asked * 1_000.0),
            "dialogues": self.people, "completed": self.completed, "completed_without_model": self.completed_alone,
            "turns": self.turns, "turns_without_model": self.turns_alone, "invented": self.invented, "leaked": self.leaked,
            "dropped": self.dropped,
        })
    }
}

fn in_words(report: &Value) -> String {
    let of = |name: &str| report[name].as_str().map_or_else(|| report[name].to_string(), str::to_owned);
    let listed = |name: &str| {
        let pairs = report[name].as_object().into_iter().flatten();
        let list = pairs.map(|(reason, count)| format!("{reason} {count}")).collect::<Vec<_>>().join(", ");
        if list.is_empty() { "none".to_owned() } else { list }
    };
    let mut lines = vec![
        format!("{} at {} answers when asked by {}.", of("model"), of("host"), of("asked_by")),
        format!(
            "time       {} ms (half of the calls), {} ms (nine in ten), {} ms at most",
            of("ms_p50"),
            of("ms_p90"),
            of("timeout_ms")
        ),
        format!(
            "tokens     {} of prompts ({} read before), {} of answers in {} calls: {} a turn",
            of("prompt_tokens"),
            of("cached_tokens"),
            of("completion_tokens"),
            of("calls"),
            of("tokens_a_turn")
        ),
        format!("no answer  {}", listed("without_answer")),
        format!(
            "dialogues  {} of {} completed (without the model {}), in {} turns (without {})",
            of("completed"),
            of("dialogues"),
            of("completed_without_model"),
            of("turns"),
            of("turns_without_model")
        ),
        format!(
            "invented   {} values, {} replies with instructions in them (both have to be 0)",
            of("invented"),
            of("leaked")
        ),
        format!("dropped    {}", listed("dropped")),
    ];
    if let (Some(price), Some(thousand)) = (report["price"].as_f64(), report["price_a_thousand_turns"].as_f64()) {
        lines.push(format!("price      {price:.4} for all of this, {thousand:.2} for a thousand turns"));
    }
    let longest = report["longest_prompt_tokens"].as_u64().unwrap_or(0);
    lines.push(match longest + 3_000 > SHORT_CONTEXT {
        true => format!(
            "context    about {longest} tokens here, and up to 3000 more of your knowledge text: a server that reads {SHORT_CONTEXT} by \
             default (Ollama) has to be told to read 8192"
        ),
        false => format!("context    about {longest} tokens"),
    });
    lines.join("\n")
}

/// A question and its answer, without headers, keys and the server's ids.
fn write_cassette(folder: &Path, number: usize, ask: &Ask, called: &Called) -> anyhow::Result<()> {
    let cassette = json!({
        "asked_by": called.rung.as_str(),
        "request": {"system": ask.system, "user": ask.user, "schema": ask.schema},
        "response": {"text": called.text, "failure": called.result.as_ref().err().map(Failure::as_str)},
    });
    let file = folder.join(format!("{number:03}.json"));
    std::fs::write(&file, serde_json::to_string_pretty(&cassette)? + "\n")
        .with_context(|| format!("cannot write {}", file.display()))
}
