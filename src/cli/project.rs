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
    /// Creates a project.
    ///
    /// Every further command needs its id. The lead form asks for name, email and phone until `form set` replaces it.
    #[command(after_help = "Example:\n  aurix project create \"My shop\" --region SG --timezone Asia/Singapore")]
    Create {
        /// A name of your choice.
        name: String,
        /// Country of phone numbers that are written without a country code (ISO 3166, two letters).
        #[arg(long, default_value = "SG")]
        region: String,
        /// Time zone of dates such as "tomorrow" (IANA name).
        #[arg(long, default_value = "UTC")]
        timezone: String,
        /// How much of a visitor's IP address is stored: full, truncated or omitted.
        #[arg(long, default_value = "full")]
        ip: IpPolicy,
    },
    /// Lists the projects, oldest first.
    ///
    /// Each with its region and time zone.
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
                    "Project {id} is created. Next:\n  aurix channel add whatsapp --project {id} --phone-number-id N --number +65… \\\n    \
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
                let to_text = |row: &projects::Project| {
                    format!("{}  {}  {}  {}", row.public_id, row.region, row.time_zone, row.name)
                };
                output::rows(&rows, to_text, "There is no project yet: aurix project create \"My shop\"")
            })
        }
    }
}
