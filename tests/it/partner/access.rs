//! Who may call, and the errors for those who may not.

use aurix::net::Method;

use super::{Partner, named_fields};
use crate::support::TestApp;

pub const CALLS: [(Method, &str); 7] = [
    (Method::PUT, "webhook-config"),
    (Method::GET, "webhook-config"),
    (Method::DELETE, "webhook-config"),
    (Method::POST, "webhook-config/rotate-secret"),
    (Method::POST, "webhook-config/test"),
    (Method::GET, "leads"),
    (Method::GET, "attribution"),
];

/// What a query or a path may carry, percent-encoded.
const HOSTILE: [&str; 12] = [
    "%00",
    "%ff%fe%fd",
    "'%3B%20DROP%20TABLE%20leads%3B--",
    "%22%7D%5D",
    "..%2f..%2fetc%2fpasswd",
    "%F0%9F%92%A9",
    "%E2%80%AE%E2%80%8B",
    "9223372036854775807",
    "-9223372036854775808",
    "1e309",
    "$1",
    "%25s%25n%25x",
];

both_engines! {
    async fn hostile_input_is_never_a_failure_of_ours(app: &TestApp) {
        let project = app.project().await;
        let partner = Partner::new(app, &project, "external").await;
        app.click(&project, "").await;
        for text in HOSTILE {
            for parameter in ["limit", "offset", "from_date", "to_date", "cursor", text] {
                for list in ["leads", "attribution"] {
                    let response = partner.get(&format!("/integrations/external/{list}?{parameter}={text}&{text}")).await;
                    assert!(response.status() < 500, "{list} {parameter}={text}: {}", response.text());
                    response.json();
                }
            }
            for path in [format!("/integrations/{text}/leads"), format!("/api/integrations/external/{text}")] {
                let response = partner.get(&path).await;
                assert!(matches!(response.status(), 401 | 404), "{path}: {}", response.status());
            }
            let authorization = format!("Bearer {text}");
            let response = app.get("/integrations/external/leads", &[("authorization", &authorization)]).await;
            assert_eq!(response.status(), 401, "{text}");
            let response = partner.put_webhook("/integrations/external/webhook-config", text).await;
            assert_eq!((response.status(), named_fields(&response).as_str()), (422, "url"), "{text}");
        }
        let many = format!("/integrations/external/leads?{}", "a=1&".repeat(200));
        assert_eq!(partner.get(&many).await.status(), 400);
    }

    async fn a_key_opens_external_and_the_paths_of_its_service(app: &TestApp) {
        let project = app.project().await;
        for (service, family, status) in [
            ("external", "external", 200),
            ("external", "topkee", 401),
            ("topkee", "external", 200),
            ("topkee", "topkee", 200),
            ("topkee", "Topkee", 401),
            ("topkee", "other", 401),
        ] {
            let partner = Partner::new(app, &project, service).await;
            for prefix in ["/integrations", "/api/integrations"] {
                for list in ["leads", "attribution"] {
                    let response = partner.get(&format!("{prefix}/{family}/{list}")).await;
                    assert_eq!(response.status(), status, "a key of {service} at {prefix}/{family}/{list}");
                }
            }
        }
    }

    async fn without_a_valid_key_no_call_is_answered(app: &TestApp) {
        let project = app.project().await;
        let key = app.key(&project, "external").await;
        let unknown = "Bearer aurix_key_0000000000000000000000000000000000000000".to_owned();
        let (basic, no_scheme, twice) = (format!("Basic {key}"), key.clone(), format!("Bearer {key} {key}"));
        let cut = format!("Bearer {}", &key[..key.len() - 1]);
        let wrong = ["", "Bearer", "Bearer ", &unknown, &basic, &no_scheme, &twice, &cut];
        for authorization in wrong.into_iter().map(Some).chain([None]) {
            let headers: Vec<_> = authorization.iter().map(|value| ("authorization", *value)).collect();
            for (method, call) in CALLS {
                let response = app.send(method.clone(), &format!("/integrations/external/{call}"), &headers, "").await;
                assert_eq!(response.status(), 401, "{method} {call} with {authorization:?}");
                assert_eq!(response.header("www-authenticate"), "Bearer");
                assert_eq!(named_fields(&response), "");
            }
        }
        let response = app.get("/integrations/external/leads", &[]).await;
        assert_eq!(
            response.text(),
            concat!(
                r#"{"type":"about:blank","title":"Unauthorized","status":401,"#,
                r#""detail":"Send your API key once, as Authorization: Bearer <key>.","#,
                r#""message":"Send your API key once, as Authorization: Bearer <key>."}"#
            )
        );
    }

    async fn a_revoked_key_opens_nothing(app: &TestApp) {
        let project = app.project().await;
        let partner = Partner::new(app, &project, "external").await;
        assert_eq!(partner.get("/integrations/external/leads").await.status(), 200);
        app.core
            .db
            .write(async |tx| Ok(tx.execute("UPDATE api_keys SET revoked_at = 1", &[]).await?))
            .await
            .expect("keys can be revoked");
        assert_eq!(partner.get("/integrations/external/leads").await.status(), 401);
    }

    async fn the_scheme_is_read_in_any_letter_case(app: &TestApp) {
        let project = app.project().await;
        let key = app.key(&project, "external").await;
        for scheme in ["Bearer", "bearer", "BEARER"] {
            let authorization = format!("{scheme} {key}");
            let response = app.get("/integrations/external/leads", &[("authorization", &authorization)]).await;
            assert_eq!(response.status(), 200, "{scheme}");
        }
    }

    async fn a_partner_sees_its_own_project_only(app: &TestApp) {
        let (mine, other) = (app.project().await, app.project_named("Another shop", "100000000000001").await);
        app.click(&other, "device_id=d1").await;
        let partner = Partner::new(app, &mine, "external").await;
        let neighbour = Partner::new(app, &other, "external").await;
        let empty = r#"{"status":200,"message":"ok","data":[]}"#;
        assert_eq!(partner.get("/integrations/external/attribution").await.text(), empty);
        assert_ne!(neighbour.get("/integrations/external/attribution").await.text(), empty);
        neighbour.put_webhook("/integrations/external/webhook-config", "https://example.com/hook").await;
        assert_eq!(partner.get("/integrations/external/webhook-config").await.status(), 404);
    }

    async fn what_is_not_there_is_a_problem_too(app: &TestApp) {
        let project = app.project().await;
        let partner = Partner::new(app, &project, "external").await;
        for (method, path, status) in [
            (Method::GET, "/integrations/external/nothing", 404),
            (Method::GET, "/integrations/external", 404),
            (Method::GET, "/nowhere", 404),
            (Method::GET, "/integrations/external/%ff/leads", 404),
            (Method::GET, "/integrations/%ff/leads", 404),
            (Method::POST, "/integrations/external/leads", 405),
            (Method::PATCH, "/integrations/external/webhook-config", 405),
            (Method::GET, "/integrations/external/webhook-config/test", 405),
        ] {
            let response = partner.send(method.clone(), path, "").await;
            assert_eq!(response.status(), status, "{method} {path}: {}", response.text());
            assert_eq!(named_fields(&response), "");
            assert_eq!(response.json()["status"], status);
        }
    }
}
