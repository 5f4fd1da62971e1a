//! `aurix user`

use std::io::Read as _;

use anyhow::{Context as _, bail, ensure};
use clap::{Subcommand, ValueEnum};
use serde_json::json;

use super::output::{self, Output};
use super::{actor, base_url_hint, open_project};
use crate::accounts::Accounts;
use crate::accounts::create_user::NewUser;
use crate::config::Config;
use crate::core::Core;
use crate::domain::account::{Email, NewPassword, PASSWORD_CHARS_MAX, Role};
use crate::domain::time::with_microseconds;
use crate::store::users::{self, User};

/// Accounts that are listed.
const LISTED_MAX: u32 = 10_000;

#[derive(Subcommand)]
pub enum Command {
    /// Creates an account, or makes somebody who has one a member of the project.
    ///
    /// Without --password-stdin a link is printed with which the person sets a password.
    #[command(after_help = "Example:\n  aurix user create --email mei@example.com --project ID --role admin")]
    Create {
        /// The address to sign in with.
        #[arg(long)]
        email: String,
        /// As the person is called [default: what stands before the @].
        #[arg(long)]
        name: Option<String>,
        /// The project to join. May be left out with --operator.
        #[arg(long, required_unless_present = "operator")]
        project: Option<String>,
        /// What the person may do there.
        #[arg(long, value_enum, default_value_t = RoleName::Owner)]
        role: RoleName,
        /// Lets the person look after the whole instance: every project, people, backups.
        #[arg(long)]
        operator: bool,
        /// Reads the password from standard input.
        #[arg(long)]
        password_stdin: bool,
    },
    /// Prints a link with which a person sets a new password. It is good once, for 24 hours.
    ///
    /// For whoever forgot theirs, and where no mail server is configured.
    #[command(after_help = "Example:\n  aurix user link mei@example.com")]
    Link {
        /// The address to sign in with.
        email: String,
        /// Turns the second factor off too: for somebody who has lost it and the recovery codes.
        #[arg(long)]
        without_second_factor: bool,
    },
    /// Lists all accounts.
    #[command(after_help = "Example:\n  aurix user list")]
    List,
    /// Removes an account, its sessions and its memberships.
    #[command(after_help = "Example:\n  aurix user remove mei@example.com")]
    Remove {
        /// The address to sign in with.
        email: String,
    },
}

/// A role, as a command names it.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum RoleName {
    /// Everything, people and privacy among it.
    Owner,
    /// Everything but people, privacy and the end of the project.
    Admin,
    /// Answers people and looks after leads.
    Member,
    /// Looks.
    Viewer,
}

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Self {
        match name {
            RoleName::Owner => Self::Owner,
            RoleName::Admin => Self::Admin,
            RoleName::Member => Self::Member,
            RoleName::Viewer => Self::Viewer,
        }
    }
}

pub async fn run(command: Command, config: Config, output: &Output) -> anyhow::Result<()> {
    match command {
        Command::Create { email, name, project, role, operator, password_stdin } => {
            let email = Email::parse(&email).with_context(|| format!("--email: {email:?}"))?;
            let password = if password_stdin { Some(read_password(&email)?) } else { None };
            let (core, member) = match project {
                Some(project) => {
                    let (core, project) = open_project(config, &project).await?;
                    (core, Some((project.id, Role::from(role))))
                }
                None => (crate::serve::open(config).await?, None),
            };
            let name = name.unwrap_or_else(|| email.as_str().split('@').next().unwrap_or_default().to_owned());
            let accounts = Accounts::new(core);
            let new = NewUser { email, name, password, is_operator: operator, member };
            let user = accounts.create_user(&actor(), new).await?;
            if user.password_hash.is_some() {
                let object = json!({"user_id": user.public_id, "email": user.email});
                return output.print(&object, || {
                    format!("{} can sign in: {}/sign-in", user.email, accounts.core.config.base_url)
                });
            }
            print_link(&accounts, &user, output).await
        }
        Command::Link { email, without_second_factor } => {
            let core = crate::serve::open(config).await?;
            let user = find(&core, &email).await?;
            let accounts = Accounts::new(core);
            if without_second_factor {
                accounts.disable_second_factor(&actor(), &user).await?;
            }
            print_link(&accounts, &user, output).await
        }
        Command::List => {
            let core = crate::serve::open(config).await?;
            let list = core.db.read(async |conn| Ok(users::list(conn, LISTED_MAX).await?)).await?;
            let objects: Vec<_> = list
                .iter()
                .map(|user| {
                    json!({"user_id": user.public_id, "email": user.email, "name": user.name, "is_operator": user.is_operator,
                           "has_password": user.password_hash.is_some(), "has_second_factor": user.sealed_totp.is_some(),
                           "created_at": with_microseconds(user.created_at)})
                })
                .collect();
            output.print(&json!({"users": objects}), || {
                let to_text = |user: &User| {
                    let operator = if user.is_operator { "  operator" } else { "" };
                    let factor = if user.sealed_totp.is_some() { "  second factor" } else { "" };
                    format!("{}  {}{operator}{factor}", user.email, user.name)
                };
                output::rows(&list, to_text, "There is no account yet: aurix user create --email E --operator")
            })
        }
        Command::Remove { email } => {
            let core = crate::serve::open(config).await?;
            let user = find(&core, &email).await?;
            Accounts::new(core).remove_user(&actor(), &user).await?;
            output.print(&json!({"email": user.email, "removed": true}), || format!("{} is removed.", user.email))
        }
    }
}

async fn find(core: &Core, email: &str) -> anyhow::Result<User> {
    let parsed = Email::parse(email).with_context(|| format!("{email:?}"))?;
    let found = core.db.read(async move |conn| Ok(users::find_by_email(conn, &parsed).await?)).await?;
    match found {
        Some(user) => Ok(user),
        None => bail!("there is no account for {email}: `aurix user list` lists them"),
    }
}

async fn print_link(accounts: &Accounts, user: &User, output: &Output) -> anyhow::Result<()> {
    let link = accounts.create_password_link(&actor(), user).await?;
    let object = json!({"user_id": user.public_id, "email": user.email, "link": link.url,
                        "expires_at": with_microseconds(link.expires_at)});
    let hint = base_url_hint(&accounts.core.config);
    output.print(&object, || {
        format!(
            "{} sets a password with this link, good once until {}:\n  {}{hint}",
            user.email, link.expires_at, link.url
        )
    })
}

fn read_password(email: &Email) -> anyhow::Result<NewPassword> {
    let mut text = String::new();
    let bytes_max = u64::try_from(PASSWORD_CHARS_MAX * 4 + 2)?;
    std::io::stdin().take(bytes_max).read_to_string(&mut text).context("reading the password from standard input")?;
    ensure!(!text.trim().is_empty(), "--password-stdin: there is nothing on standard input");
    Ok(NewPassword::parse(text.trim_end_matches(['\r', '\n']), email)?)
}
