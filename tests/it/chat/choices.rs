//! Questions that the panel shows answers to: as buttons, which are the same as typed words.

use aurix::domain::form::Form;
use aurix::projects::set_form::set_form;
use serde_json::{Value, json};

use crate::support::web::{Visitor, WebChat};
use crate::support::{TestApp, operator};

async fn ask_for_outlet(app: &TestApp, chat: &WebChat) {
    let form = json!({"fields": [
        {"key": "outlet", "type": "choice", "required": true, "question": "Which outlet?", "options": ["Orchard Gateway", "Bugis Junction"]},
        {"key": "first", "type": "yes_no", "required": true, "question": "Is it your first time?"},
        {"key": "name", "type": "name"},
        {"key": "email", "type": "email", "required": false},
        {"key": "phone", "type": "phone", "required": true},
    ]});
    let form = Form::parse(&form.to_string()).expect("a form");
    set_form(&app.core, &operator(), chat.project, &form).await.expect("set");
}

/// The newest message, as the panel gets it.
async fn newest(mei: &Visitor<'_>) -> Value {
    mei.app.settle().await;
    let messages = mei.get("/messages?after=0").await.json()["messages"].clone();
    messages.as_array().and_then(|all| all.last()).expect("a message").clone()
}

async fn press(mei: &Visitor<'_>, id: &str, text: &str, field: &str) {
    let response = mei.post("/messages", json!({"client_id": id, "text": text, "field": field})).await;
    assert_eq!(response.status(), 200, "{}", response.text());
}

both_engines! {
    async fn questions_have_answers_to_press_and_a_late_press_is_of_its_own_question(app: &TestApp) {
        let chat = app.web_chat().await;
        ask_for_outlet(app, &chat).await;
        let mei = Visitor::open(app, &chat).await;
        mei.says("hello").await;
        let asked = newest(&mei).await;
        assert_eq!(asked["choices"], json!({"field": "outlet", "options": ["Orchard Gateway", "Bugis Junction"]}), "{asked}");
        assert!(asked["text"].as_str().is_some_and(|text| text.ends_with("Which outlet?")), "buttons need no list: {asked}");
        press(&mei, "press-1", "Bugis Junction", "outlet").await;
        let asked = newest(&mei).await;
        assert_eq!(asked["choices"], json!({"field": "first", "options": ["Yes", "No"]}), "{asked}");
        assert_eq!(app.text("SELECT kind FROM messages WHERE external_id LIKE '%/press-1'").await.as_deref(), Some("choice"));
        press(&mei, "press-2", "Yes", "first").await;
        let asked = newest(&mei).await;
        assert_eq!(asked.get("choices"), None, "a name is typed: {asked}");
        // From a panel that has not seen the later questions yet.
        press(&mei, "press-3", "No", "first").await;
        press(&mei, "press-4", "Orchard Gateway", "outlet").await;
        newest(&mei).await;
        let fields = app.text("SELECT fields FROM leads").await.expect("fields");
        assert!(fields.contains("Orchard Gateway") && fields.contains("\"no\"") && !fields.contains("\"name\""), "{fields}");
        mei.says("Mei Tan").await;
        let asked = newest(&mei).await;
        assert_eq!(asked.get("choices"), None, "one's own number can only be typed: {asked}");
    }

    async fn a_press_of_an_unknown_field_is_typed_words_and_a_long_one_is_refused(app: &TestApp) {
        let chat = app.web_chat().await;
        ask_for_outlet(app, &chat).await;
        let mei = Visitor::open(app, &chat).await;
        mei.says("hello").await;
        app.settle().await;
        press(&mei, "press-1", "Bugis Junction", "no-such-field").await;
        newest(&mei).await;
        assert!(app.text("SELECT fields FROM leads").await.expect("fields").contains("Bugis Junction"));
        let field = "x".repeat(65);
        let refused = mei.post("/messages", json!({"client_id": "press-2", "text": "Yes", "field": field})).await;
        assert_eq!((refused.status(), refused.text().contains("field")), (422, true));
    }
}
