//! Settings of a project, its keys, its audit log, and the page of the instance.

use aurix::domain::account::Role;

use crate::support::TestApp;

both_engines! {
    async fn settings_hold_for_what_comes_next(app: &TestApp) {
        let project = app.project().await;
        app.account("oli@example.com", Some((project.id, Role::Owner))).await;
        let browser = app.signed_in("oli@example.com").await;
        let settings = format!("/p/{}/settings", project.public_id);
        let wrong = [("name", ""), ("region", "Germany"), ("timezone", "Berlin")];
        assert_eq!(browser.post(&settings, &wrong).await.status(), 422);
        let fields = [("name", "Bikes"), ("region", "DE"), ("timezone", "Europe/Berlin"), ("lead_created", "contact")];
        assert_eq!(browser.post(&settings, &fields).await.status(), 303);
        let shown = browser.get(&settings).await.text();
        assert!(shown.contains("value=\"Bikes\"") && shown.contains("value=\"contact\" selected"), "{shown}");

        let silence = [("nudge_after", "never"), ("abandoned_after", "72h")];
        assert_eq!(browser.post(&settings, &[&fields[..], &silence[..]].concat()).await.status(), 303);
        let seconds = "SELECT abandoned_after / 1000000 FROM projects WHERE nudge_after IS NULL";
        assert_eq!(app.count(seconds).await, 72 * 3600);
        let shown = browser.get(&settings).await.text();
        assert!(shown.contains("value=\"never\" selected") && shown.contains("value=\"72h\" selected"), "{shown}");

        let answers = format!("{settings}/answers");
        assert_eq!(browser.post(&answers, &[("minutes", "0")]).await.status(), 422);
        assert_eq!(browser.post(&answers, &[("minutes", "30"), ("agent_resumes", "on")]).await.status(), 303);
        assert_eq!(app.count("SELECT unanswered_after FROM projects WHERE agent_resumes").await, 30 * 60_000_000);
        let privacy = format!("{settings}/privacy");
        let refused = browser.post(&privacy, &[("ip", "omitted"), ("messages", "1d")]).await;
        assert!(refused.status() == 422 && refused.text().contains("8 to 36500 days"), "{}", refused.text());
        assert_eq!(app.text("SELECT ip_policy FROM projects").await.as_deref(), Some("full"), "nothing was saved");
        let fields = [("ip", "omitted"), ("clicks", "90d"), ("members_may_export", "on")];
        assert_eq!(browser.post(&privacy, &fields).await.status(), 303);
        assert_eq!(app.text("SELECT ip_policy FROM projects").await.as_deref(), Some("omitted"));
        assert_eq!(app.count("SELECT days FROM retention WHERE kind = 'clicks'").await, 90);
        assert_eq!(app.count("SELECT COUNT(*) FROM projects WHERE members_may_export AND NOT viewers_see_masked").await, 1);
    }

    async fn a_key_is_shown_once_and_revoked(app: &TestApp) {
        let project = app.project().await;
        app.account("ada@example.com", Some((project.id, Role::Admin))).await;
        let browser = app.signed_in("ada@example.com").await;
        let api = format!("/p/{}/api", project.public_id);
        assert_eq!(browser.post(&format!("{api}/keys"), &[("service", "Top Kee")]).await.status(), 422);
        let made = browser.post(&format!("{api}/keys"), &[("service", "topkee")]).await.text();
        let key = made.split("id=\"key\">").nth(1).and_then(|rest| rest.split('<').next()).expect("a key").to_owned();
        assert!(!browser.get(&api).await.text().contains(&key), "shown once");
        assert!(browser.get(&api).await.text().contains("never"), "not used yet");
        let bearer = format!("Bearer {key}");
        let leads = async || app.get("/integrations/topkee/leads", &[("authorization", bearer.as_str())]).await.status();
        assert_eq!(leads().await, 200);
        assert!(!browser.get(&api).await.text().contains("never"), "its use is known");
        let reference = browser.get(&format!("{api}/reference")).await.text();
        assert!(reference.contains(&format!("{}/integrations/topkee/leads", app.base_url)), "this server's address");
        assert!(reference.contains(&key[..16]) && !reference.contains(&key), "the key's prefix alone");
        let id = app.text("SELECT public_id FROM api_keys").await.expect("a key");
        assert_eq!(browser.post(&format!("{api}/keys/revoke"), &[("key", &id)]).await.status(), 303);
        assert_eq!(leads().await, 401);
    }

    async fn the_audit_log_names_who_changed_what(app: &TestApp) {
        let project = app.project().await;
        app.account("ada@example.com", Some((project.id, Role::Admin))).await;
        let browser = app.signed_in("ada@example.com").await;
        let api = format!("/p/{}/api/keys", project.public_id);
        for nth in 0..60 {
            assert_eq!(browser.post(&api, &[("service", &format!("s{nth}"))]).await.status(), 200);
        }
        let audit = format!("/p/{}/settings/audit", project.public_id);
        let page = browser.get(&audit).await.text();
        assert!(page.contains("<code>key.create</code>") && page.contains("ada@example.com") && page.contains("service_name: s59"));
        assert!(!page.contains("service_name: s9<"), "a page has 50");
        let next = page.split("?before=").nth(1).and_then(|rest| rest.split('"').next()).expect("older ones");
        let older = browser.get(&format!("{audit}?before={next}")).await.text();
        assert!(older.contains("service_name: s9<") && older.contains("command by mei"), "{older}");
        // More than is read at once.
        for _ in 0..4 {
            let doubled = "INSERT INTO audit (project_id, at, actor_kind, actor_id, actor_name, action, object_kind, object_id, detail)
                           SELECT project_id, at, actor_kind, actor_id, actor_name, action, object_kind, object_id, detail FROM audit";
            app.execute(doubled).await;
        }
        let file = browser.get(&format!("{audit}.csv")).await;
        assert!(file.header("content-type").starts_with("text/csv"));
        let count = app.count("SELECT COUNT(*) FROM audit WHERE project_id = (SELECT id FROM projects)").await;
        assert_eq!((file.text().trim_end().split("\r\n").count() as i64, count > 900), (count + 1, true));
        assert!(file.text().starts_with("\u{feff}at,action,who"), "{}", file.text());
    }

    async fn the_instance_is_the_operators_alone(app: &TestApp) {
        let project = app.project().await;
        let mei = app.operator_account("mei@example.com").await;
        let ben = app.account("ben@example.com", Some((project.id, Role::Owner))).await;
        let browser = app.signed_in("mei@example.com").await;
        let page = browser.get("/instance").await.text();
        assert!(page.contains("ben@example.com") && page.contains(app.core.db.engine()), "{page}");
        assert!(browser.get(&format!("/p/{}/people", project.public_id)).await.status() == 200, "she may enter every project");
        assert!(browser.post("/instance/link", &[("user", &ben.public_id)]).await.text().contains("/reset/"));
        assert_eq!(browser.post("/instance/remove", &[("user", &mei.public_id)]).await.status(), 422, "the only operator");
        assert_eq!(browser.post("/instance/remove", &[("user", &ben.public_id)]).await.status(), 303);
        assert_eq!(app.browser().sign_in("ben@example.com", crate::support::console::PASSWORD).await.status(), 422);
    }
}
