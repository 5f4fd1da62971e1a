//! Telegram, scripted at its HTTP border: a bot's API, and people who write to the bot.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use aurix::domain::ids::ProjectId;
use aurix::net::Method;
use aurix::projects::add_telegram::{AddedBot, BotRefused, TelegramChannel, add_telegram_channel};
use aurix::projects::create_project::{NewProject, create_project};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::any;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::{HttpResponse, TestApp, operator, until};

/// The id of the bot.
pub const BOT_ID: &str = "123456";
/// Its username.
pub const BOT: &str = "juniper_bot";
/// Its token.
pub const TOKEN: &str = "123456:AAHscripted";
/// How long a call may take that nobody waits for.
const CALL_LIMIT: Duration = Duration::from_secs(20);

/// What the API knows.
pub struct Known {
    token: String,
    /// Where updates go.
    pub webhook: Option<String>,
    /// What comes back with them.
    pub secret: String,
    /// The kinds that are sent.
    pub allowed: Value,
    /// Further fields of `getWebhookInfo`.
    pub info: Value,
    calls: Vec<(String, Value)>,
    answers: VecDeque<(String, Answer)>,
}

/// What a call gets.
pub enum Answer {
    /// This, with that status.
    Says(u16, Value),
    /// Nothing: the connection is closed after the call was read.
    HangsUp,
}

/// A bot's API.
#[derive(Clone)]
pub struct Telegram {
    pub api_base: String,
    known: Arc<Mutex<Known>>,
}

impl Telegram {
    pub async fn start() -> Self {
        let known = Known {
            token: TOKEN.to_owned(),
            webhook: None,
            secret: String::new(),
            allowed: Value::Null,
            info: json!({}),
            calls: Vec::new(),
            answers: VecDeque::new(),
        };
        let known = Arc::new(Mutex::new(known));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let api_base = format!("http://{}", listener.local_addr().expect("bound"));
        let router = Router::new()
            .route("/{bot}/{method}", any(take_call))
            .route("/file/{bot}/{*path}", any(take_file))
            .with_state(known.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { api_base, known }
    }

    pub fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().expect("not poisoned")
    }

    /// Answers the next call of a method with an error of the platform.
    pub fn fail_next(&self, method: &str, code: u16, description: &str, parameters: Value) {
        let error = json!({"ok": false, "error_code": code, "description": description, "parameters": parameters});
        self.answer_next(method, Answer::Says(code, error));
    }

    pub fn answer_next(&self, method: &str, answer: Answer) {
        self.known().answers.push_back((method.to_owned(), answer));
    }

    /// @BotFather makes a new token: the one before is not taken any more.
    pub fn revoke_token(&self, new: &str) {
        new.clone_into(&mut self.known().token);
    }

    /// The calls of a method since they were last taken.
    pub fn take(&self, method: &str) -> Vec<Value> {
        let mut known = self.known();
        let (taken, rest) = std::mem::take(&mut known.calls).into_iter().partition(|(name, _)| name == method);
        known.calls = rest;
        let taken: Vec<(String, Value)> = taken;
        taken.into_iter().map(|(_, body)| body).collect()
    }

    /// The texts that were sent since they were last taken.
    pub fn take_texts(&self) -> Vec<String> {
        self.take("sendMessage").iter().map(|sent| sent["text"].as_str().expect("a text").to_owned()).collect()
    }

    /// Waits for a call that is made beside everything else.
    pub async fn called(&self, method: &str) -> Value {
        let mut found = Vec::new();
        until(method, CALL_LIMIT, async || {
            found.extend(self.take(method));
            !found.is_empty()
        })
        .await;
        found.remove(0)
    }
}

async fn take_call(
    State(known): State<Arc<Mutex<Known>>>,
    Path((bot, method)): Path<(String, String)>,
    body: Bytes,
) -> Response {
    let mut known = known.lock().expect("not poisoned");
    if bot != format!("bot{}", known.token) {
        return says(401, json!({"ok": false, "error_code": 401, "description": "Unauthorized"}));
    }
    let body: Value = serde_json::from_slice(&body).expect("calls are JSON");
    known.calls.push((method.clone(), body.clone()));
    let scripted = known.answers.iter().position(|(name, _)| *name == method);
    match scripted.and_then(|place| known.answers.remove(place)) {
        Some((_, Answer::Says(status, answer))) => says(status, answer),
        Some((_, Answer::HangsUp)) => {
            let cut = futures_util::stream::once(async { Err::<Bytes, _>(std::io::Error::other("cut")) });
            axum::body::Body::from_stream(cut).into_response()
        }
        None => says(200, json!({"ok": true, "result": result(&mut known, &method, &body)})),
    }
}

/// The bytes of a file are the path that `getFile` gave.
async fn take_file(State(known): State<Arc<Mutex<Known>>>, Path((bot, path)): Path<(String, String)>) -> Response {
    let is_ours = bot == format!("bot{}", known.lock().expect("not poisoned").token);
    if is_ours { path.into_response() } else { StatusCode::NOT_FOUND.into_response() }
}

fn result(known: &mut Known, method: &str, body: &Value) -> Value {
    match method {
        "getMe" => json!({"id": 123_456, "is_bot": true, "first_name": "Juniper Cycles", "username": BOT}),
        "setWebhook" => {
            known.webhook = body["url"].as_str().map(str::to_owned);
            body["secret_token"].as_str().unwrap_or_default().clone_into(&mut known.secret);
            known.allowed = body["allowed_updates"].clone();
            json!(true)
        }
        "getWebhookInfo" => {
            let mut info = json!({"url": known.webhook.clone().unwrap_or_default(), "pending_update_count": 0});
            info["allowed_updates"] = known.allowed.clone();
            for (key, value) in known.info.as_object().into_iter().flatten() {
                info[key] = value.clone();
            }
            info
        }
        "getFile" => json!({"file_id": body["file_id"], "file_size": 9, "file_path": "photos/file_1.jpg"}),
        "sendMessage" => json!({"message_id": next_number(), "date": 0, "chat": {"id": body["chat_id"]}}),
        _ => json!(true),
    }
}

