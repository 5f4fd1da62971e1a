//! The commands, one file each. They use the same settings as the server, and work beside a running one.

mod agent;
mod attention;
mod audit;
mod backup;
mod channel;
mod delivery;
mod doctor;
mod doctor_recount;
mod form;
mod key;
mod link;
mod listen;
mod llm;
mod llm_dialogues;
mod move_database;
mod output;
mod post_here;
mod progress;
mod project;
mod ready;
mod reply;
mod retention;
mod secret_key;
mod token;
mod trigger;
mod user;
mod webhook;
mod webhook_template;
mod widget;

use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;

use clap::{Arg, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use tokio::runtime::{Builder, Runtime};

use crate::config::{Config, LogFormat, Settings};
use crate::core::Core;
use crate::domain::actor::Actor;
use crate::store::delivery_log;
use crate::store::projects::Project;
use crate::store::webhooks::{self, Webhook};
use output::{Output, ReaderGone};

/// Characters of a user's name in the audit log.
const USER_CHARS_MAX: usize = 64;

/// Shows which ad brought which lead.
///
/// A visitor clicks the button on your site, Aurix records where they came from and opens WhatsApp, asks what you need to
/// know, and notifies your systems at every step.
#[derive(Parser)]
#[command(
    name = "aurix",
    version,
    after_help = "\
The first steps:
  aurix demo                                       try everything in a browser, without an account
  aurix serve                                      run the server
  aurix project create \"My shop\" --region SG       then: channel add, widget create, webhook add

Every command takes --json and then prints one JSON object. `aurix --help` lists the settings,
`aurix COMMAND --help` explains a command."
)]
pub struct Cli {
    /// Prints one JSON object instead of text.
    #[arg(long, global = true)]
    json: bool,
    #[command(flatten)]
    settings: Settings,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Runs the server: widget, inbound messages, partner API and deliveries. Plain `aurix` does the same.
    ///
    /// It prints its address, stores its data in the data folder, and at SIGTERM or Ctrl-C finishes what is in flight before it
    /// stops. /healthz says that it is alive, /readyz that it can work: something can be written,
    /// and the background loops run; if not, the body says what is wrong.
    #[command(after_help = "Example:\n  AURIX_BASE_URL=https://aurix.example.com aurix serve --listen 0.0.0.0:8080")]
    Serve,
    /// Serves a demo project with a shop, a phone and a webhook receiver: open /playground in a browser.
    ///
    /// It needs no account, and nothing leaves the machine. Its data is in the folder `demo` of the data folder.
    #[command(after_help = "Example:\n  aurix demo")]
    Demo {
        /// Without the four weeks of business that are invented for a new one.
        #[arg(long)]
        empty: bool,
    },
    /// Creates and lists projects.
    ///
    /// A project is a tenant: its sites, channels, lead form, webhooks and leads. Everything else belongs to one.
    #[command(
        subcommand,
        after_help = "Example:\n  aurix project create \"My shop\" --region SG --timezone Asia/Singapore"
    )]
    Project(project::Command),
    /// Shows and sets the retention periods of a project.
    #[command(subcommand, after_help = "Example:\n  aurix retention set --project ID --clicks 400d --events 90d")]
    Retention(retention::Command),
    /// Looks the installation over: settings, database, clock, disk, how the outside reaches it, channels, what needs attention.
    ///
    /// Each line says what was found, and what to do where it needs a hand; what does not work fails the command. It works beside a
    /// running server. With --recount it compares the overview's numbers with their rows instead, a slice at a time.
    #[command(
        after_help = "Examples:\n  aurix doctor\n  aurix doctor --recount\n  aurix doctor --recount --mend --project ID"
    )]
    Doctor(doctor::Doctor),
    /// Asks the server on this machine whether it can work, for health checks: fails where it cannot, and says why.
    ///
    /// It asks /readyz at the address of the settings: something can be written, and the background loops run.
    #[command(after_help = "Examples:\n  aurix ready\n  aurix ready --url https://aurix.example.com")]
    Ready(ready::Ready),
    /// Posts the events of a project to a program on this machine, as they happen: no webhook reaches it there.
    ///
    /// They are signed as deliveries are. Only what happens from now on is posted. Without --server it reads the data of this machine.
    #[command(
        after_help = "Examples:\n  aurix listen --project ID --forward http://localhost:3000/hook --event lead.created\n  aurix listen --project ID --forward http://localhost:3000/hook --server https://aurix.example.com --token @token"
    )]
    Listen(listen::Arguments),
    /// Posts a sample of an event to a project's webhooks, or to an address.
    #[command(
        after_help = "Examples:\n  aurix trigger lead.created --project ID\n  aurix trigger lead.created --forward http://localhost:3000/hook"
    )]
    Trigger(trigger::Arguments),
    /// Creates, lists and revokes API keys of partners.
    ///
    /// A key reads one project's leads and clicks, and registers one webhook.
    #[command(subcommand, after_help = "Example:\n  aurix key create --project ID --service topkee")]
    Key(key::Command),
    /// Creates, lists and revokes tokens of the management API.
    ///
    /// A token does what the console does, for one project or for all: see docs/management.md.
    #[command(
        subcommand,
        after_help = "Example:\n  aurix token create --project ID --name \"CRM sync\" --scope write --days 90"
    )]
    Token(token::Command),
    /// Adds and lists channels: where people write.
    #[command(
        subcommand,
        after_help = "Example:\n  aurix channel add whatsapp --project ID --phone-number-id 1234 --number +6512345678 \\\n    \
                      --access-token T --app-secret S --verify-token V"
    )]
    Channel(channel::Command),
    /// Creates and lists widgets: the button on a site.
    #[command(
        subcommand,
        after_help = "Example:\n  aurix widget create --project ID --channel 1234 --origin https://www.example.com"
    )]
    Widget(widget::Command),
    /// Creates, lists, pauses, resumes and deletes links: to the chat without a site in between.
    ///
    /// A link is an address for posters, bios and newsletters. It says where its visitors come from, and its QR code is in the console.
    #[command(
        subcommand,
        after_help = "Example:\n  aurix link create --project ID --channel 1234 --source poster --slug spring-poster"
    )]
    Link(link::Command),
    /// Sets, shows and tries the lead form: what the agent asks for.
    #[command(
        subcommand,
        after_help = "Example:\n  echo '{\"text\":\"I am Mei, mei@example.com\"}' | aurix form try form.json"
    )]
    Form(form::Command),
    /// Sets what the agent answers questions from, and how a language model helps it.
    #[command(subcommand, after_help = "Example:\n  aurix agent knowledge --project ID text.txt")]
    Agent(agent::Command),
    /// Tries the language model of AURIX_LLM_BASE_URL and AURIX_LLM_MODEL. Needs no project and no server.
    #[command(subcommand, after_help = "Example:\n  aurix llm check")]
    Llm(llm::Command),
    /// Adds, lists, tests and changes webhooks: where events are delivered to.
    #[command(
        subcommand,
        after_help = "Example:\n  aurix webhook add --project ID --url https://crm.example.com/hook --event lead.created"
    )]
    Webhook(webhook::Command),
    /// Lists, shows and resends deliveries: one event on its way to one webhook.
    #[command(subcommand, after_help = "Example:\n  aurix delivery resend --webhook ID --since 2026-01-31T00:00:00Z")]
    Delivery(delivery::Command),
    /// Lists and resends replies: what the agent says to people.
    #[command(subcommand, after_help = "Example:\n  aurix reply list --project ID --status failed")]
    Reply(reply::Command),
    /// Replaces the key that secrets are encrypted with.
    #[command(subcommand, after_help = "Example:\n  aurix secret-key rotate")]
    SecretKey(secret_key::Command),
    /// Writes a copy of the SQLite database to a file, beside a running server, and verifies it.
    ///
    /// The copy is of one moment. The secret key is not in it: without that key the copy cannot be used, so keep both, apart
    /// from each other. On PostgreSQL it says how to use pg_dump.
    #[command(
        after_help = "Examples:\n  aurix backup /backups/aurix-2026-01-31.db\n  AURIX_BACKUP_PASSPHRASE=… aurix backup --encrypt /backups/aurix.db"
    )]
    Backup(backup::Backup),
    /// Puts a backup of the SQLite database back into the data folder.
    ///
    /// Stop the server first. The file is checked before anything is changed: that it is undamaged, of Aurix, and of a version that this
    /// program knows. On PostgreSQL it says how to use pg_restore.
    #[command(
        after_help = "Examples:\n  aurix restore --check /backups/aurix-2026-01-31.db\n  aurix restore /backups/aurix-2026-01-31.db"
    )]
    Restore(backup::Restore),
    /// Moves everything from the SQLite database into an empty PostgreSQL database, and compares every row.
    ///
    /// Stop the servers first. A move that was cut off goes on where it was when it is run again; until it has ended, no server starts
    /// on the new database. The SQLite database is not changed. The secret key stays what it is.
    #[command(after_help = "Example:\n  aurix move --to postgres://aurix:secret@db.example.com/aurix")]
    Move(move_database::Arguments),
    /// Creates, lists and removes accounts for the console.
    #[command(
        subcommand,
        after_help = "Example:\n  aurix user create --email mei@example.com --project ID --role admin"
    )]
    User(user::Command),
    /// Lists what needs attention: webhooks that fail, channels that are refused, people who wait.
    #[command(subcommand, after_help = "Example:\n  aurix attention list")]
    Attention(attention::Command),
    /// Lists who changed what: every change by a command or with an API key.
    #[command(subcommand, after_help = "Example:\n  aurix audit list --project ID --limit 20")]
    Audit(audit::Command),
}

