//! `aurix project`

use clap::Subcommand;
use serde_json::{Value, json};

use super::api::{Api, of_project};
use super::elsewhere::Place;
use super::output::{self, Output};
use crate::domain::lead::CreatedWhen;
use crate::domain::time::SignedDuration;
use crate::domain::visitor::IpPolicy;
use crate::http::api::projects::{ChangeProject, CreateProject, ProjectBody};
use crate::net::Method;

/// What `--links-domain` says for no domain of their own.
const NONE: &str = "none";
/// Projects that are listed.
const LISTED_MAX: usize = 10_000;

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
        /// A host name for the addresses of links, which leads to the server: go.shop.example; `none` for the server's own.
        #[arg(long, value_name = "HOST")]
        links_domain: Option<String>,
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

pub async fn run(command: Command, place: Place, output: &Output) -> anyhow::Result<()> {
    let api = Api::at(place).await?;
    match command {
        Command::Create { name, region, timezone, ip, lead_created } => {
            let lead_created = Some(lead_created.as_str().to_owned());
            let new = CreateProject { name, region, timezone, ip: Some(ip.to_string()), lead_created };
            let created: ProjectBody = api.send(Method::POST, "/projects", &new).await?;
            let id = created.project_id;
            output.print(&json!({"project_id": id}), || {
                format!(
                    "Project {id} is created. Next:\n  aurix channel add whatsapp --project {id} --phone-number-id N --number +65… \\\n    \
                     --access-token T --app-secret S --verify-token V\n  aurix webhook add --project {id} --url https://…\n  \
                     aurix key create --project {id}"
                )
            })
        }
        Command::Set {
            project,
            name,
            region,
            timezone,
            ip,
            lead_created,
            nudge_after,
            links_domain,
            abandoned_after,
        } => {
            let changes = ChangeProject {
                name,
                region,
                timezone,
                ip: ip.map(|ip| ip.to_string()),
                lead_created: lead_created.map(|when| when.as_str().to_owned()),
                nudge_after_s: nudge_after.map(|NudgeAfter(after)| after.map(|after| after.as_secs())),
                abandoned_after_s: abandoned_after.map(|after| after.as_secs()),
                links_domain: links_domain.map(|host| Some(host).filter(|host| host != NONE)),
                ..ChangeProject::default()
            };
            let project: ProjectBody = api.send(Method::PATCH, &of_project(&project), &changes).await?;
            output.print(&to_json(&project), || format!("Project {} is changed.", project.project_id))
        }
        Command::List => {
            let rows: Vec<ProjectBody> = api.all("/projects", LISTED_MAX).await?;
            let list: Vec<_> = rows.iter().map(to_json).collect();
            output.print(&json!({"projects": list}), || {
                let to_text =
                    |row: &ProjectBody| format!("{}  {}  {}  {}", row.project_id, row.region, row.timezone, row.name);
                output::rows(&rows, to_text, "There is no project yet: aurix project create \"My shop\"")
            })
        }
    }
}

fn to_json(row: &ProjectBody) -> Value {
    let in_words = |seconds: i64| format!("{:#}", SignedDuration::from_secs(seconds));
    json!({"project_id": row.project_id, "name": row.name, "region": row.region, "timezone": row.timezone,
           "ip": row.ip, "lead_created": row.lead_created, "nudge_after": row.nudge_after_s.map(in_words),
           "abandoned_after": in_words(row.abandoned_after_s), "links_domain": row.links_domain})
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
