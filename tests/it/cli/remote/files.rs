//! Files and filters: leads as the console exports them, and events by type and time.

use aurix::domain::account::Role;
use aurix::domain::time::SignedDuration;
use serde_json::Value;

use super::{Both, Side};

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_leads_is_the_consoles() {
    let both = Both::new().await;
    both.app.account("mei@example.com", Some((both.project.id, Role::Owner))).await;
    let browser = both.app.signed_in("mei@example.com").await;
    let file = browser.get(&format!("/p/{}/leads/export.csv?view=all", both.project.public_id)).await;
    assert_eq!((file.status(), file.text().lines().count()), (200, 3), "{}", file.text());
    let leads = ["export", "leads", "--project", "PROJECT"];
    let written = both.app.core.config.data_dir.join("leads.csv");
    for side in [Side::Here, Side::There] {
        let output = both.run(&leads, side);
        assert_eq!(String::from_utf8_lossy(&output.stdout), file.text(), "{output:?}");
        let none = both.run(&[&leads[..], &["--stage", "won"]].concat(), side);
        assert_eq!(String::from_utf8_lossy(&none.stdout).lines().count(), 1, "{none:?}");
        let output = both.run(&[&leads[..], &["--out", "leads.csv"]].concat(), side);
        assert_eq!(String::from_utf8_lossy(&output.stdout), "The leads are in leads.csv.\n", "{output:?}");
        assert_eq!(std::fs::read_to_string(&written).expect("a file"), file.text());
        std::fs::remove_file(&written).expect("removed");
    }
    both.app.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_listed_by_type_and_time() {
    let both = Both::new().await;
    both.app.advance(SignedDuration::from_hours(1));
    both.app.click(&both.project, "device_id=d2").await;
    both.app.work().await;
    let list = |words: &[&str]| {
        let listed = both.json(&[&["event", "list", "--project", "PROJECT"], words].concat());
        listed["events"].as_array().expect("a list").clone()
    };
    let text = |event: &Value, name: &str| event[name].as_str().expect("a text").to_owned();
    let all = list(&[]);
    let clicks: Vec<_> = all.iter().filter(|event| text(event, "event_type") == "widget.click").cloned().collect();
    assert!(clicks.len() == 2 && all.len() > 2, "{all:?}");
    assert_eq!(list(&["--event", "widget.click"]), clicks);
    assert_eq!(list(&["--event", "widget.click", "--limit", "1"]), clicks[..1]);
    assert_eq!(list(&["--since", &text(&clicks[0], "created_at")]), clicks[..1], "the others were an hour before");
    assert_eq!(list(&["--event", "lead.created", "--since", &text(&clicks[0], "created_at")]), Vec::<Value>::new());
    both.app.end().await;
}
