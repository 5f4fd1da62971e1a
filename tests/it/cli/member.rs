//! `aurix member`

use serde_json::json;

use super::{Operator, text};

fn of_project<'a>(words: &[&'a str], project: &'a str) -> Vec<&'a str> {
    [&["member"], words, &["--project", project]].concat()
}

#[test]
fn a_member_is_invited_gets_another_role_and_is_removed() {
    let operator = Operator::new();
    let project = operator.project();
    for (email, role) in [("ann@example.com", "owner"), ("mei@example.com", "member")] {
        operator.json(&["user", "create", "--email", email, "--project", &project, "--role", role]);
    }
    let roles = || {
        let listed = operator.json(&of_project(&["list"], &project))["members"].clone();
        let members = listed.as_array().expect("a list").iter();
        members.map(|member| format!("{} {}", text(&member["email"]), text(&member["role"]))).collect::<Vec<_>>()
    };
    assert_eq!(roles(), ["ann@example.com owner", "mei@example.com member"]);
    let invited = operator.json(&of_project(&["invite", "Tan@Example.com", "--role", "viewer"], &project));
    assert_eq!((&invited["email"], &invited["role"]), (&json!("tan@example.com"), &json!("viewer")));
    assert!(text(&invited["link"]).starts_with("http://localhost:8080/invitation/"), "{invited}");
    let changed = operator.json(&of_project(&["role", "MEI@example.com", "admin"], &project));
    assert_eq!(changed["role"], "admin");
    assert_eq!(roles(), ["ann@example.com owner", "mei@example.com admin"]);
    let removed = operator.json(&of_project(&["remove", "mei@example.com"], &project));
    assert_eq!(removed, json!({"email": "mei@example.com", "removed": true}));
    assert_eq!(roles(), ["ann@example.com owner"]);
    for (words, expected) in [
        (&["remove", "mei@example.com"][..], "aurix member list"),
        (&["role", "mei@example.com", "viewer"], "aurix member list"),
        (&["remove", "ann@example.com"], "the only owner"),
        (&["invite", "ann@example.com"], "is in this project already"),
        (&["invite", "ann"], "the address: "),
    ] {
        let (said, code) = operator.fails(&of_project(words, &project));
        assert!(code == 1 && said.contains(expected), "{words:?}: {said}");
    }
}
