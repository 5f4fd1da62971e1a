//! WhatsApp, scripted at its HTTP border: people who write, and the API that replies go to.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::net::TcpListener;

use super::{HttpResponse, Project, TestApp, until};

pub const APP_SECRET: &str = "the app's secret";
pub const VERIFY_TOKEN: &str = "the verify token";
/// How long a call may take that nobody waits for.
const CALL_LIMIT: Duration = Duration::from_secs(20);

#[derive(Default)]
struct Shared {
    sent: Vec<Value>,
    marks: VecDeque<Value>,
    /// Files that can be fetched, by their path.
    files: HashMap<String, Vec<u8>>,
    /// Calls for replies and for what is set up, as `POST /v26.0/…`, with its query.
    calls: Vec<String>,
    responses: VecDeque<(u16, Value)>,
}

/// The platform's API.
pub struct WhatsApp {
    pub api_base: String,
    shared: Arc<Mutex<Shared>>,
}

impl WhatsApp {
    pub async fn start() -> Self {
        let shared: Arc<Mutex<Shared>> = Arc::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let api_base = format!("http://{}", listener.local_addr().expect("bound"));
        let router = Router::new().fallback(take_reply).with_state(shared.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { api_base, shared }
    }

    /// Answers the next call with this.
    pub fn answer_next(&self, status: u16, response: Value) {
        self.shared.lock().expect("not poisoned").responses.push_back((status, response));
    }

    /// Answers the next reply with an error of the platform.
    pub fn fail_next(&self, status: u16, code: i64) {
        let error = json!({"error": {"message": "scripted", "type": "OAuthException", "code": code}});
        self.shared.lock().expect("not poisoned").responses.push_back((status, error));
    }

    /// The texts of the replies since the last call.
    pub fn take_texts(&self) -> Vec<String> {
        let sent = self.take();
        sent.iter().map(|reply| words(reply).expect("a text").to_owned()).collect()
    }

    /// Serves a file from now on; gives its address.
    pub fn serve(&self, path: &str, content: &[u8]) -> String {
        self.shared.lock().expect("not poisoned").files.insert(path.to_owned(), content.to_vec());
        format!("{}{path}", self.api_base)
    }

    /// The calls since the last time.
    pub fn take_calls(&self) -> Vec<String> {
        std::mem::take(&mut self.shared.lock().expect("not poisoned").calls)
    }

    /// Waits until a message is marked as read, and gives the oldest such call.
    pub async fn marked(&self) -> Value {
        let mut found = None;
        until("a message is marked as read", CALL_LIMIT, async || {
            found = found.take().or_else(|| self.shared.lock().expect("not poisoned").marks.pop_front());
            found.is_some()
        })
        .await;
        found.expect("found")
    }

    /// The replies since the last call, as the API got them.
    pub fn take(&self) -> Vec<Value> {
        std::mem::take(&mut self.shared.lock().expect("not poisoned").sent)
    }
}

/// The words of a reply, with something to press or without.
pub fn words(reply: &Value) -> Option<&str> {
    reply["text"]["body"].as_str().or_else(|| reply["interactive"]["body"]["text"].as_str())
}

async fn take_reply(State(shared): State<Arc<Mutex<Shared>>>, method: Method, uri: Uri, body: Bytes) -> Response {
    let mut shared = shared.lock().expect("not poisoned");
    let number = next_number();
    let call: Value =
        if body.is_empty() { Value::Null } else { serde_json::from_slice(&body).expect("replies are JSON") };
    if call["status"] == "read" {
        shared.marks.push_back(call);
        return axum::Json(json!({"success": true})).into_response();
    }
    shared.calls.push(format!("{method} {uri}"));
    if let Some(content) = shared.files.get(uri.path()) {
        return content.clone().into_response();
    }
    shared.sent.push(call);
    let ok = || (200, json!({"messaging_product": "whatsapp", "messages": [{"id": format!("wamid.reply{number}")}]}));
    let (status, response) = shared.responses.pop_front().unwrap_or_else(ok);
    (StatusCode::from_u16(status).expect("a status"), axum::Json(response)).into_response()
}

fn next_number() -> u64 {
    static NUMBER: AtomicU64 = AtomicU64::new(1);
    NUMBER.fetch_add(1, Ordering::Relaxed)
}

/// Somebody who writes on WhatsApp.
pub struct Person<'a> {
    pub app: &'a TestApp,
    pub project: &'a Project,
    pub wa_id: String,
}

impl<'a> Person<'a> {
    pub fn new(app: &'a TestApp, project: &'a Project, wa_id: &str) -> Self {
        Self { app, project, wa_id: wa_id.to_owned() }
    }

    /// Sends a text.
    pub async fn writes(&self, text: &str) {
        let response = self.sends(&[self.text_message(&format!("wamid.{}", next_number()), text)]).await;
        assert_eq!(response.status(), 200, "{}", response.text());
    }

    pub fn text_message(&self, id: &str, text: &str) -> Value {
        let sent_at = self.app.core.clock.now().as_second().to_string();
        json!({"from": self.wa_id, "id": id, "timestamp": sent_at, "type": "text", "text": {"body": text}})
    }

    /// Sends messages in one call of the platform.
    pub async fn sends(&self, messages: &[Value]) -> HttpResponse {
        let value = json!({
            "messaging_product": "whatsapp",
            "metadata": {"display_phone_number": "6512345678", "phone_number_id": self.project.phone_number_id},
            "contacts": [{"profile": {"name": "A visitor"}, "wa_id": self.wa_id}],
            "messages": messages,
        });
        platform_calls(self.app, self.project, &value).await
    }
}

/// The platform calls the channel's webhook with one change.
pub async fn platform_calls(app: &TestApp, project: &Project, value: &Value) -> HttpResponse {
    let body = json!({
        "object": "whatsapp_business_account",
        "entry": [{"id": "1", "changes": [{"field": "messages", "value": value}]}],
    });
    platform_posts(app, project, body.to_string().as_bytes()).await
}

/// A message of one person, under the ids that the platform tells this time.
pub async fn message_of(app: &TestApp, project: &Project, contact: Value, id: &str, text: &str) {
    let sent_at = app.core.clock.now().as_second().to_string();
    let mut message = json!({"id": id, "timestamp": sent_at, "type": "text", "text": {"body": text}});
    if let Some(wa_id) = contact.get("wa_id") {
        message["from"] = wa_id.clone();
    }
    let value = json!({
        "metadata": {"phone_number_id": project.phone_number_id},
        "contacts": [contact],
        "messages": [message],
    });
    assert_eq!(platform_calls(app, project, &value).await.status(), 200);
}

/// The platform posts these bytes, signed.
pub async fn platform_posts(app: &TestApp, project: &Project, body: &[u8]) -> HttpResponse {
    let signature = format!("sha256={}", hex::encode(hmac(APP_SECRET, body)));
    let path = format!("/channels/whatsapp/{}/webhook", project.phone_number_id);
    let headers = [("content-type", "application/json"), ("x-hub-signature-256", signature.as_str())];
    app.send(Method::POST, &path, &headers, body.to_vec()).await
}

fn hmac(key: &str, body: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("any key");
    mac.update(body);
    mac.finalize().into_bytes().to_vec()
}
