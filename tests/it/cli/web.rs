//! `aurix channel add web`, and the widget that opens it.

use serde_json::{Value, json};

use super::{Operator, text};

#[test]
fn one_command_makes_a_chat_and_another_one_its_tag() {
    let operator = Operator::new();
    let project = operator.project();
    let added = operator.json(&["channel", "add", "web", "--project", &project, "--name", "Juniper"]);
    assert_eq!((&added["webhook_url"], &added["name"]), (&Value::Null, &json!("Juniper")));
    let channel = text(&added["channel_id"]);
    let made = operator.json(&["widget", "create", "--project", &project, "--channel", &channel]);
    assert!(text(&made["snippet"]).contains(" data-chat></script>"), "{made}");
    let listed = operator.json(&["channel", "list", "--project", &project]);
    let one = &listed["channels"][0];
    assert_eq!((&one["channel"], &one["name"], &one["webhook_url"]), (&json!("web"), &json!("Juniper"), &Value::Null));
    let checked = operator.json(&["channel", "check", "--project", &project, "--channel", &channel]);
    assert_eq!(checked["findings"][0]["state"], "fine");
    let (said, _) = operator.fails(&["channel", "add", "web", "--project", &project, "--name", &"a".repeat(61)]);
    assert!(said.contains("--name: use one line of 60 characters at most"), "{said}");
}
