//! Visitors of a site who use the chat on its pages, as the panel does: over HTTP, with a token and numbers.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use aurix::domain::ids::ProjectId;
use aurix::net::Method;
use aurix::projects::add_web::{WebChannel, add_web_channel};
use aurix::projects::create_project::{NewProject, create_project};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{HttpResponse, TestApp, operator};

/// The site of the widget.
pub const SITE: &str = "https://juniper.example";
const COMES_WITHIN: Duration = Duration::from_secs(30);

/// A project with a chat on the page.
pub struct WebChat {
    pub project: ProjectId,
    pub public_id: String,
    pub channel: String,
    pub widget: String,
}

impl TestApp {
    /// A project whose widget opens a chat on the pages of [`SITE`].
    pub async fn web_chat(&self) -> WebChat {
        let new = NewProject { name: "Juniper Table".to_owned(), region: "SG".to_owned(), ..NewProject::default() };
        let project = create_project(&self.core, &operator(), new).await.expect("a project");
        let channel =
            add_web_channel(&self.core, &operator(), project.id, WebChannel::default()).await.expect("a chat");
        let widget = self.widget(project.id, &channel.external_id, &[SITE]).await;
        WebChat { project: project.id, public_id: project.public_id, channel: channel.external_id, widget }
    }

    /// A click of the button, as the panel makes it: gives the reference.
    pub async fn web_click(&self, chat: &WebChat) -> String {
        let agent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/143.0 Safari/537.36";
        let headers = [("content-type", "application/json"), ("origin", SITE), ("user-agent", agent)];
        let body = json!({"click_url": "https://juniper.example/?utm_source=google"}).to_string();
        let response = self.send(Method::POST, &format!("/c/{}", chat.widget), &headers, body).await;
        response.json()["correlation_id"].as_str().expect("a reference").to_owned()
    }
}

/// Somebody with an open chat.
pub struct Visitor<'a> {
    pub app: &'a TestApp,
    pub widget: String,
    pub token: String,
    pub opened: Value,
}

impl<'a> Visitor<'a> {
    pub async fn open(app: &'a TestApp, chat: &WebChat) -> Self {
        Self::open_with(app, chat, json!({"language": "en"})).await
    }

    pub async fn open_with(app: &'a TestApp, chat: &WebChat, came: Value) -> Self {
        let visitor = Self { app, widget: chat.widget.clone(), token: String::new(), opened: Value::Null };
        let response = visitor.post("", came).await;
        assert_eq!(response.status(), 200, "{}", response.text());
        let opened = response.json();
        Self { token: opened["token"].as_str().expect("a token").to_owned(), opened, ..visitor }
    }

    pub async fn post(&self, path: &str, body: Value) -> HttpResponse {
        self.send(Method::POST, path, Some(body)).await
    }

    pub async fn get(&self, path: &str) -> HttpResponse {
        self.send(Method::GET, path, None).await
    }

    async fn send(&self, method: Method, path: &str, body: Option<Value>) -> HttpResponse {
        let bearer = format!("Bearer {}", self.token);
        let mut headers = vec![("origin", SITE)];
        if !self.token.is_empty() {
            headers.push(("authorization", bearer.as_str()));
        }
        if body.is_some() {
            headers.push(("content-type", "application/json"));
        }
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        self.app.send(method, &format!("/chat/{}{path}", self.widget), &headers, body).await
    }

    /// Says something, and gives its number.
    pub async fn says(&self, text: &str) -> i64 {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let id = format!("said-{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        self.says_as(&id, text).await
    }

    pub async fn says_as(&self, client_id: &str, text: &str) -> i64 {
        let response = self.post("/messages", json!({"client_id": client_id, "text": text})).await;
        assert_eq!(response.status(), 200, "{}", response.text());
        response.json()["seq"].as_i64().expect("a number")
    }

    /// The numbers and texts behind a number.
    pub async fn since(&self, after: i64) -> Vec<(i64, String)> {
        let response = self.get(&format!("/messages?after={after}")).await;
        assert_eq!(response.status(), 200, "{}", response.text());
        numbered(&response.json()["messages"])
    }

    pub async fn stream(&self, after: i64) -> Stream {
        let stream = Stream::connect(self.app, &self.widget, &self.token, after).await;
        assert!(stream.head.starts_with("HTTP/1.1 200"), "{}", stream.head);
        stream
    }
}

/// The numbers and texts of messages.
pub fn numbered(messages: &Value) -> Vec<(i64, String)> {
    let messages = messages.as_array().expect("a list").iter();
    messages
        .map(|one| (one["seq"].as_i64().expect("a number"), one["text"].as_str().expect("a text").to_owned()))
        .collect()
}

/// An open stream.
pub struct Stream {
    tcp: TcpStream,
    read: String,
    pub head: String,
}

impl Stream {
    pub async fn connect(app: &TestApp, widget: &str, token: &str, after: i64) -> Self {
        let host = app.base_url.strip_prefix("http://").expect("a host");
        let mut tcp = TcpStream::connect(host).await.expect("the server listens");
        let request = format!(
            "GET /chat/{widget}/events?after={after} HTTP/1.1\r\nhost: {host}\r\norigin: {SITE}\r\nauthorization: Bearer {token}\r\naccept-encoding: gzip\r\n\r\n"
        );
        tcp.write_all(request.as_bytes()).await.expect("it reads");
        let mut stream = Self { tcp, read: String::new(), head: String::new() };
        stream.head = stream.reads("\r\n\r\n").await;
        stream
    }

    /// Reads until `text` has come, and gives what came up to there.
    pub async fn reads(&mut self, text: &str) -> String {
        let read = async {
            loop {
                if let Some(at) = self.read.find(text) {
                    return self.read.drain(..at + text.len()).collect();
                }
                let mut bytes = [0; 4096];
                let count = self.tcp.read(&mut bytes).await.expect("the connection holds");
                assert_ne!(count, 0, "it ended without {text:?}: {:?}", self.read);
                self.read.push_str(&String::from_utf8_lossy(&bytes[..count]));
            }
        };
        tokio::time::timeout(COMES_WITHIN, read)
            .await
            .unwrap_or_else(|_| panic!("{text:?} does not come: {:?}", self.read))
    }

    /// The next event of that name; others before it are skipped.
    pub async fn event(&mut self, name: &str) -> Value {
        self.reads(&format!("event: {name}\ndata: ")).await;
        serde_json::from_str(self.reads("\n").await.trim_end()).expect("JSON")
    }

    /// Whether the server ends the stream.
    pub async fn ends(&mut self) -> bool {
        const END: &str = "0\r\n\r\n";
        if self.read.ends_with(END) {
            return true;
        }
        let mut bytes = [0; 4096];
        let read = async {
            loop {
                match self.tcp.read(&mut bytes).await {
                    Ok(0) | Err(_) => return true,
                    Ok(count) if bytes[..count].ends_with(END.as_bytes()) => return true,
                    Ok(_) => {}
                }
            }
        };
        tokio::time::timeout(COMES_WITHIN, read).await.unwrap_or(false)
    }
}
