//! `aurix demo` as a newcomer meets it: the real program, walked through over HTTP as the pages do.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use aurix::net::{self, AddressPolicy, Client, Method, Resolver, Response};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;

/// How long anything may take before the test has failed.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Answers that a visitor gives before the test has failed.
const ANSWERS_MAX: usize = 12;
/// A browser's, or the click would not count.
const BROWSER: (&str, &str) =
    ("user-agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36");
const PERSON: &str = "6591234567";

/// A running `aurix demo`.
struct Demo {
    process: Child,
    /// Kept open: a program that cannot print stops.
    _stdout: BufReader<ChildStdout>,
    base_url: String,
    /// Of the partner API, as printed.
    key: String,
    client: Client,
}

impl Demo {
    fn start(data_dir: &Path) -> Self {
        Self::run(command(data_dir).arg("--empty"))
    }

    fn run(command: &mut Command) -> Self {
        let mut process = command.stdout(Stdio::piped()).spawn().expect("the program starts");
        let mut stdout = BufReader::new(process.stdout.take().expect("piped"));
        let url_line = line_with(&mut stdout, "/playground");
        let at = url_line.find("http://").expect("a URL");
        let base_url = url_line[at..].trim().trim_end_matches("/playground").to_owned();
        let key_line = line_with(&mut stdout, "aurix_key_");
        let at = key_line.find("aurix_key_").expect("a key");
        let key = key_line[at..].split('\'').next().expect("the key's end").to_owned();
        let client = Client::new(AddressPolicy::trusted(), Resolver::System, net::Options::default());
        Self { process, _stdout: stdout, base_url, key, client }
    }

    async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: &Value) -> Response {
        let request = net::Request {
            method,
            url: format!("{}{path}", self.base_url),
            headers: headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            body: Bytes::from(if body.is_null() { String::new() } else { body.to_string() }),
            timeout: TIMEOUT,
            response_bytes_max: 1 << 20,
        };
        self.client.send(request).await.expect("the demo answers")
    }

    async fn get(&self, path: &str) -> Response {
        self.send(Method::GET, path, &[BROWSER], &Value::Null).await
    }

    async fn state(&self) -> Value {
        json_of(&self.get("/playground/state").await)
    }

    /// Clicks the widget after an ad, and gives the link that the visitor is sent to.
    async fn click(&self) -> url::Url {
        let widget = self.state().await["widget_id"].as_str().expect("a widget").to_owned();
        let page = "http%3A%2F%2Fshop.example%2F%3Futm_source%3Dgoogle%26utm_campaign%3Dspring";
        let answer = self.get(&format!("/c/{widget}?device_id=a-browser&click_url={page}")).await;
        assert_eq!(answer.status, 302);
        let location = answer.header("location").expect("a link").to_owned();
        assert!(location.starts_with(&format!("{}/playground/phone/", self.base_url)), "{location}");
        location.parse().expect("a URL")
    }

    /// Writes a message on the phone.
    async fn write(&self, text: &str) {
        let body = json!({"person": PERSON, "name": "Mei Lin Tan", "text": text});
        let headers = [("content-type", "application/json")];
        let answer = self.send(Method::POST, "/playground/phone/send", &headers, &body).await;
        assert_eq!(answer.status, 202, "{:?}", answer.body);
    }

    /// What happened after the entry `last_event_id`, and what happens.
    async fn listen(&self, last_event_id: Option<&str>) -> Listening {
        let host = self.base_url.strip_prefix("http://").expect("plain HTTP");
        let stream = TcpStream::connect(host).await.expect("the demo listens");
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.expect("it speaks HTTP");
        tokio::spawn(connection);
        let mut request = hyper::Request::get("/playground/stream").header("host", host);
        if let Some(id) = last_event_id {
            request = request.header("last-event-id", id);
        }
        let answer =
            sender.send_request(request.body(Empty::<Bytes>::new()).expect("a request")).await.expect("a response");
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        Listening { body: answer.into_body(), buffer: String::new() }
    }

    /// SIGTERM, and how the program ended.
    async fn stop(mut self) -> ExitStatus {
        let id = self.process.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().expect("kill").success());
        let ended = tokio::task::spawn_blocking(move || self.process.wait().expect("it ends"));
        tokio::time::timeout(TIMEOUT, ended).await.expect("it stops in time").expect("waiting")
    }
}

