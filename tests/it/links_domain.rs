//! A project's own domain for its links: where they lead there, and that nothing else is served there.

use aurix::clicks::find_links_domain;
use aurix::db::Conn;
use aurix::domain::link::Campaign;
use aurix::domain::links_domain::LinksDomain;
use aurix::domain::time::SignedDuration;
use aurix::params;
use aurix::projects::links::{NewLink, Opens, create_link};
use aurix::projects::update_project::{ProjectChanges, UpdateRefused, update_project};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::{Project, TestApp, operator};

const DOMAIN: &str = "go.shop.example";

/// The status, the head and the body of the answer to a request for a host.
async fn ask(app: &TestApp, request_line: &str, host: &str) -> (u16, String, String) {
    let address = app.base_url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).await.expect("the server listens");
    let request = format!(
        "{request_line} HTTP/1.1\r\nhost: {host}\r\nuser-agent: Mozilla/5.0 (X11) Firefox/140.0\r\naccept: text/html\r\n\
         content-length: 0\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.expect("it reads");
    let mut response = Vec::new();
    stream.read_to_end(&mut response).await.expect("it responds and closes");
    let response = String::from_utf8(response).expect("text");
    let (head, body) = response.split_once("\r\n\r\n").expect("a head and a body");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status line");
    (status, head.to_owned(), body.to_owned())
}

/// The status of the answer to a `GET`.
async fn status(app: &TestApp, host: &str, path: &str) -> u16 {
    ask(app, &format!("GET {path}"), host).await.0
}

async fn make(app: &TestApp, project: &Project, slug: &str) {
    let campaign = Campaign { source: "poster".to_owned(), ..Campaign::default() };
    let new = NewLink { slug: Some(slug.to_owned()), opens: Opens::Widget(project.widget_id.clone()), campaign };
    create_link(&app.core, &operator(), project.id, new).await.expect("a link");
}

async fn set(app: &TestApp, project: &Project, domain: Option<&str>) -> Result<(), UpdateRefused> {
    let domain = domain.map(|text| LinksDomain::parse(text).expect("a host name"));
    let changes = ProjectChanges { links_domain: Some(domain), ..ProjectChanges::default() };
    let updated = update_project(&app.core, &operator(), project.id, changes).await;
    // Every node looks again after half a second.
    app.advance(SignedDuration::from_secs(1));
    updated.map(drop)
}

async fn clicks_at(app: &TestApp, address: &str) -> i64 {
    const COUNT: &str = "SELECT COUNT(*) FROM clicks WHERE click_url = $1";
    let address = address.to_owned();
    let count = async move |conn: &Conn| Ok(conn.get(COUNT, params![address.as_str()], |row| row.get(0)).await?);
    app.core.db.read(count).await.expect("a count")
}

both_engines! {
    async fn a_link_is_followed_on_the_own_domain_of_its_project(app: &TestApp) {
        let project = app.project().await;
        make(app, &project, "spring-poster").await;
        assert_eq!(status(app, DOMAIN, "/spring-poster").await, 404, "nobody has the domain yet");
        set(app, &project, Some(DOMAIN)).await.expect("set");
        for (host, path) in [(DOMAIN, "/Spring-Poster?gclid=G"), ("GO.shop.example:8443", "/l/spring-poster?gclid=G")] {
            let (status, head, _) = ask(app, &format!("GET {path}"), host).await;
            assert!(status == 302 && head.contains("location: https://wa.me/6512345678?text="), "{host}{path}: {head}");
        }
        assert_eq!(clicks_at(app, "https://go.shop.example/spring-poster?gclid=G").await, 2);
        let base = app.base_url.trim_start_matches("http://");
        assert_eq!(status(app, base, "/l/spring-poster").await, 302, "what is printed keeps working");
        assert_eq!(clicks_at(app, &format!("{}/l/spring-poster", app.base_url)).await, 1);
        assert_eq!(status(app, base, "/spring-poster").await, 404, "only on its own domain");
        let audited = "SELECT detail FROM audit WHERE action = 'project.set'";
        assert_eq!(app.text(audited).await.as_deref(), Some(r#"{"links_domain":"go.shop.example"}"#));

        set(app, &project, None).await.expect("cleared");
        assert_eq!(status(app, DOMAIN, "/spring-poster").await, 404);
        assert_eq!(status(app, base, "/l/spring-poster").await, 302);
    }

    async fn nothing_else_is_served_on_the_own_domain(app: &TestApp) {
        let (project, other) = (app.project().await, app.project_named("Other", "222").await);
        make(app, &project, "spring-poster").await;
        make(app, &other, "their-poster").await;
        set(app, &project, Some(DOMAIN)).await.expect("set");
        let base = app.base_url.trim_start_matches("http://");
        let (_, _, unknown) = ask(app, "GET /l/nobody-made-it", base).await;
        let widget = format!("/c/{}", project.widget_id);
        for path in ["/", "/their-poster", "/l/their-poster", "/l/", "/nobody-made-it", "/sign-in", "/setup", "/api/v1/projects", "/openapi.json", "/widget.js", "/chat/x", &widget] {
            let (status, head, body) = ask(app, &format!("GET {path}"), DOMAIN).await;
            assert_eq!((status, &body), (404, &unknown), "{path}: {head}");
        }
        assert_eq!(ask(app, "POST /spring-poster", DOMAIN).await.0, 404);
        assert_eq!(app.count("SELECT COUNT(*) FROM clicks").await, 0);
        assert_eq!(status(app, DOMAIN, "/healthz").await, 200, "what a balancer asks");
        // The base URL, and other names of this server, serve everything as before.
        for host in [base, "aurix", "aurix.internal.example", "127.0.0.1"] {
            assert_eq!((status(app, host, "/openapi.json").await, status(app, host, "/widget.js").await), (200, 200), "{host}");
            assert_eq!(status(app, host, "/l/their-poster").await, 302, "{host}");
        }
    }

    async fn a_domain_is_that_of_one_project(app: &TestApp) {
        let (project, other) = (app.project().await, app.project_named("Other", "222").await);
        set(app, &project, Some(DOMAIN)).await.expect("set");
        set(app, &project, Some(DOMAIN)).await.expect("it is its own");
        let refused = set(app, &other, Some("GO.Shop.example.")).await;
        assert!(matches!(refused, Err(UpdateRefused::DomainTaken(_))), "{refused:?}");
        let has = "SELECT COUNT(*) FROM projects WHERE links_domain = 'go.shop.example'";
        assert_eq!(app.count(has).await, 1);
        set(app, &project, None).await.expect("cleared");
        set(app, &other, Some(DOMAIN)).await.expect("it is free");
        assert_eq!(app.count(has).await, 1);
    }

    async fn an_own_domain_is_known_while_the_database_is_away(app: &TestApp) {
        let project = app.project().await;
        set(app, &project, Some(DOMAIN)).await.expect("set");
        find_links_domain::preload(&app.engines.clicks).await.expect("domains");
        app.advance(SignedDuration::from_secs(60));
        app.engines.clicks.breaker.record_failure(app.core.clock.now());
        app.execute("UPDATE projects SET links_domain = NULL").await;
        assert_eq!(status(app, DOMAIN, "/sign-in").await, 404, "out of the cache");
    }
}
