//! The OpenAPI document and the routes are one. What responses look like is tested by `./test openapi`.

use aurix::net::Method;
use serde_json::Value;

use super::Partner;
use super::access::CALLS;
use crate::support::TestApp;

/// Paths of the document with the operations of each.
fn operations(document: &Value) -> Vec<(String, Method, &Value)> {
    let mut operations = Vec::new();
    let paths = document["paths"].as_object().expect("paths").iter();
    for (path, item) in paths.filter(|(path, _)| path.starts_with("/integrations/")) {
        for (key, operation) in item.as_object().expect("a path").iter().filter(|(key, _)| *key != "parameters") {
            let method = key.to_uppercase().parse().expect("a method");
            operations.push((path.replace("{service}", "topkee"), method, operation));
        }
    }
    operations
}

both_engines! {
    async fn the_document_is_public_and_describes_every_call_of_both_families(app: &TestApp) {
        let response = app.get("/openapi.json", &[]).await;
        assert_eq!((response.status(), response.header("content-type")), (200, "application/json"));
        assert_eq!(response.header("cache-control"), "public, max-age=3600");
        let document = response.json();
        assert_eq!(document["openapi"], "3.1.0");
        assert_eq!(document["security"][0]["api_key"], serde_json::json!([]));
        assert_eq!(document["components"]["securitySchemes"]["api_key"]["scheme"], "bearer");

        let operations = operations(&document);
        for family in ["external", "topkee"] {
            for (method, call) in CALLS {
                let path = format!("/integrations/{family}/{call}");
                assert!(operations.iter().any(|(known, by, _)| *known == path && *by == method), "{method} {path}");
            }
        }
        assert_eq!(operations.len(), 2 * CALLS.len(), "a call of the document is not among {CALLS:?}");
        let mut ids: Vec<_> = operations.iter().map(|(_, _, operation)| operation["operationId"].as_str()).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), operations.len(), "each operation has an id of its own");
    }

    async fn every_call_of_the_document_needs_a_key_and_says_so(app: &TestApp) {
        let document = app.get("/openapi.json", &[]).await.json();
        for (path, method, operation) in operations(&document) {
            for prefix in ["", "/api"] {
                let response = app.send(method.clone(), &format!("{prefix}{path}"), &[], "").await;
                assert_eq!(response.status(), 401, "{method} {prefix}{path}");
            }
            for status in ["401", "429", "500", "503"] {
                let response = &operation["responses"][status];
                let content = &response["content"]["application/problem+json"];
                assert_eq!(content["schema"]["$ref"], "#/components/schemas/Problem", "{method} {path} {status}");
                assert_eq!(content["example"]["status"].to_string(), status, "{method} {path}");
                assert_eq!(response["headers"].get("Retry-After").is_some(), matches!(status, "429" | "503"));
            }
        }
    }

    async fn the_limits_of_the_document_are_those_of_the_lists(app: &TestApp) {
        let document = app.get("/openapi.json", &[]).await.json();
        let parameters = &document["paths"]["/integrations/external/leads"]["get"]["parameters"];
        let names: Vec<_> = parameters.as_array().expect("parameters").iter().map(|one| one["name"].as_str()).collect();
        assert_eq!(names, ["limit", "offset", "from_date", "to_date", "cursor"].map(Some));
        assert_eq!(parameters[0]["schema"]["maximum"], 10_000);
        assert_eq!(parameters[0]["schema"]["minimum"], 0);
    }

    async fn a_service_whose_name_is_percent_encoded_is_the_same_service(app: &TestApp) {
        let project = app.project().await;
        let partner = Partner::new(app, &project, "topkee").await;
        let plain = partner.get("/integrations/external/leads").await.text();
        assert!(plain.starts_with(r#"{"status":200"#), "{plain}");
        for prefix in ["/integrations", "/api/integrations"] {
            assert_eq!(partner.get(&format!("{prefix}/%65xternal/leads")).await.text(), plain);
        }
        assert_eq!(partner.get("/integrations/top%6bee/leads").await.status(), 200);
    }
}
