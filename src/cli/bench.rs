//! `aurix bench`

use anyhow::ensure;
use clap::{Args, ValueEnum};

use super::output::Output;
use crate::bench::{
    self, CONNECTIONS_MAX, Kind, NODES_MAX, Plan, RATE_MAX, ROWS_MAX, SECONDS_MAX, WAITING_MAX, WEBHOOKS_MAX, roles,
};
use crate::config::Config;
use crate::db::Location;

/// Processes on one PostgreSQL that `--all` measures with.
const NODES_USUAL: [usize; 3] = [1, 2, 4];

#[derive(Args)]
pub struct Arguments {
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
    /// Connections that press or send at once.
    #[arg(long, default_value_t = 64, value_name = "COUNT")]
    connections: usize,
    /// Presses per second of end-to-end and slow, whether they are answered or not.
    #[arg(long, default_value_t = 500, value_name = "COUNT")]
    rate: u64,
    /// Leads that list is measured with.
    #[arg(long, default_value_t = 1_000_000, value_name = "COUNT")]
    rows: u64,
    /// Webhooks that answer, of fan-out and slow.
    #[arg(long, default_value_t = 1_000, value_name = "COUNT")]
    webhooks: usize,
    /// Deliveries that wait for the 10 webhooks of slow that never answer.
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
    role: Option<Role>,
    /// Where a poster posts to.
    #[arg(long, hide = true, default_value = "")]
    url: String,
}

/// A process that another bench started.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Role {
    /// The server with no work.
    Redirect,
    /// The client with no bookkeeping.
    Post,
}

impl Arguments {
    /// Whether it runs as a server does, on all cores.
    pub fn serves(&self) -> bool {
        self.role.is_some()
    }

    fn plan(&self, config: &Config) -> anyhow::Result<Plan> {
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
        let on_server = matches!(config.database, Location::Postgres(_));
        let nodes = if self.all && nodes.is_empty() && on_server { NODES_USUAL.to_vec() } else { nodes.clone() };
        let (connections, rate, rows) = (self.connections, self.rate, self.rows);
        let (webhooks, waiting, attach) = (self.webhooks, self.waiting, self.attach.clone());
        let under = self.under.split_whitespace().map(str::to_owned).collect();
        let plan =
            Plan { seconds, connections, rate, rows, webhooks, waiting, nodes, attach, under, ..Plan::default() };
        Ok(plan.choose(&self.only, self.all))
    }
}

fn within(argument: &str, given: u64, most: u64) -> anyhow::Result<()> {
    ensure!((1..=most).contains(&given), "{argument}: 1 to {most}");
    Ok(())
}

pub async fn run(arguments: Arguments, config: Config, output: &Output) -> anyhow::Result<()> {
    let plan = arguments.plan(&config)?;
    match arguments.role {
        Some(Role::Redirect) => roles::redirect().await,
        Some(Role::Post) => roles::post(&arguments.url, plan.connections, plan.seconds).await,
        None => {
            let report = bench::run(&config, &plan).await?;
            output.print(&report.object(), || report.text())
        }
    }
}
