//! `aurix member`

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::api::{Api, of_project, part};
use super::elsewhere::Place;
use super::output::{self, Output};
use super::user::RoleName;
use crate::domain::account::Role;
use crate::http::api::query::Page;
use crate::http::api::setup::{ChangeMember, Invitation, InviteMember, MemberBody};
use crate::net::Method;

#[derive(Subcommand)]
pub enum Command {
    /// Lists the members of a project, by address.
    #[command(after_help = "Example:\n  aurix member list --project ID")]
    List {
        /// The project.
        #[arg(long)]
        project: String,
    },
    /// Invites somebody to a project: prints the link with which they join.
    ///
    /// The link is mailed too, where there is a mail server. An invitation of the same address from before is not valid any more.
    #[command(after_help = "Example:\n  aurix member invite --project ID mei@example.com --role admin")]
    Invite {
        #[command(flatten)]
        named: Named,
        /// What the person may do there.
        #[arg(long, value_enum, default_value_t = RoleName::Member)]
        role: RoleName,
    },
    /// Gives a member another role.
    #[command(after_help = "Example:\n  aurix member role --project ID mei@example.com viewer")]
    Role {
        #[command(flatten)]
        named: Named,
        /// What the person may do there.
        role: RoleName,
    },
    /// Removes a member from a project; their account stays.
    #[command(after_help = "Example:\n  aurix member remove --project ID mei@example.com")]
    Remove(Named),
}

/// A person of a project.
#[derive(Args)]
pub struct Named {
    /// The project.
    #[arg(long)]
    project: String,
    /// The address to sign in with.
    email: String,
}

pub async fn run(command: Command, place: Place, output: &Output) -> anyhow::Result<()> {
    let api = Api::at(place).await?;
    match command {
        Command::List { project } => {
            let rows = list(&project, &api).await?;
            let objects: Vec<_> = rows.iter().map(object).collect();
            output.print(&json!({"members": objects}), || {
                output::rows(&rows, line, "There is no member yet: aurix member invite --project ID EMAIL")
            })
        }
        Command::Invite { named: Named { project, email }, role } => {
            let body = InviteMember { email, role: Role::from(role).as_str().to_owned() };
            let made: Invitation = api.send(Method::POST, &members(&project), &body).await?;
            let Invitation { email, role, url, expires_at } = made;
            let object = json!({"email": email, "role": role, "link": url, "expires_at": expires_at});
            output.print(&object, || {
                format!(
                    "{email} joins as {role} with this link, good once until {:.0}:\n  {url}{}",
                    expires_at.0,
                    api.base_url_hint()
                )
            })
        }
        Command::Role { named, role } => {
            let body = ChangeMember { role: Role::from(role).as_str().to_owned() };
            let changed = api.send(Method::PATCH, &find(&named, &api).await?, &body).await;
            let member: MemberBody = changed.map_err(|refused| refused.missing(|| nobody(&named)))?;
            output.print(&object(&member), || format!("{} is {} now.", member.email, member.role))
        }
        Command::Remove(named) => {
            let removed = api.delete(&find(&named, &api).await?).await;
            let () = removed.map_err(|refused| refused.missing(|| nobody(&named)))?;
            let email = &named.email;
            output.print(&json!({"email": email, "removed": true}), || format!("{email} is no member any more."))
        }
    }
}

/// The path of a project's members.
fn members(project: &str) -> String {
    format!("{}/members", of_project(project))
}

async fn list(project: &str, api: &Api) -> anyhow::Result<Vec<MemberBody>> {
    Ok(api.get::<Page<MemberBody>>(&members(project)).await?.data)
}

/// The path of a member, whom a command names by their address.
async fn find(named: &Named, api: &Api) -> anyhow::Result<String> {
    let rows = list(&named.project, api).await?;
    let found = rows.iter().find(|member| member.email.eq_ignore_ascii_case(named.email.trim()));
    let member = found.ok_or_else(|| anyhow::Error::msg(nobody(named)))?;
    Ok(format!("{}/{}", members(&named.project), part(&member.user_id)))
}

fn nobody(named: &Named) -> String {
    format!("{} is no member of the project: `aurix member list --project ID` lists its members", named.email)
}

fn object(member: &MemberBody) -> Value {
    json!({"user_id": member.user_id, "email": member.email, "name": member.name, "role": member.role,
           "last_seen_at": member.last_seen_at})
}

fn line(member: &MemberBody) -> String {
    let seen = member.last_seen_at.as_ref().map(|at| format!("  last seen {:.0}", at.0)).unwrap_or_default();
    format!("{}  {:6}  {}{seen}", member.email, member.role, member.name)
}
