//! How much of a list comes at once, and how the rest is fetched.

use std::collections::BTreeSet;
use std::time::Duration;

use aurix::domain::time::SignedDuration;
use aurix::net::{Method, Request};
use serde_json::Value;

use super::{Partner, StoredLead, microseconds, store_leads};
use crate::support::{Project, TestApp};

const LEADS: &str = "/integrations/external/leads";

fn ids(response: &Value) -> Vec<i64> {
    response["data"].as_array().expect("a list").iter().map(|row| row["lead_id"].as_i64().expect("an id")).collect()
}

/// Leads that come three to a microsecond.
async fn store_many(app: &TestApp, project: &Project, number: i64) -> Vec<i64> {
    let start = microseconds("2026-01-01T00:00:00Z");
    store_leads(app, project, (0..number).map(|number| StoredLead::at(start + number / 3)).collect()).await
}

both_engines! {
    async fn external_gets_fifty_and_services_get_all(app: &TestApp) {
        let project = app.project().await;
        store_many(app, &project, 60).await;
        let external = Partner::new(app, &project, "external").await;
        let topkee = Partner::new(app, &project, "topkee").await;
        for (partner, path, rows) in [
            (&external, "/integrations/external/leads", 50),
            (&external, "/integrations/external/leads?limit=55", 55),
            (&external, "/integrations/external/leads?limit=10000", 60),
            (&external, "/integrations/external/leads?offset=55", 5),
            (&external, "/integrations/external/leads?offset=60", 0),
            (&external, "/integrations/external/leads?limit=0", 0),
            (&external, "/integrations/external/leads?limit=1000&offset=9223372036854775807", 0),
            (&topkee, "/integrations/topkee/leads?offset=9223372036854775807", 0),
            (&topkee, "/integrations/topkee/attribution?offset=9223372036854775807", 0),
            (&topkee, "/integrations/topkee/leads", 60),
            (&topkee, "/integrations/topkee/leads?limit=7", 7),
            (&topkee, "/integrations/topkee/leads?limit=7&offset=57", 3),
            (&topkee, "/integrations/external/leads", 50),
        ] {
            let response = partner.get(path).await.json();
            assert_eq!(response["data"].as_array().expect("a list").len(), rows, "{path}");
            let is_cut = matches!(rows, 50 | 55 | 7);
            assert_eq!(response.get("next_cursor").is_some(), is_cut, "{path}: next_cursor comes where there is more");
        }
        let none = external.get(&format!("{LEADS}?limit=0")).await;
        assert_eq!(none.text(), r#"{"status":200,"message":"ok","data":[]}"#);
    }

    async fn rows_come_newest_first_and_ties_by_id(app: &TestApp) {
        let project = app.project().await;
        let mut expected = store_many(app, &project, 10).await;
        expected.reverse();
        let partner = Partner::new(app, &project, "external").await;
        assert_eq!(ids(&partner.get(LEADS).await.json()), expected);
        let mut by_offset = Vec::new();
        for offset in [0, 4, 8] {
            by_offset.extend(ids(&partner.get(&format!("{LEADS}?limit=4&offset={offset}")).await.json()));
        }
        assert_eq!(by_offset, expected);
    }

    async fn pages_by_cursor_miss_nothing_while_leads_come_in(app: &TestApp) {
        let project = app.project().await;
        let partner = Partner::new(app, &project, "external").await;
        let mut expected = store_many(app, &project, 23).await;
        expected.reverse();
        let (mut seen, mut query) = (Vec::new(), "limit=4".to_owned());
        for page in 0..10 {
            let response = partner.get(&format!("{LEADS}?{query}")).await.json();
            seen.extend(ids(&response));
            let Some(cursor) = response["next_cursor"].as_str() else { break };
            query = format!("limit=4&cursor={cursor}");
            store_leads(app, &project, vec![StoredLead::at(microseconds("2026-01-01T12:00:00Z") + page)]).await;
        }
        assert_eq!(seen, expected);
        let before = partner.get(&format!("{LEADS}?{query}&to_date=2025-12-31")).await.json();
        assert_eq!(ids(&before), Vec::<i64>::new(), "a cursor keeps to the dates beside it");
    }

    async fn clicks_page_by_cursor_too(app: &TestApp) {
        let project = app.project().await;
        for _ in 0..5 {
            app.click(&project, "").await;
        }
        let partner = Partner::new(app, &project, "external").await;
        let path = "/integrations/external/attribution?limit=2";
        let (mut seen, mut cursor, mut sizes) = (BTreeSet::new(), String::new(), Vec::new());
        loop {
            let response = partner.get(&format!("{path}{cursor}")).await.json();
            let rows = response["data"].as_array().expect("a list");
            sizes.push(rows.len());
            seen.extend(rows.iter().map(|row| row["correlation_id"].to_string()));
            let Some(next) = response["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!((sizes, seen.len()), (vec![2, 2, 1], 5));
    }

    async fn three_thousand_rows_come_in_one_answer(app: &TestApp) {
        let project = app.project().await;
        let mut expected = store_many(app, &project, 3_000).await;
        expected.reverse();
        let external = Partner::new(app, &project, "external").await;
        let response = external.get(&format!("{LEADS}?limit=10000")).await;
        assert_eq!(response.header("content-length"), "", "it is streamed");
        assert_eq!(ids(&response.json()), expected);
        let rest = external.get(&format!("{LEADS}?limit=1000&offset=2500")).await;
        assert_eq!(ids(&rest.json()), expected[2_500..]);
        let part = external.get(&format!("{LEADS}?limit=500")).await.json();
        assert_eq!(ids(&part), expected[..500]);
        let cursor = part["next_cursor"].as_str().expect("there is more");
        let next = external.get(&format!("{LEADS}?limit=10000&cursor={cursor}")).await.json();
        assert_eq!(ids(&next), expected[500..]);
        let topkee = Partner::new(app, &project, "topkee").await;
        let all = topkee.get("/integrations/topkee/leads").await.json();
        assert_eq!(all["data"].as_array().expect("a list").len(), 3_000);
        assert_eq!(all["message"], "Leads fetched successfully");
    }

    async fn a_page_of_attribution_that_is_read_in_halves_has_all_rows(app: &TestApp) {
        const MORE: &str = "INSERT INTO clicks (id, project_id, session_id, widget_id, parsed_params, linked, created_at)
            WITH RECURSIVE numbers (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM numbers WHERE number < 599)
            SELECT number, project_id, session_id, widget_id, parsed_params, linked, created_at + number
            FROM clicks, numbers";
        let project = app.project().await;
        app.click(&project, "device_id=d1").await;
        let made = app.core.db.write(async |tx| Ok(tx.execute(MORE, &[]).await?)).await;
        assert_eq!(made.expect("clicks"), 599);
        app.advance(SignedDuration::from_secs(1));
        let external = Partner::new(app, &project, "external").await;
        let page = external.get("/integrations/external/attribution?limit=1000").await.json();
        assert_eq!(page["data"].as_array().expect("a list").len(), 600);
    }

    async fn a_list_that_fails_midway_breaks_off(app: &TestApp) {
        let project = app.project().await;
        let broken = StoredLead { fields: "not JSON".to_owned(), ..StoredLead::at(0) };
        store_leads(app, &project, vec![broken]).await;
        let partner = Partner::new(app, &project, "external").await;
        let response = partner.get(LEADS).await;
        assert_eq!(response.status(), 500, "what fails on the first page is a problem");
        assert!(response.json()["id"].as_str().expect("an id to find in the log").starts_with("err_"));
        assert!(!response.text().contains("JSON"), "no internals: {}", response.text());
        store_many(app, &project, 1_000).await;
        assert_eq!(partner.get(&format!("{LEADS}?limit=900")).await.status(), 200);
        let request = Request {
            method: Method::GET,
            url: format!("{}{LEADS}?limit=10000", app.base_url),
            headers: vec![("authorization".to_owned(), partner.authorization.clone())],
            body: Vec::new().into(),
            timeout: Duration::from_secs(30),
            response_bytes_max: 64 << 20,
        };
        let error = app.client.send(request).await.expect_err("must not look like a whole list");
        assert_eq!(error.status, Some(200));
    }
}
