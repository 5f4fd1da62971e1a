//! Route by person: every route of the program, and what nobody, each role, and the owner of another project get there. A route
//! without a line in the table fails the test.

use std::collections::BTreeMap;

use aurix::domain::account::{Permission, Role};
use aurix::net::Method;
use tokio::sync::watch;

use crate::support::console::Browser;
use crate::support::{Project, TestApp};

/// Who may use a route.
#[derive(Clone, Copy, Debug)]
enum Access {
    /// Everybody, and signing in changes nothing. Keys and signatures are tested elsewhere.
    Everybody,
    /// Pages to sign in with: other sites' forms are refused.
    Guests,
    /// Whoever is signed in.
    SignedIn,
    /// Members with that permission.
    Members(Permission),
}
use Access::{Everybody, Guests, Members, SignedIn};

/// Method, path, who may, and the status for those who may: of an empty form, or of names that stand for nothing.
const TABLE: &[(&str, &str, Access, u16)] = &[
    ("GET", "/channels/whatsapp/{channel}/webhook", Everybody, 404),
    ("POST", "/channels/whatsapp/{channel}/webhook", Everybody, 404),
    ("POST", "/channels/telegram/{channel}/webhook", Everybody, 404),
    ("GET", "/healthz", Everybody, 200),
    ("GET", "/readyz", Everybody, 200),
    // There are none before a token is set.
    ("GET", "/metrics", Everybody, 404),
    ("GET", "/widget.js", Everybody, 200),
    ("GET", "/c/{widget}", Everybody, 404),
    ("POST", "/c/{widget}", Everybody, 404),
    ("OPTIONS", "/c/{widget}", Everybody, 404),
    ("GET", "/c/{widget}/channel", Everybody, 404),
    ("GET", "/l/{slug}", Everybody, 404),
    ("GET", "/chat.js", Everybody, 200),
    ("GET", "/chat/{widget}", Everybody, 404),
    ("POST", "/chat/{widget}", Everybody, 404),
    ("OPTIONS", "/chat/{widget}", Everybody, 204),
    ("GET", "/chat/{widget}/events", Everybody, 404),
    ("OPTIONS", "/chat/{widget}/events", Everybody, 204),
    ("GET", "/chat/{widget}/messages", Everybody, 404),
    ("POST", "/chat/{widget}/messages", Everybody, 404),
    ("OPTIONS", "/chat/{widget}/messages", Everybody, 204),
    ("POST", "/chat/{widget}/read", Everybody, 404),
    ("OPTIONS", "/chat/{widget}/read", Everybody, 204),
    ("GET", "/chat/{widget}/unread", Everybody, 404),
    ("OPTIONS", "/chat/{widget}/unread", Everybody, 204),
    ("GET", "/openapi.json", Everybody, 200),
    ("GET", "/schemas/events/{file}", Everybody, 404),
    ("GET", "/assets/{hash}/{name}", Everybody, 404),
    ("GET", "/sign-in", Guests, 200),
    ("POST", "/sign-in", Guests, 422),
    ("GET", "/sign-in/code", Guests, 303),
    ("POST", "/sign-in/code", Guests, 422),
    ("POST", "/sign-out", Guests, 303),
    // No provider is configured.
    ("GET", "/sign-in/oidc", Guests, 404),
    ("GET", "/sign-in/oidc/callback", Guests, 404),
    ("GET", "/first-run/{token}", Guests, 422),
    ("POST", "/first-run/{token}", Guests, 422),
    ("GET", "/reset", Guests, 200),
    ("POST", "/reset", Guests, 422),
    ("GET", "/reset/{token}", Guests, 422),
    ("POST", "/reset/{token}", Guests, 422),
    ("GET", "/invitation/{token}", Guests, 422),
    ("POST", "/invitation/{token}", Guests, 422),
    ("GET", "/", SignedIn, 303),
    ("GET", "/confirm", SignedIn, 200),
    ("POST", "/confirm", SignedIn, 422),
    ("GET", "/account", SignedIn, 200),
    ("POST", "/account", SignedIn, 422),
    ("POST", "/account/password", SignedIn, 422),
    ("POST", "/account/second-factor", SignedIn, 200),
    ("POST", "/account/second-factor/on", SignedIn, 422),
    ("POST", "/account/second-factor/off", SignedIn, 303),
    ("POST", "/account/sessions/end", SignedIn, 404),
    ("POST", "/account/sessions/end-others", SignedIn, 303),
    ("POST", "/account/tokens", SignedIn, 422),
    ("POST", "/account/tokens/revoke", SignedIn, 404),
    // To operators only; there is none here.
    ("GET", "/instance", SignedIn, 404),
    ("POST", "/instance/link", SignedIn, 404),
    ("POST", "/instance/remove", SignedIn, 404),
    ("POST", "/instance/mail-test", SignedIn, 404),
    ("POST", "/instance/alerts", SignedIn, 404),
    ("GET", "/projects", SignedIn, 200),
    // Owners of some project; both who own one here.
    ("GET", "/projects/new", SignedIn, 200),
    ("POST", "/projects/new", SignedIn, 422),
    ("GET", "/p/{project}/api", Members(Permission::See), 200),
    ("POST", "/p/{project}/api/keys", Members(Permission::Configure), 422),
    ("POST", "/p/{project}/api/keys/revoke", Members(Permission::Configure), 404),
    ("POST", "/p/{project}/api/tokens", Members(Permission::Configure), 422),
    ("POST", "/p/{project}/api/tokens/revoke", Members(Permission::Configure), 404),
    ("GET", "/p/{project}/api/reference", Members(Permission::See), 200),
    ("GET", "/p/{project}/channels", Members(Permission::See), 200),
    ("GET", "/p/{project}/channels/new/whatsapp", Members(Permission::Configure), 200),
    ("POST", "/p/{project}/channels/new/whatsapp", Members(Permission::Configure), 422),
    ("GET", "/p/{project}/channels/new/web", Members(Permission::Configure), 200),
    ("POST", "/p/{project}/channels/new/web", Members(Permission::Configure), 303),
    ("GET", "/p/{project}/channels/new/telegram", Members(Permission::Configure), 200),
    ("POST", "/p/{project}/channels/new/telegram", Members(Permission::Configure), 422),
    ("POST", "/p/{project}/channels/{channel}/webhook", Members(Permission::Configure), 404),
    ("GET", "/p/{project}/channels/{channel}", Members(Permission::See), 404),
    ("POST", "/p/{project}/channels/{channel}/check", Members(Permission::Configure), 404),
    ("POST", "/p/{project}/channels/{channel}/settings", Members(Permission::Configure), 404),
    ("POST", "/p/{project}/channels/{channel}/verify-token", Members(Permission::Configure), 404),
    ("GET", "/p/{project}/channels/{channel}/edit", Members(Permission::Configure), 404),
    ("POST", "/p/{project}/channels/{channel}/edit", Members(Permission::Configure), 404),
    ("GET", "/p/{project}/inbox/people", Members(Permission::See), 200),
    ("GET", "/p/{project}/leads/fresh", Members(Permission::See), 200),
    ("GET", "/p/{project}/leads/selected", Members(Permission::See), 200),
    ("POST", "/p/{project}/leads/selected", Members(Permission::Reply), 422),
    ("POST", "/p/{project}/leads/quality", Members(Permission::Reply), 422),
    ("GET", "/p/{project}/leads/{lead}/talk", Members(Permission::See), 404),
    ("POST", "/p/{project}/leads/{lead}/writing", Members(Permission::Reply), 404),
    ("GET", "/p/{project}/search", Members(Permission::See), 200),
    ("POST", "/p/{project}/views", Members(Permission::See), 422),
    ("POST", "/p/{project}/views/{view}/remove", Members(Permission::See), 404),
    ("GET", "/p/{project}/widgets", Members(Permission::See), 200),
    ("GET", "/p/{project}/widgets/preview", Members(Permission::See), 200),
    ("GET", "/p/{project}/widgets/new", Members(Permission::Configure), 200),
    ("POST", "/p/{project}/widgets/new", Members(Permission::Configure), 422),
    ("GET", "/p/{project}/widgets/{widget}", Members(Permission::See), 404),
    ("POST", "/p/{project}/widgets/{widget}", Members(Permission::Configure), 404),
    ("POST", "/p/{project}/widgets/{widget}/allow", Members(Permission::Configure), 404),
    ("GET", "/p/{project}/links", Members(Permission::See), 200),
    ("GET", "/p/{project}/links/ads", Members(Permission::See), 200),
    ("GET", "/p/{project}/links/new", Members(Permission::Configure), 200),
    ("POST", "/p/{project}/links/new", Members(Permission::Configure), 422),
    ("GET", "/p/{project}/links/{link}", Members(Permission::See), 404),
    ("POST", "/p/{project}/links/{link}", Members(Permission::Configure), 404),
    ("GET", "/p/{project}/links/{link}/qr.svg", Members(Permission::See), 404),
    ("GET", "/p/{project}/links/{link}/qr.png", Members(Permission::See), 404),
    ("POST", "/p/{project}/links/{link}/pause", Members(Permission::Configure), 404),
    ("POST", "/p/{project}/links/{link}/resume", Members(Permission::Configure), 404),
    ("POST", "/p/{project}/links/{link}/delete", Members(Permission::Configure), 404),
    ("GET", "/p/{project}/form", Members(Permission::See), 200),
    // An empty form asks for what is always asked.
    ("POST", "/p/{project}/form", Members(Permission::Configure), 303),
    ("GET", "/p/{project}/form/texts", Members(Permission::See), 200),
    ("POST", "/p/{project}/form/texts", Members(Permission::Configure), 303),
    ("GET", "/p/{project}/settings", Members(Permission::See), 200),
    ("POST", "/p/{project}/settings", Members(Permission::Configure), 422),
    ("POST", "/p/{project}/settings/answers", Members(Permission::Configure), 422),
    ("POST", "/p/{project}/settings/privacy", Members(Permission::Own), 303),
    ("GET", "/p/{project}/settings/agent", Members(Permission::See), 200),
    ("POST", "/p/{project}/settings/agent", Members(Permission::Configure), 303),
    ("POST", "/p/{project}/settings/agent/knowledge", Members(Permission::Configure), 303),
    ("POST", "/p/{project}/settings/agent/question", Members(Permission::Configure), 422),
    ("GET", "/p/{project}/settings/alerts", Members(Permission::See), 200),
    ("POST", "/p/{project}/settings/alerts", Members(Permission::See), 303),
    ("POST", "/p/{project}/settings/alerts/person", Members(Permission::Configure), 404),
    ("GET", "/p/{project}/settings/audit", Members(Permission::Configure), 200),
    ("GET", "/p/{project}/settings/audit.csv", Members(Permission::Configure), 200),
    ("GET", "/p/{project}", Members(Permission::See), 303),
    ("GET", "/p/{project}/people", Members(Permission::See), 200),
    ("POST", "/p/{project}/people/invite", Members(Permission::Own), 422),
    ("POST", "/p/{project}/people/revoke", Members(Permission::Own), 404),
    ("POST", "/p/{project}/people/role", Members(Permission::Own), 404),
    ("POST", "/p/{project}/people/link", Members(Permission::Own), 404),
    ("POST", "/p/{project}/people/remove", Members(Permission::Own), 404),
    ("GET", "/p/{project}/overview", Members(Permission::See), 200),
    ("GET", "/p/{project}/overview/rows", Members(Permission::See), 200),
    ("GET", "/p/{project}/overview/export.csv", Members(Permission::See), 200),
    ("GET", "/p/{project}/attribution", Members(Permission::See), 200),
    ("GET", "/p/{project}/setup", Members(Permission::See), 200),
    ("POST", "/p/{project}/setup", Members(Permission::Configure), 422),
    ("GET", "/p/{project}/attribution/export.csv", Members(Permission::See), 200),
    ("GET", "/p/{project}/leads", Members(Permission::See), 200),
    ("GET", "/p/{project}/leads/export.csv", Members(Permission::Export), 200),
    ("GET", "/p/{project}/leads/{lead}", Members(Permission::See), 404),
    ("POST", "/p/{project}/leads/{lead}/reply", Members(Permission::Reply), 404),
    ("POST", "/p/{project}/leads/{lead}/take-over", Members(Permission::Reply), 404),
    ("POST", "/p/{project}/leads/{lead}/give-back", Members(Permission::Reply), 404),
    ("POST", "/p/{project}/leads/{lead}/field", Members(Permission::Reply), 404),
    ("POST", "/p/{project}/leads/{lead}/rating", Members(Permission::Reply), 404),
    ("POST", "/p/{project}/leads/{lead}/note", Members(Permission::Reply), 404),
    ("POST", "/p/{project}/leads/{lead}/own-people", Members(Permission::Reply), 404),
    ("GET", "/p/{project}/leads/{lead}/template", Members(Permission::Reply), 404),
    ("POST", "/p/{project}/leads/{lead}/template", Members(Permission::Reply), 404),
    ("GET", "/p/{project}/leads/{lead}/media/{message}", Members(Permission::See), 404),
    ("GET", "/p/{project}/leads/{lead}/erase", Members(Permission::Configure), 404),
    ("POST", "/p/{project}/leads/{lead}/erase", Members(Permission::Configure), 404),
    ("GET", "/p/{project}/attention", Members(Permission::See), 200),
    ("GET", "/p/{project}/attention/bell", Members(Permission::See), 200),
    ("GET", "/p/{project}/inbox", Members(Permission::See), 200),
    ("GET", "/p/{project}/inbox/{lead}", Members(Permission::See), 404),
    ("GET", "/p/{project}/stream", Members(Permission::See), 200),
    ("GET", "/p/{project}/integrations/webhook", Members(Permission::See), 200),
    ("GET", "/p/{project}/integrations/webhook/new", Members(Permission::Configure), 200),
    ("POST", "/p/{project}/integrations/webhook/new", Members(Permission::Configure), 422),
    ("POST", "/p/{project}/integrations/webhook/check", Members(Permission::Configure), 200),
    ("GET", "/p/{project}/integrations/webhook/{webhook}", Members(Permission::See), 404),
    ("GET", "/p/{project}/integrations/webhook/{webhook}/edit", Members(Permission::Configure), 404),
    ("POST", "/p/{project}/integrations/webhook/{webhook}/edit", Members(Permission::Configure), 404),
    ("POST", "/p/{project}/integrations/webhook/{webhook}/test", Members(Permission::Resend), 404),
    ("POST", "/p/{project}/integrations/webhook/{webhook}/on", Members(Permission::Configure), 404),
    ("POST", "/p/{project}/integrations/webhook/{webhook}/off", Members(Permission::Configure), 404),
    ("POST", "/p/{project}/integrations/webhook/{webhook}/pause", Members(Permission::Configure), 404),
    ("POST", "/p/{project}/integrations/webhook/{webhook}/resume", Members(Permission::Configure), 404),
    ("POST", "/p/{project}/integrations/webhook/{webhook}/rotate", Members(Permission::Configure), 404),
    ("POST", "/p/{project}/integrations/webhook/{webhook}/remove", Members(Permission::Configure), 404),
    ("GET", "/p/{project}/integrations/webhook/{webhook}/template", Members(Permission::See), 404),
    ("POST", "/p/{project}/integrations/webhook/{webhook}/template", Members(Permission::Configure), 404),
    ("POST", "/p/{project}/integrations/webhook/{webhook}/template/preview", Members(Permission::Configure), 404),
    ("POST", "/p/{project}/integrations/webhook/{webhook}/template/remove", Members(Permission::Configure), 404),
    ("GET", "/p/{project}/integrations/log", Members(Permission::See), 200),
    ("GET", "/p/{project}/integrations/log/fresh", Members(Permission::See), 200),
    ("GET", "/p/{project}/integrations/log/export.csv", Members(Permission::Export), 200),
    ("GET", "/p/{project}/integrations/log/jobs", Members(Permission::See), 200),
    ("POST", "/p/{project}/integrations/log/jobs/{job}/stop", Members(Permission::Resend), 404),
    ("GET", "/p/{project}/integrations/log/resend", Members(Permission::Resend), 200),
    ("POST", "/p/{project}/integrations/log/resend", Members(Permission::Resend), 303),
    ("GET", "/p/{project}/integrations/log/{delivery}", Members(Permission::See), 404),
    ("POST", "/p/{project}/integrations/log/{delivery}/resend", Members(Permission::Resend), 404),
];

