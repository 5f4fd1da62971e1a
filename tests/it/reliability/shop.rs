//! A shop on a real server: set up by commands, visited and written to over HTTP.

use aurix::net;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use super::server::{self, Server};
use super::sink::Sink;
use crate::support::WhatsApp;

const PHONE_NUMBER_ID: &str = "791163770738681";
const APP_SECRET: &str = "the app's secret";

pub struct Shop {
    project_id: String,
    widget_id: String,
}

/// The shop's doors, for a client of its own.
#[derive(Clone)]
pub struct Doors {
    base_url: String,
    widget_id: String,
    client: net::Client,
}

impl Shop {
    pub async fn open(server: &Server) -> Self {
        let whatsapp = WhatsApp::start().await;
        let made = server.command(&["project", "create", "A shop", "--region", "SG", "--timezone", "Asia/Singapore"]);
        let project_id = text(&made, "project_id");
        let channel = ["channel", "add", "whatsapp", "--project", &project_id, "--phone-number-id", PHONE_NUMBER_ID];
        let number = ["--number", "+6512345678", "--access-token", "T", "--app-secret", APP_SECRET];
        let rest = ["--verify-token", "V", "--api-base", &whatsapp.api_base];
        server.command(&[channel.as_slice(), &number, &rest].concat());
        let made = server.command(&["widget", "create", "--project", &project_id, "--channel", PHONE_NUMBER_ID]);
        Self { project_id, widget_id: text(&made, "widget_id") }
    }

    /// A webhook for all events; gives its id.
    pub fn webhook(&self, server: &Server, sink: &Sink) -> String {
        text(&server.command(&["webhook", "add", "--project", &self.project_id, "--url", &sink.url]), "id")
    }

    /// The shop's doors at `server`, on connections of one's own.
    pub fn doors(&self, server: &Server) -> Doors {
        let client = net::Client::new(net::AddressPolicy::trusted(), net::Resolver::System, net::Options::default());
        Doors { base_url: server.base_url.clone(), widget_id: self.widget_id.clone(), client }
    }
}

impl Doors {
    /// A press on the page `page`; the reference, if there was an answer. Any answer but the redirect fails the story.
    pub async fn press(&self, device: &str, page: &str) -> Result<String, net::SendError> {
        let click_url = url::form_urlencoded::byte_serialize(page.as_bytes()).collect::<String>();
        let url = format!("{}/c/{}?device_id={device}&click_url={click_url}", self.base_url, self.widget_id);
        let answer = server::get(&self.client, &url).await?;
        let location = answer.header("location").unwrap_or_default().to_owned();
        assert_eq!(answer.status, 302, "{}", String::from_utf8_lossy(&answer.body));
        let at = location.find("O-").unwrap_or_else(|| panic!("no reference in {location:?}"));
        Ok(location[at..at + 9].to_owned())
    }

    /// The platform brings a person's text; the status it was answered with.
    pub async fn write(&self, wa_id: &str, id: &str, text: &str) -> Result<u16, net::SendError> {
        let message =
            json!({"from": wa_id, "id": id, "timestamp": "1767348000", "type": "text", "text": {"body": text}});
        let value = json!({
            "messaging_product": "whatsapp",
            "metadata": {"display_phone_number": "6512345678", "phone_number_id": PHONE_NUMBER_ID},
            "contacts": [{"profile": {"name": "A visitor"}, "wa_id": wa_id}],
            "messages": [message],
        });
        let changes = json!([{"field": "messages", "value": value}]);
        let body =
            json!({"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": changes}]}).to_string();
        let mut mac = Hmac::<Sha256>::new_from_slice(APP_SECRET.as_bytes()).expect("any key");
        mac.update(body.as_bytes());
        let signature = format!("sha256={}", hex::encode(mac.finalize().into_bytes()));
        let headers = [("content-type", "application/json"), ("x-hub-signature-256", signature.as_str())];
        let url = format!("{}/channels/whatsapp/{PHONE_NUMBER_ID}/webhook", self.base_url);
        Ok(self.client.send(server::request(net::Method::POST, &url, &headers, body.into_bytes())).await?.status)
    }
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_else(|| panic!("no {name} in {value}")).to_owned()
}
