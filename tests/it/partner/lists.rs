//! Leads and attribution: every row to the letter of its document.

use serde_json::{Value, json};

use super::{Partner, StoredLead, microseconds, store_leads};
use crate::support::{Person, TestApp};

const EXTERNAL: &str = "/integrations/external";
const TOPKEE: &str = "/api/integrations/topkee";

/// The lead of the external document.
fn jane() -> StoredLead {
    let fields = json!({
        "email": {"value": "jane@example.com", "words": "jane@example.com"},
        "name": {"value": "Jane Doe", "words": "Jane Doe"},
        "phone": {"value": "+6587487282", "words": "8748 7282"},
        "preferred_date_time": {"value": "1 January 2026", "words": "1 January 2026"},
        "preferred_outlet": {"value": "Orchard Gateway", "words": "orchard"},
    });
    StoredLead {
        created_at: microseconds("2025-12-31T12:20:16.583181Z"),
        updated_at: microseconds("2026-01-02T01:38:05.868837Z"),
        fields: fields.to_string(),
        status: "active",
        correlated_at: None,
    }
}

both_engines! {
    async fn an_external_lead_reads_as_in_its_document(app: &TestApp) {
        let project = app.project().await;
        let partner = Partner::new(app, &project, "external").await;
        let id = store_leads(app, &project, vec![jane()]).await[0];
        let response = partner.get(&format!("{EXTERNAL}/leads?limit=5")).await;
        assert_eq!((response.status(), response.header("content-type")), (200, "application/json"));
        assert_eq!(
            response.text(),
            format!(
                concat!(
                    r#"{{"status":200,"message":"ok","data":[{{"lead_id":{id},"lead_status":"active","lead_json":{{"#,
                    r#""contact_name":"Jane Doe","contact_number":"6587487282","contact_email":"jane@example.com","#,
                    r#""preferred_date_time":"1 January 2026","preferred_outlet":"Orchard Gateway"}},"#,
                    r#""created_at":"2025-12-31T12:20:16.583181Z","updated_at":"2026-01-02T01:38:05.868837Z","#,
                    r#""click_url":null,"parsed_params":null,"ip_address":null,"user_agent":null,"stage":null,"quality":"unknown","attribution":"not_noted"}}]}}"#
                ),
                id = id
            )
        );
        assert_eq!(partner.get("/api/integrations/external/leads").await.text(), response.text());
    }

    async fn a_linked_lead_shows_the_first_click_of_its_session(app: &TestApp) {
        let project = app.project().await;
        let partner = Partner::new(app, &project, "external").await;
        let correlated_at = Some(microseconds("2026-01-02T00:00:00Z"));
        let lead = StoredLead { correlated_at, status: "correlated", ..jane() };
        store_leads(app, &project, vec![lead]).await;
        let row = &partner.get(&format!("{EXTERNAL}/leads")).await.json()["data"][0];
        assert_eq!(row["lead_status"], "correlated");
        assert_eq!(row["click_url"], "https://example.com/landing?utm_source=google");
        assert_eq!(row["parsed_params"], json!({"utm_source": "google"}));
        assert_eq!((&row["ip_address"], &row["user_agent"]), (&json!("127.0.0.1"), &json!("Mozilla/5.0...")));
    }

    async fn a_services_lead_reads_as_in_its_document(app: &TestApp) {
        let project = app.project().await;
        let partner = Partner::new(app, &project, "topkee").await;
        let linked = StoredLead {
            created_at: microseconds("2024-01-23T10:30:00.123Z"),
            correlated_at: Some(microseconds("2024-01-23T10:35:00.456Z")),
            ..jane()
        };
        let unlinked = StoredLead::at(microseconds("2024-01-22T10:30:00Z"));
        store_leads(app, &project, vec![linked, unlinked]).await;
        let response = partner.get(&format!("{TOPKEE}/leads?limit=10")).await;
        let conversations = [0, 1].map(|row| response.json()["data"][row]["conversation_id"].as_i64().expect("an integer"));
        assert_eq!(
            response.text(),
            format!(
                concat!(
                    r#"{{"data":[{{"wa_inbound_source_correlation_id":"O-{linked:0>7}","conversation_id":{linked},"#,
                    r#""created_at":"2024-01-23T10:30:00.123000Z","wa_inbound_source_correlated_at":"2024-01-23T10:35:00.456000Z","#,
                    r#""wa_inbound_source_click_url":"https://example.com/landing?utm_source=google","#,
                    r#""wa_inbound_source_parsed_params":{{"utm_source":"google"}}}},"#,
                    r#"{{"wa_inbound_source_correlation_id":null,"conversation_id":{unlinked},"created_at":"2024-01-22T10:30:00.000000Z","#,
                    r#""wa_inbound_source_correlated_at":null,"wa_inbound_source_click_url":null,"#,
                    r#""wa_inbound_source_parsed_params":null}}],"message":"Leads fetched successfully"}}"#
                ),
                linked = conversations[0],
                unlinked = conversations[1]
            )
        );
        assert_eq!(partner.get("/integrations/topkee/leads").await.text(), response.text());
        let external = partner.get(&format!("{EXTERNAL}/leads")).await.json();
        assert_eq!(external["status"], 200, "the shape follows the path, not the key");
        assert_eq!(external["data"][0]["lead_json"]["contact_name"], "Jane Doe");
    }

    async fn a_click_reads_as_in_both_documents(app: &TestApp) {
        let project = app.project().await;
        let partner = Partner::new(app, &project, "external").await;
        let lead = StoredLead {
            created_at: microseconds("2026-01-07T09:52:24.744651Z"),
            correlated_at: Some(microseconds("2026-01-07T09:53:40.377977Z")),
            ..jane()
        };
        store_leads(app, &project, vec![lead]).await;
        let response = partner.get(&format!("{EXTERNAL}/attribution?limit=5")).await.json();
        assert_eq!((&response["status"], &response["message"]), (&json!(200), &json!("ok")));
        let row = &response["data"][1];
        let reference = row["correlation_id"].as_str().expect("a reference");
        assert_eq!(
            *row,
            json!({
                "correlation_id": reference,
                "device_id": "9fad5f62-2d08-49d4-852a-b48be43beb68",
                "created_at": "2026-01-07T09:52:24.744651Z",
                "correlated_at": "2026-01-07T09:53:40.377977Z",
                "click_url": "https://example.com/landing?utm_source=google",
                "first_raw_url": "https://example.com/first",
                "parsed_params": {"utm_source": "google"},
                "ip_address": "127.0.0.1",
                "user_agent": "Mozilla/5.0...",
                "lead_type": "whatsapp",
                "wa_inbound_source_correlation_id": reference,
                "wa_inbound_source_device_id": "9fad5f62-2d08-49d4-852a-b48be43beb68",
                "wa_inbound_source_correlated_at": "2026-01-07T09:53:40.377977Z",
                "wa_inbound_source_click_url": "https://example.com/landing?utm_source=google",
                "wa_inbound_source_first_raw_url": "https://example.com/first",
                "wa_inbound_source_parsed_params": {"utm_source": "google"},
                "wa_inbound_source_ip_address": "127.0.0.1",
                "wa_inbound_source_user_agent": "Mozilla/5.0...",
            })
        );
        let topkee = Partner::new(app, &project, "topkee").await;
        assert_eq!(topkee.get(&format!("{TOPKEE}/attribution")).await.json(), response, "all families answer alike");
    }

    async fn from_a_click_to_a_lead_both_lists_follow(app: &TestApp) {
        let project = app.project().await;
        let partner = Partner::new(app, &project, "external").await;
        let query = "device_id=d1&click_url=https%3A%2F%2Fshop.example%2F%3Futm_source%3Dgoogle%26gclid%3DAbC";
        let reference = app.click(&project, query).await.reference();
        let click = partner.get(&format!("{EXTERNAL}/attribution")).await.json()["data"][0].clone();
        assert_eq!(click["correlation_id"], reference.as_str());
        assert_eq!(click["created_at"], "2026-01-02T10:00:00.000000Z");
        assert_eq!(click["parsed_params"], json!({"utm_source": "google", "gclid": "AbC"}));
        assert_eq!((&click["correlated_at"], &click["lead_type"]), (&Value::Null, &Value::Null));

        app.advance(aurix::domain::time::SignedDuration::from_secs(60));
        Person::new(app, &project, "6587487282").writes(&format!("Hello! Reference: {reference}")).await;
        let click = partner.get(&format!("{EXTERNAL}/attribution")).await.json()["data"][0].clone();
        assert_eq!(click["correlated_at"], "2026-01-02T10:01:00.000000Z");
        assert_eq!(click["lead_type"], "whatsapp");
        let lead = partner.get(&format!("{EXTERNAL}/leads")).await.json()["data"][0].clone();
        assert_eq!(lead["lead_status"], "correlated");
        assert_eq!(lead["created_at"], "2026-01-02T10:01:00.000000Z");
        assert_eq!(lead["click_url"], "https://shop.example/?utm_source=google&gclid=AbC");
        let topkee = Partner::new(app, &project, "topkee").await;
        let row = topkee.get(&format!("{TOPKEE}/leads")).await.json()["data"][0].clone();
        assert_eq!(row["wa_inbound_source_correlation_id"], reference.as_str());
        assert_eq!(row["wa_inbound_source_correlated_at"], "2026-01-02T10:01:00.000000Z");
    }
}