fn says(status: u16, answer: Value) -> Response {
    (StatusCode::from_u16(status).expect("a status"), axum::Json(answer)).into_response()
}

/// Ids of updates and messages.
pub fn next_number() -> i64 {
    static NUMBER: AtomicI64 = AtomicI64::new(1_000);
    NUMBER.fetch_add(1, Ordering::Relaxed)
}

/// A project with a bot and a widget.
pub struct Bot {
    pub project: ProjectId,
    pub public_id: String,
    pub widget_id: String,
    pub telegram: Telegram,
}

/// What an operator enters who has nothing but the token.
pub fn with_token(telegram: &Telegram) -> TelegramChannel {
    TelegramChannel {
        token: TOKEN.to_owned(),
        bot: None,
        api_base: Some(telegram.api_base.clone()),
        link_base: None,
        replaces_webhook: false,
    }
}

impl TestApp {
    /// A project in which there is nothing.
    pub async fn empty_project(&self, name: &str) -> (ProjectId, String) {
        let (region, time_zone) = ("SG".to_owned(), "Asia/Singapore".to_owned());
        let new = NewProject { name: name.to_owned(), region, time_zone, ..NewProject::default() };
        let project = create_project(&self.core, &operator(), new).await.expect("a project");
        (project.id, project.public_id)
    }

    pub async fn bot(&self) -> Bot {
        let (project, public_id) = self.empty_project("A shop").await;
        let telegram = Telegram::start().await;
        self.add_bot(project, with_token(&telegram)).await.expect("a bot");
        let widget_id = self.widget(project, BOT_ID, &[]).await;
        for method in ["getMe", "getWebhookInfo", "setWebhook"] {
            telegram.take(method);
        }
        Bot { project, public_id, widget_id, telegram }
    }

    pub async fn add_bot(&self, project: ProjectId, new: TelegramChannel) -> Result<AddedBot, BotRefused> {
        add_telegram_channel(&self.core, &operator(), project, new).await
    }

    /// Telegram brings an update.
    pub async fn update(&self, bot: &Bot, update: &Value) -> HttpResponse {
        let secret = bot.telegram.known().secret.clone();
        self.update_with(&secret, update).await
    }

    pub async fn update_with(&self, secret: &str, update: &Value) -> HttpResponse {
        let headers = [("content-type", "application/json"), ("x-telegram-bot-api-secret-token", secret)];
        let path = format!("/channels/telegram/{BOT_ID}/webhook");
        self.send(Method::POST, &path, &headers, update.to_string()).await
    }

    /// A click on a bot's widget; gives the reference.
    pub async fn bot_click(&self, bot: &Bot) -> String {
        let agent = [("user-agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/143.0 Safari/537.36")];
        let clicked = self.get(&format!("/c/{}?click_url=https://shop.example/?gclid=g1", bot.widget_id), &agent).await;
        assert_eq!(clicked.status(), 302, "{}", clicked.text());
        let location = clicked.header("location");
        let reference = location.strip_prefix(&format!("https://t.me/{BOT}?start=")).expect("the bot's link");
        reference.to_owned()
    }
}

/// Somebody who writes to the bot.
pub struct Chatter<'a> {
    pub app: &'a TestApp,
    pub bot: &'a Bot,
    pub id: i64,
}

impl<'a> Chatter<'a> {
    pub fn new(app: &'a TestApp, bot: &'a Bot, id: i64) -> Self {
        Self { app, bot, id }
    }

    /// Sends a text; gives the message's id.
    pub async fn writes(&self, text: &str) -> i64 {
        self.sends(json!({"text": text})).await
    }

    /// Sends a message with these fields; gives its id.
    pub async fn sends(&self, fields: Value) -> i64 {
        let message = self.message(fields);
        let id = message["message_id"].as_i64().expect("an id");
        self.brings(&json!({"update_id": next_number(), "message": message})).await;
        id
    }

    /// A message with these fields.
    pub fn message(&self, fields: Value) -> Value {
        let at = self.app.core.clock.now().as_second();
        let from = json!({"id": self.id, "is_bot": false, "first_name": "Mei", "last_name": "Tan", "username": "mei_tan",
                          "language_code": "zh-hans"});
        let mut message = json!({
            "message_id": next_number(),
            "date": at,
            "from": from,
            "chat": {"id": self.id, "type": "private", "first_name": "Mei"},
        });
        for (key, value) in fields.as_object().into_iter().flatten() {
            message[key] = value.clone();
        }
        message
    }

    /// Telegram brings an update, which is taken.
    pub async fn brings(&self, update: &Value) {
        let response = self.app.update(self.bot, update).await;
        assert_eq!((response.status(), response.text().as_str()), (200, ""), "{update}");
    }

    /// Telegram says that the person's chat with the bot is blocked, or open.
    pub async fn is_now(&self, status: &str) {
        let change = json!({
            "chat": {"id": self.id, "type": "private"},
            "from": {"id": self.id},
            "new_chat_member": {"status": status, "user": {"id": 123_456}},
        });
        self.brings(&json!({"update_id": next_number(), "my_chat_member": change})).await;
    }
}
