//! `aurix link`

use serde_json::json;

use super::{Operator, text};

#[test]
fn a_link_is_made_paused_resumed_and_deleted() {
    let operator = Operator::new();
    let project = operator.project();
    operator.channel(&project, "T");
    let channel = "791163770738681";
    let of_link = |words: &[&str]| operator.json(&[&["link"], words, &["--project", &project]].concat());
    let made = of_link(&[
        "create",
        "--channel",
        channel,
        "--source",
        "poster",
        "--campaign",
        "Spring",
        "--text",
        "Hi!",
        "--slug",
        "Spring-Poster",
    ]);
    let widget = text(&made["widget_id"]);
    let expected = json!({
        "slug": "spring-poster", "url": "http://localhost:8080/l/spring-poster", "widget_id": widget, "status": "active",
        "source": "poster", "medium": "", "campaign": "Spring", "text": "Hi!",
    });
    assert_eq!(made, expected);
    let short = of_link(&["create", "--widget", &widget, "--source", "bio"]);
    assert_eq!(text(&short["slug"]).len(), 7);
    assert_eq!(of_link(&["list"])["links"], json!([short, made]), "newest first");
    assert_eq!(of_link(&["pause", "http://localhost:8080/l/spring-poster"])["status"], "paused");
    assert_eq!(of_link(&["resume", "spring-poster"])["status"], "active");
    assert_eq!(of_link(&["delete", "spring-poster"])["status"], "removed");
    assert_eq!(of_link(&["list"])["links"], json!([short]));
    let audited = operator.json(&["audit", "list", "--project", &project]).to_string();
    assert!(
        ["link.create", "link.pause", "link.resume", "link.delete"].iter().all(|action| audited.contains(action)),
        "{audited}"
    );
    let set = |host: &str| operator.json(&["project", "set", "--project", &project, "--links-domain", host]);
    assert_eq!(set("Go.Shop.example")["links_domain"], "go.shop.example");
    assert_eq!(of_link(&["list"])["links"][0]["url"], format!("https://go.shop.example/{}", text(&short["slug"])));
    assert_eq!(set("none")["links_domain"], json!(null));
    assert_eq!(of_link(&["list"])["links"], json!([short]));
    let refused = |words: &[&str], expected: &str| {
        let (said, _) = operator.fails(&[&["link"], words, &["--project", &project]].concat());
        assert!(said.contains(expected), "{words:?}: {said}");
    };
    refused(&["pause", "spring-poster"], "aurix link list");
    refused(&["create", "--channel", "1", "--source", "poster"], "aurix channel list");
    refused(&["create", "--channel", channel, "--source", " "], "write where its visitors come from");
    refused(&["create", "--channel", channel, "--source", "poster", "--slug", "a b"], "letters a to z");
    refused(
        &["create", "--channel", channel, "--source", "poster", "--slug", text(&short["slug"]).as_str()],
        "is taken",
    );
}
