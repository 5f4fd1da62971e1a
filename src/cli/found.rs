//! What a command names by its id alone, in whatever project it is.

use super::api::{Api, of_project, part};
use crate::http::api::webhooks::WebhookBody;

/// The path of a webhook, and the webhook.
pub async fn webhook(api: &Api, id: &str) -> anyhow::Result<(String, WebhookBody)> {
    let none = || format!("there is no webhook {id:?}: `aurix webhook list --project ID` lists the webhooks");
    let project = api.owner("webhook", id).await.map_err(|refused| refused.missing(none))?;
    let path = format!("{}/webhooks/{}", of_project(&project), part(id));
    let webhook = api.get(&path).await.map_err(|refused| refused.missing(none))?;
    Ok((path, webhook))
}
