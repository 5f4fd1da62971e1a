//! The database is away: visitors reach WhatsApp all the same, and what they did is stored when it is back.

use std::time::Duration;

use aurix::db::Location;

use super::database::{Cluster, Database};
use super::ledger::{self, count};
use super::load::{Book, Clicked};
use super::server::Server;
use super::shop::{Shop, ShopClient};
use super::sink::{Pace, Sink};
use super::small_disk::Disk;
use super::{now, until};

/// What the first visitor waits at most, on a busy machine.
const FIRST_VISITOR_WAITS: Duration = Duration::from_millis(3_500);
/// What a visitor waits who does not have to find out: less than the database is waited for.
const NEXT_VISITOR_WAITS: Duration = Duration::from_millis(1_500);
/// What the first visitor waits at most where the disk hangs: for the widget, for the click, and for the file.
const HANGING_DISK_WAITS: Duration = Duration::from_millis(6_500);
/// Visitors who click while the database is away.
const VISITORS: usize = 20;
const LIMIT: Duration = Duration::from_secs(60);
const STOP_LIMIT: Duration = Duration::from_secs(22);

/// What the tests of both engines share.
struct Scene {
    server: Server,
    client: ShopClient,
    sink: Sink,
}

impl Scene {
    async fn set(mut server: Server) -> Self {
        let shop = Shop::open(&server).await;
        let sink = Sink::start(Pace::AtOnce).await;
        shop.webhook(&server, &sink);
        server.start_ready().await;
        let client = shop.client(&server);
        client.click("d0", &page(0)).await.expect("a response");
        ledger::nothing_is_due(&server.rows().await, LIMIT).await;
        Self { server, client, sink }
    }

    /// Visitors click while the database is away; gives the references that they took along.
    async fn visitors_click(&self) -> Vec<String> {
        self.visitors_click_within(FIRST_VISITOR_WAITS).await
    }

    async fn visitors_click_within(&self, first_waits: Duration) -> Vec<String> {
        let (first, waited) = self.click(1).await;
        assert!(waited < first_waits, "the first visitor waited {waited:?}");
        let rest = (2..=VISITORS).map(|number| self.click(number));
        let rest = futures_util::future::join_all(rest).await;
        // Once in a while one of them finds out whether the database is back.
        let waited = rest.iter().filter(|(_, waited)| *waited > NEXT_VISITOR_WAITS).count();
        assert!(waited <= 1, "{waited} of the next visitors waited");
        std::iter::once(first).chain(rest.into_iter().map(|(reference, _)| reference)).collect()
    }

    /// Two visits are one device's: the first visitor was here before.
    async fn click(&self, number: usize) -> (String, Duration) {
        let clicked = now();
        let reference =
            self.client.click(&format!("d{}", number / 2), &page(number)).await.expect("a visitor gets there");
        (reference, clicked.elapsed())
    }

    /// The replay renames the file before it stores what is in it.
    fn spooled(&self) -> usize {
        let lines = |name| {
            let file = std::fs::read_to_string(self.server.data_dir.join(name)).unwrap_or_default();
            file.lines().count()
        };
        lines("click-spool.jsonl") + lines("click-spool.replaying.jsonl")
    }

    /// The database is back: a message with a reference of that time is understood, and every click and its event come.
    async fn all_is_made_up_for(&self, references: &[String]) {
        let db = self.server.rows().await;
        let hello = format!("Hello\nReference: {}", references[1]);
        until("the message is taken", LIMIT, async || {
            self.client.write("6591234567", "wamid.1", &hello).await.is_ok_and(|status| status == 200)
        })
        .await;
        assert_eq!(count(&db, "SELECT COUNT(*) FROM sessions WHERE conversation_id IS NOT NULL").await, 1);
        until("all clicks are stored", LIMIT, async || {
            count(&db, "SELECT COUNT(*) FROM clicks").await > VISITORS as i64
        })
        .await;
        ledger::nothing_is_due(&db, LIMIT).await;
        let clicked = references.iter().enumerate();
        let clicked = clicked.map(|(place, reference)| Clicked { page: page(place + 1), reference: reference.clone() });
        ledger::check_clicks(&db, &Book::of(clicked.collect())).await;
        assert_eq!(ledger::check_deliveries(&db, &self.sink, &ledger::Lost::new()).await, 0, "nothing comes twice");
        assert_eq!(self.spooled(), 0);
        assert!(!self.server.data_dir.join("click-spool.rejected.jsonl").exists());
    }
}

