//! `aurix retention`

use serde_json::json;

use super::Operator;

#[test]
fn a_project_sets_how_long_it_keeps_what_grows() {
    let operator = Operator::new();
    let project = operator.project();
    let show = ["retention", "show", "--project", &project];
    let forever = json!({"keep": "forever", "is_default": true});
    let expected = json!({"clicks": forever, "events": forever, "messages": forever});
    assert_eq!(operator.json(&show)["retention"], expected);

    let set = ["retention", "set", "--project", &project];
    let printed = operator.json(&[&set[..], &["--clicks", "400d", "--messages", "forever"]].concat());
    let expected = json!({"clicks": {"keep": "400d", "is_default": false}, "events": forever,
                          "messages": {"keep": "forever", "is_default": false}});
    assert_eq!(printed, json!({"project_id": project, "retention": expected}));
    assert_eq!(operator.json(&show), printed);

    let back = operator.json(&[&set[..], &["--clicks", "default", "--retention", "clicks=90d"]].concat());
    assert_eq!(back["retention"]["clicks"], json!({"keep": "90d", "is_default": true}));
    for (arguments, expected) in
        [(&["--messages", "7d"][..], "8 to 36500 days"), (&["--events", "soon"], "90d"), (&[], "--clicks")]
    {
        let (said, code) = operator.fails(&[&set[..], arguments].concat());
        assert!(said.starts_with("error: ") && said.contains(expected), "{arguments:?}: {said}");
        assert_eq!(code, 1);
    }
}
