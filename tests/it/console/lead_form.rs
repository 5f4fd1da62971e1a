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
        let empty = [("language", "es")];
        assert_eq!(browser.post(&texts, &empty).await.status(), 303);
        let json = app.text("SELECT form FROM projects WHERE form IS NOT NULL").await.expect("it was set");
        assert!(Form::parse(&json).expect("it was checked").texts.is_empty(), "{json}");
    }
}
