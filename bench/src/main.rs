//! `aurix-bench`: what this machine does per second, beside what it could do at most. Real server processes are loaded over
//! loopback; every ceiling is measured in the same run, in slices that take turns with Aurix, so that noise hits both.
//!
//! A module imports only those above it in this list (tests/it/tidy/order.rs):
//!
//! - figures: `clock`, `plan`, `finding`, `tally`, `report`, `progress`
//! - processes: `program`, `stage`, `setting`, `process`, `wire`, `server`
//! - rows and requests: `project`, `rows`, `fill`, `click_request`, `sink`, `scene`, `attach`, `roles`, `load`, `steady`
//! - ceilings: `bare`, `turns`
//! - measurements: `clicks`, `messages`, `deliveries`, `disk`, `end_to_end`, `download`, `list`, `fan_out`, `slow`,
//!   `flood`, `nodes`, `run`
//! - a filled database, and the console's pages on it: `seed`, `pages`
//! - people who talk with the agent: `dialogues`
//! - the command line: `arguments`

mod arguments;
mod attach;
mod bare;
mod click_request;
mod clicks;
mod clock;
mod deliveries;
mod dialogues;
mod disk;
mod download;
mod end_to_end;
mod fan_out;
mod fill;
mod finding;
mod flood;
mod list;
mod load;
mod messages;
mod nodes;
mod pages;
mod plan;
mod process;
mod program;
mod progress;
mod project;
mod report;
mod roles;
mod rows;
mod run;
mod scene;
mod seed;
mod server;
mod setting;
mod sink;
mod slow;
mod stage;
mod steady;
mod tally;
mod turns;
mod wire;

use std::io::{ErrorKind, Write as _};
use std::process::ExitCode;

use clap::Parser as _;
use tokio::runtime::Builder;

use crate::arguments::{Arguments, Command, Role};

/// The server's own, so that its ceilings have the same.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Dialogues that went wrong and are shown, at most.
const SHOWN_MAX: usize = 20;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    tracing_subscriber::fmt().with_env_filter("warn").with_writer(std::io::stderr).init();
    // What stands in for a server runs as one, on all cores.
    let mut builder =
        if arguments.role.is_some() { Builder::new_multi_thread() } else { Builder::new_current_thread() };
    let ended =
        builder.enable_all().build().map_err(Into::into).and_then(|runtime| runtime.block_on(execute(arguments)));
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nowhere is left to report where this fails.
            let _ = writeln!(std::io::stderr(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn execute(arguments: Arguments) -> anyhow::Result<()> {
    match &arguments.command {
        Some(Command::Seed(seed)) => return seed::run(seed.place.config()?, seed.asked()).await,
        Some(Command::Pages(pages)) => {
            let report = pages::run(pages.place.config()?, &pages.program()?, &pages.wanted()).await?;
            return print(&if pages.json { report.object().to_string() } else { report.text() });
        }
        Some(Command::Dialogues { count }) => {
            let figures = dialogues::simulate(*count);
            let cases = figures.failed.iter().chain(&figures.wrong).take(SHOWN_MAX).cloned();
            let with = |name: &str, model: &mut dyn dialogues::Model| {
                dialogues::simulate_with(*count, model).beside(name, &figures)
            };
            let models = [with("oracle", &mut dialogues::models::Oracle), with("liar", &mut dialogues::models::Liar)];
            return print(&figures.lines().into_iter().chain(models).chain(cases).collect::<Vec<_>>().join("\n"));
        }
        None => {}
    }
    let place = arguments.place()?;
    let plan = arguments.plan(&place)?;
    match arguments.role {
        Some(Role::Redirect) => roles::redirect().await,
        Some(Role::Bare) => roles::bare().await,
        Some(Role::Post) => roles::post(&arguments.url, plan.connections, plan.seconds).await,
        None => {
            let report = run::run(&place, arguments.program()?, &plan).await?;
            print(&if arguments.json { report.object().to_string() } else { report.text() })
        }
    }
}

/// Prints a text at once. A reader that went away, as `head` does, is no failure.
fn print(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => Ok(written?),
    }
}
