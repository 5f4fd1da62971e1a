//! `aurix token`

use anyhow::bail;
use clap::{Args, Subcommand};
use serde_json::json;

use super::output::{self, Output};
use super::{actor, open_project};
use crate::config::Config;
use crate::core::Core;
use crate::domain::account::Email;
use crate::domain::time::{SignedDuration, Timestamp, with_microseconds};
use crate::domain::token::{TokenOwner, TokenScope};
use crate::projects::create_token::{NewToken, create_token};
use crate::projects::revoke_token::revoke_token;
use crate::store::tokens::{self, Token};
use crate::store::users;

/// Tokens that are listed.
const LISTED_MAX: u32 = 10_000;

#[derive(Subcommand)]
pub enum Command {
    /// Creates a token. It is shown once.
    ///
    /// Only its hash is stored: revoke a lost token and create a new one. `read` reads; `write` also works with leads,
    /// conversations and deliveries, and sets up webhooks, widgets and the lead form; `admin` also decides on the project, its
    /// keys, its people and how long data is kept.
    #[command(after_help = "Example:\n  aurix token create --project ID --name \"CRM sync\" --scope write --days 90")]
    Create {
        #[command(flatten)]
        of: Owner,
        /// Who uses it, and for what.
        #[arg(long)]
        name: String,
        /// What it allows: read, write or admin.
        #[arg(long, default_value = "read", value_parser = scope)]
        scope: TokenScope,
        /// After so many days it is not valid any more; without this it is valid until it is revoked.
        #[arg(long, value_parser = clap::value_parser!(u32).range(1..=3650))]
        days: Option<u32>,
    },
    /// Lists the tokens of a project, of a person, or of the operator, newest first.
    #[command(after_help = "Example:\n  aurix token list --project ID")]
    List {
        #[command(flatten)]
        of: Owner,
    },
    /// Revokes a token: requests with it are refused from now on.
    #[command(after_help = "Example:\n  aurix token revoke TOKEN_ID")]
    Revoke {
        /// The token's id, as `token list` shows it.
        token_id: String,
    },
}

/// What tokens are valid for.
#[derive(Args)]
#[group(required = true, multiple = false)]
pub struct Owner {
    /// The project that the token is valid for.
    #[arg(long)]
    project: Option<String>,
    /// The token is the operator's: it is valid for every project.
    #[arg(long)]
    operator: bool,
    /// The token is this person's: it is valid in their projects, for what their role allows in each.
    #[arg(long, value_name = "EMAIL")]
    user: Option<String>,
}

impl Owner {
    async fn open(self, config: Config) -> anyhow::Result<(Core, TokenOwner)> {
        if let Some(project) = self.project {
            let (core, project) = open_project(config, &project).await?;
            return Ok((core, TokenOwner::Project(project.id)));
        }
        let core = crate::serve::open(config).await?;
        let Some(email) = self.user else { return Ok((core, TokenOwner::Operator)) };
        let address = Email::parse(&email)?;
        let found = core.db.read(async move |conn| Ok(users::find_by_email(conn, &address).await?)).await?;
        match found {
            Some(user) => Ok((core, TokenOwner::Person(user.id))),
            None => bail!("{email:?} has no account: `aurix user list` lists them"),
        }
    }
}

fn scope(text: &str) -> Result<TokenScope, String> {
    TokenScope::parse(text).ok_or_else(|| "write read, write or admin".to_owned())
}

pub async fn run(command: Command, config: Config, output: &Output) -> anyhow::Result<()> {
    match command {
        Command::Create { of, name, scope, days } => {
            let (core, owner) = of.open(config).await?;
            let expires_at = days.map(|days| core.clock.now() + SignedDuration::from_hours(24 * i64::from(days)));
            let made = create_token(&core, &actor(), owner, NewToken { name, scope, expires_at }).await?;
            let object = json!({"token_id": made.row.public_id, "token": made.token, "scope": scope.as_str(),
                                "expires_at": expires_at.map(with_microseconds)});
            output.print(&object, || {
                format!(
                    "Token {}, shown only now:\n  {}\nTry it:\n  curl -H \"Authorization: Bearer {}\" {}/api/v1/projects",
                    made.row.public_id, made.token, made.token, core.config.base_url
                )
            })
        }
        Command::List { of } => {
            let (core, owner) = of.open(config).await?;
            let rows = core.db.read(async move |conn| Ok(tokens::list(conn, owner, LISTED_MAX).await?)).await?;
            let now = core.clock.now();
            let list: Vec<_> = rows
                .iter()
                .map(|row| {
                    json!({"token_id": row.public_id, "name": row.name, "scope": row.scope.as_str(), "prefix": row.prefix,
                           "created_by": row.created_by, "created_at": with_microseconds(row.created_at),
                           "expires_at": row.expires_at.map(with_microseconds),
                           "revoked_at": row.revoked_at.map(with_microseconds),
                           "last_used_at": row.last_used_at.map(with_microseconds)})
                })
                .collect();
            output.print(&json!({"tokens": list}), || {
                let to_text = |row: &Token| {
                    format!(
                        "{}  {}…  {:5}  {:7}  {}",
                        row.public_id,
                        row.prefix,
                        row.scope.as_str(),
                        state(row, now),
                        row.name
                    )
                };
                output::rows(&rows, to_text, "There is no token yet: aurix token create --project ID --name NAME")
            })
        }
        Command::Revoke { token_id } => {
            let core = crate::serve::open(config).await?;
            let wanted = token_id.clone();
            let owner = core.db.read(async move |conn| Ok(tokens::owner_of(conn, &wanted).await?)).await?;
            let is_revoked = match owner {
                Some(owner) => revoke_token(&core, &actor(), owner, &token_id).await?,
                None => false,
            };
            if !is_revoked {
                bail!("there is no active token {token_id:?}: `aurix token list` lists the tokens");
            }
            output.print(&json!({"token_id": token_id, "revoked": true}), || format!("Token {token_id} is revoked."))
        }
    }
}

fn state(row: &Token, now: Timestamp) -> &'static str {
    match (row.revoked_at, row.is_valid(now)) {
        (Some(_), _) => "revoked",
        (None, true) => "active",
        (None, false) => "expired",
    }
}
