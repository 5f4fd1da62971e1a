//! Route by token: every route of the management API, and what each kind of token gets there. A route without a line in the table fails
//! the test.

use aurix::domain::account::{Permission, Role};
use aurix::domain::ids::ProjectId;
use aurix::domain::rates::Rates;
use aurix::domain::time::SignedDuration;
use aurix::domain::token::{TokenOwner, TokenScope};
use aurix::net::Method;
use aurix::projects::create_token::{NewToken, create_token};
use aurix::projects::revoke_token::revoke_token;
use serde_json::json;
use tokio::sync::watch;

use super::{Program, problem};
use crate::support::{Project, TestApp, operator};
use Permission::{Configure, Export, Own, Reply, Resend, See};
use TokenScope::{Admin, Read, Write};

/// Method, path below the project, the scope that it needs, the permission that it needs of a person, and the status for those who may: of
/// an empty object, or of names that stand for nothing.
const TABLE: &[(&str, &str, TokenScope, Permission, u16)] = &[
    ("GET", "", Read, See, 200),
    ("PATCH", "", Admin, Own, 200),
    ("GET", "/retention", Read, See, 200),
    ("PUT", "/retention", Admin, Own, 200),
    ("GET", "/channels", Read, See, 200),
    ("POST", "/channels", Write, Configure, 422),
    ("GET", "/channels/{channel}", Read, See, 404),
    ("PATCH", "/channels/{channel}", Write, Configure, 404),
    ("POST", "/channels/{channel}/check", Write, Configure, 404),
    ("POST", "/channels/{channel}/connect", Write, Configure, 404),
    ("GET", "/keys", Admin, Configure, 200),
    ("POST", "/keys", Admin, Configure, 201),
    ("DELETE", "/keys/{key_id}", Admin, Configure, 404),
    ("GET", "/tokens", Admin, Own, 200),
    ("POST", "/tokens", Admin, Own, 422),
    ("DELETE", "/tokens/{token_id}", Admin, Own, 404),
    ("GET", "/audit", Admin, Configure, 200),
    ("GET", "/attention", Read, See, 200),
    ("GET", "/members", Admin, Own, 200),
    ("POST", "/members", Admin, Own, 422),
    ("PATCH", "/members/{user}", Admin, Own, 422),
    ("DELETE", "/members/{user}", Admin, Own, 404),
    ("GET", "/form", Read, See, 200),
    ("PUT", "/form", Write, Configure, 200),
    ("GET", "/agent", Read, See, 200),
    ("PATCH", "/agent", Write, Configure, 200),
    ("GET", "/knowledge", Read, See, 200),
    ("PUT", "/knowledge", Write, Configure, 422),
    ("GET", "/questions", Read, See, 200),
    ("POST", "/questions/{question}/settle", Write, Configure, 404),
    ("GET", "/widgets", Read, See, 200),
    ("POST", "/widgets", Write, Configure, 422),
    ("GET", "/widgets/{widget}", Read, See, 404),
    ("PATCH", "/widgets/{widget}", Write, Configure, 404),
    ("GET", "/links", Read, See, 200),
    ("POST", "/links", Write, Configure, 422),
    ("GET", "/links/{link}", Read, See, 404),
    ("PATCH", "/links/{link}", Write, Configure, 404),
    ("DELETE", "/links/{link}", Write, Configure, 404),
    ("POST", "/links/{link}/pause", Write, Configure, 404),
    ("POST", "/links/{link}/resume", Write, Configure, 404),
    ("GET", "/webhooks", Read, See, 200),
    ("POST", "/webhooks", Write, Configure, 422),
    ("GET", "/webhooks/{webhook}", Read, See, 404),
    ("PATCH", "/webhooks/{webhook}", Write, Configure, 404),
    ("DELETE", "/webhooks/{webhook}", Write, Configure, 404),
    ("POST", "/webhooks/{webhook}/rotate-secret", Write, Configure, 404),
    ("POST", "/webhooks/{webhook}/test", Write, Configure, 404),
    ("POST", "/webhooks/{webhook}/pause", Write, Configure, 404),
    ("POST", "/webhooks/{webhook}/resume", Write, Configure, 422),
    ("POST", "/webhooks/{webhook}/enable", Write, Configure, 404),
    ("POST", "/webhooks/{webhook}/disable", Write, Configure, 404),
    ("GET", "/webhooks/{webhook}/template", Read, See, 404),
    ("PUT", "/webhooks/{webhook}/template", Write, Configure, 422),
    ("DELETE", "/webhooks/{webhook}/template", Write, Configure, 404),
    ("POST", "/webhooks/{webhook}/template/preview", Write, Configure, 404),
    ("GET", "/events", Read, See, 200),
    ("GET", "/events/{event}", Read, See, 404),
    ("GET", "/exports/leads.csv", Read, Export, 200),
    ("GET", "/deliveries", Read, See, 200),
    ("GET", "/deliveries/{delivery}", Read, See, 404),
    ("POST", "/deliveries/{delivery}/resend", Write, Resend, 404),
    ("GET", "/resends", Read, See, 200),
    ("POST", "/resends", Write, Resend, 202),
    ("GET", "/resends/{resend}", Read, See, 404),
    ("POST", "/resends/{resend}/stop", Write, Resend, 404),
    ("GET", "/leads", Read, See, 200),
    ("GET", "/leads/{lead}", Read, See, 404),
    ("PUT", "/leads/{lead}/fields/{field}", Write, Reply, 422),
    ("PATCH", "/leads/{lead}/rating", Write, Reply, 404),
    ("POST", "/leads/{lead}/notes", Write, Reply, 422),
    ("GET", "/conversations", Read, See, 200),
    ("GET", "/conversations/{conversation}", Read, See, 404),
    ("GET", "/conversations/{conversation}/messages", Read, See, 404),
    ("POST", "/conversations/{conversation}/reply", Write, Reply, 422),
    ("POST", "/conversations/{conversation}/take-over", Write, Reply, 404),
    ("POST", "/conversations/{conversation}/give-back", Write, Reply, 404),
    ("GET", "/replies", Read, See, 200),
    ("POST", "/replies/resend", Write, Resend, 202),
    ("POST", "/replies/{reply}/resend", Write, Resend, 404),
];