/// The command line. Every command takes the settings, and only the long help lists them.
pub fn command() -> clap::Command {
    let is_setting = |argument: &Arg| argument.get_env().is_some();
    Cli::command().mut_args(|argument| match is_setting(&argument) {
        true => argument.global(true).hide_short_help(true),
        false => argument,
    })
}

/// Runs the command line. The exit code is 0, 1 after a failure, or 2 after wrong arguments or settings.
pub fn run() -> ExitCode {
    let cli = Cli::from_arg_matches(&command().get_matches()).unwrap_or_else(|error| error.exit());
    let output = Output::new(cli.json);
    let config = match cli.settings.check() {
        Ok(config) => config,
        Err(error) => {
            complain(&error.to_string());
            return ExitCode::from(2);
        }
    };
    let command = cli.command.unwrap_or(Command::Serve);
    let serves = matches!(command, Command::Serve | Command::Demo { .. });
    start_log(&config, serves);
    match runtime(serves).and_then(|runtime| runtime.block_on(execute(command, config, &output))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.is::<ReaderGone>() => ExitCode::SUCCESS,
        Err(error) => {
            complain(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// A command needs one thread.
fn runtime(serves: bool) -> anyhow::Result<Runtime> {
    let mut builder = if serves { Builder::new_multi_thread() } else { Builder::new_current_thread() };
    Ok(builder.enable_all().build()?)
}

/// Prints what is wrong as one line on standard error.
fn complain(text: &str) {
    // There is nowhere left to report a failure of this.
    let _ = writeln!(std::io::stderr(), "{}", text.replace(['\r', '\n'], " "));
}

async fn execute(command: Command, config: Config, output: &Output) -> anyhow::Result<()> {
    match command {
        Command::Serve => crate::serve::run(config).await,
        Command::Demo { empty } => crate::demo::run(config, &actor(), empty).await,
        Command::Project(command) => project::run(command, config, output).await,
        Command::Doctor(doctor) => doctor::run(doctor, config, output).await,
        Command::Ready(arguments) => ready::run(arguments, config, output).await,
        Command::Listen(arguments) => listen::run(arguments, config, output).await,
        Command::Trigger(arguments) => trigger::run(arguments, config, output).await,
        Command::Retention(command) => retention::run(command, config, output).await,
        Command::Key(command) => key::run(command, config, output).await,
        Command::Token(command) => token::run(command, config, output).await,
        Command::Channel(command) => channel::run(command, config, output).await,
        Command::Widget(command) => widget::run(command, config, output).await,
        Command::Link(command) => link::run(command, config, output).await,
        Command::Form(command) => form::run(command, config, output).await,
        Command::Agent(command) => agent::run(command, config, output).await,
        Command::Llm(command) => llm::run(command, config, output).await,
        Command::Webhook(command) => webhook::run(command, config, output).await,
        Command::Delivery(command) => delivery::run(command, config, output).await,
        Command::Reply(command) => reply::run(command, config, output).await,
        Command::SecretKey(command) => secret_key::run(command, config, output).await,
        Command::Backup(arguments) => backup::make(arguments, config, output).await,
        Command::Restore(arguments) => backup::put_back(arguments, config, output).await,
        Command::Move(arguments) => move_database::run(arguments, config, output).await,
        Command::User(command) => user::run(command, config, output).await,
        Command::Attention(command) => attention::run(command, config, output).await,
        Command::Audit(command) => audit::run(command, config, output).await,
    }
}

/// The server logs to standard error; the commands only what is wrong, and what they do to the tables of an older database.
fn start_log(config: &Config, serves: bool) {
    let filter = if serves { config.log.as_str() } else { "warn,aurix::db::migrate=info" };
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        // These are printed to standard error too: with a full disk behind it, that would end the thread that logs.
        .log_internal_errors(false)
        .with_ansi(std::io::stderr().is_terminal());
    match config.log_format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().init(),
    }
}

/// Whoever runs the command.
#[expect(clippy::disallowed_methods, reason = "who runs a command is no setting of the server")]
fn actor() -> Actor {
    // Behind `sudo`, `USER` is root for everybody.
    let user = ["SUDO_USER", "USER", "LOGNAME"].into_iter().find_map(|name| std::env::var(name).ok());
    Actor::Command { user: user.map(|user| user.chars().filter(|c| !c.is_control()).take(USER_CHARS_MAX).collect()) }
}

/// Opens the database, and finds the project that a command names.
async fn open_project(config: Config, project: &str) -> anyhow::Result<(Core, Project)> {
    let core = crate::serve::open(config).await?;
    let wanted = project.to_owned();
    let found = core.db.read(async move |conn| Ok(crate::store::projects::find_public(conn, &wanted).await?)).await?;
    match found {
        Some(project) => Ok((core, project)),
        None => anyhow::bail!("there is no project {project:?}: `aurix project list` lists the projects"),
    }
}

/// Opens the database, and finds the webhook that a command names.
async fn open_webhook(config: Config, id: &str) -> anyhow::Result<(Core, Webhook)> {
    let core = crate::serve::open(config).await?;
    let wanted = id.to_owned();
    let found = core
        .db
        .read(async move |conn| match delivery_log::webhook_key(conn, &wanted).await? {
            Some((project, key)) => Ok(Some(webhooks::get(conn, project, key).await?)),
            None => Ok(None),
        })
        .await?;
    match found {
        Some(webhook) => Ok((core, webhook)),
        None => anyhow::bail!("there is no webhook {id:?}: `aurix webhook list --project ID` lists the webhooks"),
    }
}

/// The hint below a URL that is built from the default base URL.
fn base_url_hint(config: &Config) -> &'static str {
    if config.base_url_is_default {
        "\nThis URL is a guess: set AURIX_BASE_URL to the server's public URL."
    } else {
        ""
    }
}
