//! The commands, one file each. They use the same settings as the server, and work beside a running one.

mod agent;
mod answer;
mod api;
mod attention;
mod audit;
mod backup;
mod channel;
mod delivery;
mod dispatch;
mod doctor;
mod doctor_recount;
mod elsewhere;
mod event;
mod export;
mod form;
mod found;
mod here;
mod key;
mod lead;
mod link;
mod listen;
mod llm;
mod llm_dialogues;
mod log;
mod login;
mod member;
mod move_database;
mod output;
mod post_here;
mod profiles;
mod progress;
mod project;
mod ready;
mod refused;
mod remote;
mod reply;
mod retention;
mod secret_key;
mod settings;
mod shells;
mod token;
mod trigger;
mod user;
mod webhook;
mod webhook_template;
mod widget;

use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;

use clap::{Arg, Args as _, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use tokio::runtime::{Builder, Runtime};

use crate::config::{Config, Settings};
use crate::metrics::Metrics;
use crate::traces::Traces;
use elsewhere::Elsewhere;
use here::{actor, base_url_hint, open_project};
use output::{Output, ReaderGone};

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

Every command takes --json and then prints one JSON object, and works on another machine's server with
--server, or with what `aurix login` stored. `aurix COMMAND --help` explains a command, `aurix help settings`
lists the settings."
)]
pub struct Cli {
    /// Prints one JSON object instead of text.
    #[arg(long, global = true, help_heading = elsewhere::EVERY_COMMAND)]
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
    /// They are signed as deliveries are. Only what happens from now on is posted.
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
    /// Lists, shows and answers leads, and says what became of them.
    #[command(subcommand, after_help = "Example:\n  aurix lead list --project ID --waiting")]
    Lead(lead::Command),
    /// Lists and shows events: what happened, as webhooks are told of it.
    #[command(subcommand, after_help = "Example:\n  aurix event list --project ID --event lead.created")]
    Event(event::Command),
    /// Writes leads as a file.
    #[command(subcommand, after_help = "Example:\n  aurix export leads --project ID --out leads.csv")]
    Export(export::Command),
    /// Lists, invites and removes the people who work in a project, and says what they may do.
    #[command(subcommand, after_help = "Example:\n  aurix member invite --project ID mei@example.com --role admin")]
    Member(member::Command),
    /// Lists who changed what: every change by a command or with an API key.
    #[command(subcommand, after_help = "Example:\n  aurix audit list --project ID --limit 20")]
    Audit(audit::Command),
    /// Stores the address of a server and a token, for commands that work on it from here.
    ///
    /// The token is asked for, read from standard input, or given with --token; it is checked first. Both are stored in a file of your
    /// configuration folder that nobody else may read, as the profile of --profile. Nothing uses it unless you say so.
    #[command(
        after_help = "Examples:\n  aurix login https://aurix.example.com\n  aurix login --profile prod https://aurix.example.com < token.txt\n  aurix --profile prod project list"
    )]
    Login(login::Login),
    /// Removes a stored server and its token.
    #[command(after_help = "Example:\n  aurix logout --profile prod")]
    Logout,
    /// Lists the stored servers, and chooses the one that commands use.
    #[command(subcommand, after_help = "Example:\n  aurix profile use prod")]
    Profile(login::Command),
    /// Lists every setting: flag, environment variable, default and meaning.
    #[command(after_help = "Example:\n  aurix help settings")]
    Settings,
    /// Prints the completions of a shell.
    #[command(after_help = "Example:\n  aurix completions bash > ~/.local/share/bash-completion/completions/aurix")]
    Completions(shells::Completions),
    /// Writes a manual page for each command.
    #[command(after_help = "Example:\n  aurix man --out ~/.local/share/man/man1")]
    Man(shells::Manual),
}

impl Command {
    fn serves(&self) -> bool {
        matches!(self, Self::Serve | Self::Demo { .. })
    }
}

/// The command line. Every command takes the settings; the help has them in one place.
pub fn command() -> clap::Command {
    let settings = crate::config::settings();
    let is_setting = |argument: &Arg| settings.iter().any(|setting| setting.name == argument.get_id().as_str());
    let command = Cli::command()
        .mut_args(|argument| if is_setting(&argument) { argument.global(true).hide(true) } else { argument })
        .mut_subcommand("settings", |command| command.long_about(settings::text()));
    elsewhere::add_to(command)
}

/// The command line as shells complete it: the settings with the server alone, or the script would be ten times as long.
fn command_of_shells() -> clap::Command {
    let command = Cli::command().mut_subcommand("serve", Settings::augment_args);
    elsewhere::add_to(command)
}

/// Runs the command line. The exit code is 0, 1 after a failure, or 2 after wrong arguments or settings.
pub fn run() -> ExitCode {
    let matches = command().get_matches();
    let elsewhere = Elsewhere::read(&matches);
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let output = Output::new(cli.json);
    let config = match cli.settings.check() {
        Ok(config) => config,
        Err(error) => {
            complain(&error.to_string());
            return ExitCode::from(2);
        }
    };
    let command = cli.command.unwrap_or(Command::Serve);
    match runtime(&command).and_then(|runtime| runtime.block_on(execute(command, (elsewhere, config), &output))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.is::<ReaderGone>() => ExitCode::SUCCESS,
        Err(error) => {
            complain(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// A command needs one thread.
fn runtime(command: &Command) -> anyhow::Result<Runtime> {
    let mut builder = if command.serves() { Builder::new_multi_thread() } else { Builder::new_current_thread() };
    Ok(builder.enable_all().build()?)
}

/// Prints what is wrong as one line on standard error.
fn complain(text: &str) {
    // There is nowhere left to report a failure of this.
    let _ = writeln!(std::io::stderr(), "{}", text.replace(['\r', '\n'], " "));
}

async fn execute(command: Command, (elsewhere, config): (Elsewhere, Config), output: &Output) -> anyhow::Result<()> {
    let metrics = Metrics::default();
    // The demo reaches nothing beyond this machine.
    let otlp = config.otlp.as_ref().filter(|_| matches!(command, Command::Serve));
    let traces = otlp.and_then(|otlp| Traces::start(otlp, &metrics));
    log::start(&config, command.serves(), traces.as_ref());
    let ended = dispatch::perform(command, (elsewhere, config), metrics, output).await;
    if let Some(traces) = traces {
        traces.end().await;
    }
    ended
}

/// Says something to whoever runs the command, beside its output.
fn note(text: &str) {
    if std::io::stderr().is_terminal() {
        complain(&format!("({text})"));
    }
}
