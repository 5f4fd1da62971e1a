//! The stream of an open panel.

use aurix::chats::post_message::{Said, post_message};
use aurix::domain::account::Role;
use aurix::domain::ids::LeadId;
use aurix::domain::retention::{Kind, Period};
use aurix::domain::time::SignedDuration;
use serde_json::json;

use crate::support::web::{Stream, Visitor};
use crate::support::{TestApp, operator};

both_engines! {
    async fn a_stream_tells_what_comes(app: &TestApp) {
        let chat = app.web_chat().await;
        let mei = Visitor::open(app, &chat).await;
        let mut stream = mei.stream(0).await;
        assert!(stream.head.contains("content-type: text/event-stream"), "{}", stream.head);
        for header in ["cache-control: no-store", "x-accel-buffering: no", "access-control-allow-origin: https://juniper.example"] {
            assert!(stream.head.contains(header), "{header}: {}", stream.head);
        }
        assert!(!stream.head.contains("content-encoding"), "{}", stream.head);
        assert!(stream.reads("\n\n").await.contains("retry: 3000"));
        assert_eq!(stream.event("state").await, json!({"handling": "agent"}));
        mei.says("hello").await;
        assert_eq!(stream.event("message").await["text"], "hello");
        stream.reads("id: 1\n").await;
        assert_eq!(stream.event("typing").await, json!({"typing": true}));
        app.settle().await;
        let came = stream.reads("id: 2\n").await;
        assert!(came.contains("\"from\":\"agent\""), "{came}");
        // The turn ends a moment before its reply has a number.
        if !came.contains("\"typing\":false") {
            assert_eq!(stream.event("typing").await, json!({"typing": false}));
        }
        mei.post("/read", json!({"seq": 2})).await;
        assert_eq!(stream.event("read").await, json!({"seq": 2}));
    }

    async fn a_cut_stream_goes_on_where_it_was(app: &TestApp) {
        let chat = app.web_chat().await;
        let mei = Visitor::open(app, &chat).await;
        let mut stream = mei.stream(0).await;
        mei.says("one").await;
        assert_eq!(stream.event("message").await["seq"], 1);
        drop(stream);
        mei.says("two").await;
        app.settle().await;
        let mut stream = mei.stream(1).await;
        assert_eq!(stream.event("message").await["seq"], 2);
        assert_eq!(stream.event("message").await["seq"], 3);
        assert!(stream.reads("id: 3").await.len() < 20);
    }

    async fn a_person_who_writes_is_seen(app: &TestApp) {
        let chat = app.web_chat().await;
        let ana = app.account("ana@example.com", Some((chat.project, Role::Owner))).await;
        let mei = Visitor::open(app, &chat).await;
        mei.says("hello").await;
        app.settle().await;
        let lead = LeadId(app.count("SELECT id FROM leads").await);
        let mut stream = mei.stream(0).await;
        stream.event("state").await;
        let actor = aurix::domain::actor::Actor::Command { user: None };
        aurix::conversations::take_over::take_over(&app.core, &actor, chat.project, lead).await.expect("taken over");
        assert_eq!(stream.event("state").await, json!({"handling": "with"}));
        aurix::conversations::note_writing::note_writing(&app.core, chat.project, lead, ana.id).await.expect("noted");
        assert_eq!(stream.event("typing").await, json!({"typing": true}));
    }

    async fn a_silent_stream_says_that_it_is_there(app: &TestApp) {
        let chat = app.web_chat().await;
        let mei = Visitor::open(app, &chat).await;
        let mut stream = mei.stream(0).await;
        stream.event("read").await;
        // The clock is moved until the stream's own waiting has begun.
        let ticks = async {
            let mut ticks = tokio::time::interval(std::time::Duration::from_millis(20));
            loop {
                ticks.tick().await;
                app.advance(SignedDuration::from_secs(16));
            }
        };
        tokio::select! { _ = stream.reads("\r\n:") => {}, () = ticks => {} }
    }

    async fn erasing_a_person_ends_their_chat(app: &TestApp) {
        let chat = app.web_chat().await;
        let mei = Visitor::open(app, &chat).await;
        mei.says("hello").await;
        app.settle().await;
        let mut stream = mei.stream(0).await;
        let actor = aurix::domain::actor::Actor::Command { user: None };
        let lead = LeadId(app.count("SELECT id FROM leads").await);
        aurix::conversations::erase_person::erase_person(&app.core, &actor, chat.project, lead).await.expect("erased");
        stream.reads("{\"handling\":\"ended\"}").await;
        assert!(stream.ends().await);
        assert_eq!(app.count("SELECT COUNT(*) FROM chats").await, 0);
        // Nothing is left to connect to; what is written into nothing is stored nowhere.
        assert!(Stream::connect(app, &mei.widget, &mei.token, 0).await.head.starts_with("HTTP/1.1 204"));
        assert_eq!(mei.get("/messages?after=0").await.status(), 204);
        assert_eq!(mei.post("/messages", json!({"client_id": "a", "text": "hello?"})).await.status(), 401);
        assert_eq!(mei.get("/unread").await.status(), 401);
        assert_eq!(app.count("SELECT COUNT(*) FROM messages WHERE text IS NOT NULL").await, 0);
        let anew = mei.post("", json!({})).await.json();
        assert_eq!((anew["token"].is_string(), &anew["last"]), (true, &json!(0)), "a new one begins");
    }

    async fn a_chat_that_goes_while_a_message_comes_takes_none(app: &TestApp) {
        let chat = app.web_chat().await;
        let mei = Visitor::open(app, &chat).await;
        mei.says("hello").await;
        let widget = aurix::clicks::find_widget::find_widget(&app.engines.clicks, &chat.widget).await;
        let widget = widget.expect("read").expect("there");
        let known = aurix::chats::open_chat::find_chat(&app.engines.chats, &widget, &mei.token).await;
        let known = known.expect("read").expect("there");
        app.execute("DELETE FROM chats").await;
        let said = Said { client_id: "late", text: "hello?", field: None };
        let posted = post_message(&app.engines.chats, &known, &said).await;
        assert_eq!(posted.expect("no error"), None);
        assert_eq!(app.count("SELECT COUNT(*) FROM messages").await, 1);
        assert_eq!(app.count("SELECT COUNT(*) FROM notices").await, 0);
    }

    async fn a_chat_that_nobody_uses_goes_with_its_messages(app: &TestApp) {
        let chat = app.web_chat().await;
        let kept = vec![(Kind::Messages, Some(Period::Days(365)))];
        aurix::projects::set_retention::set_retention(&app.core, &operator(), chat.project, kept).await.expect("set");
        let (mei, old) = (Visitor::open(app, &chat).await, Visitor::open(app, &chat).await);
        mei.says("hello").await;
        old.says("hello").await;
        app.settle().await;
        app.advance(SignedDuration::from_hours(24 * 300));
        mei.says("I am back").await;
        app.settle().await;
        app.advance(SignedDuration::from_hours(24 * 100));
        let removed = aurix::maintenance::retention::remove_expired(&app.core, || false).await.expect("removed");
        assert_eq!(removed.chats, 1);
        assert_eq!((old.get("/unread").await.status(), mei.get("/unread").await.status()), (401, 200));
    }

    async fn a_chat_in_which_nothing_was_written_goes_after_a_month(app: &TestApp) {
        let chat = app.web_chat().await;
        let (written, unwritten) = (Visitor::open(app, &chat).await, Visitor::open(app, &chat).await);
        written.says("hello").await;
        app.settle().await;
        app.advance(SignedDuration::from_hours(24 * 31));
        let removed = aurix::maintenance::retention::remove_expired(&app.core, || false).await.expect("removed");
        assert_eq!(removed.chats, 1);
        assert_eq!((written.get("/unread").await.status(), unwritten.get("/unread").await.status()), (200, 401));
    }
}
