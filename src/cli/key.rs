//! `aurix key`

use anyhow::bail;
use clap::Subcommand;
use serde_json::json;

use super::output::{self, Output};
use super::{actor, open_project};
use crate::config::Config;
use crate::domain::time::with_microseconds;
use crate::projects::create_key::create_key;
use crate::projects::revoke_key::{RevokedKey, revoke_key};
use crate::store::keys;

/// Keys that are listed.
const LISTED_MAX: u32 = 10_000;

#[derive(Subcommand)]
pub enum Command {
    /// Creates a key. It is shown once.
    ///
    /// Only its hash is stored: revoke a lost key and create a new one. With a key, a partner reads leads and clicks and
    /// registers one webhook. Phone numbers in events are bare digits for `external`, and begin with + for
    /// every other service.
    #[command(after_help = "Example:\n  aurix key create --project ID --service topkee")]
    Create {
        /// The project that the key gives access to.
        #[arg(long)]
        project: String,
        /// The partner's name, as in the paths /integrations/{service}/…
        #[arg(long, default_value = "external")]
        service: String,
    },
    /// Lists the keys of a project.
    ///
    /// Each with its first characters, to tell keys apart. Revoked keys are listed too.
    #[command(after_help = "Example:\n  aurix key list --project ID")]
    List {
        /// The project.
        #[arg(long)]
        project: String,
    },
    /// Revokes a key: requests with it are refused from now on, and its webhook is turned off.
    ///
    /// A running server refuses it from the next request on. Deliveries that wait are not sent; the log of deliveries stays.
    #[command(after_help = "Example:\n  aurix key revoke KEY_ID")]
    Revoke {
        /// The key's id, as `key list` shows it.
        key_id: String,
    },
}

pub async fn run(command: Command, config: Config, output: &Output) -> anyhow::Result<()> {
    match command {
        Command::Create { project, service } => {
            let (core, project) = open_project(config, &project).await?;
            let new = create_key(&core, &actor(), project.id, service).await?;
            let service = &new.row.service_name;
            output.print(&json!({"key_id": new.row.public_id, "key": new.key}), || {
                format!(
                    "Key {}, shown only now:\n  {}\nTry it:\n  curl -H \"Authorization: Bearer {}\" {}/integrations/{service}/leads",
                    new.row.public_id, new.key, new.key, core.config.base_url
                )
            })
        }
        Command::List { project } => {
            let (core, project) = open_project(config, &project).await?;
            let rows = core.db.read(async move |conn| Ok(keys::list(conn, project.id, LISTED_MAX).await?)).await?;
            let list: Vec<_> = rows
                .iter()
                .map(|row| {
                    json!({"key_id": row.public_id, "service_name": row.service_name, "prefix": row.prefix,
                           "created_at": with_microseconds(row.created_at), "revoked_at": row.revoked_at.map(with_microseconds)})
                })
                .collect();
            output.print(&json!({"keys": list}), || {
                let to_text = |row: &keys::Key| {
                    let state = if row.revoked_at.is_some() { "revoked" } else { "active" };
                    format!("{}  {}…  {}  {state}", row.public_id, row.prefix, row.service_name)
                };
                output::rows(&rows, to_text, "There is no key yet: aurix key create --project ID")
            })
        }
        Command::Revoke { key_id } => {
            let core = crate::serve::open(config).await?;
            let wanted = key_id.clone();
            let project = core.db.read(async move |conn| Ok(keys::project_of(conn, &wanted).await?)).await?;
            let revoked = match project {
                Some(project) => revoke_key(&core, &actor(), project, &key_id).await?,
                None => None,
            };
            let Some(RevokedKey { webhook_id }) = revoked else {
                bail!("there is no active key {key_id:?}: `aurix key list --project ID` lists the keys");
            };
            let object = json!({"key_id": key_id, "revoked": true, "webhook_turned_off": webhook_id});
            output.print(&object, || match webhook_id {
                Some(webhook) => format!("Key {key_id} is revoked, and its webhook {webhook} is off."),
                None => format!("Key {key_id} is revoked. It had no webhook."),
            })
        }
    }
}
