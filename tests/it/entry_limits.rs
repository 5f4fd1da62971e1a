//! What is refused before it costs anything: bodies by their heads, by the bytes in memory, and requests by their rates.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use aurix::admission::rate_limiter::Source;
use aurix::channels::whatsapp::verify;
use aurix::domain::rates::{Kind, Rates};
use aurix::domain::time::SignedDuration;
use aurix::net::Method;
use futures_util::future::select_all;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::{APP_SECRET, Person, Project, Receiver, TestApp, VERIFY_TOKEN, until};

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const JSON: (&str, &str) = ("content-type", "application/json");
const LIMIT: Duration = Duration::from_secs(30);

/// A `POST` that announces a body and sends a part of it.
async fn unfinished(app: &TestApp, path: &str, headers: &str, announced: usize, sent: usize) -> TcpStream {
    let mut stream = TcpStream::connect(app.base_url.trim_start_matches("http://")).await.expect("the server listens");
    let head = format!("POST {path} HTTP/1.1\r\nhost: x\r\n{headers}content-length: {announced}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.expect("it reads");
    // One that is refused meanwhile need not take it.
    let _ = stream.write_all(&vec![b'x'; sent]).await;
    stream
}

/// The status of the response, which comes although the body has not ended.
async fn status(mut stream: TcpStream) -> String {
    let mut line = [0; 12];
    stream.read_exact(&mut line).await.expect("a response");
    String::from_utf8_lossy(&line[9..]).into_owned()
}

async fn widget_row(app: &TestApp) -> i64 {
    app.count("SELECT id FROM widgets").await
}

/// Uses up what a source may do in a minute.
fn use_up(app: &TestApp, kind: Kind, source: Source) {
    for _ in 0..Rates::default().of(kind).expect("a limit") {
        app.engines.admission.rates.admit(kind, source).expect("within the limit");
    }
}

async fn click_by_json(app: &TestApp, project: &Project) -> crate::support::HttpResponse {
    app.send(Method::POST, &format!("/c/{}", project.widget_id), &[JSON], "{}").await
}

both_engines! {
    async fn what_the_head_tells_is_refused_before_the_body_is_read(app: &TestApp) {
        let project = app.project().await;
        let click = format!("/c/{}", project.widget_id);
        let channel = format!("/channels/whatsapp/{}/webhook", project.phone_number_id);
        let json = "content-type: application/json\r\n";
        let signed = "content-type: application/json\r\nx-hub-signature-256: sha256=00\r\n";
        for (path, headers, announced, expected) in [
            ("/c/nope", json, 1 << 20, "404"),
            ("/channels/whatsapp/nope/webhook", json, 1 << 20, "404"),
            (click.as_str(), "content-type: text/plain\r\n", 1_000, "415"),
            (&click, json, (64 << 10) + 1, "413"),
            (&channel, "content-type: text/plain\r\n", 1_000, "415"),
            (&channel, json, 1_000, "401"),
            (&channel, signed, (4 << 20) + 1, "413"),
            ("/integrations/external/webhook-config", json, 1_000, "405"),
        ] {
            let stream = unfinished(app, path, headers, announced, 0).await;
            assert_eq!(status(stream).await, expected, "{path} {headers}");
            assert_eq!(app.engines.admission.bodies.bytes(), 0, "{path} {headers}");
        }
    }

    async fn a_form_of_the_console_is_read_as_a_form_only(app: &TestApp) {
        for (content_type, status) in [("text/plain", 415), ("application/json", 415), ("application/x-www-form-urlencoded", 422)] {
            let headers = [("content-type", content_type), ("origin", app.base_url.as_str())];
            let response = app.send(Method::POST, "/sign-in", &headers, "email=mei@example.com&password=wrong").await;
            assert_eq!(response.status(), status, "{content_type}");
        }
    }

    async fn a_call_that_its_channels_platform_did_not_sign_is_nothing(app: &TestApp) {
        let ours = app.project().await;
        let path = format!("/channels/whatsapp/{}/webhook", ours.phone_number_id);
        let message = Person::new(app, &ours, "6587654321").text_message("wamid.1", "hi");
        let value = json!({"metadata": {"phone_number_id": ours.phone_number_id}, "messages": [message]});
        let body = json!({"entry": [{"changes": [{"field": "messages", "value": value}]}]}).to_string();
        let post = async |secret: &str, signed: &str, sent: &str| {
            let signature = verify::signature(secret.as_bytes(), signed.as_bytes());
            let headers = [JSON, ("x-hub-signature-256", signature.as_str())];
            app.send(Method::POST, &path, &headers, sent.to_owned()).await.status()
        };
        assert_eq!(post("another secret", &body, &body).await, 401);
        assert_eq!(post(APP_SECRET, &body, &body.replace("hi", "ho")).await, 401, "it was changed");
        assert_eq!(post("another secret", "{", "{").await, 401, "nobody learns how it is parsed");
        assert_eq!(app.count("SELECT COUNT(*) FROM messages").await, 0);
        assert_eq!(app.count("SELECT COUNT(*) FROM notices").await, 0);
        assert_eq!(post(APP_SECRET, &body, &body).await, 200);
        assert_eq!(app.count("SELECT COUNT(*) FROM messages").await, 1);
    }

    async fn unfinished_bodies_for_nobody_take_no_memory(app: &TestApp) {
        let mut held = Vec::new();
        for number in 0..60 {
            let path = ["/c/nope", "/channels/whatsapp/nope/webhook"][number % 2];
            held.push(unfinished(app, path, "content-type: application/json\r\n", 1 << 20, 1_000_000).await);
            assert_eq!(app.engines.admission.bodies.bytes(), 0);
        }
    }

    async fn unfinished_bodies_for_a_channel_take_no_more_than_the_budget(app: &TestApp) {
        let project = app.project().await;
        let path = format!("/channels/whatsapp/{}/webhook", project.phone_number_id);
        let bodies = &app.engines.admission.bodies;
        let mut large = bodies.body(0);
        let budget = app.core.config.body_memory;
        large.append(&vec![0; budget - (1 << 20)]).expect("within the budget");
        let mut held = Vec::new();
        for _ in 0..20 {
            held.push(unfinished(app, &path, "x-hub-signature-256: sha256=00\r\n", 1 << 20, 200_000).await);
            assert!(bodies.bytes() <= budget, "{}", bodies.bytes());
        }
        // Whichever came when there was no room; the others are waited for.
        let (first, _, others) = select_all(held.into_iter().map(|stream| Box::pin(status(stream)))).await;
        assert_eq!(first, "503");
        drop(others);
        drop(large);
        until("the bytes are given back", LIMIT, async || bodies.bytes() == 0).await;
        assert_eq!(click_by_json(app, &project).await.status(), 200);
    }

    async fn a_body_beyond_the_budget_is_asked_for_again_and_links_go_on(app: &TestApp) {
        let project = app.project().await;
        let mut large = app.engines.admission.bodies.body(0);
        large.append(&vec![0; app.core.config.body_memory]).expect("within the budget");
        let refused = click_by_json(app, &project).await;
        assert_eq!((refused.status(), refused.header("retry-after")), (503, "1"));
        assert_eq!(app.click(&project, "").await.status(), 302, "a link has no body");
        drop(large);
        assert_eq!(click_by_json(app, &project).await.status(), 200);
    }

    async fn a_click_has_at_most_64_kib(app: &TestApp) {
        let project = app.project().await;
        let path = format!("/c/{}", project.widget_id);
        let body = |bytes: usize| format!("{{\"referrer\":\"{}\"}}", "a".repeat(bytes - 15));
        assert_eq!(app.send(Method::POST, &path, &[JSON], body(64 << 10)).await.status(), 200);
        assert_eq!(app.send(Method::POST, &path, &[JSON], body((64 << 10) + 1)).await.status(), 413);
    }

    async fn a_visitor_over_the_limit_still_reaches_whatsapp(app: &TestApp) {
        let project = app.project().await;
        use_up(app, Kind::Clicks, Source::address(widget_row(app).await, HERE));
        let response = app.click(&project, "device_id=d1").await;
        assert_eq!(response.status(), 302);
        assert_eq!(response.header("location"), "https://wa.me/6512345678?text=Hello%21");
        let twin = click_by_json(app, &project).await;
        assert_eq!((twin.status(), twin.header("retry-after")), (429, "1"));
        assert_eq!(twin.header("access-control-allow-origin"), "*");
        assert_eq!(twin.json()["redirect_url"], "https://wa.me/6512345678?text=Hello%21");
        assert_eq!(app.count("SELECT COUNT(*) FROM clicks").await, 0);
        aurix::clicks::automated_requests::store(&app.engines.clicks).await.expect("stored");
        assert_eq!(app.count("SELECT requests FROM automated_requests WHERE kind = 'over_limit'").await, 2);
        app.advance(SignedDuration::from_secs(60));
        assert_eq!(app.click(&project, "").await.reference().len(), 9);
        assert_eq!(app.count("SELECT COUNT(*) FROM clicks").await, 1);
    }

    async fn a_connection_over_the_limit_can_be_used_again(app: &TestApp) {
        let project = app.project().await;
        use_up(app, Kind::Clicks, Source::address(widget_row(app).await, HERE));
        let path = format!("/c/{}", project.widget_id);
        let mut stream = unfinished(app, &path, "content-type: application/json\r\n", 2, 0).await;
        for _ in 0..3 {
            // The body comes in a packet of its own.
            stream.write_all(b"{}").await.expect("it is read");
            let mut response = vec![0; 4_096];
            let bytes = stream.read(&mut response).await.expect("a response");
            let response = String::from_utf8_lossy(&response[..bytes]).into_owned();
            assert!(response.starts_with("HTTP/1.1 429") && !response.contains("connection: close"), "{response}");
            let head = format!("POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n");
            stream.write_all(head.as_bytes()).await.expect("it is open");
        }
    }

    async fn another_widget_or_address_is_not_over_the_limit(app: &TestApp) {
        let project = app.project().await;
        let widget = widget_row(app).await;
        use_up(app, Kind::Clicks, Source::address(widget + 1, HERE));
        use_up(app, Kind::Clicks, Source::address(widget, "192.0.2.1".parse().expect("an address")));
        assert_eq!(click_by_json(app, &project).await.status(), 200);
    }

    async fn guessed_keys_are_refused_and_right_ones_served(app: &TestApp) {
        let project = app.project().await;
        let key = format!("Bearer {}", app.key(&project, "topkee").await);
        let list = async |key: &str| app.get("/integrations/external/leads", &[("authorization", key)]).await;
        for _ in 0..60 {
            assert_eq!(list("Bearer aurix_key_guess").await.status(), 401);
        }
        let refused = list("Bearer aurix_key_guess").await;
        assert_eq!((refused.status(), refused.header("retry-after")), (429, "1"));
        assert_eq!(list(&key).await.status(), 200);
    }

    async fn a_verify_token_cannot_be_guessed(app: &TestApp) {
        let project = app.project().await;
        let verify = async |token: &str| {
            let path = format!(
                "/channels/whatsapp/{}/webhook?hub.mode=subscribe&hub.verify_token={token}&hub.challenge=1",
                project.phone_number_id
            );
            app.get(&path.replace(' ', "+"), &[]).await.status()
        };
        for _ in 0..60 {
            assert_eq!(verify("guess").await, 403);
        }
        assert_eq!((verify("guess").await, verify(VERIFY_TOKEN).await), (429, 429));
        app.advance(SignedDuration::from_secs(60));
        assert_eq!(verify(VERIFY_TOKEN).await, 200);
    }

    async fn calls_and_tests_are_limited_per_key(app: &TestApp) {
        let project = app.project().await;
        let receiver = Receiver::start().await;
        let [one, other] = ["topkee", "other"].map(|service| app.key(&project, service));
        let [one, other] = [format!("Bearer {}", one.await), format!("Bearer {}", other.await)];
        let headers = [JSON, ("authorization", one.as_str())];
        let put = format!("{{\"url\":\"{}\"}}", receiver.url);
        let config = "/integrations/external/webhook-config";
        assert_eq!(app.send(Method::PUT, config, &headers, put).await.status(), 200);
        let test = async || app.send(Method::POST, &format!("{config}/test"), &headers, "").await.status();
        for _ in 0..10 {
            assert_eq!(test().await, 200);
        }
        assert_eq!(test().await, 429);
        assert_eq!(receiver.take().len(), 30);
        app.advance(SignedDuration::from_secs(60));
        let key_row = app.count("SELECT MIN(id) FROM api_keys").await;
        use_up(app, Kind::Calls, Source::row(key_row));
        let list = async |key: &str| app.get("/integrations/external/leads", &[("authorization", key)]).await.status();
        assert_eq!((list(&one).await, list(&other).await), (429, 200));
    }
}
