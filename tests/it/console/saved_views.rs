//! Filters of the leads and the log that are kept under a name.

use aurix::domain::account::Role;

use crate::support::console::Browser;
use crate::support::{Project, TestApp, operator};

const KEPT: &str = "SELECT COUNT(*) FROM saved_views";

async fn signed_in<'a>(app: &'a TestApp, name: &str, project: &Project, role: Role) -> Browser<'a> {
    let email = format!("{name}@example.com");
    app.account(&email, Some((project.id, role))).await;
    app.signed_in(&email).await
}

async fn save(browser: &Browser<'_>, project: &Project, fields: &[(&str, &str)]) -> u16 {
    browser.post(&format!("/p/{}/views", project.public_id), fields).await.status()
}

async fn page(browser: &Browser<'_>, project: &Project, path: &str) -> String {
    browser.get(&format!("/p/{}/{path}", project.public_id)).await.text()
}

both_engines! {
    async fn a_view_opens_its_filter_for_whom_it_is_kept(app: &TestApp) {
        let project = app.project().await;
        let other = app.project_named("Other", "222").await;
        let (mei, ben) = (signed_in(app, "mei", &project, Role::Admin).await, signed_in(app, "ben", &project, Role::Viewer).await);
        let eve = signed_in(app, "eve", &other, Role::Owner).await;
        let shared = [("page", "leads"), ("query", "stage=won&days=30"), ("name", " Won  lately "), ("shared", "on")];
        assert_eq!(save(&mei, &project, &shared).await, 303);
        assert_eq!(save(&ben, &project, &[("page", "log"), ("query", "state=failed"), ("name", "Broken")]).await, 303);
        let link = format!("href=\"/p/{}/leads?days=30&#38;stage=won\"", project.public_id);
        let opened = page(&mei, &project, "leads?stage=won&days=30").await;
        assert!(opened.contains(&format!("{link} aria-current=\"page\"")) && opened.contains("Remove view"), "{opened}");
        let seen = page(&ben, &project, "leads").await;
        assert!(seen.contains(&link) && seen.contains(">Won lately</a>"), "{seen}");
        assert!(!page(&ben, &project, "leads?stage=won&days=30").await.contains("Remove view"));
        assert!(page(&ben, &project, "integrations/log?state=failed").await.contains(">Broken</a>"));
        assert!(!page(&mei, &project, "integrations/log").await.contains("Broken"), "a view of somebody else");
        assert!(!page(&eve, &other, "leads").await.contains("Won lately"));
        let actions = "SELECT COUNT(*) FROM audit WHERE action = 'view.save' AND project_id IN (SELECT project_id FROM saved_views)";
        assert_eq!(app.count(actions).await, 2);
    }

    async fn a_view_is_removed_by_those_who_may(app: &TestApp) {
        let project = app.project().await;
        let other = app.project_named("Other", "222").await;
        let (mei, ben) = (signed_in(app, "mei", &project, Role::Admin).await, signed_in(app, "ben", &project, Role::Member).await);
        let eve = signed_in(app, "eve", &other, Role::Owner).await;
        save(&mei, &project, &[("page", "log"), ("query", "state=failed"), ("name", "Ours"), ("shared", "on")]).await;
        let ours = app.count("SELECT id FROM saved_views WHERE name = 'Ours'").await;
        save(&mei, &project, &[("page", "log"), ("query", "period=day"), ("name", "Mine")]).await;
        let mine = app.count("SELECT id FROM saved_views WHERE name = 'Mine'").await;
        let remove = async |browser: &Browser<'_>, project: &Project, view: i64| {
            browser.post(&format!("/p/{}/views/{view}/remove", project.public_id), &[]).await.status()
        };
        assert_eq!((remove(&ben, &project, ours).await, remove(&ben, &project, mine).await), (403, 404));
        assert_eq!((remove(&eve, &other, ours).await, remove(&eve, &project, ours).await), (404, 404));
        assert_eq!(app.count(KEPT).await, 2);
        assert_eq!((remove(&mei, &project, ours).await, remove(&mei, &project, mine).await), (303, 303));
        assert_eq!((app.count(KEPT).await, remove(&mei, &project, mine).await), (0, 404));
    }

    async fn a_view_that_cannot_be_kept_is_refused(app: &TestApp) {
        let project = app.project().await;
        let ben = signed_in(app, "ben", &project, Role::Member).await;
        let wrong = [
            (vec![("page", "people"), ("query", "state=failed"), ("name", "A")], 422),
            (vec![("page", "log"), ("query", "state=failed"), ("name", " ")], 422),
            (vec![("page", "log"), ("query", "unknown=1"), ("name", "A")], 422),
            (vec![("page", "log"), ("query", "state=failed"), ("name", "A"), ("shared", "on")], 403),
        ];
        for (fields, status) in wrong {
            assert_eq!(save(&ben, &project, &fields).await, status, "{fields:?}");
        }
        for number in 0..40 {
            let name = format!("View {number}");
            assert_eq!(save(&ben, &project, &[("page", "log"), ("query", "state=failed"), ("name", &name)]).await, 303);
        }
        assert_eq!(save(&ben, &project, &[("page", "log"), ("query", "period=day"), ("name", "One more")]).await, 409);
        assert_eq!(save(&ben, &project, &[("page", "log"), ("query", "period=day"), ("name", "View 0")]).await, 303, "in its place");
        assert_eq!(app.count(KEPT).await, 40);
    }

    async fn views_go_with_the_account_that_kept_them(app: &TestApp) {
        let project = app.project().await;
        let user = app.account("ben@example.com", Some((project.id, Role::Member))).await;
        let ben = app.signed_in("ben@example.com").await;
        save(&ben, &project, &[("page", "leads"), ("query", "q=tan"), ("name", "Tans")]).await;
        app.engines.accounts.remove_user(&operator(), &user).await.expect("removed");
        assert_eq!(app.count(KEPT).await, 0);
    }
}
