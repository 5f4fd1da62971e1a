//! A bot's process is killed again and again while people write: Telegram sends what was not answered again, as it does.

use std::collections::HashMap;
use std::time::Duration;

use aurix::domain::random::Random;
use aurix::net::{AddressPolicy, Client, Method, Options, Resolver};
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::server::{Server, request};
use super::{ledger, on_both_engines};
use crate::support::telegram::{BOT_ID, TOKEN, Telegram, next_number};

/// How often the process is killed.
const KILLS: usize = 6;
/// People who write between two kills.
const PEOPLE: i64 = 12;
/// The longest a process lives with what came last: the agent waits for 1.5 s, then answers.
const LIFE_MAX: Duration = Duration::from_millis(2_100);
/// How long begun work is left to its dead process.
const LEASE: &str = "4s";
/// How long all that is left may take in the end.
const END_LIMIT: Duration = Duration::from_secs(120);

on_both_engines! { a_killed_bot_loses_no_message_and_says_nothing_three_times }

async fn a_killed_bot_loses_no_message_and_says_nothing_three_times(server: Server) {
    let mut server = server.set("AURIX_LEASE", LEASE);
    let (random, telegram) = (Random::seeded(11), Telegram::start().await);
    let made = server.command(&["project", "create", "A shop", "--region", "SG", "--timezone", "Asia/Singapore"]);
    let project = made["project_id"].as_str().expect("an id").to_owned();
    let add = ["channel", "add", "telegram", "--project", &project, "--token", TOKEN, "--api-base", &telegram.api_base];
    let added = server.command(&add);
    assert_eq!((&added["channel_id"], &added["findings"][1]["state"]), (&json!(BOT_ID), &json!("fine")), "{added}");
    let db = server.rows().await;
    server.start_ready().await;
    let secret = telegram.known().secret.clone();

    let mut updates: Vec<Value> = Vec::new();
    for _ in 0..KILLS {
        let new: Vec<Value> = (0..PEOPLE).map(|_| update()).collect();
        let brought = join_all(new.iter().map(async |update| bring(&server, &secret, update).await)).await;
        assert!(brought.iter().all(|is_taken| *is_taken), "the process runs");
        updates.extend(new);
        super::pause(LIFE_MAX.mul_f64(random.fraction())).await;
        // Some are on their way when it ends.
        let cut: Vec<Value> = (0..3).map(|_| update()).collect();
        let (_, ()) =
            tokio::join!(join_all(cut.iter().map(async |update| bring(&server, &secret, update).await)), async {
                super::pause(Duration::from_millis(2)).await;
            });
        updates.extend(cut);
        server.kill();
        server.start_ready().await;
        // What was taken comes again too: an answer may be lost on its way.
        let again = join_all(updates.iter().map(async |update| bring(&server, &secret, update).await)).await;
        assert!(again.iter().all(|is_taken| *is_taken));
    }
    ledger::nothing_is_due(&db, END_LIMIT).await;

    let stored = ledger::count(&db, "SELECT COUNT(*) FROM messages WHERE direction = 'in'").await;
    assert_eq!(stored, i64::try_from(updates.len()).expect("few"), "each update once");
    assert_eq!(ledger::count(&db, "SELECT COUNT(*) FROM leads").await, stored, "everybody is a lead, once");
    let mut said: HashMap<(String, String), usize> = HashMap::new();
    for sent in telegram.take("sendMessage") {
        *said.entry((sent["chat_id"].to_string(), sent["text"].to_string())).or_default() += 1;
    }
    let answered: std::collections::HashSet<&String> = said.keys().map(|(chat, _)| chat).collect();
    assert_eq!(answered.len(), updates.len(), "everybody is answered");
    let repeated = said.values().filter(|times| **times > 1).count();
    assert!(said.values().all(|times| *times <= 2), "{said:?}");
    assert!(!server.log().contains("AAHscripted"), "the token is in no log");
    println!("figure: {KILLS} kills of a bot: {} messages stored once, {repeated} answers came twice", updates.len());
    drop(db);
    server.end().await;
}

/// What somebody new writes.
fn update() -> Value {
    let person = next_number();
    let message = json!({
        "message_id": next_number(), "date": 0, "text": "hello",
        "chat": {"id": person, "type": "private"}, "from": {"id": person, "first_name": "Mei"},
    });
    json!({"update_id": next_number(), "message": message})
}

/// Whether the webhook took it.
async fn bring(server: &Server, secret: &str, update: &Value) -> bool {
    let client = Client::new(AddressPolicy::trusted(), Resolver::System, Options::default());
    let headers = [("content-type", "application/json"), ("x-telegram-bot-api-secret-token", secret)];
    let url = format!("{}/channels/telegram/{BOT_ID}/webhook", server.base_url);
    let sent = client.send(request(Method::POST, &url, &headers, update.to_string().into_bytes())).await;
    sent.is_ok_and(|response| response.status == 200)
}
