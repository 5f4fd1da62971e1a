//! The simulated platform: calls the real inbound webhook over HTTP, signed with the channel's app secret.

use std::sync::Arc;

use anyhow::Context as _;
use bytes::Bytes;
use serde_json::{Value, json};

use super::Playground;
use crate::channels::whatsapp::verify;
use crate::conversations::Conversations;
use crate::conversations::open_channel::{OpenChannel, open_channel};
use crate::domain::channel::ChannelKind;
use crate::net::client::{RESPONSE_BYTES_MAX, TIMEOUT_DEFAULT};
use crate::net::{Method, Request};

/// The id of the simulated business account.
const ACCOUNT_ID: &str = "100200300400500";

/// The demo's channel, its credentials in the clear.
pub(super) async fn channel(
    conversations: &Conversations,
    playground: &Playground,
) -> anyhow::Result<Arc<OpenChannel>> {
    let id = &playground.stage.phone_number_id;
    open_channel(conversations, ChannelKind::WhatsApp, id)
        .await?
        .with_context(|| format!("the demo's channel {id} is gone"))
}

/// Posts `value` to the inbound webhook: messages with their contacts, or statuses.
pub(super) async fn call_webhook(
    conversations: &Conversations,
    playground: &Playground,
    value: Value,
) -> anyhow::Result<()> {
    let stage = &playground.stage;
    let channel = channel(conversations, playground).await?;
    let body = body(playground, value);
    let credentials = channel.credentials.whatsapp()?;
    let signature = verify::signature(credentials.app_secret.as_bytes(), &body);
    let request = Request {
        method: Method::POST,
        url: format!("{}/channels/whatsapp/{}/webhook", stage.inside_url, stage.phone_number_id),
        headers: vec![
            ("content-type".to_owned(), "application/json".to_owned()),
            ("user-agent".to_owned(), "facebookexternalua".to_owned()),
            ("x-hub-signature-256".to_owned(), signature),
        ],
        body: Bytes::from(body),
        timeout: TIMEOUT_DEFAULT,
        response_bytes_max: RESPONSE_BYTES_MAX,
    };
    let response = conversations.core.platform_client.send(request).await.context("calling the inbound webhook")?;
    let text = String::from_utf8_lossy(&response.body);
    anyhow::ensure!(response.status == 200, "the inbound webhook responded {}: {}", response.status, text.trim());
    Ok(())
}

fn body(playground: &Playground, mut value: Value) -> Vec<u8> {
    let stage = &playground.stage;
    value["messaging_product"] = json!("whatsapp");
    value["metadata"] = json!({
        "display_phone_number": stage.number.bare(),
        "phone_number_id": stage.phone_number_id,
    });
    let changes = json!([{"field": "messages", "value": value}]);
    let body = json!({"object": "whatsapp_business_account", "entry": [{"id": ACCOUNT_ID, "changes": changes}]});
    body.to_string().into_bytes()
}

/// A reply that the platform has accepted.
pub(super) struct Taken {
    pub(super) platform_id: String,
    pub(super) reply_id: String,
    pub(super) person: String,
}

/// Reports to the inbound webhook that a reply was sent, delivered and read. Above the limit of concurrent reports it does
/// nothing: no promise depends on statuses.
pub(super) fn report(conversations: Conversations, playground: Arc<Playground>, taken: Taken) {
    let Ok(place) = playground.reports.clone().try_acquire_owned() else {
        tracing::warn!("reply statuses dropped: too many at once");
        return;
    };
    tokio::spawn(async move {
        let _place = place;
        for status in ["sent", "delivered", "read"] {
            let value = json!({"statuses": [{
                "id": taken.platform_id,
                "status": status,
                "timestamp": conversations.core.clock.now().as_second().to_string(),
                "recipient_id": taken.person,
                "biz_opaque_callback_data": taken.reply_id,
            }]});
            if let Err(error) = call_webhook(&conversations, &playground, value).await {
                if playground.feed.is_stopping() {
                    return;
                }
                tracing::warn!(error = format!("{error:#}"), status, "reply status failed");
                return;
            }
        }
    });
}
