//! Visitors write in chats on a page while the process is killed again and again; and one visitor's stream on another node than their
//! messages.

use std::time::Duration;

use aurix::domain::random::Random;
use aurix::net::{AddressPolicy, Client, Method, Options, Resolver};
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::database::Database;
use super::server::{Server, request};
use super::{ledger, on_both_engines};

/// How often the process is killed.
const KILLS: usize = 6;
/// Visitors with an open panel.
const VISITORS: usize = 8;
/// The longest a process lives with what came last: the agent waits for most of a second, then answers.
const LIFE_MAX: Duration = Duration::from_millis(1_600);
/// How long begun work is left to its dead process.
const LEASE: &str = "4s";
/// How long all that is left may take in the end.
const END_LIMIT: Duration = Duration::from_secs(120);
/// How long a message may take to a stream on another node.
const CROSS_LIMIT: Duration = Duration::from_secs(20);

on_both_engines! { a_panel_whose_server_is_killed_has_each_message_once }

async fn a_panel_whose_server_is_killed_has_each_message_once(server: Server) {
    let mut server = server.set("AURIX_LEASE", LEASE).set("AURIX_RATE_LIMITS", "off");
    let random = Random::seeded(12);
    let widget = widget(&server);
    let db = server.rows().await;
    server.start_ready().await;
    let opened = (0..VISITORS).map(async |nth| Panel::open(&server, &widget, nth).await);
    let mut panels = join_all(opened).await;

    for kill in 0..KILLS {
        for panel in &mut panels {
            panel.waiting.push(format!("{}-{kill}", panel.nth));
        }
        // Some are on their way when it ends; all are sent again, as the panel does.
        join_all(panels.iter_mut().map(async |panel| panel.sends(&server).await)).await;
        super::pause(LIFE_MAX.mul_f64(random.fraction())).await;
        let (_, ()) =
            tokio::join!(join_all(panels.iter_mut().map(async |panel| panel.fetches(&server).await)), async {
                super::pause(Duration::from_millis(2)).await;
            });
        server.kill();
        server.start_ready().await;
        join_all(panels.iter_mut().map(async |panel| panel.sends(&server).await)).await;
    }
    ledger::nothing_is_due(&db, END_LIMIT).await;
    for panel in &mut panels {
        panel.sends(&server).await;
        assert!(panel.waiting.is_empty() && panel.fetches(&server).await, "the process runs");
        let numbers: Vec<i64> = panel.got.iter().map(|one| one["seq"].as_i64().expect("a number")).collect();
        assert_eq!(numbers, (1..=panel.got.len()).map(|seq| seq as i64).collect::<Vec<_>>(), "none lost, none twice");
        let own = panel.got.iter().filter(|one| one["from"] == "visitor").count();
        assert_eq!(own, KILLS, "each of the visitor's once");
        assert!(panel.got.iter().any(|one| one["from"] == "agent"), "everybody is answered");
    }
    let given = ledger::count(&db, "SELECT COUNT(*) FROM messages WHERE direction = 'out' AND seq IS NULL").await;
    assert_eq!(given, 0, "every reply has its number");
    println!(
        "figure: {KILLS} kills of {VISITORS} chats: {} messages, each once",
        panels.iter().map(|one| one.got.len()).sum::<usize>()
    );
    drop(db);
    server.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_hears_what_comes_by_another_node() {
    let database = Database::on_shared_server().await;
    let node = || Server::new(Some(database.clone()));
    let mut nodes = [node(), node()];
    let widget = widget(&nodes[0]);
    nodes[0].start_ready().await;
    nodes[1].start_ready().await;
    let mut panel = Panel::open(&nodes[0], &widget, 0).await;
    let waits = async {
        let url = format!("{}/chat/{widget}/messages?after=0&wait=20", nodes[1].base_url);
        call(&url, Some(&panel.token), None).await.expect("it answers")
    };
    let says = async {
        super::pause(Duration::from_millis(300)).await;
        let url = format!("{}/chat/{widget}/messages", nodes[0].base_url);
        call(&url, Some(&panel.token), Some(json!({"client_id": "a", "text": "hello"}))).await.expect("it is taken")
    };
    let both = tokio::time::timeout(CROSS_LIMIT, async { tokio::join!(waits, says) });
    let ((_, news), _) = both.await.expect("in time");
    assert_eq!(news["messages"][0]["text"], "hello", "{news}");
    panel.waiting.clear();
    let [one, other] = nodes;
    one.end().await;
    other.end().await;
}

/// A widget that opens a chat.
fn widget(server: &Server) -> String {
    let id = |made: Value, key: &str| made[key].as_str().expect("an id").to_owned();
    let project = id(server.command(&["project", "create", "A shop", "--region", "SG"]), "project_id");
    let channel = id(server.command(&["channel", "add", "web", "--project", &project]), "channel_id");
    id(server.command(&["widget", "create", "--project", &project, "--channel", &channel]), "widget_id")
}

/// An open panel, which sends what waits again and asks for what is behind its newest message.
struct Panel {
    nth: usize,
    widget: String,
    token: String,
    waiting: Vec<String>,
    got: Vec<Value>,
}

impl Panel {
    async fn open(server: &Server, widget: &str, nth: usize) -> Self {
        let (_, opened) =
            call(&format!("{}/chat/{widget}", server.base_url), None, Some(json!({}))).await.expect("open");
        let token = opened["token"].as_str().expect("a token").to_owned();
        Self { nth, widget: widget.to_owned(), token, waiting: Vec::new(), got: Vec::new() }
    }

    async fn sends(&mut self, server: &Server) {
        let url = format!("{}/chat/{}/messages", server.base_url, self.widget);
        for id in self.waiting.clone() {
            let body = json!({"client_id": id, "text": format!("hello {id}")});
            if call(&url, Some(&self.token), Some(body)).await.is_some_and(|(status, _)| status == 200) {
                self.waiting.retain(|other| *other != id);
            }
        }
    }

    /// Whether the server answered.
    async fn fetches(&mut self, server: &Server) -> bool {
        let last = self.got.last().map_or(0, |one| one["seq"].as_i64().expect("a number"));
        let url = format!("{}/chat/{}/messages?after={last}", server.base_url, self.widget);
        let Some((200, news)) = call(&url, Some(&self.token), None).await else { return false };
        assert_eq!(news["reset"], false, "nothing is ever missing: {news}");
        self.got.extend(news["messages"].as_array().expect("a list").iter().cloned());
        true
    }
}

/// Status and JSON of a response; `None` where none came.
async fn call(url: &str, token: Option<&str>, body: Option<Value>) -> Option<(u16, Value)> {
    let client = Client::new(AddressPolicy::trusted(), Resolver::System, Options::default());
    let bearer = format!("Bearer {}", token.unwrap_or_default());
    let mut headers = vec![("content-type", "application/json")];
    if token.is_some() {
        headers.push(("authorization", bearer.as_str()));
    }
    let method = if body.is_some() { Method::POST } else { Method::GET };
    let bytes = body.map(|body| body.to_string().into_bytes()).unwrap_or_default();
    let response = client.send(request(method, url, &headers, bytes)).await.ok()?;
    Some((response.status, serde_json::from_slice(&response.body).unwrap_or(Value::Null)))
}