fn command(data_dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_aurix"));
    command.args(["demo", "--listen", "127.0.0.1:0", "--log", "warn", "--data-dir"]).arg(data_dir);
    command
}

fn line_with(lines: &mut impl BufRead, wanted: &str) -> String {
    let line = lines.lines().map(|line| line.expect("text")).find(|line| line.contains(wanted));
    line.unwrap_or_else(|| panic!("the program ended without a line with {wanted}"))
}

fn json_of(answer: &Response) -> Value {
    serde_json::from_slice(&answer.body).unwrap_or_else(|error| panic!("{error} in {:?}", answer.body))
}

/// One entry of the stream.
#[derive(Debug)]
struct Happened {
    id: Option<String>,
    kind: String,
    data: Value,
}

/// An open stream.
struct Listening {
    body: Incoming,
    buffer: String,
}

impl Listening {
    /// The next entry; `None` at the end of the stream.
    async fn next(&mut self) -> Option<Happened> {
        loop {
            if let Some((block, rest)) = self.buffer.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.buffer = rest;
                let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
                // A comment keeps the stream alive and says nothing.
                let (Some(kind), Some(data)) = (field("event: "), field("data: ")) else { continue };
                return Some(Happened { id: field("id: "), kind, data: data.parse().expect("JSON") });
            }
            let frame = tokio::time::timeout(TIMEOUT, self.body.frame()).await.expect("something happens in time");
            let frame = frame?.expect("the stream is not broken");
            self.buffer.push_str(std::str::from_utf8(frame.data_ref().expect("data")).expect("whole characters"));
        }
    }

    /// Reads on to the first entry of that kind which is `wanted`.
    async fn until(&mut self, kind: &str, wanted: impl Fn(&Value) -> bool) -> Happened {
        let mut seen = Vec::new();
        while let Some(happened) = self.next().await {
            if happened.kind == kind && wanted(&happened.data) {
                return happened;
            }
            seen.push(happened);
        }
        panic!("the stream ended without the {kind} that was awaited, after {seen:#?}")
    }

    async fn until_delivery(&mut self, event_type: &str) -> Value {
        let delivery = self.until("delivery", |data| data["event_type"] == event_type).await.data;
        assert_eq!(delivery["verified"], true, "{delivery}");
        assert_eq!(delivery["attempt"], 1, "{delivery}");
        delivery
    }
}

/// A folder of a test's own, removed at its end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("aurix-playground-{}-{number}", std::process::id()));
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What a person answers to the question that `text` ends with.
fn answer_to<'a>(text: &str, fields: &[Value]) -> Option<&'a str> {
    let asked = fields.iter().find(|field| text.contains(field["question"].as_str().expect("a question")))?;
    Some(match asked["type"].as_str().expect("a type") {
        "name" => "I'm Mei Lin Tan",
        "email" => "mei.tan@example.com",
        "phone" => "9123 4567",
        "choice" => "Wheel truing please",
        "date" => "15 January 2030",
        other => panic!("the demo asks for a {other}"),
    })
}

