//! `aurix audit`

use serde_json::json;

use super::{Operator, text};

#[test]
fn the_audit_log_shows_who_ran_which_command() {
    let operator = Operator::new();
    let (project, other) = (operator.project(), operator.project());
    let key = operator
        .command(&["key", "create", "--project", &project, "--json"])
        .env("USER", "root")
        .env("SUDO_USER", "mei\u{1b}[2J")
        .output();
    let key: serde_json::Value = serde_json::from_slice(&key.expect("the program starts").stdout).expect("JSON");

    let listed = operator.json(&["audit", "list", "--project", &project]);
    let changes = listed["changes"].as_array().expect("a list");
    assert_eq!(changes.len(), 2);
    let actor = json!({"kind": "command", "id": null, "name": "mei[2J"});
    let object = json!({"kind": "key", "id": key["key_id"]});
    let expected = json!({"at": changes[0]["at"], "project_id": project, "actor": actor, "action": "key.create",
                          "object": object, "detail": {"service_name": "external"}});
    assert_eq!(changes[0], expected);
    assert_eq!(changes[1]["action"], "project.create");
    assert_eq!(changes[1]["actor"], json!({"kind": "command", "id": null, "name": null}));

    let newest = operator.json(&["audit", "list", "--limit", "1"]);
    assert_eq!(newest["changes"].as_array().map(Vec::len), Some(1));
    let table = operator.runs(&["audit", "list"]).stdout;
    let table = String::from_utf8(table).expect("UTF-8");
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines.len(), 3, "{table}");
    let line = format!("  mei[2J (command)  key.create      key {}  project {project}", text(&key["key_id"]));
    assert!(lines[0].ends_with(&line), "{table}");
    assert!(lines[1].ends_with(&format!("  command           project.create  project {other}")), "{table}");
}

#[test]
fn an_empty_audit_log_says_so() {
    let operator = Operator::new();
    assert_eq!(operator.json(&["audit", "list"]), json!({"changes": []}));
    assert_eq!(operator.runs(&["audit", "list"]).stdout, b"No change is recorded yet.\n");
    let (said, code) = operator.fails(&["audit", "list", "--project", "nothing"]);
    assert!(said.contains("aurix project list"), "{said}");
    assert_eq!(code, 1);
}