/// Those without a project in their path, which have tests of their own.
const OF_ALL: &[(&str, &str)] = &[
    ("GET", "/projects"),
    ("POST", "/projects"),
    ("GET", "/owner"),
    ("GET", "/tokens"),
    ("POST", "/tokens"),
    ("DELETE", "/tokens/{token_id}"),
    ("GET", "/audit"),
    ("GET", "/attention"),
];

/// A program with an own token of a person, of the widest scope.
async fn person<'a>(app: &'a TestApp, project: &Project, email: &str, role: Option<(ProjectId, Role)>) -> Program<'a> {
    let user = app.account(email, role).await;
    Program::of(app, TokenOwner::Person(user.id), project, Admin).await
}

/// Tokens that are not valid, and a key of a partner.
async fn refused<'a>(app: &'a TestApp, project: &Project) -> Vec<(&'static str, Program<'a>)> {
    let new = |expires_at| NewToken { name: "one".to_owned(), scope: Admin, expires_at };
    let expires_at = app.core.clock.now() + SignedDuration::from_hours(1);
    let expired = create_token(&app.core, &operator(), TokenOwner::Project(project.id), new(Some(expires_at)))
        .await
        .expect("a token");
    let revoked =
        create_token(&app.core, &operator(), TokenOwner::Project(project.id), new(None)).await.expect("a token");
    let id = revoked.row.public_id;
    assert!(revoke_token(&app.core, &operator(), TokenOwner::Project(project.id), &id).await.expect("it is revoked"));
    app.advance(SignedDuration::from_hours(1));
    let key = app.key(project, "external").await;
    let with = |token: &str| Program::with(app, project, token);
    vec![
        ("an unknown token", with("aurix_token_x")),
        ("an expired token", with(&expired.token)),
        ("a revoked token", with(&revoked.token)),
        ("a partner's key", with(&key)),
    ]
}