#[tokio::test]
async fn a_newcomer_comes_from_the_click_to_a_complete_lead() {
    let folder = Folder::new();
    let demo = Demo::start(&folder.0);
    let mut stream = demo.listen(None).await;
    let link = demo.click().await;
    let click = stream.until_delivery("widget.click").await;
    assert_eq!(click["body"]["data"]["parsed_params"], json!({"utm_source": "google", "utm_campaign": "spring"}));
    assert_eq!(demo.get(&format!("{}?{}", link.path(), link.query().expect("a text"))).await.status, 200);

    let prefilled = link.query_pairs().find(|(name, _)| name == "text").expect("a text").1.into_owned();
    demo.write(&prefilled).await;
    stream.until_delivery("lead.correlated").await;

    let fields = demo.state().await["fields"].as_array().expect("fields").clone();
    let mut conversation = demo.listen(None).await;
    for _ in 0..ANSWERS_MAX {
        let reply = conversation.until("message", |message| message["direction"] == "out").await.data;
        let Some(answer) = answer_to(reply["text"].as_str().expect("a text"), &fields) else { break };
        demo.write(answer).await;
    }
    let created = stream.until_delivery("lead.created").await;
    assert_eq!(created["body"]["lead"]["phone"], "+6591234567");
    let complete = stream.until_delivery("lead.complete").await;
    assert_eq!(complete["body"]["data"]["correlation_id"], click["body"]["data"]["correlation_id"]);
    let mut panel = demo.listen(None).await;
    let lead = panel.until("lead", |lead| lead["lead_status"] == "complete").await.data;
    assert_eq!(
        lead["fields"],
        json!({"email": "mei.tan@example.com", "name": "Mei Lin Tan", "phone": "+6591234567",
            "preferred_day": "2030-01-15", "service": "Wheel truing"})
    );

    let bearer = format!("Bearer {}", demo.key);
    let path = "/integrations/external/leads";
    let leads = json_of(&demo.send(Method::GET, path, &[("authorization", &bearer)], &Value::Null).await);
    assert_eq!(leads["data"][0]["lead_status"], "complete", "{leads}");
    assert!(demo.stop().await.success());
}

#[tokio::test]
async fn the_pages_are_whole_and_run_nothing_inline() {
    let folder = Folder::new();
    let demo = Demo::start(&folder.0);
    let widget = demo.state().await["widget_id"].as_str().expect("a widget").to_owned();
    for path in ["/playground", "/playground/shop", "/playground/shop/prices", "/playground/phone"] {
        let answer = demo.get(path).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, Some("text/html; charset=utf-8")), "{path}");
        assert!(answer.header("content-security-policy").expect("a policy").starts_with("default-src 'self';"));
        let text = String::from_utf8_lossy(&answer.body);
        assert!(!text.contains("{{"), "{path} has its places filled");
        assert_eq!(text.contains(&format!("data-widget=\"{widget}\"")), path.contains("shop"), "{path}");
        for file in text.split("\"/playground/assets/").skip(1).filter_map(|rest| rest.split('"').next()) {
            assert_eq!(demo.get(&format!("/playground/assets/{file}")).await.status, 200, "{file}");
        }
    }
    assert_eq!(demo.get("/playground/assets/index.html").await.status, 404);
    assert_eq!(demo.get("/playground/phone/6599999999").await.status, 404);
}

#[tokio::test]
async fn under_another_name_the_visitor_is_sent_to_the_one_that_the_links_have() {
    let folder = Folder::new();
    let mut demo = Demo::start(&folder.0);
    let page = format!("{}/playground", demo.base_url);
    demo.base_url = demo.base_url.replace("127.0.0.1", "localhost");
    let answer = demo.get("/playground").await;
    assert_eq!((answer.status, answer.header("location")), (307, Some(page.as_str())));
}

#[tokio::test]
async fn a_forged_delivery_is_shown_as_such_and_a_late_listener_catches_up() {
    let folder = Folder::new();
    let demo = Demo::start(&folder.0);
    demo.click().await;
    let mut stream = demo.listen(None).await;
    let genuine = stream.until("delivery", |data| data["event_type"] == "widget.click").await;
    assert_eq!(genuine.data["verified"], true);

    let forged = [("content-type", "application/json"), ("webhook-id", "evt_forged"), ("x-hub-signature", "00")];
    for _ in 0..2 {
        let body = json!({"event_type": "lead.complete", "data": {}});
        assert_eq!(demo.send(Method::POST, "/playground/listener", &forged, &body).await.status, 401);
    }
    let mut back = demo.listen(genuine.id.as_deref()).await;
    for attempt in 1..=2 {
        let shown = back.next().await.expect("it was missed").data;
        let expected = (json!("evt_forged"), json!(false), json!(attempt));
        assert_eq!((shown["id"].clone(), shown["verified"].clone(), shown["attempt"].clone()), expected);
    }

    assert_eq!(demo.send(Method::POST, "/playground/reset", &[], &Value::Null).await.status, 204);
    demo.click().await;
    let mut fresh = demo.listen(None).await;
    assert_eq!(fresh.next().await.expect("the new click").data["event_type"], "widget.click");
    assert!(demo.stop().await.success(), "with open streams");
    while fresh.next().await.is_some() {}
}

