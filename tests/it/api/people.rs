//! Tokens of people: valid where the person is a member, for what their role allows at that time. How they are made and revoked.

use aurix::domain::account::Role;
use aurix::domain::ids::ProjectId;
use aurix::domain::time::SignedDuration;
use aurix::domain::token::TokenOwner;
use aurix::domain::token::TokenScope::{Admin, Read};
use aurix::net::Method;
use aurix::projects::create_token::{NewToken, create_token};
use aurix::projects::members::{change_role, remove_member};
use aurix::projects::update_project::{ProjectChanges, update_project};
use serde_json::{Value, json};

use super::Program;
use crate::support::console::PASSWORD;
use crate::support::{Person, Project, TestApp, operator};

/// The token that a page shows, this once.
fn shown(page: &str) -> String {
    let (_, rest) = page.split_once("<code id=\"new-token\">").expect("a token");
    rest.split_once('<').expect("its end").0.to_owned()
}

/// What the project lets its members and viewers do.
async fn set(app: &TestApp, project: &Project, changes: ProjectChanges) {
    update_project(&app.core, &operator(), project.id, changes).await.expect("it is changed");
}

both_engines! {
    async fn a_persons_token_may_what_their_role_allows_now(app: &TestApp) {
        let project = app.project().await;
        let mei = app.account("mei@example.com", Some((project.id, Role::Admin))).await;
        app.account("tan@example.com", Some((project.id, Role::Owner))).await;
        let program = Program::of(app, TokenOwner::Person(mei.id), &project, Admin).await;
        let rename = async || program.send(Method::PATCH, "", &json!({"name": "Juniper"})).await.status();
        let add = async || program.send(Method::POST, "/webhooks", &json!({"url": "https://example.com/"})).await.status();
        assert_eq!((rename().await, add().await), (403, 201));
        let last = "SELECT actor_kind || ' ' || actor_name || ' ' || action FROM audit ORDER BY id DESC LIMIT 1";
        assert_eq!(app.text(last).await.as_deref(), Some("person mei@example.com webhook.add"));
        change_role(&app.core, &operator(), project.id, mei.id, Role::Owner).await.expect("another role");
        assert_eq!((rename().await, add().await), (200, 201));
        change_role(&app.core, &operator(), project.id, mei.id, Role::Member).await.expect("another role");
        assert_eq!((rename().await, add().await), (403, 403));
        remove_member(&app.core, &operator(), project.id, mei.id).await.expect("removed");
        assert_eq!((rename().await, add().await), (404, 404));
        app.engines.accounts.remove_user(&operator(), &mei).await.expect("removed");
        assert_eq!(rename().await, 401);
    }

    async fn a_persons_token_may_no_more_than_its_scope(app: &TestApp) {
        let project = app.project().await;
        let mei = app.account("mei@example.com", Some((project.id, Role::Owner))).await;
        let program = Program::of(app, TokenOwner::Person(mei.id), &project, Read).await;
        assert_eq!(program.get("/webhooks").await.status(), 200);
        assert_eq!(program.send(Method::POST, "/webhooks", &json!({"url": "https://example.com/"})).await.status(), 403);
    }

    async fn a_viewer_who_sees_masked_numbers_reads_none_by_a_token(app: &TestApp) {
        let project = app.project().await;
        let lee = app.account("lee@example.com", Some((project.id, Role::Viewer))).await;
        let sam = app.account("sam@example.com", Some((project.id, Role::Member))).await;
        let viewer = Program::of(app, TokenOwner::Person(lee.id), &project, Admin).await;
        let member = Program::of(app, TokenOwner::Person(sam.id), &project, Admin).await;
        Person::new(app, &project, "6587654321").writes("Hello, I am Mei Tan").await;
        app.settle().await;
        let lead = format!("/leads/{}", member.read("/leads").await["data"][0]["lead_id"]);
        let paths = ["/leads", &lead, "/conversations", "/conversations/1", "/conversations/1/messages", "/events", "/deliveries"];
        for path in paths {
            assert_eq!((viewer.get(path).await.status(), member.get(path).await.status()), (200, 200), "{path}");
        }
        set(app, &project, ProjectChanges { viewers_see_masked: Some(true), ..ProjectChanges::default() }).await;
        for path in paths {
            assert_eq!((viewer.get(path).await.status(), member.get(path).await.status()), (403, 200), "{path}");
        }
        assert_eq!(viewer.get("/widgets").await.status(), 200);
        assert_eq!(member.get("/exports/leads.csv").await.status(), 403);
        set(app, &project, ProjectChanges { members_may_export: Some(true), ..ProjectChanges::default() }).await;
        assert_eq!(member.get("/exports/leads.csv").await.status(), 200);
    }

    async fn a_persons_token_lists_their_projects_and_an_operators_all(app: &TestApp) {
        let (project, other) = (app.project().await, app.project_named("Other", "222").await);
        app.project_named("Third", "333").await;
        let mei = app.account("mei@example.com", Some((other.id, Role::Viewer))).await;
        let boss = app.operator_account("boss@example.com").await;
        let names = async |user| {
            let program = Program::of(app, TokenOwner::Person(user), &project, Read).await;
            let page = Program { base: "/api/v1/projects".to_owned(), ..program }.read("").await;
            page["data"].as_array().expect("rows").iter().map(|row| row["name"].clone()).collect::<Vec<_>>()
        };
        assert_eq!(names(mei.id).await, ["Other"]);
        assert_eq!(names(boss.id).await, ["A shop", "Other", "Third"]);
        let program = Program::of(app, TokenOwner::Person(boss.id), &project, Admin).await;
        assert_eq!(program.send(Method::PATCH, "", &json!({"name": "Juniper"})).await.status(), 200);
    }

    async fn a_person_makes_and_revokes_a_token_of_their_own(app: &TestApp) {
        let project = app.project().await;
        app.account("mei@example.com", Some((project.id, Role::Member))).await;
        app.account("sam@example.com", Some((project.id, Role::Member))).await;
        let (mei, sam) = (app.signed_in("mei@example.com").await, app.signed_in("sam@example.com").await);
        let new = [("token_name", "Sheets"), ("scope", "write"), ("days", "30")];
        app.advance(SignedDuration::from_mins(11));
        let asked = mei.post("/account/tokens", &new).await;
        assert!(asked.header("location").starts_with("/confirm"), "{}", asked.text());
        mei.post("/confirm", &[("password", PASSWORD), ("next", "/account")]).await;
        assert_eq!(mei.post("/account/tokens", &[("token_name", ""), ("scope", "write"), ("days", "30")]).await.status(), 422);
        let token = shown(&mei.post("/account/tokens", &new).await.text());
        let program = Program::with(app, &project, &token);
        assert_eq!(program.get("/leads").await.status(), 200);
        assert_eq!(program.get("/keys").await.status(), 403);
        let page = mei.get("/account").await.text();
        assert!(page.contains("Sheets") && !page.contains(&token), "it is shown once");
        assert!(!sam.get("/account").await.text().contains("Sheets"));
        let id = app.text("SELECT public_id FROM tokens").await.expect("a token");
        assert_eq!(sam.post("/account/tokens/revoke", &[("token", &id)]).await.status(), 404);
        assert_eq!(program.get("/leads").await.status(), 200);
        assert_eq!(mei.post("/account/tokens/revoke", &[("token", &id)]).await.status(), 303);
        assert_eq!(program.get("/leads").await.status(), 401);

        let token = shown(&mei.post("/account/tokens", &new).await.text());
        app.advance(SignedDuration::from_hours(30 * 24));
        assert_eq!(Program::with(app, &project, &token).get("/leads").await.status(), 401);
    }

    async fn an_admin_makes_a_token_of_the_project_and_owners_alone_one_that_decides_on_people(app: &TestApp) {
        let project = app.project().await;
        app.account("mei@example.com", Some((project.id, Role::Admin))).await;
        app.account("tan@example.com", Some((project.id, Role::Owner))).await;
        let (admin, owner) = (app.signed_in("mei@example.com").await, app.signed_in("tan@example.com").await);
        let page = format!("/p/{}/api", project.public_id);
        let new = |scope| [("name", "CRM"), ("scope", scope), ("days", "0")];
        assert_eq!(admin.post(&format!("{page}/tokens"), &new("admin")).await.status(), 403);
        let token = shown(&admin.post(&format!("{page}/tokens"), &new("write")).await.text());
        let program = Program::with(app, &project, &token);
        assert_eq!((program.get("/leads").await.status(), program.get("/keys").await.status()), (200, 403));
        assert!(!admin.get(&page).await.text().contains(&token), "it is shown once");
        let of_owner = shown(&owner.post(&format!("{page}/tokens"), &new("admin")).await.text());
        assert_eq!(Program::with(app, &project, &of_owner).get("/keys").await.status(), 200);
        let id = app.text("SELECT public_id FROM tokens WHERE scope = 'write'").await.expect("a token");
        assert_eq!(admin.post(&format!("{page}/tokens/revoke"), &[("token", &id)]).await.status(), 303);
        assert_eq!(program.get("/leads").await.status(), 401);
    }

    async fn a_token_of_nobody_who_is_there_is_not_made(app: &TestApp) {
        let new = || NewToken { name: "one".to_owned(), scope: Read, expires_at: None };
        for owner in [TokenOwner::Project(ProjectId(99)), TokenOwner::Person(aurix::domain::ids::UserId(99))] {
            assert!(create_token(&app.core, &operator(), owner, new()).await.is_err(), "{owner:?}");
        }
        assert_eq!(app.count("SELECT COUNT(*) FROM tokens").await, 0);
    }

    async fn the_answers_to_a_persons_calls_go_with_their_account(app: &TestApp) {
        let project = app.project().await;
        let mei = app.account("mei@example.com", Some((project.id, Role::Owner))).await;
        let program = Program::of(app, TokenOwner::Person(mei.id), &project, Admin).await;
        let made = program.send_with(Method::POST, "/keys", &[("idempotency-key", "one")], &Value::Object(Default::default())).await;
        assert_eq!(made.status(), 201, "{}", made.text());
        assert_eq!(app.count("SELECT COUNT(*) FROM idempotency_keys").await, 1);
        app.account("tan@example.com", Some((project.id, Role::Owner))).await;
        app.engines.accounts.remove_user(&operator(), &mei).await.expect("removed");
        assert_eq!(app.count("SELECT (SELECT COUNT(*) FROM idempotency_keys) + (SELECT COUNT(*) FROM tokens)").await, 0);
    }
}
