//! Has what people write to a number sent to us: its own webhook address, and the app's subscription to its account.

use serde_json::{Value, json};

use super::api::{Api, call, encoded};
use crate::channels::json::text;
use crate::channels::{Finding, FindingState};
use crate::domain::channel::WhatsAppCredentials;
use crate::net;

/// The permission whose targets are the accounts that a token manages.
const MANAGES: &str = "whatsapp_business_management";

/// Why a number's webhook is not set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotSet {
    /// Another program gets its messages: the address.
    Taken(String),
    /// WhatsApp does not do it, in an operator's words.
    Refused(String),
}

/// Sets the number's own webhook address, which goes before those of its account and of the app, so that several installations can
/// share an app. Meta asks `url` for the verify token before it answers. An address of another program stays unless it `replaces`
/// it.
pub async fn set_webhook(
    client: &net::Client,
    api: &Api<'_>,
    credentials: &WhatsAppCredentials,
    url: &str,
    replaces: bool,
) -> Result<(), NotSet> {
    let query = format!("{}?fields=webhook_configuration", api.phone_number_id);
    let known = call(client, api, credentials, &query, None).await.map_err(NotSet::Refused)?;
    let own = text(&known, &["webhook_configuration", "phone_number"]);
    if let Some(other) = own.filter(|own| own != url && !replaces) {
        return Err(NotSet::Taken(other));
    }
    let configuration = json!({"override_callback_uri": url, "verify_token": credentials.verify_token});
    let body = json!({"webhook_configuration": configuration});
    call(client, api, credentials, api.phone_number_id, Some(&body)).await.map_err(NotSet::Refused)?;
    Ok(())
}

/// Subscribes the token's app to the account that the number is of. Which that is only the token's permissions tell.
pub async fn subscribe(client: &net::Client, api: &Api<'_>, credentials: &WhatsAppCredentials) -> Finding {
    const NAME: &str = "Subscription";
    let query = format!("debug_token?input_token={}", encoded(&credentials.access_token));
    let token = match call(client, api, credentials, &query, None).await {
        Ok(token) => token,
        Err(why) => return Finding::new(NAME, FindingState::Attention, why),
    };
    let accounts = accounts_of(&token["data"]);
    let [account] = accounts.as_slice() else {
        let said = "The token does not tell the number’s account, or manages several. In the Meta app, under WhatsApp → Configuration, \
                    see that the field “messages” is subscribed.";
        return Finding::new(NAME, FindingState::Attention, said);
    };
    match call(client, api, credentials, &format!("{}/subscribed_apps", encoded(account)), Some(&json!({}))).await {
        Ok(_) => Finding::new(NAME, FindingState::Fine, "The app gets what happens on the number’s account."),
        Err(why) => Finding::new(NAME, FindingState::Missing, why),
    }
}

/// The accounts that a token manages.
pub(super) fn accounts_of(token: &Value) -> Vec<String> {
    let scopes = token["granular_scopes"].as_array().into_iter().flatten();
    let managed = scopes.filter(|scope| scope["scope"] == MANAGES);
    let targets = managed.flat_map(|scope| scope["target_ids"].as_array().into_iter().flatten());
    targets.filter_map(|target| text(target, &[])).collect()
}
