//! `aurix project`

use clap::Subcommand;
use serde_json::json;

use super::actor;
use super::output::{self, Output};
use crate::config::Config;
use crate::domain::visitor::IpPolicy;
use crate::projects::create_project::{NewProject, create_project};
use crate::store::projects;

/// Projects that are listed.
const LISTED_MAX: u32 = 10_000;

#[derive(Subcommand)]
pub enum Command {
    /// Makes a project.
    ///
    /// Its id stands in every further command. The form asks for name, email and phone until `form set` gives it another.
    #[command(after_help = "Example:\n  aurix project create \"My shop\" --region SG --timezone Asia/Singapore")]
    Create {
        /// As you call it.
        name: String,
        /// Country that phone numbers without a country code are of (ISO 3166, two letters).
        #[arg(long, default_value = "SG")]
        region: String,
        /// Time zone that "tomorrow" is meant in (IANA name).
        #[arg(long, default_value = "UTC")]
        timezone: String,
        /// How much of visitors' addresses is kept: full, truncated or omitted.
        #[arg(long, default_value = "full")]
        ip: IpPolicy,
    },
    /// Lists the projects, oldest first.
    ///
    /// With the region and the time zone that each reads numbers and dates in.
    #[command(after_help = "Example:\n  aurix project list --json")]
    List,
}

pub async fn run(command: Command, config: Config, output: &Output) -> anyhow::Result<()> {
    let core = crate::serve::open(config).await?;
    match command {
        Command::Create { name, region, timezone, ip } => {
            let new = NewProject { name, region, time_zone: timezone, ip_policy: ip };
            let id = create_project(&core, &actor(), new).await?.public_id;
            output.print(&json!({"project_id": id}), || {
                format!(
                    "Project {id} is made. Next:\n  aurix channel add whatsapp --project {id} --phone-number-id N --number +65… \\\n    \
                     --access-token T --app-secret S --verify-token V\n  aurix webhook add --project {id} --url https://…\n  \
                     aurix key create --project {id}"
                )
            })
        }
        Command::List => {
            let rows = core.db.read(async |conn| Ok(projects::list(conn, LISTED_MAX).await?)).await?;
            let list: Vec<_> = rows
                .iter()
                .map(|row| {
                    json!({"project_id": row.public_id, "name": row.name, "region": row.region,
                           "timezone": row.time_zone, "ip": row.ip_policy})
                })
                .collect();
            output.print(&json!({"projects": list}), || {
                let told = |row: &projects::Project| {
                    format!("{}  {}  {}  {}", row.public_id, row.region, row.time_zone, row.name)
                };
                output::rows(&rows, told, "There is no project yet: aurix project create \"My shop\"")
            })
        }
    }
}