/// What only owners of some project may, although it belongs to none.
const OWNERS_ONLY: [(&str, &str); 2] = [("GET", "/projects/new"), ("POST", "/projects/new")];

/// The people that each route is tried as.
type People<'a> = BTreeMap<&'static str, (Option<Role>, Browser<'a>)>;

/// A member of each role, and the owner of another project.
async fn people<'a>(app: &'a TestApp, project: &Project, other: &Project) -> People<'a> {
    let mut people = People::new();
    for role in Role::ALL {
        let email = format!("{}@example.com", role.as_str());
        app.account(&email, Some((project.id, role))).await;
        people.insert(role.as_str(), (Some(role), app.signed_in(&email).await));
    }
    app.account("stranger@example.com", Some((other.id, Role::Owner))).await;
    people.insert("stranger", (None, app.signed_in("stranger@example.com").await));
    people
}

/// The status of a route for a person, with names in its path that stand for nothing.
async fn status(browser: &Browser<'_>, origin: &str, method: &str, path: &str) -> u16 {
    let method = match method {
        "POST" => return browser.post_from(origin, path, &[]).await.status(),
        "GET" if path.ends_with("/stream") => return browser.status_of_stream(path).await,
        "OPTIONS" => Method::OPTIONS,
        _ => Method::GET,
    };
    browser.send(method, path, &[], String::new()).await.status()
}

