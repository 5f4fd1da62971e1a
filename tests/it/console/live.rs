//! The stream of a project: what a tab is told, and when it ends.

use std::time::Duration;

use aurix::domain::account::Role;
use aurix::domain::time::SignedDuration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::attention::look_once;
use crate::support::console::Browser;
use crate::support::{Person, Project, Receiver, TestApp};

/// The beginning of a comment, in a chunk of its own.
const COMMENT: &str = "\r\n:";
const COMES_WITHIN: Duration = Duration::from_secs(30);

/// An open stream.
struct Tab {
    tcp: TcpStream,
    read: String,
}

impl Tab {
    async fn open(app: &TestApp, browser: &Browser<'_>, project: &Project, last_event_id: &str) -> Self {
        Self::open_shown(app, browser, project, ("", last_event_id)).await
    }

    /// Of a page that says what it shows.
    async fn open_shown(
        app: &TestApp,
        browser: &Browser<'_>,
        project: &Project,
        (query, last_event_id): (&str, &str),
    ) -> Self {
        let host = app.base_url.strip_prefix("http://").expect("a host");
        let mut tcp = TcpStream::connect(host).await.expect("the server listens");
        let (path, cookies) = (format!("/p/{}/stream{query}", project.public_id), browser.cookies());
        let request = format!(
            "GET {path} HTTP/1.1\r\nhost: {host}\r\naccept-encoding: gzip\r\ncookie: {cookies}\r\nlast-event-id: {last_event_id}\r\n\r\n"
        );
        tcp.write_all(request.as_bytes()).await.expect("it reads");
        let mut tab = Self { tcp, read: String::new() };
        tab.reads("text/event-stream").await;
        tab.reads("\r\n\r\n").await;
        tab
    }

    /// Reads until `text` has come, and gives what came up to there. Where the clock stands still, it is moved.
    async fn reads(&mut self, text: &str) -> String {
        let read = async {
            loop {
                if let Some(at) = self.read.find(text) {
                    return self.read.drain(..at + text.len()).collect();
                }
                let mut bytes = [0; 4096];
                let count = self.tcp.read(&mut bytes).await.expect("the connection holds");
                assert_ne!(count, 0, "it ended without {text:?}: {:?}", self.read);
                self.read.push_str(&String::from_utf8_lossy(&bytes[..count]));
            }
        };
        timeout(COMES_WITHIN, read).await.unwrap_or_else(|_| panic!("{text:?} does not come: {:?}", self.read))
    }

    /// Is told nothing of its bell from the first comment to the next, which comes where there is nothing to say.
    async fn keeps_its_bell(&mut self, app: &TestApp) {
        for _ in 0..2 {
            let came = self.reads_in_time(app, COMMENT, SignedDuration::from_secs(16)).await;
            assert!(!came.contains("event: attention"), "{came:?}");
        }
    }

    /// Reads while the clock runs, until `text` has come.
    async fn reads_in_time(&mut self, app: &TestApp, text: &str, step: SignedDuration) -> String {
        let ticks = async {
            let mut ticks = tokio::time::interval(Duration::from_millis(20));
            loop {
                ticks.tick().await;
                app.advance(step);
            }
        };
        tokio::select! {
            came = self.reads(text) => came,
            () = ticks => String::new(),
        }
    }
}

