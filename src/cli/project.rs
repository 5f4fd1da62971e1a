//! `aurix project`

use clap::Subcommand;
use serde_json::{Value, json};

use super::output::{self, Output};
use super::{actor, open_project};
use crate::config::Config;
use crate::domain::lead::CreatedWhen;
use crate::domain::time::SignedDuration;
use crate::domain::visitor::IpPolicy;
use crate::projects::create_project::{NewProject, create_project};
use crate::projects::update_project::{ProjectChanges, update_project};
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
        /// When webhooks get `lead.created`: `details` (a name and a contact detail are known) or `contact` (the first contact
        /// detail).
        #[arg(long, default_value = "details", value_parser = created_when, value_name = "WHEN")]
        lead_created: CreatedWhen,
    },
    /// Changes settings of a project; what is not named stays.
    ///
    /// They count for clicks and messages that come from then on.
    #[command(after_help = "Example:\n  aurix project set --project ID --lead-created contact")]
    Set {
        /// The project.
        #[arg(long)]
        project: String,
        /// A name of your choice.
        #[arg(long)]
        name: Option<String>,
        /// Country of phone numbers that are written without a country code (ISO 3166, two letters).
        #[arg(long)]
        region: Option<String>,
        /// Time zone of dates such as "tomorrow" (IANA name).
        #[arg(long)]
        timezone: Option<String>,
        /// How much of a visitor's IP address is stored: full, truncated or omitted.
        #[arg(long)]
        ip: Option<IpPolicy>,
        /// When webhooks get `lead.created`: `details` or `contact`.
        #[arg(long, value_parser = created_when, value_name = "WHEN")]
        lead_created: Option<CreatedWhen>,
        /// How long after a person's last message the agent asks once more, by day: 30m to 20h, or `never`.
        #[arg(long, value_parser = nudge_after, value_name = "TIME")]
        nudge_after: Option<NudgeAfter>,
        /// How long after it a lead that is not complete is abandoned, for `lead.abandoned`: 1h to 720h.
        #[arg(long, value_name = "TIME")]
        abandoned_after: Option<SignedDuration>,
    },
    /// Lists the projects, oldest first.
    ///
    /// Each with its region and time zone.
    #[command(after_help = "Example:\n  aurix project list --json")]
    List,
}

pub async fn run(command: Command, config: Config, output: &Output) -> anyhow::Result<()> {
    match command {
        Command::Create { name, region, timezone, ip, lead_created } => {
            let core = crate::serve::open(config).await?;
            let new = NewProject { name, region, time_zone: timezone, ip_policy: ip, lead_created };
            let id = create_project(&core, &actor(), new).await?.public_id;
            output.print(&json!({"project_id": id}), || {
                format!(
                    "Project {id} is created. Next:\n  aurix channel add whatsapp --project {id} --phone-number-id N --number +65… \\\n    \
                     --access-token T --app-secret S --verify-token V\n  aurix webhook add --project {id} --url https://…\n  \
                     aurix key create --project {id}"
                )
            })
        }
        Command::Set { project, name, region, timezone, ip, lead_created, nudge_after, abandoned_after } => {
            let changes = ProjectChanges {
                name,
                region,
                time_zone: timezone,
                ip_policy: ip,
                lead_created,
                nudge_after: nudge_after.map(|NudgeAfter(after)| after),
                abandoned_after,
                ..ProjectChanges::default()
            };
            let (core, project) = open_project(config, &project).await?;
            let project = update_project(&core, &actor(), project.id, changes).await?;
            output.print(&to_json(&project), || format!("Project {} is changed.", project.public_id))
        }
        Command::List => {
            let core = crate::serve::open(config).await?;
            let rows = core.db.read(async |conn| Ok(projects::list(conn, LISTED_MAX).await?)).await?;
            let list: Vec<_> = rows.iter().map(to_json).collect();
            output.print(&json!({"projects": list}), || {
                let to_text = |row: &projects::Project| {
                    format!("{}  {}  {}  {}", row.public_id, row.region, row.time_zone, row.name)
                };
                output::rows(&rows, to_text, "There is no project yet: aurix project create \"My shop\"")
            })
        }
    }
}

fn to_json(row: &projects::Project) -> Value {
    json!({"project_id": row.public_id, "name": row.name, "region": row.region, "timezone": row.time_zone,
           "ip": row.ip_policy, "lead_created": row.lead_created.as_str(),
           "nudge_after": row.nudge_after.map(|after| format!("{after:#}")),
           "abandoned_after": format!("{:#}", row.abandoned_after)})
}

/// What `--nudge-after` says; `None` for `never`.
#[derive(Clone, Copy)]
pub struct NudgeAfter(Option<SignedDuration>);

fn nudge_after(text: &str) -> Result<NudgeAfter, String> {
    if text == "never" {
        return Ok(NudgeAfter(None));
    }
    text.parse()
        .map(|after| NudgeAfter(Some(after)))
        .map_err(|_| format!("{text:?} is neither a time such as 4h nor `never`"))
}

fn created_when(text: &str) -> Result<CreatedWhen, String> {
    CreatedWhen::parse(text).ok_or_else(|| format!("{text:?} is neither `details` nor `contact`"))
}
