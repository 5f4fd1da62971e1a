//! The command line.

use std::path::PathBuf;

use anyhow::ensure;
use aurix::config::Config;
use aurix::db::Location;
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::pages::Wanted;
use crate::plan::{CONNECTIONS_MAX, Kind, NODES_MAX, Plan, RATE_MAX, ROWS_MAX, SECONDS_MAX, WAITING_MAX, WEBHOOKS_MAX};
use crate::program::Program;
use crate::seed::Asked;
use crate::stage::Place;

/// Processes on one PostgreSQL that `--all` measures with.
const NODES_USUAL: [usize; 3] = [1, 2, 4];

/// Measures what Aurix does on this machine, beside what the machine could do at most.
///
/// It starts servers of its own on a folder in the data folder, or on databases of its own on the PostgreSQL server,
/// loads them over loopback, fails where a row is missing, and removes all in the end. Without --only it takes about a
/// minute and a half.
#[derive(Parser)]
#[command(
    name = "aurix-bench",
    version,
    args_conflicts_with_subcommands = true,
    after_help = "Examples:\n  aurix-bench\n  aurix-bench --only click,deliver --seconds 10 --json\n  \
                  aurix-bench --only list --rows 10000000\n  aurix-bench --only slow --waiting 1000000\n  \
                  aurix-bench --database postgres://postgres@127.0.0.1/postgres --nodes 1,2,4"
)]
pub struct Arguments {
    /// Something else than a measurement on databases of its own.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// The `aurix` program that is measured [default: the one beside this program].
    #[arg(long, value_name = "PATH")]
    aurix: Option<PathBuf>,
    /// Folder that gets a folder for the run, removed in the end.
    #[arg(long, env = "AURIX_DATA_DIR", default_value = "./aurix-data", value_name = "FOLDER")]
    data_dir: PathBuf,
    /// `sqlite`, or `postgres://USER:PASSWORD@HOST/DATABASE` of a server that gets databases for the run.
    #[arg(long, env = "AURIX_DATABASE", default_value = "sqlite", value_name = "WHERE", hide_env_values = true)]
    database: String,
    /// Prints one JSON object instead of a table.
    #[arg(long)]
    pub json: bool,
    /// What to measure, separated by commas [default: message,click,deliver,end-to-end].
    #[arg(long, value_delimiter = ',', value_name = "WHAT")]
    only: Vec<Kind>,
    /// Measures everything; on PostgreSQL with 1, 2 and 4 processes too, unless --nodes says otherwise.
    #[arg(long, conflicts_with = "only")]
    all: bool,
    /// Counts of processes on one PostgreSQL to measure click and deliver with; nothing else unless --only or --all asks for
    /// it.
    #[arg(long, value_delimiter = ',', value_name = "COUNTS")]
    nodes: Vec<usize>,
    /// Seconds of load for Aurix and for each ceiling.
    #[arg(long, default_value_t = 5.0, value_name = "SECONDS")]
    seconds: f64,
    /// Connections that click or send at once.
    #[arg(long, default_value_t = 64, value_name = "COUNT")]
    connections: usize,
    /// Clicks per second of end-to-end and slow, whether they are answered or not.
    #[arg(long, default_value_t = 500, value_name = "COUNT")]
    rate: u64,
    /// Leads that list is measured with.
    #[arg(long, default_value_t = 1_000_000, value_name = "COUNT")]
    rows: u64,
    /// Webhooks that respond, of fan-out and slow.
    #[arg(long, default_value_t = 1_000, value_name = "COUNT")]
    webhooks: usize,
    /// Deliveries that wait for the 10 webhooks of slow that never respond.
    #[arg(long, default_value_t = 100_000, value_name = "COUNT")]
    waiting: u64,
    /// A shell command that runs while click, message, deliver, list or flood is measured, to look at the processes in $SERVERS
    /// and $BACKENDS. It prints a line when it looks, and ends when its input is closed.
    #[arg(long, value_name = "COMMAND")]
    attach: Option<String>,
    /// A program with its arguments, separated by spaces, that the measured servers run under.
    #[arg(long, default_value = "", hide_default_value = true, value_name = "PROGRAM")]
    under: String,
    /// What this process plays for another bench.
    #[arg(long, hide = true)]
    pub role: Option<Role>,
    /// Where a poster posts to.
    #[arg(long, hide = true, default_value = "")]
    pub url: String,
}

/// What else there is.
#[derive(Subcommand)]
pub enum Command {
    /// Fills a database with clicks, leads and deliveries of twelve weeks, as the product would have written them. Killed and
    /// started again with the same numbers, it goes on.
    Seed(SeedArguments),
    /// Measures every page of the console on a database that was filled by `seed`.
    Pages(PagesArguments),
    /// Lets simulated people talk with the built-in agent, in memory, and prints what they came to and what went wrong.
    Dialogues {
        /// People.
        #[arg(long, default_value_t = 5_000, value_name = "COUNT")]
        count: u64,
    },
}

