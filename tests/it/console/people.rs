//! People of a project: invitations, roles, and that a project keeps an owner.

use aurix::domain::account::Role;

use crate::support::TestApp;
use crate::support::console::PASSWORD;

/// The path in the link that a page shows once.
fn link(app: &TestApp, page: &str) -> String {
    let start = page.find(&format!("{}/", app.base_url)).expect("a link");
    let url = page[start..].split(['<', '"']).next().expect("its end");
    url.strip_prefix(&app.base_url).expect("of this server").to_owned()
}

both_engines! {
    async fn an_invitation_is_taken_up_once(app: &TestApp) {
        let project = app.project().await;
        app.account("mei@example.com", Some((project.id, Role::Owner))).await;
        let mei = app.signed_in("mei@example.com").await;
        let people = format!("/p/{}/people", project.public_id);
        let refused = mei.post(&format!("{people}/invite"), &[("email", "ben@"), ("role", "boss")]).await;
        assert_eq!(refused.status(), 422);
        assert!(refused.text().contains("Choose a role") && refused.text().contains("Write an e-mail address"));
        let invited = mei.post(&format!("{people}/invite"), &[("email", "ben@example.com"), ("role", "viewer")]).await;
        let path = link(app, &invited.text());
        let ben = app.browser();
        assert!(ben.get(&path).await.text().contains("You are invited as viewer"));
        let joined = ben.post(&path, &[("name", "Ben"), ("password", PASSWORD)]).await;
        assert_eq!(joined.header("location"), "/projects");
        assert!(ben.get("/projects").await.text().contains("A shop"));
        assert_eq!(app.browser().post(&path, &[("name", "Eve"), ("password", PASSWORD)]).await.status(), 422);
        assert_eq!(mei.post(&format!("{people}/invite"), &[("email", "ben@example.com"), ("role", "admin")]).await.status(), 422);
        let actions = app.count("SELECT COUNT(*) FROM audit WHERE action IN ('member.invite', 'member.add') AND actor_kind = 'person'").await;
        assert_eq!(actions, 2);
    }

    async fn an_invitation_is_taken_up_by_the_account_that_is_signed_in(app: &TestApp) {
        let project = app.project().await;
        app.account("mei@example.com", Some((project.id, Role::Owner))).await;
        app.account("ben@example.com", None).await;
        let mei = app.signed_in("mei@example.com").await;
        let invite = format!("/p/{}/people/invite", project.public_id);
        let invited = mei.post(&invite, &[("email", "ben@example.com"), ("role", "member")]).await;
        let path = link(app, &invited.text());
        let stranger = app.browser();
        assert!(stranger.get(&path).await.text().contains("There is an account for this address"));
        let taken = stranger.post(&path, &[("name", "Ben"), ("password", PASSWORD)]).await;
        assert!(taken.header("location").starts_with("/sign-in?next="), "an account is not taken over");
        let ben = app.signed_in("ben@example.com").await;
        assert_eq!(ben.post(&path, &[]).await.status(), 303);
        assert_eq!(ben.get(&format!("/p/{}/people", project.public_id)).await.status(), 200);
    }

    async fn an_invitation_can_be_taken_back(app: &TestApp) {
        let project = app.project().await;
        app.account("mei@example.com", Some((project.id, Role::Owner))).await;
        let mei = app.signed_in("mei@example.com").await;
        let people = format!("/p/{}/people", project.public_id);
        let invited = mei.post(&format!("{people}/invite"), &[("email", "ben@example.com"), ("role", "member")]).await;
        let path = link(app, &invited.text());
        let id = app.count("SELECT id FROM user_links").await.to_string();
        assert_eq!(mei.post(&format!("{people}/revoke"), &[("invitation", &id)]).await.status(), 303);
        assert_eq!(app.browser().get(&path).await.status(), 422);
        assert_eq!(mei.post(&format!("{people}/revoke"), &[("invitation", &id)]).await.status(), 404);
    }

    async fn a_project_keeps_an_owner(app: &TestApp) {
        let project = app.project().await;
        let mei = app.account("mei@example.com", Some((project.id, Role::Owner))).await;
        let ben = app.account("ben@example.com", Some((project.id, Role::Viewer))).await;
        let browser = app.signed_in("mei@example.com").await;
        let people = format!("/p/{}/people", project.public_id);
        let role = async |user: &str, role: &str| {
            browser.post(&format!("{people}/role"), &[("user", user), ("role", role)]).await
        };
        assert!(role(&mei.public_id, "viewer").await.text().contains("the only owner"));
        assert_eq!(browser.post(&format!("{people}/remove"), &[("user", &mei.public_id)]).await.status(), 422);
        assert_eq!(role(&ben.public_id, "owner").await.status(), 303);
        assert_eq!(role(&mei.public_id, "viewer").await.status(), 303);
        assert_eq!(role(&ben.public_id, "admin").await.status(), 403, "she is no owner any more");
    }

    async fn a_password_link_is_made_for_people_of_this_project_alone(app: &TestApp) {
        let (project, other) = (app.project().await, app.project_named("Other", "222").await);
        app.account("mei@example.com", Some((project.id, Role::Owner))).await;
        let ben = app.account("ben@example.com", Some((project.id, Role::Viewer))).await;
        let eve = app.account("eve@example.com", Some((project.id, Role::Viewer))).await;
        app.account("eve@example.com", Some((other.id, Role::Owner))).await;
        let stranger = app.account("sam@example.com", Some((other.id, Role::Owner))).await;
        let browser = app.signed_in("mei@example.com").await;
        let post = async |user: &str| browser.post(&format!("/p/{}/people/link", project.public_id), &[("user", user)]).await;
        let made = post(&ben.public_id).await;
        assert!(link(app, &made.text()).starts_with("/reset/"));
        assert_eq!(post(&eve.public_id).await.status(), 422, "she owns another project");
        assert_eq!(post(&stranger.public_id).await.status(), 404);
    }

    async fn a_new_project_belongs_to_who_made_it(app: &TestApp) {
        let project = app.project().await;
        app.operator_account("mei@example.com").await;
        app.account("ben@example.com", Some((project.id, Role::Admin))).await;
        let browser = app.signed_in("mei@example.com").await;
        let fields = [("name", "Bikes"), ("region", "DE"), ("timezone", "Europe/Berlin")];
        let made = browser.post("/projects/new", &fields).await;
        assert!(made.header("location").starts_with("/p/"), "{}", made.text());
        assert_eq!(app.count("SELECT COUNT(*) FROM members WHERE role = 'owner'").await, 1);
        let wrong = browser.post("/projects/new", &[("name", ""), ("region", "Germany"), ("timezone", "Berlin")]).await;
        assert_eq!(wrong.status(), 422);
        let ben = app.signed_in("ben@example.com").await;
        assert_eq!(ben.post("/projects/new", &fields).await.status(), 403, "he owns none");
    }
}
