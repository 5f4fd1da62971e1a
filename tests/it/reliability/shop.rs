//! A shop on a real server: set up by commands, visited and written to over HTTP.

use aurix::domain::time::Clock;
use aurix::net;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use super::server::{self, Server};
use super::sink::Sink;
use crate::support::WhatsApp;

const APP_SECRET: &str = "the app's secret";

pub struct Shop {
    project_id: String,
    widget_id: String,
    phone_number_id: String,
}

/// The shop's entry points, for a client of its own.
#[derive(Clone)]
pub struct ShopClient {
    base_url: String,
    widget_id: String,
    phone_number_id: String,
    client: net::Client,
}

impl Shop {
    pub async fn open(server: &Server) -> Self {
        let whatsapp = WhatsApp::start().await;
        let phone_number_id = format!("7911637707{:05}", super::next_number());
        let made = server.command(&["project", "create", "A shop", "--region", "SG", "--timezone", "Asia/Singapore"]);
        let project_id = text(&made, "project_id");
        let channel = ["channel", "add", "whatsapp", "--project", &project_id, "--phone-number-id", &phone_number_id];
        let number = ["--number", "+6512345678", "--access-token", "T", "--app-secret", APP_SECRET];
        let rest = ["--verify-token", "V", "--api-base", &whatsapp.api_base];
        server.command(&[channel.as_slice(), &number, &rest].concat());
        let made = server.command(&["widget", "create", "--project", &project_id, "--channel", &phone_number_id]);
        Self { project_id, widget_id: text(&made, "widget_id"), phone_number_id }
    }

    /// A webhook for all events; gives its id.
    pub fn webhook(&self, server: &Server, sink: &Sink) -> String {
        self.webhook_to(server, &sink.url)
    }

    /// A webhook for all events at any address; gives its id.
    pub fn webhook_to(&self, server: &Server, url: &str) -> String {
        text(&server.command(&["webhook", "add", "--project", &self.project_id, "--url", url]), "id")
    }

    /// The shop's entry points at `server`, on connections of one's own.
    pub fn client(&self, server: &Server) -> ShopClient {
        let client = net::Client::new(net::AddressPolicy::trusted(), net::Resolver::System, net::Options::default());
        let (widget_id, phone_number_id) = (self.widget_id.clone(), self.phone_number_id.clone());
        ShopClient { base_url: server.base_url.clone(), widget_id, phone_number_id, client }
    }
}

impl ShopClient {
    /// A click on the page `page`; the reference, if there was a response. Any response but the redirect fails the test.
    pub async fn click(&self, device: &str, page: &str) -> Result<String, net::SendError> {
        let click_url = url::form_urlencoded::byte_serialize(page.as_bytes()).collect::<String>();
        let url = format!("{}/c/{}?device_id={device}&click_url={click_url}", self.base_url, self.widget_id);
        let response = server::get(&self.client, &url).await?;
        let location = response.header("location").unwrap_or_default().to_owned();
        assert_eq!(response.status, 302, "{}", String::from_utf8_lossy(&response.body));
        let at = location.find("O-").unwrap_or_else(|| panic!("no reference in {location:?}"));
        Ok(location[at..at + 9].to_owned())
    }

    /// The platform brings a person's text; the status it was answered with.
    pub async fn write(&self, wa_id: &str, id: &str, text: &str) -> Result<u16, net::SendError> {
        let sent_at = Clock::System.now().as_second().to_string();
        let message = json!({"from": wa_id, "id": id, "timestamp": sent_at, "type": "text", "text": {"body": text}});
        let value = json!({
            "messaging_product": "whatsapp",
            "metadata": {"display_phone_number": "6512345678", "phone_number_id": self.phone_number_id},
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
        let url = format!("{}/channels/whatsapp/{}/webhook", self.base_url, self.phone_number_id);
        Ok(self.client.send(server::request(net::Method::POST, &url, &headers, body.into_bytes())).await?.status)
    }
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_else(|| panic!("no {name} in {value}")).to_owned()
}
