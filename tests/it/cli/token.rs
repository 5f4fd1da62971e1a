//! `aurix token`

use serde_json::json;

use super::{Operator, text};

#[test]
fn a_token_is_made_listed_and_revoked_for_a_project_a_person_and_the_operator() {
    let operator = Operator::new();
    let project = operator.project();
    operator.json(&["user", "create", "--email", "mei@example.com", "--project", &project, "--role", "member"]);
    for of in [vec!["--project", project.as_str()], vec!["--user", "mei@example.com"], vec!["--operator"]] {
        let create =
            [&["token", "create", "--name", "CRM", "--scope", "write", "--days", "90"], of.as_slice()].concat();
        let made = operator.json(&create);
        assert!(text(&made["token"]).starts_with("aurix_token_"), "{made}");
        let list = || operator.json(&[&["token", "list"], of.as_slice()].concat())["tokens"].clone();
        let listed = list();
        assert_eq!(listed.as_array().map(Vec::len), Some(1), "those of others are not among them: {listed}");
        assert_eq!((&listed[0]["token_id"], &listed[0]["scope"]), (&made["token_id"], &json!("write")));
        operator.json(&["token", "revoke", &text(&made["token_id"])]);
        assert!(list()[0]["revoked_at"].is_string());
        assert_eq!(operator.fails(&["token", "revoke", &text(&made["token_id"])]).1, 1);
    }
    let (said, code) = operator.fails(&["token", "create", "--name", "CRM", "--user", "nobody@example.com"]);
    assert!(code == 1 && said.contains("aurix user list"), "{said}");
    assert_eq!(operator.fails(&["token", "create", "--name", "CRM"]).1, 2, "it is said whose it is");
}