#[tokio::test]
async fn every_route_serves_tokens_that_may_and_no_other() {
    let app = TestApp::on_sqlite_with(|config| config.rate_limits = Rates::OFF).await;
    let (project, other) = (app.project().await, app.project_named("Other", "222").await);
    let refused = refused(&app, &project).await;
    let stranger = Program::of(&app, TokenOwner::Project(other.id), &project, Admin).await;
    let mut programs = vec![(Admin, Program::of_operator(&app, &project).await)];
    for scope in TokenScope::ALL {
        programs.push((scope, Program::new(&app, &project, scope).await));
    }
    let mut people = Vec::new();
    for role in Role::ALL {
        let email = format!("{}@example.com", role.as_str());
        people.push((role, person(&app, &project, &email, Some((project.id, role))).await));
    }
    let outsider = person(&app, &project, "elsewhere@example.com", Some((other.id, Role::Owner))).await;
    let mut faults = Vec::new();
    for &(method, path, needed, permission, may) in TABLE {
        let real = path.replace(['{', '}'], "");
        let method: Method = method.parse().expect("a method");
        let mut check = |who: &str, found: u16, expected: u16| {
            if found != expected {
                faults.push(format!("{method} {path} as {who}: {found}, expected {expected}"));
            }
        };
        let nobody = app.send(method.clone(), &format!("{}{real}", stranger.base), &[], "{}").await;
        check("nobody", nobody.status(), 401);
        for (who, program) in &refused {
            check(who, program.send(method.clone(), &real, &json!({})).await.status(), 401);
        }
        check("a stranger", stranger.send(method.clone(), &real, &json!({})).await.status(), 404);
        for (scope, program) in &programs {
            let expected = if scope.allows(needed) { may } else { 403 };
            check(scope.as_str(), program.send(method.clone(), &real, &json!({})).await.status(), expected);
        }
        check("a person from elsewhere", outsider.send(method.clone(), &real, &json!({})).await.status(), 404);
        for (role, program) in &people {
            let expected = if role.may(permission, false) { may } else { 403 };
            check(role.as_str(), program.send(method.clone(), &real, &json!({})).await.status(), expected);
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
    app.end().await;
}

#[tokio::test]
async fn every_route_has_a_line_in_the_table() {
    let app = TestApp::on_sqlite().await;
    let (_stop, stopping) = watch::channel(false);
    let (_, routes) = aurix::http::routes(&app.core.config, &stopping).into_parts();
    let known: Vec<_> = TABLE
        .iter()
        .map(|line| (line.0.to_owned(), format!("/api/v1/projects/{{project}}{}", line.1)))
        .chain(OF_ALL.iter().map(|(method, path)| ((*method).to_owned(), format!("/api/v1{path}"))))
        .collect();
    let routes: Vec<_> = routes.iter().map(|route| (route.method.to_string(), route.path.clone())).collect();
    let is_of_api = |route: &&(String, String)| route.1.starts_with("/api/v1/");
    let missing: Vec<_> = routes.iter().filter(is_of_api).filter(|route| !known.contains(*route)).collect();
    assert!(missing.is_empty(), "these have no line: {missing:?}");
    let gone: Vec<_> = known.iter().filter(|line| !routes.contains(line)).collect();
    assert!(gone.is_empty(), "these are no routes: {gone:?}");
    app.end().await;
}

both_engines! {
    async fn a_token_lists_its_own_project_and_one_of_the_operator_all(app: &TestApp) {
        let (project, other) = (app.project().await, app.project_named("Other", "222").await);
        let names = async |owner: TokenOwner, query: &str| {
            let program = Program { base: "/api/v1/projects".to_owned(), ..Program::of(app, owner, &project, Read).await };
            let page = program.read(query).await;
            let rows = page["data"].as_array().expect("rows").iter().map(|row| row["name"].as_str().unwrap_or_default().to_owned());
            (rows.collect::<Vec<_>>(), page["next_cursor"].as_str().map(str::to_owned))
        };
        assert_eq!(names(TokenOwner::Project(other.id), "").await, (vec!["Other".to_owned()], None));
        let (first, cursor) = names(TokenOwner::Operator, "?limit=1").await;
        assert_eq!(first, ["A shop"]);
        let rest = format!("?limit=1&cursor={}", cursor.expect("there are more"));
        assert_eq!(names(TokenOwner::Operator, &rest).await, (vec!["Other".to_owned()], None));
    }

    async fn what_a_token_changes_is_audited_under_its_name(app: &TestApp) {
        let project = app.project().await;
        let program = Program::new(app, &project, Admin).await;
        program.does(Method::PATCH, "", &json!({"name": "Another shop"})).await;
        let last = app.text("SELECT actor_kind || ' ' || actor_name || ' ' || action FROM audit ORDER BY id DESC LIMIT 1").await;
        assert_eq!(last.as_deref(), Some("token a program that may admin project.set"));
        assert_eq!(app.count("SELECT COUNT(*) FROM audit WHERE action = 'token.create'").await, 1);
    }

    async fn what_a_call_does_not_know_is_refused_by_its_name(app: &TestApp) {
        let project = app.project().await;
        let program = Program::new(app, &project, Admin).await;
        let body = json!({"url": "https://example.com/", "colour": "red"});
        assert_eq!(problem(&program.send(Method::POST, "/webhooks", &body).await), (422, "colour".to_owned()));
        assert_eq!(problem(&program.get("/leads?page=2").await), (422, "page".to_owned()));
        assert_eq!(problem(&program.get("/leads?stage=sold").await), (422, "stage".to_owned()));
        assert_eq!(problem(&program.get("/deliveries?limit=0").await), (422, "limit".to_owned()));
        assert_eq!(problem(&program.send(Method::PATCH, "", &json!({"timezone": "Mars"})).await), (422, "timezone".to_owned()));
    }
}
