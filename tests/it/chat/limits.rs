//! What a chat refuses, and whom.

use aurix::chats::follow::{NoSeat, follow};
use aurix::chats::open_chat::find_chat;
use aurix::clicks::find_widget::find_widget;
use aurix::domain::time::SignedDuration;
use aurix::net::Method;
use serde_json::json;

use crate::support::TestApp;
use crate::support::web::{SITE, Stream, Visitor};

both_engines! {
    async fn a_foreign_site_reads_that_it_is_refused_and_nothing_else(app: &TestApp) {
        let chat = app.web_chat().await;
        let mei = Visitor::open(app, &chat).await;
        let bearer = format!("Bearer {}", mei.token);
        let headers = [("origin", "https://elsewhere.example"), ("authorization", bearer.as_str()), ("content-type", "application/json")];
        for (method, path) in [
            (Method::POST, ""),
            (Method::POST, "/messages"),
            (Method::GET, "/messages"),
            (Method::GET, "/events"),
            (Method::POST, "/read"),
            (Method::GET, "/unread"),
        ] {
            let body = json!({"client_id": "a", "text": "hello", "seq": 1}).to_string();
            let body = if method == Method::GET { String::new() } else { body };
            let response = app.send(method.clone(), &format!("/chat/{}{path}", chat.widget), &headers, body).await;
            let readable = response.header("access-control-allow-origin");
            assert_eq!((response.status(), readable), (403, "https://elsewhere.example"), "{method} {path}");
            assert_eq!(response.header("access-control-expose-headers"), "retry-after, link");
            assert_eq!(response.header("link"), format!("</c/{}>; rel=\"alternate\"", chat.widget), "where it is to be had");
            assert_eq!(response.json()["detail"], "This site is not on the widget's list of origins.");
        }
        assert_eq!(app.count("SELECT COUNT(*) FROM messages").await, 0);
        // A browser has to send the request for its script to learn that; it may not send anything else.
        let asked = app.send(Method::OPTIONS, &format!("/chat/{}", chat.widget), &headers[..1], "").await;
        assert_eq!((asked.status(), asked.header("access-control-allow-credentials")), (204, ""));
        let gone = app.send(Method::POST, "/chat/w_00000000000000000000", &headers, "{}").await;
        let readable = gone.header("access-control-allow-origin");
        assert_eq!((gone.status(), readable, gone.header("link")), (404, "https://elsewhere.example", ""));
        // Its own page is served from here.
        let own = [("origin", app.base_url.as_str()), ("content-type", "application/json")];
        assert_eq!(app.send(Method::POST, &format!("/chat/{}", chat.widget), &own, "{}").await.status(), 200);
    }

    async fn the_site_may_ask_before_it_sends_a_token(app: &TestApp) {
        let chat = app.web_chat().await;
        let asks = [("origin", SITE), ("access-control-request-method", "POST")];
        for path in ["", "/messages", "/events", "/read", "/unread"] {
            let response = app.send(Method::OPTIONS, &format!("/chat/{}{path}", chat.widget), &asks, "").await;
            let allowed = (response.header("access-control-allow-origin"), response.header("access-control-allow-headers"));
            assert_eq!((response.status(), allowed), (204, (SITE, "authorization, content-type")), "{path}");
            assert_eq!(response.header("access-control-allow-credentials"), "");
        }
    }

    async fn a_token_is_good_for_its_own_widget_only(app: &TestApp) {
        let chat = app.web_chat().await;
        let other = app.widget(chat.project, &chat.channel, &[SITE]).await;
        let mei = Visitor::open(app, &chat).await;
        mei.says("hello").await;
        let foreign = Visitor { widget: other, token: mei.token.clone(), opened: json!(null), ..Visitor::open(app, &chat).await };
        assert_eq!(foreign.post("/messages", json!({"client_id": "a", "text": "hello"})).await.status(), 401);
        assert_eq!(foreign.get("/unread").await.status(), 401);
        assert_eq!(foreign.post("/read", json!({"seq": 1})).await.status(), 401);
        assert_eq!(foreign.get("/messages").await.status(), 204);
        assert!(Stream::connect(app, &foreign.widget, &foreign.token, 0).await.head.starts_with("HTTP/1.1 204"));
        let wrong = Visitor { token: "0".repeat(64), ..Visitor::open(app, &chat).await };
        assert_eq!(wrong.post("/messages", json!({"client_id": "a", "text": "hello"})).await.status(), 401);
        // Nor is one that stands in the address.
        let path = format!("/chat/{}/unread?token={}", chat.widget, mei.token);
        assert_eq!(app.get(&path, &[("origin", SITE)]).await.status(), 401);
        assert_eq!(app.count("SELECT COUNT(*) FROM messages").await, 1);
    }

    async fn a_widget_of_another_platform_opens_no_chat(app: &TestApp) {
        let project = app.project().await;
        let response = app.send(Method::POST, &format!("/chat/{}", project.widget_id), &[("content-type", "application/json")], "{}").await;
        assert_eq!(response.status(), 404);
        assert!(response.text().contains("opens WhatsApp"), "{}", response.text());
    }

    async fn a_message_says_something_and_not_too_much(app: &TestApp) {
        let chat = app.web_chat().await;
        let mei = Visitor::open(app, &chat).await;
        let status = async |client_id: &str, text: &str| {
            let response = mei.post("/messages", json!({"client_id": client_id, "text": text})).await;
            assert_eq!(response.header("access-control-allow-origin"), SITE, "the panel reads why");
            response.status()
        };
        assert_eq!(status("a", " \n\0").await, 422);
        assert_eq!(status("", "hello").await, 422);
        assert_eq!(status("a/b", "hello").await, 422);
        assert_eq!(status(&"a".repeat(65), "hello").await, 422);
        assert_eq!(status("a", &"é".repeat(4_001)).await, 413);
        assert_eq!(status("b", &"a".repeat(9_000)).await, 413);
        assert_eq!(status("c", &"é".repeat(3_900)).await, 200);
        assert_eq!(mei.get("/messages?after=-1").await.status(), 422);
        assert_eq!(mei.get("/events?after=x").await.status(), 422);
        assert_eq!(app.count("SELECT COUNT(*) FROM messages").await, 1);
    }

    async fn twenty_messages_a_minute_are_enough_for_a_chat(app: &TestApp) {
        let chat = app.web_chat().await;
        let (mei, other) = (Visitor::open(app, &chat).await, Visitor::open(app, &chat).await);
        for _ in 0..20 {
            mei.says("hello").await;
        }
        let refused = mei.post("/messages", json!({"client_id": "late", "text": "hello"})).await;
        assert_eq!((refused.status(), refused.header("retry-after")), (429, "3"));
        assert_eq!(refused.header("access-control-expose-headers"), "retry-after, link");
        other.says("hello").await;
        app.advance(SignedDuration::from_secs(3));
        mei.says_as("late", "hello").await;
    }

    async fn an_address_opens_so_many_chats_of_a_widget(app: &TestApp) {
        let chat = app.web_chat().await;
        let mei = Visitor::open(app, &chat).await;
        for _ in 1..120 {
            Visitor::open(app, &chat).await;
        }
        let new = Visitor { token: String::new(), ..Visitor::open_with(app, &app.web_chat().await, json!({})).await };
        let new = Visitor { widget: chat.widget.clone(), ..new };
        assert_eq!(new.post("", json!({})).await.status(), 429);
        assert_eq!(mei.post("", json!({})).await.status(), 200, "whoever has one comes back to it");
    }

    async fn a_process_takes_so_many_streams(app: &TestApp) {
        let chat = app.web_chat().await;
        let chats = app.engines.chats.clone().with_streams_max(2);
        let widget = find_widget(&app.engines.clicks, &chat.widget).await.expect("read").expect("there");
        let mut seated = Vec::new();
        for _ in 0..2 {
            let visitor = Visitor::open(app, &chat).await;
            let found = find_chat(&chats, &widget, &visitor.token).await.expect("read").expect("there");
            seated.push(follow(&chats, found, 0).await.expect("read").expect("a seat"));
        }
        let late = Visitor::open(app, &chat).await;
        let late = find_chat(&chats, &widget, &late.token).await.expect("read").expect("there");
        assert_eq!(follow(&chats, late.clone(), 0).await.expect("read").err(), Some(NoSeat::Full));
        seated.pop();
        assert!(follow(&chats, late, 0).await.expect("read").is_ok(), "one has left");
    }

    async fn one_visitor_has_a_few_streams(app: &TestApp) {
        let chat = app.web_chat().await;
        let mei = Visitor::open(app, &chat).await;
        let mut streams = Vec::new();
        for _ in 0..8 {
            streams.push(mei.stream(0).await);
        }
        assert_eq!(app.engines.chats.open_streams(), 8);
        assert!(Stream::connect(app, &mei.widget, &mei.token, 0).await.head.starts_with("HTTP/1.1 429"));
        Visitor::open(app, &chat).await.stream(0).await;
        streams.clear();
        crate::support::until("the streams are closed", std::time::Duration::from_secs(30), async || {
            app.engines.chats.open_streams() == 0
        })
        .await;
        mei.stream(0).await;
    }
}