fn page(number: usize) -> String {
    format!("https://shop.example/{number}")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_locked_sqlite_file_keeps_no_visitor() {
    let scene = Scene::set(Server::on_sqlite()).await;
    let Location::Sqlite(file) = scene.server.location() else { unreachable!("made two lines above") };
    let other = rusqlite::Connection::open(file).expect("the file can be opened");
    other.execute_batch("BEGIN IMMEDIATE").expect("the file can be locked");
    let references = scene.visitors_click().await;
    assert!(scene.spooled() >= VISITORS, "{} are spooled", scene.spooled());
    other.execute_batch("ROLLBACK").expect("the lock can be let go");
    scene.all_is_made_up_for(&references).await;
    scene.server.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_spooled_survives_a_kill() {
    let mut scene = Scene::set(Server::on_sqlite()).await;
    let Location::Sqlite(file) = scene.server.location() else { unreachable!("made two lines above") };
    let other = rusqlite::Connection::open(file).expect("the file can be opened");
    other.execute_batch("BEGIN IMMEDIATE").expect("the file can be locked");
    let references = scene.visitors_click().await;
    scene.server.kill();
    // As a process leaves it that is killed while it writes.
    let [waiting, taken] =
        ["click-spool.jsonl", "click-spool.replaying.jsonl"].map(|name| scene.server.data_dir.join(name));
    let path = if taken.exists() { taken } else { waiting };
    let text = std::fs::read(&path).expect("clicks are spooled");
    other.execute_batch("ROLLBACK").expect("the lock can be let go");
    std::fs::write(&path, [text.as_slice(), b"{\"event_id\":\"evt_\xc3"].concat()).expect("the file can be written");
    scene.server.start_ready().await;
    let db = scene.server.rows().await;
    until("all clicks are stored", LIMIT, async || count(&db, "SELECT COUNT(*) FROM clicks").await > VISITORS as i64)
        .await;
    let refused = scene.server.data_dir.join("click-spool.rejected.jsonl");
    until("what is unfinished is put away", LIMIT, async || std::fs::remove_file(&refused).is_ok()).await;
    scene.all_is_made_up_for(&references).await;
    scene.server.end().await;
}

/// The server's log is elsewhere: whoever writes to a disk that hangs waits.
async fn set_on_a_disk_that_can_hang(server: Server) -> Option<(Scene, Disk)> {
    let disk = Disk::in_a_file(server.data_dir.clone())?;
    std::os::unix::fs::symlink(disk.beside().join("log"), disk.folder().join("log")).expect("a link");
    Some((Scene::set(server).await, disk))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_hangs_keeps_no_visitor_on_sqlite() {
    let Some((scene, disk)) = set_on_a_disk_that_can_hang(Server::on_sqlite()).await else { return };
    let hanging = disk.hang();
    let references = scene.visitors_click_within(HANGING_DISK_WAITS).await;
    drop(hanging);
    scene.all_is_made_up_for(&references).await;
    scene.server.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_hangs_while_postgresql_is_away_keeps_no_visitor() {
    let Some(cluster) = Cluster::start().await else { return };
    let server = Server::new(Some(Database::on(&cluster.url).await));
    let Some((scene, disk)) = set_on_a_disk_that_can_hang(server).await else { return };
    cluster.cut();
    let hanging = disk.hang();
    let references = scene.visitors_click_within(HANGING_DISK_WAITS).await;
    assert_eq!(scene.spooled(), 0, "nothing can be written");
    cluster.go_on().await;
    until("the database is back", LIMIT, async || scene.server.status_of("/readyz").await == Some(200)).await;
    let refused = async || scene.client.write("6591234567", "wamid.1", "Hello").await.is_ok_and(|status| status == 503);
    until("a message waits for the clicks, not for ever", LIMIT, refused).await;
    drop(hanging);
    scene.all_is_made_up_for(&references).await;
    scene.server.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_postgresql_that_is_cut_off_keeps_no_visitor() {
    let Some(cluster) = Cluster::start().await else { return };
    let scene = Scene::set(Server::new(Some(Database::on(&cluster.url).await))).await;
    cluster.cut();
    let references = scene.visitors_click().await;
    assert_eq!(scene.spooled(), VISITORS);
    assert_eq!(scene.server.status_of("/healthz").await, Some(200));
    // What it says may be from a moment before.
    until("it is not ready", LIMIT, async || scene.server.status_of("/readyz").await == Some(503)).await;
    assert_eq!(scene.client.write("6591234567", "wamid.1", "Hello").await.expect("a response"), 503);
    cluster.go_on().await;
    scene.all_is_made_up_for(&references).await;
    scene.server.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_postgresql_that_hangs_keeps_no_visitor_and_no_stop() {
    let Some(cluster) = Cluster::start().await else { return };
    let mut scene = Scene::set(Server::new(Some(Database::on(&cluster.url).await))).await;
    cluster.hang();
    let references = scene.visitors_click().await;
    assert_eq!(scene.spooled(), VISITORS);
    let status = scene.server.stop(STOP_LIMIT).await;
    assert_eq!(status.code(), Some(0), "{status}");
    cluster.unhang();
    scene.server.start_ready().await;
    scene.all_is_made_up_for(&references).await;
    scene.server.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_without_a_database_says_so() {
    let port = super::free_port();
    let settings = [
        ("AURIX_DATABASE", format!("postgres://postgres@127.0.0.1:{port}/aurix")),
        ("AURIX_DATABASE", "sqlite:/proc/no/such/folder/aurix.db".to_owned()),
    ];
    for (setting, value) in settings {
        let mut server = Server::on_sqlite().set(setting, &value);
        server.start();
        let status = server.ended(LIMIT).await;
        let log = server.log();
        assert_eq!(status.code(), Some(1), "{log}");
        let error = log.lines().find(|line| line.starts_with("error: AURIX_DATABASE: the database cannot be opened: "));
        assert!(error.is_some_and(|line| line.len() < 400), "{log}");
        server.end().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clicks_of_visitors_who_went_on_survive_a_power_cut() {
    let Some((scene, disk)) = set_on_a_disk_that_can_hang(Server::on_sqlite()).await else { return };
    let Location::Sqlite(file) = scene.server.location() else { unreachable!("made two lines above") };
    let other = rusqlite::Connection::open(file).expect("the file can be opened");
    other.execute_batch("BEGIN IMMEDIATE").expect("the file can be locked");
    let references = scene.visitors_click().await;
    let after = disk.after_a_power_cut().expect("the disk was mounted before");
    let lines = ["click-spool.jsonl", "click-spool.replaying.jsonl"]
        .map(|name| std::fs::read_to_string(after.folder().join(name)).unwrap_or_default())
        .concat();
    let missing: Vec<_> = references.iter().filter(|reference| !lines.contains(reference.as_str())).collect();
    assert!(missing.is_empty(), "{missing:?} were answered and are not on the disk");
    other.execute_batch("ROLLBACK").expect("the lock can be let go");
    scene.all_is_made_up_for(&references).await;
    scene.server.end().await;
}
