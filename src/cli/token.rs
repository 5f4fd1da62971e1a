//! `aurix token`

use anyhow::{Context as _, anyhow, ensure};
use clap::{Args, Subcommand};
use serde_json::json;

use super::actor;
use super::api::{Api, of_project, part};
use super::elsewhere::Place;
use super::output::{self, Output};
use crate::core::Core;
use crate::domain::account::Email;
use crate::domain::token::{TokenOwner, TokenScope};
use crate::http::api::query::Page;
use crate::http::api::tokens::{self, CreateToken, NewTokenBody, TokenBody};
use crate::http::error::ApiError;
use crate::net::Method;
use crate::projects::revoke_token::revoke_token;
use crate::store::tokens::owner_of;
use crate::store::users;

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

fn scope(text: &str) -> Result<TokenScope, String> {
    TokenScope::parse(text).ok_or_else(|| "write read, write or admin".to_owned())
}

pub async fn run(command: Command, place: Place, output: &Output) -> anyhow::Result<()> {
    let api = Api::at(place).await?;
    match command {
        Command::Create { of, name, scope, days } => {
            let body = CreateToken { name, scope: Some(scope.as_str().to_owned()), days };
            let made = match of.user {
                Some(email) => {
                    let (core, owner) = person(&api, &email).await?;
                    tokens::make(core, &actor(), owner, body).await.map_err(in_words)?
                }
                None => api.send(Method::POST, &tokens_of(of.project.as_deref()), &body).await?,
            };
            let NewTokenBody { token_id, token, scope, expires_at } = made;
            let object = json!({"token_id": token_id, "token": token, "scope": scope, "expires_at": expires_at});
            output.print(&object, || {
                format!(
                    "Token {token_id}, shown only now:\n  {token}\nTry it:\n  curl -H \"Authorization: Bearer {token}\" {}/api/v1/projects",
                    api.base_url()
                )
            })
        }
        Command::List { of } => {
            let rows = match of.user {
                Some(email) => {
                    let (core, owner) = person(&api, &email).await?;
                    tokens::all(core, owner).await.map_err(in_words)?
                }
                None => api.get::<Page<TokenBody>>(&tokens_of(of.project.as_deref())).await?.data,
            };
            let list: Vec<_> = rows
                .iter()
                .map(|row| {
                    json!({"token_id": row.token_id, "name": row.name, "scope": row.scope, "prefix": row.prefix,
                           "created_by": row.created_by, "created_at": row.created_at, "expires_at": row.expires_at,
                           "revoked_at": row.revoked_at, "last_used_at": row.last_used_at})
                })
                .collect();
            output.print(&json!({"tokens": list}), || {
                let to_text = |row: &TokenBody| {
                    format!("{}  {}…  {:5}  {:7}  {}", row.token_id, row.prefix, row.scope, state(row), row.name)
                };
                output::rows(&rows, to_text, "There is no token yet: aurix token create --project ID --name NAME")
            })
        }
        Command::Revoke { token_id } => {
            revoke(&api, &token_id).await?;
            output.print(&json!({"token_id": token_id, "revoked": true}), || format!("Token {token_id} is revoked."))
        }
    }
}

/// The list of a project's tokens, or of the operator's.
fn tokens_of(project: Option<&str>) -> String {
    project.map_or_else(|| "/tokens".to_owned(), |project| format!("{}/tokens", of_project(project)))
}

/// Somebody who has an account. Their tokens are theirs to see over the network.
async fn person<'a>(api: &'a Api, email: &str) -> anyhow::Result<(&'a Core, TokenOwner)> {
    let core = api
        .core()
        .context("--user works on the machine of the server only: people make their tokens in the console")?;
    let address = Email::parse(email)?;
    let found = core.db.read(async move |conn| Ok(users::find_by_email(conn, &address).await?)).await?;
    let user = found.with_context(|| format!("{email:?} has no account: `aurix user list` lists them"))?;
    Ok((core, TokenOwner::Person(user.id)))
}

fn in_words(error: ApiError) -> anyhow::Error {
    match error {
        ApiError::Internal(error) => error,
        other => anyhow!("{}", other.detail()),
    }
}

async fn revoke(api: &Api, id: &str) -> anyhow::Result<()> {
    let none = || format!("there is no active token {id:?}: `aurix token list` lists the tokens");
    if let Some(core) = api.core() {
        let wanted = id.to_owned();
        let owner = core.db.read(async move |conn| Ok(owner_of(conn, &wanted).await?)).await?;
        if let Some(owner @ TokenOwner::Person(_)) = owner {
            ensure!(revoke_token(core, &actor(), owner, id).await?, none());
            return Ok(());
        }
    }
    let path = match api.owner("token", id).await {
        Ok(project) => format!("{}/tokens/{}", of_project(&project), part(id)),
        // It may be one of the operator's.
        Err(refused) if refused.status() == Some(404) => format!("/tokens/{}", part(id)),
        Err(refused) => return Err(refused.into()),
    };
    match api.delete(&path).await {
        Ok(()) => Ok(()),
        Err(refused) => Err(refused.missing(none)),
    }
}

fn state(row: &TokenBody) -> &'static str {
    match (row.revoked_at.is_some(), row.is_valid) {
        (true, _) => "revoked",
        (false, true) => "active",
        (false, false) => "expired",
    }
}