/// What somebody with that role should get.
fn expected((method, path, access, status): (&str, &str, Access, u16), role: Option<Role>) -> u16 {
    match (access, role) {
        (Members(_), None) => 404,
        (Members(permission), Some(role)) if !role.may(permission, false) => 403,
        (_, Some(role)) if role != Role::Owner && OWNERS_ONLY.contains(&(method, path)) => 403,
        _ => status,
    }
}

#[tokio::test]
async fn every_route_serves_those_who_may_and_nobody_else() {
    let app = TestApp::on_sqlite().await;
    let (project, other) = (app.project().await, app.project_named("Other", "222").await);
    let people = people(&app, &project, &other).await;
    let (_stop, stopping) = watch::channel(false);
    let (_, routes) = aurix::http::routes(&app.core.config, &stopping).into_parts();
    let mut faults = Vec::new();
    // `partner` and `api` have their own tests: who holds no key and no token gets 401 everywhere.
    for route in routes.iter().filter(|route| {
        !route.path.contains("/integrations/{service}")
            && !route.path.contains("/integrations/external")
            && !route.path.starts_with("/api/v1/")
    }) {
        let (method, path) = (route.method.as_str(), route.path.as_str());
        let Some(&line) = TABLE.iter().find(|line| (line.0, line.1) == (method, path)) else {
            faults.push(format!("{method} {path} has no line in the table"));
            continue;
        };
        let (.., access, may) = line;
        let real = path.replace("{project}", &project.public_id).replace(['{', '}'], "");
        let mut check = |who: &str, found: u16, expected: u16| {
            if found != expected {
                faults.push(format!("{method} {path} as {who}: {found}, expected {expected}"));
            }
        };
        let is_open = matches!(access, Everybody | Guests);
        check("nobody", status(&app.browser(), &app.base_url, method, &real).await, if is_open { may } else { 303 });
        for (who, (role, browser)) in &people {
            if method == "POST" && !matches!(access, Everybody) {
                let foreign = status(browser, "https://evil.example", method, &real).await;
                check(&format!("{who} on another site"), foreign, 403);
            }
            // Signing in or out would change who they are.
            if !is_open {
                check(who, status(browser, &app.base_url, method, &real).await, expected(line, *role));
            }
        }
    }
    let is_route = |line: &&(&str, &str, Access, u16)| {
        routes.iter().any(|route| (route.method.as_str(), route.path.as_str()) == (line.0, line.1))
    };
    faults.extend(TABLE.iter().filter(|line| !is_route(line)).map(|line| format!("{} {} is no route", line.0, line.1)));
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
    app.end().await;
}
