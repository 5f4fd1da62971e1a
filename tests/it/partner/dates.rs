//! Dates of list queries: from is inclusive, to is exclusive, a day is the whole day.

use super::{Partner, StoredLead, microseconds, named_fields, store_leads};
use crate::support::TestApp;

/// When the leads of a test are created.
const TIMES: [&str; 5] = [
    "2026-01-01T23:59:59.999999Z",
    "2026-01-02T00:00:00Z",
    "2026-01-02T10:00:00.123456Z",
    "2026-01-02T23:59:59.999999Z",
    "2026-01-03T00:00:00Z",
];

/// Queries, and which of [`TIMES`] they find.
const QUERIES: [(&str, &str); 17] = [
    ("", "43210"),
    ("from_date=2026-01-02", "4321"),
    ("to_date=2026-01-02", "3210"),
    ("from_date=2026-01-02&to_date=2026-01-02", "321"),
    ("from_date=2026-01-02T00:00:00Z&to_date=2026-01-03T00:00:00Z", "321"),
    ("from_date=2026-01-02T00:00:00.000001Z&to_date=2026-01-03T00:00:00.000001Z", "432"),
    ("from_date=2026-01-02T10:00:00.123456Z", "432"),
    ("from_date=2026-01-02T10:00:00.1234561Z", "43"),
    ("to_date=2026-01-02T10:00:00.123456Z", "10"),
    ("to_date=2026-01-02T10:00:00.1234561Z", "210"),
    ("from_date=2026-01-02T10:00&to_date=2026-01-02T10:01", "2"),
    ("from_date=2026-01-02T18:00:00+08:00&to_date=2026-01-02T18:01:00%2B08:00", "2"),
    ("from_date=2026-01-02%2010:00:00", "432"),
    ("from_date=2026-01-02T10:00:00-05:30", "43"),
    ("from_date=2026-01-03&to_date=2026-01-01", ""),
    ("from_date=9999-12-31", ""),
    ("to_date=9999-12-31", "43210"),
];

both_engines! {
    async fn a_period_holds_its_start_and_not_its_end(app: &TestApp) {
        let project = app.project().await;
        let leads = TIMES.map(|time| StoredLead::at(microseconds(time))).to_vec();
        let ids = store_leads(app, &project, leads).await;
        for service in ["external", "topkee"] {
            let partner = Partner::new(app, &project, service).await;
            for (query, expected) in QUERIES {
                let response = partner.get(&format!("/integrations/{service}/leads?{query}")).await;
                assert_eq!(response.status(), 200, "{query}: {}", response.text());
                let rows = response.json()["data"].as_array().expect("a list").clone();
                let shown: String = rows
                    .iter()
                    .map(|row| match row["lead_id"].as_i64() {
                        Some(id) => ids.iter().position(|known| *known == id),
                        None => {
                            let created_at = microseconds(row["created_at"].as_str().expect("a time"));
                            TIMES.iter().position(|time| microseconds(time) == created_at)
                        }
                    })
                    .map(|position| position.expect("a stored lead").to_string())
                    .collect();
                assert_eq!(shown, expected, "{service} {query}");
            }
        }
    }

    async fn the_dates_of_clicks_are_read_alike(app: &TestApp) {
        let project = app.project().await;
        let partner = Partner::new(app, &project, "external").await;
        app.click(&project, "").await;
        for (query, shown) in [
            ("from_date=2026-01-02T10:00:00Z", 1),
            ("from_date=2026-01-02T10:00:00.000001Z", 0),
            ("to_date=2026-01-02T10:00:00Z", 0),
            ("to_date=2026-01-02", 1),
            ("to_date=2026-01-01", 0),
        ] {
            let response = partner.get(&format!("/integrations/external/attribution?{query}")).await.json();
            assert_eq!(response["data"].as_array().expect("a list").len(), shown, "{query}");
        }
    }

    async fn a_query_that_is_not_valid_names_each_parameter(app: &TestApp) {
        let project = app.project().await;
        for service in ["external", "topkee"] {
            let partner = Partner::new(app, &project, service).await;
            for list in ["leads", "attribution"] {
                for (query, fields) in [
                    ("from_date=2026-02-30", "from_date"),
                    ("from_date=yesterday&to_date=2026-13-01", "from_date to_date"),
                    ("to_date=", "to_date"),
                    ("from_date=%00", "from_date"),
                    ("from_date=%ff%fe", "from_date"),
                    ("limit=10001", "limit"),
                    ("limit=-1", "limit"),
                    ("limit=all", "limit"),
                    ("limit=1%00", "limit"),
                    ("offset=-1", "offset"),
                    ("offset=99999999999999999999", "offset"),
                    ("cursor='%3B%20DROP%20TABLE%20leads%3B--", "cursor"),
                    ("cursor=AAAAAAAAAAAAAAAAAAAAAA&offset=10", "offset"),
                    ("limit=1&limit=2", "limit"),
                ] {
                    let response = partner.get(&format!("/integrations/{service}/{list}?{query}")).await;
                    assert_eq!(response.status(), 422, "{service} {list} {query}: {}", response.text());
                    assert_eq!(named_fields(&response), fields, "{query}");
                }
            }
        }
    }
}
