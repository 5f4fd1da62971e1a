//! `aurix agent`

use serde_json::json;

use super::Operator;

#[test]
fn the_agents_text_and_limits_are_set_by_command() {
    let operator = Operator::new();
    let project = operator.project();
    let agent = |arguments: &[&str]| operator.json(&[&["agent"], arguments, &["--project", &project]].concat());
    assert_eq!(agent(&["show"])["tokens_a_day"], json!(null));
    let set = agent(&["set", "--tokens-a-day", "200000", "--disclose", "false"]);
    assert_eq!(
        (&set["tokens_a_day"], &set["discloses"], &set["keeps_prompts"]),
        (&json!(200_000), &json!(false), &json!(false))
    );
    assert_eq!(agent(&["set", "--tokens-a-day", "none"])["tokens_a_day"], json!(null));
    let file = operator.0.join("text.txt");
    std::fs::write(&file, "Parking is behind the house.\n\nWe are open.\n").expect("a file");
    assert_eq!(agent(&["knowledge", file.to_str().expect("UTF-8")])["paragraphs"], 2);
    assert_eq!(agent(&["knowledge"])["text"], "Parking is behind the house.\n\nWe are open.");
    assert_eq!(agent(&["questions"])["questions"], json!([]));
    for (arguments, part) in [
        (&["agent", "set", "--project", &project, "--tokens-a-day", "many"][..], "--tokens-a-day: \"many\""),
        (&["agent", "set", "--project", &project], "name what to set"),
        (&["agent", "answer", "--project", &project, "7", "Yes."], "no such open question"),
    ] {
        let (said, code) = operator.fails(arguments);
        assert!(said.contains(part) && code == 1, "{said}");
    }
}
