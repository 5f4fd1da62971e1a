//! `aurix channel add telegram` and `channel check`.

use std::io::Write as _;
use std::process::Stdio;

use serde_json::{Value, json};

use super::{Operator, text};
use crate::support::telegram::{BOT_ID, TOKEN, Telegram};

/// The program blocks this thread; the scripted API runs on the others.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_command_sets_a_bot_up_and_says_what_it_saw() {
    let (operator, telegram) = (Operator::new(), Telegram::start().await);
    let project = operator.project();
    let add = ["channel", "add", "telegram", "--project", &project, "--api-base", &telegram.api_base, "--token"];

    telegram.known().webhook = Some("https://flows.example/SECRET".to_owned());
    let (said, code) = operator.fails(&[add.as_slice(), &[TOKEN]].concat());
    assert_eq!(code, 1);
    assert!(said.contains("@juniper_bot sends its messages to https://flows.example"), "{said}");
    assert!(said.contains("--replace-webhook") && !said.contains("SECRET") && !said.contains(TOKEN), "{said}");

    let added = operator.json(&[add.as_slice(), &[TOKEN, "--replace-webhook", "--bot", "@juniper_bot"]].concat());
    assert_eq!((&added["channel_id"], &added["bot"]), (&json!(BOT_ID), &json!("juniper_bot")));
    assert!(text(&added["webhook_url"]).ends_with(&format!("/channels/telegram/{BOT_ID}/webhook")));
    let states: Vec<&Value> = added["findings"].as_array().expect("a list").iter().map(|one| &one["state"]).collect();
    assert_eq!(states, ["fine", "fine", "fine"]);

    std::fs::write(operator.0.join("token.txt"), format!("{TOKEN}\n")).expect("a file");
    let shown = operator.runs(&[add.as_slice(), &["@token.txt"]].concat());
    let shown = String::from_utf8(shown.stdout).expect("UTF-8");
    assert!(shown.contains("ok  Webhook: Telegram sends messages here.") && !shown.contains(TOKEN), "{shown}");
    let mut piped = operator.command(&[add.as_slice(), &["@-"]].concat());
    let mut piped = piped.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("the program starts");
    piped.stdin.take().expect("piped").write_all(TOKEN.as_bytes()).expect("written");
    assert!(piped.wait().expect("it ends").success());

    telegram.known().webhook = None;
    let checked = operator.json(&["channel", "check", "--project", &project, "--channel", BOT_ID]);
    assert_eq!(
        (&checked["findings"][1]["name"], &checked["findings"][1]["state"]),
        (&json!("Webhook"), &json!("missing"))
    );
    let (said, _) = operator.fails(&["channel", "check", "--project", &project, "--channel", "999"]);
    assert!(said.contains("aurix channel list"), "{said}");
    let listed = operator.json(&["channel", "list", "--project", &project]);
    assert_eq!(
        (&listed["channels"][0]["channel"], &listed["channels"][0]["bot"]),
        (&json!("telegram"), &json!("juniper_bot"))
    );
    let (said, _) = operator.fails(&[add.as_slice(), &["my token"]].concat());
    assert!(said.contains("@BotFather"), "{said}");
}
