//! The console on a database, as its owner sees it: served by this process, without a password and without a worker.

use std::time::Duration;

use aurix::config::{Config, OpenConsole};
use aurix::core::Core;
use aurix::domain::random::Random;
use aurix::domain::time::Clock;
use aurix::engines::Engines;
use aurix::net::{AddressPolicy, Client, Method, Options, Request, Resolver};
use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// Who looks.
const OWNER: &str = "mei@juniper.example";
/// Leads that are looked for.
const SOUGHT: i64 = 12;

/// A server, and somebody's browser.
pub struct Console {
    client: Client,
    base_url: String,
    project: String,
    stop: watch::Sender<bool>,
    core: Core,
}

impl Console {
    /// Serves the console of a seed.
    pub async fn open(config: Config) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let base_url = format!("http://{}", listener.local_addr().expect("bound"));
        let open_console = Some(OpenConsole { email: OWNER.to_owned(), home: "/" });
        let config = Config { base_url: base_url.clone(), open_console, ..config };
        let core = aurix::serve::open_with(config, Clock::System, Random::from_system(), Resolver::System).await;
        let core = core.expect("it opens");
        let (stop, stopping) = watch::channel(false);
        let router = aurix::http::router(Engines::new(core.clone()), Router::new(), stopping.clone());
        tokio::spawn(aurix::http::server::serve(listener, router, Default::default(), async move {
            let _ = stopping.clone().wait_for(|stop| *stop).await;
        }));
        let client = Client::new(AddressPolicy::trusted(), Resolver::System, Options::default());
        let project = "SELECT public_id FROM projects ORDER BY id DESC LIMIT 1";
        let project = core.db.read(async move |conn| Ok(conn.get(project, &[], |row| row.get(0)).await?)).await;
        Self { client, base_url, project: project.expect("a project"), stop, core }
    }

    /// A page of the project.
    pub async fn get(&self, path: &str) -> String {
        let request = Request {
            method: Method::GET,
            url: format!("{}/p/{}{path}", self.base_url, self.project),
            headers: vec![("accept".to_owned(), "text/html".to_owned())],
            body: Default::default(),
            timeout: Duration::from_secs(60),
            response_bytes_max: 64 << 20,
        };
        let response = self.client.send(request).await.expect("the server answers");
        let body = String::from_utf8_lossy(&response.body).into_owned();
        assert_eq!(response.status, 200, "{path}: {body}");
        body
    }

    /// Fails unless a page has these words behind each other.
    pub async fn shows(&self, path: &str, words: &str) {
        let text = words_of(&self.get(path).await);
        assert!(text.contains(words), "{path} does not say {words:?}: {text}");
    }

    /// Rows of a file, without its head. No value of a seed has a line break.
    pub async fn rows(&self, path: &str) -> i64 {
        let lines = self.get(path).await.matches("\r\n").count();
        i64::try_from(lines).expect("few") - 1
    }

    /// Some leads are found by their number, by their name and by their reference.
    pub async fn finds_every_lead_by_what_it_knows(&self, core: &Core) {
        let known = "SELECT l.id, c.phone, COALESCE(s.correlation_id, ''), COALESCE(c.profile_name, '')
             FROM leads AS l
             JOIN conversations AS c ON c.id = l.conversation_id
             LEFT JOIN sessions AS s ON s.id = l.session_id
             WHERE l.erased_at IS NULL
             ORDER BY l.id DESC
             LIMIT $1";
        let read =
            |row: &aurix::db::Row<'_>| Ok((row.get::<i64>(0)?, [row.get::<String>(1)?, row.get(2)?, row.get(3)?]));
        let leads = core.db.read(async move |conn| Ok(conn.query(known, aurix::params![SOUGHT], read).await?)).await;
        for (lead, words) in leads.expect("leads") {
            for word in words.iter().filter(|word| !word.is_empty()) {
                let query: String = url::form_urlencoded::byte_serialize(word.as_bytes()).collect();
                let page = self.get(&format!("/leads?q={query}")).await;
                assert!(page.contains(&format!("/leads/{lead}\"")), "lead {lead} is not found by {word:?}");
            }
        }
    }

    pub async fn end(self) {
        self.stop.send_replace(true);
        self.core.db.close().await;
    }
}

/// The words of a page, without its tags.
fn words_of(html: &str) -> String {
    let texts = html.split('<').map(|part| part.split_once('>').map_or(part, |(_, text)| text));
    texts.flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ")
}
