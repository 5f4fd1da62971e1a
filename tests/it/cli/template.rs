//! `webhook template`, run as a person runs it.

use std::io::Write as _;
use std::process::Stdio;

use serde_json::json;

use super::{Operator, text};

/// A webhook, and its id.
fn webhook(operator: &Operator) -> String {
    let project = operator.project();
    let arguments =
        ["webhook", "add", "--project", &project, "--url", "https://crm.example.com/hook", "--event", "lead.created"];
    text(&operator.json(&arguments)["id"])
}

#[test]
fn a_template_is_previewed_set_shown_and_removed() {
    let operator = Operator::new();
    let id = webhook(&operator);
    let file = operator.0.join("slack.jinja");
    std::fs::write(&file, "{\"text\": \"New: {{ lead.name }} {{ lead.nmae }}\"}\n").expect("a file");
    let file = file.to_string_lossy().into_owned();
    let preview = operator.json(&["webhook", "template", "preview", &id, &file]);
    assert_eq!((&preview["body"], &preview["unknown"]), (&json!({"text": "New: Mock User "}), &json!(["lead.nmae"])));
    assert_eq!(operator.json(&["webhook", "template", "show", &id])["template"], json!(null));
    assert_eq!(operator.json(&["webhook", "template", "set", &id, &file])["version"], 1);
    let mut child =
        operator.command(&["webhook", "template", "set", &id, "-"]).stdin(Stdio::piped()).spawn().expect("it starts");
    child.stdin.take().expect("a pipe").write_all(b"[{{ lead.phone }}]").expect("it reads");
    assert!(child.wait().expect("it ends").success());
    let shown = operator.json(&["webhook", "template", "show", &id]);
    assert_eq!((&shown["version"], &shown["template"]), (&json!(2), &json!("[{{ lead.phone }}]")));
    assert_eq!(operator.json(&["webhook", "template", "set", &id, "--starter", "slack"])["version"], 3);
    let complete = operator.json(&["webhook", "template", "preview", &id, "--event", "sample:lead.complete"]);
    assert!(text(&complete["body"]["text"]).starts_with("*Mock User*"), "{complete}");
    operator.json(&["webhook", "template", "remove", &id]);
    let (said, code) = operator.fails(&["webhook", "template", "remove", &id]);
    assert_eq!((said.as_str(), code), ("error: the webhook has no template", 1));
}

#[test]
fn a_template_that_makes_no_body_is_refused_with_its_place() {
    let operator = Operator::new();
    let id = webhook(&operator);
    let file = operator.0.join("wrong.jinja");
    let refused = |template: &str, arguments: &[&str]| {
        std::fs::write(&file, template).expect("a file");
        let file = file.to_string_lossy().into_owned();
        let arguments: Vec<&str> =
            arguments.iter().map(|one| if *one == "FILE" { file.as_str() } else { one }).collect();
        let (said, code) = operator.fails(&arguments);
        assert_eq!(code, 1, "{said}");
        said
    };
    let set = ["webhook", "template", "set", id.as_str(), "FILE"];
    assert_eq!(
        refused("{\"a\": }", &set),
        "error: the template makes no body of lead.created: line 1, column 7 of the result is not valid JSON: expected value"
    );
    assert!(
        refused("[{{ x|nothing }}]", &set).contains("line 1, column 7 of the template: there is no filter `nothing`")
    );
    assert!(refused(&"x".repeat(20_000), &set).contains("longer than 16 KiB"));
    let preview = ["webhook", "template", "preview", id.as_str(), "FILE"];
    assert!(refused("[", &preview).contains("makes no body of sample:lead.created: line 1, column 1 of the result"));
    assert!(
        refused("[1]", &[&preview[..], &["--event", "newest:lead.created"]].concat())
            .contains("no real event of this kind")
    );
    assert!(refused("[1]", &[&preview[..], &["--event", "lead.created"]].concat()).contains("write sample:EVENT"));
    assert!(
        refused("", &["webhook", "template", "set", id.as_str(), "--starter", "make"])
            .contains("choose from hubspot, pipedrive")
    );
}
