//! A language model, scripted at its HTTP border: it is told what would be right, and answers as a behaviour says.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use aurix::domain::time::Clock;
use aurix::llm::Endpoint;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Response};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// What a request gets.
pub struct Scripted {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
    pub delay: Duration,
}

impl Scripted {
    /// A body with a status.
    pub fn status(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: Vec::new(), body: body.into(), delay: Duration::ZERO }
    }

    /// A message of the model, in the usual envelope.
    pub fn message(message: &Value) -> Self {
        Self::finished(message, "stop")
    }

    pub fn finished(message: &Value, finish: &str) -> Self {
        let usage =
            json!({"prompt_tokens": 1000, "completion_tokens": 50, "prompt_tokens_details": {"cached_tokens": 800}});
        let body = json!({"id": "1", "choices": [{"message": message, "finish_reason": finish}], "usage": usage});
        Self::status(200, body.to_string())
    }

    /// The model's text.
    pub fn text(text: &str) -> Self {
        Self::message(&json!({"role": "assistant", "content": text}))
    }

    /// The model's object.
    pub fn object(object: &Value) -> Self {
        Self::text(&object.to_string())
    }

    #[must_use]
    pub fn after(self, delay: Duration) -> Self {
        Self { delay, ..self }
    }
}

/// A request as the model got it.
pub struct Asked {
    /// Its body.
    pub body: Value,
    /// What would be right.
    pub right: Value,
    /// The number of the request, from 0.
    pub nth: usize,
}

impl Asked {
    /// The texts that are to be read.
    pub fn unread(&self) -> Vec<String> {
        let user: Value =
            serde_json::from_str(self.body["messages"][1]["content"].as_str().expect("a prompt")).expect("JSON");
        let unread = user["unread"].as_array().expect("a list");
        unread.iter().map(|text| text.as_str().expect("a text").to_owned()).collect()
    }
}

/// How a model answers.
pub type Behaviour = Box<dyn Fn(&Asked) -> Scripted + Send>;

struct Shared {
    behaviour: Behaviour,
    right: Value,
    requests: Vec<(HeaderMap, Value)>,
    answered: usize,
}

/// A scripted model.
#[derive(Clone)]
pub struct ScriptedModel {
    pub url: String,
    shared: Arc<Mutex<Shared>>,
}

impl ScriptedModel {
    pub async fn start(behaviour: impl Fn(&Asked) -> Scripted + Send + 'static) -> Self {
        let shared = Shared { behaviour: Box::new(behaviour), right: empty(), requests: Vec::new(), answered: 0 };
        let shared = Arc::new(Mutex::new(shared));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}/v1", listener.local_addr().expect("bound"));
        let router = Router::new().fallback(answer).with_state(shared.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, shared }
    }

    /// The endpoint of it, with a time that suits a test.
    pub fn endpoint(&self, timeout: Duration) -> Endpoint {
        let mut endpoint = Endpoint::new(&self.url, "scripted").expect("an address");
        endpoint.timeout = timeout;
        endpoint
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().expect("not poisoned")
    }

    /// Says what would be right for the next requests.
    pub fn expect(&self, right: Value) {
        self.shared().right = right;
    }

    pub fn behave(&self, behaviour: Behaviour) {
        self.shared().behaviour = behaviour;
    }

    /// The bodies of the requests since the last call.
    pub fn take(&self) -> Vec<Value> {
        self.take_whole().into_iter().map(|(_, body)| body).collect()
    }

    pub fn take_whole(&self) -> Vec<(HeaderMap, Value)> {
        std::mem::take(&mut self.shared().requests)
    }

    /// How many requests have come since they were last taken.
    pub fn waiting(&self) -> usize {
        self.shared().requests.len()
    }
}

/// An object that says nothing.
pub fn empty() -> Value {
    json!({"act": "other", "values": [], "options": [], "refused": [], "answer": null, "sources": [], "language": "en"})
}

async fn answer(State(shared): State<Arc<Mutex<Shared>>>, headers: HeaderMap, body: Bytes) -> Response<Body> {
    let scripted = {
        let mut shared = shared.lock().expect("not poisoned");
        let body: Value = serde_json::from_slice(&body).expect("requests are JSON");
        shared.requests.push((headers, body.clone()));
        shared.answered += 1;
        let asked = Asked { body, right: shared.right.clone(), nth: shared.answered - 1 };
        (shared.behaviour)(&asked)
    };
    // How slow a server is, is real time.
    Clock::System.sleep(scripted.delay).await;
    let mut response = Response::builder().status(scripted.status).header("content-type", "application/json");
    for (name, value) in &scripted.headers {
        response = response.header(*name, value);
    }
    response.body(Body::from(scripted.body)).expect("a response")
}