both_engines! {
    async fn a_tab_is_told_of_a_delivery_and_goes_on_where_it_was(app: &TestApp) {
        let project = app.project().await;
        let receiver = Receiver::start().await;
        app.webhook(&project, &receiver).await;
        app.account("mei@example.com", Some((project.id, Role::Viewer))).await;
        let browser = app.signed_in("mei@example.com").await;
        let second = SignedDuration::from_secs(1);
        let mut tab = Tab::open(app, &browser, &project, "").await;
        app.click(&project, "device_id=d1").await;
        tab.reads_in_time(app, "event: deliveries", second).await;
        tab.reads("id: ").await;
        tab.reads("\n\n").await;
        let newest = app.count("SELECT MAX(created_at) FROM deliveries").await;
        let id = app.count("SELECT MAX(id) FROM deliveries").await;
        drop(tab);
        let mut again = Tab::open(app, &browser, &project, &format!("{newest}.{id}")).await;
        again.reads_in_time(app, ":", SignedDuration::from_secs(16)).await;
        app.click(&project, "device_id=d2").await;
        again.reads_in_time(app, "event: deliveries", second).await;
        again.reads("id: ").await;
        let mut late = Tab::open(app, &browser, &project, &format!("{newest}.{id}")).await;
        late.reads("event: deliveries").await;
    }

    async fn a_tab_is_told_what_its_bell_does_not_show(app: &TestApp) {
        let project = app.project().await;
        app.account("mei@example.com", Some((project.id, Role::Viewer))).await;
        let browser = app.signed_in("mei@example.com").await;
        let second = SignedDuration::from_secs(1);
        let trouble = async |fault: &'static str| {
            app.execute(fault).await;
            look_once(app).await;
        };
        let mut tab = Tab::open_shown(app, &browser, &project, ("?seen=0.0", "")).await;
        tab.keeps_its_bell(app).await;
        trouble("UPDATE channels SET fault = 'It expired', fault_since = 1").await;
        tab.reads_in_time(app, "event: attention", second).await;
        tab.reads("id: 0.0.1.1\n").await;
        trouble("UPDATE channels SET fault = NULL, fault_since = NULL").await;
        tab.reads_in_time(app, "event: attention", second).await;
        tab.reads("id: 0.0.1.0\n").await;
        // What a tab was told counts, and not what its page showed when it was opened.
        let mut again = Tab::open_shown(app, &browser, &project, ("?seen=0.0", "0.0.1.0")).await;
        again.keeps_its_bell(app).await;
        let mut late = Tab::open_shown(app, &browser, &project, ("?seen=1.1", "")).await;
        late.reads_in_time(app, "event: attention", second).await;
    }

    async fn a_stream_ends_with_the_session_and_with_the_membership(app: &TestApp) {
        let project = app.project().await;
        app.account("mei@example.com", Some((project.id, Role::Viewer))).await;
        let browser = app.signed_in("mei@example.com").await;
        let mut tab = Tab::open(app, &browser, &project, "").await;
        browser.post("/sign-out", &[]).await;
        tab.reads_in_time(app, "event: ended", SignedDuration::from_secs(16)).await;
        let browser = app.signed_in("mei@example.com").await;
        let mut tab = Tab::open(app, &browser, &project, "").await;
        app.core.db.write(async |tx| Ok(tx.execute("DELETE FROM members", &[]).await?)).await.expect("removed");
        tab.reads_in_time(app, "event: ended", SignedDuration::from_secs(16)).await;
    }

    async fn a_tab_is_told_when_somebody_writes_or_is_taken_over(app: &TestApp) {
        let project = app.project().await;
        app.account("mei@example.com", Some((project.id, Role::Member))).await;
        let browser = app.signed_in("mei@example.com").await;
        let second = SignedDuration::from_secs(1);
        let mut tab = Tab::open(app, &browser, &project, "").await;
        tab.reads_in_time(app, "event: conversations", second).await;
        Person::new(app, &project, "6591234567").writes("hello").await;
        tab.reads_in_time(app, "event: conversations", second).await;
        app.settle().await;
        let lead = app.count("SELECT id FROM leads").await;
        let mut tab = Tab::open(app, &browser, &project, "").await;
        tab.reads_in_time(app, "event: conversations", second).await;
        browser.post(&format!("/p/{}/leads/{lead}/take-over", project.public_id), &[]).await;
        tab.reads_in_time(app, "event: conversations", second).await;
        browser.post(&format!("/p/{}/leads/{lead}/writing", project.public_id), &[]).await;
        tab.reads_in_time(app, "event: conversations", second).await;
        // It stops by itself.
        tab.reads_in_time(app, "event: conversations", second).await;
        browser.post(&format!("/p/{}/leads/{lead}/give-back", project.public_id), &[]).await;
        tab.reads_in_time(app, "event: conversations", second).await;
    }
}