/// Where a database is that stays.
#[derive(Args)]
pub struct KeptPlace {
    /// Folder of the SQLite file and of the generated key; made when absent.
    #[arg(long, env = "AURIX_DATA_DIR", default_value = "./aurix-data", value_name = "FOLDER")]
    data: PathBuf,
    /// `sqlite`, or `postgres://USER:PASSWORD@HOST/DATABASE`.
    #[arg(long, env = "AURIX_DATABASE", default_value = "sqlite", value_name = "WHERE", hide_env_values = true)]
    database: String,
}

impl KeptPlace {
    /// Its settings.
    pub fn config(&self) -> anyhow::Result<Config> {
        let database = Location::parse(&self.database, &self.data);
        let database = database.map_err(|why| anyhow::anyhow!("--database: {why}"))?;
        Ok(Config { data_dir: self.data.clone(), database, ..Config::default() })
    }
}

/// How much of what, and where.
#[derive(Args)]
pub struct SeedArguments {
    #[command(flatten)]
    pub place: KeptPlace,
    /// Clicks of the widget.
    #[arg(long, value_name = "COUNT")]
    clicks: u64,
    /// People who wrote.
    #[arg(long, value_name = "COUNT")]
    leads: u64,
    /// Deliveries to webhooks, the newest ones; older events were removed by age [default: a quarter of the clicks].
    #[arg(long, value_name = "COUNT")]
    deliveries: Option<u64>,
}

impl SeedArguments {
    /// The numbers.
    pub fn asked(&self) -> Asked {
        Asked { clicks: self.clicks, leads: self.leads, deliveries: self.deliveries }
    }
}

/// Which pages, how often, and where.
#[derive(Args)]
pub struct PagesArguments {
    #[command(flatten)]
    pub place: KeptPlace,
    /// The `aurix` program that is measured [default: the one beside this program].
    #[arg(long, value_name = "PATH")]
    aurix: Option<PathBuf>,
    /// How often each page is asked for.
    #[arg(long, default_value_t = 20, value_name = "COUNT")]
    rounds: u64,
    /// Only pages with this in their name.
    #[arg(long, default_value = "", hide_default_value = true, value_name = "TEXT")]
    only: String,
    /// Prints one JSON object instead of a table.
    #[arg(long)]
    pub json: bool,
}

impl PagesArguments {
    /// What is measured.
    pub fn program(&self) -> anyhow::Result<Program> {
        Program::find(self.aurix.as_deref(), Vec::new())
    }

    /// What is asked for.
    pub fn wanted(&self) -> Wanted {
        Wanted { rounds: self.rounds, only: self.only.clone() }
    }
}

/// A process that another bench started.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Role {
    /// The server with no work.
    Redirect,
    /// The client with no bookkeeping.
    Post,
    /// The server that answers with as many bytes as it is asked for.
    Bare,
}

impl Arguments {
    /// Where databases may be made.
    pub fn place(&self) -> anyhow::Result<Place> {
        let database = Location::parse(&self.database, &self.data_dir);
        let database = database.map_err(|why| anyhow::anyhow!("AURIX_DATABASE: {why}"))?;
        Ok(Place { data_dir: self.data_dir.clone(), database })
    }

    /// What is measured.
    pub fn program(&self) -> anyhow::Result<Program> {
        Program::find(self.aurix.as_deref(), self.under.split_whitespace().map(str::to_owned).collect())
    }

    /// What to measure, within the limits.
    pub fn plan(&self, place: &Place) -> anyhow::Result<Plan> {
        let (seconds, nodes) = (self.seconds, &self.nodes);
        ensure!(seconds > 0.0 && seconds <= SECONDS_MAX, "--seconds: more than 0 and at most {SECONDS_MAX}");
        within("--connections", self.connections as u64, CONNECTIONS_MAX as u64)?;
        within("--rate", self.rate, RATE_MAX)?;
        within("--rows", self.rows, ROWS_MAX)?;
        within("--webhooks", self.webhooks as u64, WEBHOOKS_MAX as u64)?;
        within("--waiting", self.waiting, WAITING_MAX)?;
        for count in nodes {
            within("--nodes", *count as u64, NODES_MAX as u64)?;
        }
        let on_server = matches!(place.database, Location::Postgres(_));
        let nodes = if self.all && nodes.is_empty() && on_server { NODES_USUAL.to_vec() } else { nodes.clone() };
        let (connections, rate, rows) = (self.connections, self.rate, self.rows);
        let (webhooks, waiting, attach) = (self.webhooks, self.waiting, self.attach.clone());
        let plan = Plan { seconds, connections, rate, rows, webhooks, waiting, nodes, attach, ..Plan::default() };
        Ok(plan.choose(&self.only, self.all))
    }
}

fn within(argument: &str, given: u64, most: u64) -> anyhow::Result<()> {
    ensure!((1..=most).contains(&given), "{argument}: 1 to {most}");
    Ok(())
}
