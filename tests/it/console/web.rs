//! The pages of a chat on the page: adding it, what it says, and the widgets that open it.

use aurix::domain::account::Role;
use serde_json::json;

use crate::support::TestApp;
use crate::support::web::Visitor;

both_engines! {
    async fn a_chat_is_added_and_its_panel_says_so(app: &TestApp) {
        let chat = app.web_chat().await;
        app.account("ada@example.com", Some((chat.project, Role::Admin))).await;
        let browser = app.signed_in("ada@example.com").await;
        let new = format!("/p/{}/channels/new/web", chat.public_id);
        assert!(browser.get(&new).await.text().contains("value=\"Juniper Table\""), "the project's name is offered");
        let refused = browser.post(&new, &[("title", &"a".repeat(61)), ("greeting", "Hi & bye")]).await;
        assert!(refused.status() == 422 && refused.text().contains("Use one line of 60 characters at most"), "{}", refused.text());
        assert!(refused.text().contains("Hi &#38; bye</textarea>"), "what was typed stays: {}", refused.text());
        let refused = browser.post(&new, &[("title", ""), ("greeting", &"a".repeat(501))]).await;
        assert!(refused.status() == 422 && refused.text().contains("Use 500 characters at most"), "{}", refused.text());
        let added = browser.post(&new, &[("title", "Late shift"), ("greeting", "Good evening!")]).await;
        assert_eq!(added.status(), 303);
        let page = browser.get(added.header("location")).await.text();
        assert!(page.contains("Late shift") && page.contains("Good evening!") && page.contains("No widget opens this chat yet"), "{page}");
        let list = browser.get(&format!("/p/{}/channels", chat.public_id)).await.text();
        assert!(list.contains(">Late shift</a>") && list.contains(">Chat on the page</td>"), "{list}");
        assert_eq!(app.count("SELECT COUNT(*) FROM audit WHERE action = 'channel.add'").await, 2);
    }

    async fn what_is_changed_is_what_the_next_visitor_sees(app: &TestApp) {
        let chat = app.web_chat().await;
        app.account("ada@example.com", Some((chat.project, Role::Admin))).await;
        let browser = app.signed_in("ada@example.com").await;
        let page = format!("/p/{}/channels/{}", chat.public_id, chat.channel);
        assert_eq!(browser.post(&format!("{page}/edit"), &[("title", "Juniper"), ("greeting", "Hi <b>you</b>")]).await.status(), 303);
        let mei = Visitor::open(app, &chat).await;
        assert_eq!((&mei.opened["agent"]["name"], &mei.opened["greeting"]), (&json!("Juniper"), &json!("Hi <b>you</b>")));
        let shown = browser.get(&page).await.text();
        assert!(shown.contains("Hi &#60;b&#62;you") && shown.contains("No visitor has written yet"), "{shown}");
        assert!(shown.contains(&format!("/chat/{}", chat.widget)), "the chat's own page is a press away");
        mei.says("hello").await;
        assert!(browser.get(&page).await.text().contains("A visitor wrote"));
    }

    async fn a_widget_of_it_has_a_tag_that_opens_it(app: &TestApp) {
        let chat = app.web_chat().await;
        app.account("ada@example.com", Some((chat.project, Role::Admin))).await;
        let browser = app.signed_in("ada@example.com").await;
        let page = browser.get(&format!("/p/{}/widgets/{}", chat.public_id, chat.widget)).await.text();
        assert!(page.contains("data-chat") && page.contains("Chat on the page Juniper Table"), "{page}");
        assert!(browser.get(&format!("/p/{}/widgets", chat.public_id)).await.text().contains(">Chat on the page</td>"));
    }

    async fn a_conversation_of_it_has_no_window(app: &TestApp) {
        let chat = app.web_chat().await;
        app.account("ada@example.com", Some((chat.project, Role::Admin))).await;
        let browser = app.signed_in("ada@example.com").await;
        let mei = Visitor::open(app, &chat).await;
        mei.says("hello").await;
        app.settle().await;
        app.advance(aurix::domain::time::SignedDuration::from_hours(24 * 9));
        let lead = app.count("SELECT id FROM leads").await;
        let page = browser.get(&format!("/p/{}/leads/{lead}", chat.public_id)).await.text();
        assert!(page.contains("Somebody on the page"), "{page}");
        assert!(!page.contains("24 hours"), "{page}");
        let seen = app.count("SELECT MAX(id) FROM messages").await.to_string();
        let sent = browser.post(&format!("/p/{}/leads/{lead}/reply", chat.public_id), &[("text", "Still here"), ("seen", &seen)]).await;
        assert_eq!(sent.status(), 303, "{}", sent.text());
        app.settle().await;
        assert!(mei.since(0).await.iter().any(|(_, text)| text == "Still here"));
    }

    async fn a_foreign_projects_chat_is_not_there(app: &TestApp) {
        let (chat, other) = (app.web_chat().await, app.web_chat().await);
        app.account("ada@example.com", Some((chat.project, Role::Admin))).await;
        let browser = app.signed_in("ada@example.com").await;
        let foreign = format!("/p/{}/channels/{}", chat.public_id, other.channel);
        assert_eq!(browser.get(&foreign).await.status(), 404);
        assert_eq!(browser.post(&format!("{foreign}/edit"), &[("title", "Mine"), ("greeting", "")]).await.status(), 404);
        assert_eq!(Visitor::open(app, &other).await.opened["agent"]["name"], "Juniper Table");
    }
}
