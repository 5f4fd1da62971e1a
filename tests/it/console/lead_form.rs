//! The lead form's pages: its texts in other languages, and other words for options.

use aurix::domain::account::Role;
use aurix::domain::form::Form;

use crate::support::TestApp;

both_engines! {
    async fn texts_in_another_language_are_kept_and_stay_when_the_form_is_saved(app: &TestApp) {
        let project = app.project().await;
        app.account("ada@example.com", Some((project.id, Role::Admin))).await;
        let browser = app.signed_in("ada@example.com").await;
        let (form, texts) = (format!("/p/{}/form", project.public_id), format!("/p/{}/form/texts", project.public_id));
        let spanish = [("language", "es"), ("greeting", "Hola <b>"), ("question.name", "¿Cómo se llama?"),
                       ("sentence.thanks", "¡Gracias mil!")];
        assert_eq!(browser.post(&texts, &spanish).await.status(), 303);
        let shown = browser.get(&format!("{texts}?language=es")).await.text();
        assert!(shown.contains("¡Gracias mil!") && !shown.contains("Hola <b>"), "{shown}");

        let refused = browser.post(&texts, &[("language", "es"), ("sentence.meant", "¿Qué?")]).await;
        assert_eq!(refused.status(), 422);
        let refused = refused.text();
        assert!(refused.contains("the same words in braces") && refused.contains("¿Qué?"), "what was typed stays: {refused}");

        let carried = r#"{"es":{"greeting":"Hola <b>","questions":{"name":"¿Cómo se llama?"},"sentences":{"thanks":"¡Gracias mil!"}}}"#;
        let mut fields = vec![("do", "save"), ("greeting", "Hi"), ("language", "en"), ("follow_language", "no"), ("texts", carried)];
        for (key, kind) in [("name", "name"), ("email", "email"), ("phone", "phone"), ("cut", "choice")] {
            let is_choice = kind == "choice";
            fields.extend([("key", key), ("type", kind), ("required", "yes"), ("question", "")]);
            fields.push(("options", if is_choice { "Short\nLong" } else { "" }));
            fields.push(("synonyms", if is_choice { "Short: corto, 短" } else { "" }));
        }
        assert_eq!(browser.post(&form, &fields).await.status(), 303);
        let json = app.text("SELECT form FROM projects WHERE form IS NOT NULL").await.expect("it was set");
        let saved = Form::parse(&json).expect("it was checked");
        assert_eq!(saved.field("cut").expect("a field").synonyms["Short"], ["corto", "短"]);
        assert_eq!((saved.follow_language, saved.texts["es"].sentences["thanks"].as_str()), (false, "¡Gracias mil!"));
        fields.retain(|(name, _)| *name != "texts");
        assert_eq!(browser.post(&form, &fields).await.status(), 303);
        let json = app.text("SELECT form FROM projects WHERE form IS NOT NULL").await.expect("it was set");
        assert!(json.contains("¡Gracias mil!"), "a page without texts takes none away: {json}");
        let reasons = [("language", "es"), ("reason.cut", "Para el peluquero.")];
        assert_eq!(browser.post(&texts, &reasons).await.status(), 303);
        fields.extend(["", "", "", "For the <right> chair."].map(|reason| ("reason", reason)));
        assert_eq!(browser.post(&form, &fields).await.status(), 303);
        let json = app.text("SELECT form FROM projects WHERE form IS NOT NULL").await.expect("it was set");
        let saved = Form::parse(&json).expect("it was checked");
        assert_eq!(saved.field("cut").expect("a field").reason, "For the <right> chair.");
        assert_eq!(saved.texts["es"].reasons["cut"], "Para el peluquero.");
        let shown = browser.get(&form).await.text();
        assert!(shown.contains(r#"name="reason" value="For the &#60;right&#62; chair.""#), "{shown}");
        let shown = browser.get(&format!("{texts}?language=es")).await.text();
        assert!(shown.contains(r#"name="reason.cut" value="Para el peluquero.""#), "{shown}");
        assert!(!shown.contains("reason.email"), "a field without a reason has none to translate: {shown}");
        let long = "a".repeat(201);
        let refused = browser.post(&texts, &[("language", "es"), ("reason.cut", &long)]).await;
        assert_eq!(refused.status(), 422);
        assert!(refused.text().contains("the reason of cut is longer than 200 characters"));

        let empty = [("language", "es")];
        assert_eq!(browser.post(&texts, &empty).await.status(), 303);
        let json = app.text("SELECT form FROM projects WHERE form IS NOT NULL").await.expect("it was set");
        assert!(Form::parse(&json).expect("it was checked").texts.is_empty(), "{json}");
    }

    async fn the_try_out_says_the_reason_of_a_field(app: &TestApp) {
        let project = app.project().await;
        app.account("ada@example.com", Some((project.id, Role::Admin))).await;
        let browser = app.signed_in("ada@example.com").await;
        let mut talk = String::new();
        for said in ["hello", "why do you need it?"] {
            let mut fields = vec![("do", "try"), ("greeting", ""), ("language", "en"), ("said", said), ("talk", &talk)];
            for (key, reason) in [("name", "So that we know what to call you."), ("email", ""), ("phone", "")] {
                fields.extend([("key", key), ("type", key), ("required", "yes"), ("question", ""), ("reason", reason)]);
            }
            let shown = browser.post(&format!("/p/{}/form", project.public_id), &fields).await.text();
            let is_said = shown.contains("<p class=\"msg out\">So that we know what to call you.");
            assert_eq!(is_said, said != "hello", "{shown}");
            let carried = shown.split_once(r#"name="talk" value=""#).and_then(|(_, rest)| rest.split_once('"'));
            talk = carried.expect("the page carries the talk").0.replace("&#34;", "\"");
        }
    }
}