#[tokio::test]
async fn what_the_phone_cannot_send_is_refused_and_no_stranger_sends_replies() {
    let folder = Folder::new();
    let demo = Demo::start(&folder.0);
    let headers = [("content-type", "application/json")];
    let body = json!({"person": "nobody", "name": "", "text": "Hi"});
    let refused = demo.send(Method::POST, "/playground/phone/send", &headers, &body).await;
    assert_eq!(refused.status, 422);
    let fields: Vec<Value> = json_of(&refused)["errors"].as_array().expect("fields").clone();
    assert_eq!(fields.iter().map(|field| &field["field"]).collect::<Vec<_>>(), ["person", "name"]);

    let reply = json!({"messaging_product": "whatsapp", "to": PERSON, "type": "text", "text": {"body": "Hi"}});
    let path = "/playground/graph/v26.0/100000000000001/messages";
    assert_eq!(demo.send(Method::POST, path, &headers, &reply).await.status, 401);
    let headers = [headers[0], ("authorization", "Bearer guessed")];
    assert_eq!(demo.send(Method::POST, path, &headers, &reply).await.status, 401);
    let path = "/playground/graph/v26.0/2/messages";
    assert_eq!(demo.send(Method::POST, path, &headers, &reply).await.status, 404);
}

#[tokio::test]
async fn the_next_start_finds_the_same_demo_on_another_port() {
    let folder = Folder::new();
    let first = Demo::start(&folder.0);
    let (before, key) = (first.state().await, first.key.clone());
    let second = command(&folder.0).stdout(Stdio::null()).stderr(Stdio::piped()).output().expect("it runs");
    assert!(!second.status.success(), "two demos on one folder");
    assert!(String::from_utf8_lossy(&second.stderr).contains("a demo is running"), "{second:?}");
    assert!(first.stop().await.success());

    let demo = Demo::start(&folder.0);
    let after = demo.state().await;
    assert_eq!((&after["widget_id"], &demo.key), (&before["widget_id"], &key));
    assert_eq!(after["listener_url"], format!("{}/playground/listener", demo.base_url));
    let mut stream = demo.listen(None).await;
    demo.click().await;
    stream.until_delivery("widget.click").await;
}

#[tokio::test]
async fn a_new_demo_has_invented_weeks_once_and_tells_nobody_of_them() {
    let folder = Folder::new();
    let leads = async |demo: &Demo| {
        let key = format!("Bearer {}", demo.key);
        let headers = [("authorization", key.as_str())];
        let page = demo.send(Method::GET, "/integrations/external/leads?limit=200", &headers, &Value::Null).await;
        json_of(&page)["data"].as_array().expect("a list").len()
    };
    let first = Demo::run(&mut command(&folder.0));
    let invented = leads(&first).await;
    assert!(invented > 40, "{invented} leads");
    let overview = first.get("/projects").await;
    let overview = String::from_utf8_lossy(&overview.body).into_owned();
    let at = overview.find("/p/").expect("the demo's project");
    let project = overview[at..].split(['/', '"']).nth(2).expect("its id").to_owned();
    let overview = first.get(&format!("/p/{project}/overview")).await;
    let overview = String::from_utf8_lossy(&overview.body).into_owned();
    assert!(overview.contains("Spring tune-up") && overview.contains("Won"), "{overview}");
    let mut stream = first.listen(None).await;
    first.click().await;
    let told = stream.until("delivery", |_| true).await.data;
    assert_eq!(told["event_type"], "widget.click", "nothing that was invented is delivered: {told}");
    assert!(first.stop().await.success());
    let again = Demo::run(&mut command(&folder.0));
    assert_eq!(leads(&again).await, invented, "a click makes no lead, and nothing is invented twice");
    assert!(again.stop().await.success());
}
