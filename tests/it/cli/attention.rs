//! `aurix attention`, and the backups that are missed.

use aurix::attention::look;
use aurix::config::Config;
use aurix::db::Location;
use serde_json::json;

use super::Operator;

#[tokio::test]
async fn what_needs_attention_is_listed() {
    let operator = Operator::new();
    let project = operator.project();
    operator.channel(&project, "T");
    assert_eq!(operator.json(&["attention", "list"]), json!({"attention": []}));
    assert_eq!(operator.runs(&["attention", "list"]).stdout, b"Nothing needs attention.\n");
    operator.json(&["backup", operator.0.join("copy.db").to_str().expect("UTF-8")]);

    let location = Location::Sqlite(operator.0.join("aurix.db"));
    let config = Config { data_dir: operator.0.clone(), database: location, ..Config::default() };
    let core = aurix::serve::open(config).await.expect("it opens");
    look(&core).await.expect("a look");
    let changed = core.db.write(async |tx| {
        tx.execute("UPDATE channels SET fault = 'It expired', fault_since = 1767348000000000", &[]).await?;
        // The command noted that it made a backup.
        Ok(tx.execute("UPDATE counters SET value = 1767348000000000 WHERE name = 'backed_up_at'", &[]).await?)
    });
    assert_eq!(changed.await.expect("changed"), 1);
    assert_eq!(look(&core).await.expect("a look").opened, 2);
    core.db.close().await;

    let all = operator.json(&["attention", "list"]);
    let kinds: Vec<_> = all["attention"].as_array().expect("a list").iter().map(|item| item["kind"].clone()).collect();
    assert_eq!(kinds, ["backup.old", "channel.fault"]);
    let of_project = operator.json(&["attention", "list", "--project", &project, "--closed"]);
    let item = &of_project["attention"][0];
    let expected = json!({
        "id": item["id"], "project_id": project, "kind": "channel.fault", "subject": {"type": "channel", "id": "791163770738681"},
        "title": "WhatsApp +6512345678 cannot send", "message": "It expired. Replies wait until it is mended.",
        "since": "2026-01-02T10:00:00.000000Z", "opened_at": item["opened_at"], "closed_at": null,
        "url": format!("http://localhost:8080/p/{project}/channels/791163770738681"),
    });
    assert_eq!((item, of_project["attention"].as_array().map(Vec::len)), (&expected, Some(1)));
    let text = String::from_utf8(operator.runs(&["attention", "list"]).stdout).expect("UTF-8");
    assert!(
        text.contains("  open  WhatsApp +6512345678 cannot send  project ")
            && text.contains("older than a week  instance"),
        "{text}"
    );
    let (said, code) = operator.fails(&["attention", "list", "--project", "nothing"]);
    assert!(said.contains("aurix project list") && code == 1, "{said}");
}
