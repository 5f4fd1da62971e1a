//! `aurix bench`

use anyhow::ensure;
use clap::{Args, ValueEnum};

use super::output::Output;
use crate::bench::{self, CONNECTIONS_MAX, Kind, Plan, SECONDS_MAX, roles};
use crate::config::Config;

#[derive(Args)]
pub struct Arguments {
    /// Seconds of load for Aurix and for each ceiling.
    #[arg(long, default_value_t = 5.0, value_name = "SECONDS")]
    seconds: f64,
    /// Connections that press or send at once.
    #[arg(long, default_value_t = 64, value_name = "COUNT")]
    connections: usize,
    /// What to measure [default: all].
    #[arg(long, value_delimiter = ',', value_name = "WHAT")]
    only: Vec<Kind>,
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
}

pub async fn run(arguments: Arguments, config: Config, output: &Output) -> anyhow::Result<()> {
    let Arguments { seconds, connections, only, role, url } = arguments;
    ensure!(seconds > 0.0 && seconds <= SECONDS_MAX, "--seconds: more than 0 and at most {SECONDS_MAX}");
    ensure!((1..=CONNECTIONS_MAX).contains(&connections), "--connections: 1 to {CONNECTIONS_MAX}");
    match role {
        Some(Role::Redirect) => roles::redirect().await,
        Some(Role::Post) => roles::post(&url, connections, seconds).await,
        None => {
            let mut report = bench::run(&config, &Plan { seconds, connections, only }).await?;
            let (object, text) = (report.object(), report.text());
            output.print(&object, || text)
        }
    }
}
