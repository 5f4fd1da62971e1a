//! Every update of the shared data goes through: each is answered with 200 and an empty body, once and again.

use serde_json::Value;

use crate::support::TestApp;
use crate::support::skip::shared_data;
use crate::support::telegram::{Bot, Chatter, next_number};

/// The updates by file; `None` where the shared data is absent.
fn updates() -> Option<Vec<(String, Value)>> {
    let folder = shared_data("telegram")?;
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .expect("the folder is there")
        .map(|file| file.expect("the folder can be listed").path())
        .filter(|path| {
            path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with("get-updates-"))
        })
        .collect();
    files.sort();
    let mut updates = Vec::new();
    for path in files {
        let name = path.file_stem().and_then(|name| name.to_str()).expect("a name").to_owned();
        let file: Value = serde_json::from_slice(&std::fs::read(&path).expect("the file can be read")).expect("JSON");
        for update in file["rep_body"]["result"].as_array().cloned().unwrap_or_default() {
            updates.push((name.clone(), update));
        }
    }
    Some(updates)
}

/// Brings an update twice under an id of its own: the files give many the same one.
async fn bring(app: &TestApp, bot: &Bot, name: &str, update: &Value) {
    let mut update = update.clone();
    update["update_id"] = next_number().into();
    for _ in 0..2 {
        let response = app.update(bot, &update).await;
        assert_eq!((response.status(), response.text().as_str()), (200, ""), "{name}: {update}");
    }
}

both_engines! {
    async fn every_update_is_taken(app: &TestApp) {
        let Some(updates) = updates() else { return };
        assert!(updates.len() > 60, "{} updates", updates.len());
        let bot = app.bot().await;
        for (name, update) in &updates {
            bring(app, &bot, name, update).await;
        }
        app.settle().await;
        assert_eq!(app.count("SELECT COUNT(*) FROM messages WHERE raw LIKE '%supergroup%'").await, 0, "nothing of groups");
        let known = ["chosen_inline_result", "poll", "chat_boost", "guest_message"];
        for kind in known {
            let kept = updates.iter().filter(|(_, update)| update.get(kind).is_some()).count();
            assert!(kept > 0, "{kind}");
        }
        let kept = app.count("SELECT COUNT(*) FROM notices WHERE kind = 'chosen_inline_result'").await;
        let sent = updates.iter().filter(|(_, update)| update.get("chosen_inline_result").is_some()).count();
        assert_eq!(kept, i64::try_from(sent).expect("few"), "each once");
    }

    /// The same messages, as one person would send them to the bot.
    async fn every_kind_of_message_is_taken_in_a_private_chat(app: &TestApp) {
        let Some(updates) = updates() else { return };
        let bot = app.bot().await;
        let messages: Vec<&Value> = updates.iter().filter_map(|(_, update)| update.get("message")).collect();
        for (person, message) in (1..).zip(&messages) {
            let chatter = Chatter::new(app, &bot, person);
            let mut message = (*message).clone();
            let own = chatter.message(serde_json::json!({}));
            for key in ["chat", "from", "message_id", "date"] {
                message[key] = own[key].clone();
            }
            chatter.brings(&serde_json::json!({"update_id": next_number(), "message": message})).await;
        }
        app.settle().await;
        let stored = "SELECT (SELECT COUNT(*) FROM messages WHERE direction = 'in') + (SELECT COUNT(*) FROM notices)";
        assert_eq!(app.count(stored).await, i64::try_from(messages.len()).expect("few"));
        let kinds = "SELECT COUNT(DISTINCT kind) FROM messages
             WHERE direction = 'in' AND kind IN ('text', 'media', 'location', 'contacts', 'unsupported')";
        assert_eq!(app.count(kinds).await, 5);
    }
}
