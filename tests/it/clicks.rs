//! Clicks of the button: sessions, references, what is counted and what is kept.

use aurix::clicks::automated_requests;
use aurix::domain::time::SignedDuration;
use aurix::net::Method;
use aurix::params;
use serde_json::{Value, json};

use crate::support::{Receiver, TestApp};

const MILLISECOND: SignedDuration = SignedDuration::from_millis(1);

both_engines! {
    async fn a_click_within_twelve_hours_keeps_its_reference(app: &TestApp) {
        let project = app.project().await;
        let first = app.click(&project, "device_id=d1").await.reference();
        app.advance(SignedDuration::from_hours(12) - MILLISECOND);
        assert_eq!(app.click(&project, "device_id=d1").await.reference(), first);
        app.advance(MILLISECOND);
        assert_ne!(app.click(&project, "device_id=d1").await.reference(), first);
    }

    async fn a_click_redirects_to_whatsapp_and_nowhere_else(app: &TestApp) {
        let project = app.project().await;
        let response = app.click(&project, "device_id=d1&redirect_url=https://evil.example&number=1").await;
        assert_eq!(response.status(), 302);
        assert_eq!(response.header("cache-control"), "no-store");
        let reference = response.reference();
        let text = format!(
            "Hello%21%0AReference%3A%20{reference}%20%28Please%20send%20this%20reference%20number%20so%20that%20we%20can%20help%20you%20faster%29"
        );
        assert_eq!(response.header("location"), format!("https://wa.me/6512345678?text={text}"));
    }

    async fn two_first_clicks_at_once_share_a_session(app: &TestApp) {
        let project = app.project().await;
        let clicks = (0..8).map(|_| app.click(&project, "device_id=d1"));
        let responses = futures_util::future::join_all(clicks).await;
        let references: std::collections::BTreeSet<_> = responses.iter().map(crate::support::HttpResponse::reference).collect();
        assert_eq!(references.len(), 1);
        assert_eq!(app.count("SELECT COUNT(*) FROM clicks").await, 8);
    }

    async fn without_a_device_every_click_is_a_session(app: &TestApp) {
        let project = app.project().await;
        let first = app.click(&project, "").await.reference();
        assert_ne!(app.click(&project, "").await.reference(), first);
    }

    async fn the_json_twin_answers_with_the_same_reference(app: &TestApp) {
        let project = app.project().await;
        let first = app.click(&project, "device_id=d1").await.reference();
        let path = format!("/c/{}", project.widget_id);
        let response = app.send(Method::POST, &path, &[("content-type", "application/json")], r#"{"device_id":"d1"}"#).await;
        assert_eq!(response.json()["correlation_id"], first);
        assert!(response.json()["redirect_url"].as_str().expect("a link").starts_with("https://wa.me/6512345678?text="));
    }

    async fn a_foreign_site_may_not_click(app: &TestApp) {
        let project = app.project().await;
        let widget = app.widget(project.id, &project.phone_number_id, &["https://shop.example"]).await;
        let path = format!("/c/{widget}");
        let click = async |origin: &str| {
            let headers = [("content-type", "application/json"), ("origin", origin)];
            app.send(Method::POST, &path, &headers, "{}").await
        };
        assert_eq!(click("https://shop.example").await.status(), 200);
        let refused = click("https://other.example").await;
        assert_eq!(refused.status(), 403);
        assert_eq!(refused.header("content-type"), "application/problem+json");
        assert_eq!(app.count("SELECT COUNT(*) FROM clicks").await, 1);
    }

    async fn subdomains_of_an_origin_with_a_wildcard_may_click(app: &TestApp) {
        let project = app.project().await;
        let widget = app.widget(project.id, &project.phone_number_id, &["https://*.shop.example"]).await;
        let path = format!("/c/{widget}");
        for (origin, status) in [("https://a.shop.example", 200), ("https://shop.example", 403), ("https://ashop.example", 403)] {
            let headers = [("content-type", "application/json"), ("origin", origin)];
            let response = app.send(Method::POST, &path, &headers, "{}").await;
            assert_eq!(response.status(), status, "{origin}");
            let preflight = app.send(Method::OPTIONS, &path, &headers, "").await;
            let allowed = if status == 200 { origin } else { "" };
            assert_eq!(preflight.header("access-control-allow-origin"), allowed);
        }
    }

    async fn a_placeholder_is_no_device_id(app: &TestApp) {
        let project = app.project().await;
        let path = format!("/c/{}", project.widget_id);
        let json = [("content-type", "application/json")];
        for id in ["undefined", "null", "NaN", "[object Object]", "00000000-0000-0000-0000-000000000000"] {
            let query: String = url::form_urlencoded::Serializer::new(String::new()).append_pair("device_id", id).finish();
            let first = app.click(&project, &query).await.reference();
            let body = json!({"device_id": id, "referrer": id, "click_url": "https://shop.example/?gclid=undefined"});
            let second = app.send(Method::POST, &path, &json, body.to_string()).await.json();
            assert_ne!(second["correlation_id"], first, "{id}: two visitors share no session");
        }
        assert_eq!(app.count("SELECT COUNT(*) FROM sessions WHERE device_id IS NOT NULL").await, 0);
        assert_eq!(app.count("SELECT COUNT(*) FROM clicks WHERE referrer IS NOT NULL").await, 0);
        assert_eq!(app.count("SELECT COUNT(*) FROM clicks WHERE parsed_params <> '{}'").await, 0);
    }

    async fn crawlers_previews_and_head_are_no_clicks(app: &TestApp) {
        let project = app.project().await;
        let path = format!("/c/{}", project.widget_id);
        let person = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Safari/604.1";
        let visits: [(Method, &[(&str, &str)]); 5] = [
            (Method::GET, &[("user-agent", "WhatsApp/2.23.20.0")]),
            (Method::GET, &[("user-agent", "Acmébot/1.0 (+https://example.com)")]),
            (Method::GET, &[("user-agent", "facebookexternalhit/1.1")]),
            (Method::HEAD, &[("user-agent", person)]),
            (Method::GET, &[("user-agent", person), ("sec-purpose", "prefetch")]),
        ];
        for (method, headers) in visits {
            let response = app.send(method, &path, headers, "").await;
            assert_eq!(response.status(), 302);
            assert!(!response.header("location").contains("O-"), "no reference is spent");
        }
        assert_eq!(app.count("SELECT COUNT(*) FROM clicks").await, 0);
        assert_eq!(app.count("SELECT COUNT(*) FROM events").await, 0);
        let rename = async |sql: &'static str| {
            app.core.db.write(async move |tx| Ok(tx.execute(sql, &[]).await?)).await.expect("another name");
        };
        rename("ALTER TABLE automated_requests RENAME TO elsewhere").await;
        automated_requests::store(&app.engines.clicks).await.expect_err("there is no such table");
        rename("ALTER TABLE elsewhere RENAME TO automated_requests").await;
        automated_requests::store(&app.engines.clicks).await.expect("stored");
        assert_eq!(app.count("SELECT CAST(SUM(requests) AS BIGINT) FROM automated_requests").await, 5);
        app.send(Method::HEAD, &path, &[("user-agent", person)], "").await;
        automated_requests::store(&app.engines.clicks).await.expect("stored");
        assert_eq!(app.count("SELECT CAST(SUM(requests) AS BIGINT) FROM automated_requests").await, 6);
    }

    async fn a_click_keeps_the_pages_that_the_link_names(app: &TestApp) {
        let project = app.project().await;
        app.click(&project, "click_url=https%3A%2F%2Fshop.example%2Fb&first_raw_url=https%3A%2F%2Fshop.example%2Fa&referrer=https%3A%2F%2Fsearch.example%2F").await;
        let pages = app.text("SELECT click_url || ' ' || first_raw_url || ' ' || referrer FROM clicks").await;
        assert_eq!(pages.as_deref(), Some("https://shop.example/b https://shop.example/a https://search.example/"));
    }

    async fn the_event_tells_the_click_as_documented(app: &TestApp) {
        let project = app.project().await;
        let receiver = Receiver::start().await;
        app.webhook(&project, &receiver).await;
        let url = "https%3A%2F%2Fexample.com%2Flanding%3Futm_source%3Dgoogle%26utm_medium%3Dcpc%26gclid%3DAbCd123%26x%3D1";
        let reference = app.click(&project, &format!("device_id=550e8400-e29b-41d4-a716-446655440000&click_url={url}")).await.reference();
        app.work().await;
        let received = receiver.take();
        let mut event = received[0].json();
        assert!(event["event_id"].as_str().expect("an id").starts_with("evt_"));
        event["event_id"] = Value::Null;
        assert_eq!(
            event,
            json!({
                "event_type": "widget.click",
                "event_id": null,
                "timestamp": "2026-01-02T10:00:00.000Z",
                "data": {
                    "correlation_id": reference,
                    "device_id": "550e8400-e29b-41d4-a716-446655440000",
                    "click_url": "https://example.com/landing?utm_source=google&utm_medium=cpc&gclid=AbCd123&x=1",
                    "parsed_params": {"utm_source": "google", "utm_medium": "cpc", "gclid": "AbCd123"},
                    "ip_address": "127.0.0.1",
                    "user_agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/143.0 Safari/537.36",
                },
            })
        );
    }

    async fn an_unknown_widget_is_a_clear_404(app: &TestApp) {
        let response = app.get("/c/w_nothing", &[]).await;
        assert_eq!(response.status(), 404);
        assert_eq!(response.header("content-type"), "application/problem+json");
    }

    async fn hostile_queries_never_fail(app: &TestApp) {
        let project = app.project().await;
        for query in ["device_id=%00%ff&click_url=%F0%9F", "click_url=http://[::1", "&&&=&=", "click_url=%", "device_id=%F0%9F%92%A9"] {
            assert_eq!(app.click(&project, query).await.status(), 302, "{query}");
        }
        let long = format!("click_url=https://example.com/{}", "a".repeat(1_500));
        assert_eq!(app.click(&project, &long).await.status(), 302);
    }

    async fn a_strangers_forwarding_header_does_not_count(app: &TestApp) {
        let project = app.project().await;
        let headers = [("x-forwarded-for", "203.0.113.7"), ("forwarded", "for=203.0.113.8")];
        assert_eq!(app.get(&format!("/c/{}", project.widget_id), &headers).await.status(), 302);
        assert_eq!(app.text("SELECT ip_address FROM clicks").await.as_deref(), Some("127.0.0.1"));
    }

    async fn a_project_may_keep_less_of_addresses(app: &TestApp) {
        let project = app.project().await;
        for (policy, kept) in [("truncated", Some("127.0.0.0")), ("omitted", None)] {
            app.core
                .db
                .write(async move |tx| Ok(tx.execute("UPDATE projects SET ip_policy = $1", params![policy]).await?))
                .await
                .expect("changed");
            app.advance(SignedDuration::from_secs(1));
            app.click(&project, "").await;
            let newest = app.text("SELECT COALESCE(ip_address, 'none') FROM clicks ORDER BY id DESC LIMIT 1").await;
            assert_eq!(newest.as_deref(), Some(kept.unwrap_or("none")));
        }
    }
}
