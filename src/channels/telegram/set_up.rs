//! Sets a bot up: who it is, where its updates go, and where they are to go.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::ALLOWED_UPDATES;
use super::api::{self, Api, CallError};
use crate::channels::json::{integer, items, text, time};
use crate::net;

/// Who a bot is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BotIdentity {
    /// Its id.
    pub id: Option<String>,
    /// Its handle, without `@`.
    pub username: Option<String>,
    /// Its name.
    pub name: Option<String>,
}

/// Where a bot's updates go, as Telegram says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WebhookInfo {
    /// The address; `None` where there is none.
    pub url: Option<String>,
    /// Updates that wait.
    pub pending: i64,
    /// When an update could last not be delivered.
    pub failed_at: Option<Timestamp>,
    /// Why.
    pub failure: Option<String>,
    /// Kinds of update that are sent; empty: Telegram's own choice.
    pub allowed: Vec<String>,
}

/// Asks who the bot of the token is.
pub async fn identity(client: &net::Client, api: Api<'_>) -> Result<BotIdentity, CallError> {
    let me = api::call(client, api, "getMe", &json!({})).await?;
    Ok(BotIdentity { id: text(&me, &["id"]), username: text(&me, &["username"]), name: text(&me, &["first_name"]) })
}

/// Asks where the bot's updates go.
pub async fn webhook_info(client: &net::Client, api: Api<'_>) -> Result<WebhookInfo, CallError> {
    let info = api::call(client, api, "getWebhookInfo", &json!({})).await?;
    let allowed = items(&info, &["allowed_updates"]).iter().filter_map(Value::as_str).map(str::to_owned).collect();
    Ok(WebhookInfo {
        url: text(&info, &["url"]),
        pending: integer(&info, &["pending_update_count"]).unwrap_or(0),
        failed_at: time(&info, &["last_error_date"]).filter(|at| at.as_second() > 0),
        failure: text(&info, &["last_error_message"]),
        allowed,
    })
}

/// Has the bot's updates sent to `url`, with `secret` beside each.
pub async fn set_webhook(client: &net::Client, api: Api<'_>, url: &str, secret: &str) -> Result<(), CallError> {
    let body = json!({"url": url, "secret_token": secret, "allowed_updates": ALLOWED_UPDATES});
    api::call(client, api, "setWebhook", &body).await.map(|_| ())
}
