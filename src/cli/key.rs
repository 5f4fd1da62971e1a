//! `aurix key`

use clap::Subcommand;
use serde_json::json;

use super::api::{Api, of_project, part};
use super::elsewhere::Place;
use super::output::{self, Output};
use crate::http::api::query::Page;
use crate::http::api::setup::{CreateKey, KeyBody, NewKey, RevokedKey};
use crate::net::Method;

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

pub async fn run(command: Command, place: Place, output: &Output) -> anyhow::Result<()> {
    let api = Api::at(place).await?;
    match command {
        Command::Create { project, service } => {
            let body = CreateKey { service: Some(service.clone()) };
            let NewKey { key_id, key } =
                api.send(Method::POST, &format!("{}/keys", of_project(&project)), &body).await?;
            output.print(&json!({"key_id": key_id, "key": key}), || {
                format!(
                    "Key {key_id}, shown only now:\n  {key}\nTry it:\n  curl -H \"Authorization: Bearer {key}\" {}/integrations/{service}/leads",
                    api.base_url()
                )
            })
        }
        Command::List { project } => {
            let page: Page<KeyBody> = api.get(&format!("{}/keys", of_project(&project))).await?;
            let list: Vec<_> = page
                .data
                .iter()
                .map(|row| {
                    json!({"key_id": row.key_id, "service_name": row.service_name, "prefix": row.prefix,
                           "created_at": row.created_at, "revoked_at": row.revoked_at})
                })
                .collect();
            output.print(&json!({"keys": list}), || {
                let to_text = |row: &KeyBody| {
                    let state = if row.revoked_at.is_some() { "revoked" } else { "active" };
                    format!("{}  {}…  {}  {state}", row.key_id, row.prefix, row.service_name)
                };
                output::rows(&page.data, to_text, "There is no key yet: aurix key create --project ID")
            })
        }
        Command::Revoke { key_id } => {
            let none = || format!("there is no active key {key_id:?}: `aurix key list --project ID` lists the keys");
            let project = api.owner("key", &key_id).await.map_err(|refused| refused.missing(none))?;
            let revoked = api.delete(&format!("{}/keys/{}", of_project(&project), part(&key_id))).await;
            let RevokedKey { webhook_turned_off: webhook, .. } = revoked.map_err(|refused| refused.missing(none))?;
            let object = json!({"key_id": key_id, "revoked": true, "webhook_turned_off": webhook});
            output.print(&object, || match webhook {
                Some(webhook) => format!("Key {key_id} is revoked, and its webhook {webhook} is off."),
                None => format!("Key {key_id} is revoked. It had no webhook."),
            })
        }
    }
}
