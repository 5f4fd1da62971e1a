//! What becomes of clicks on a disk that is slow, full, or hangs.

use futures_util::FutureExt as _;
use futures_util::future::join_all;

use super::*;

fn click() -> Click {
    serde_json::from_value(serde_json::json!({
        "id": 1, "event_id": "evt_1", "correlation_id": "O-aB3dE9z", "project": 1, "widget": 1, "parsed_params": "{}", "at": 0
    }))
    .expect("a click")
}

/// A folder of its own for a test.
struct Folder(PathBuf);

impl Folder {
    fn new(test: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("aurix-spool-{}-{test}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a temporary folder");
        Self(folder)
    }

    fn file(&self) -> PathBuf {
        self.0.join("click-spool.jsonl")
    }

    /// Something stands in the way of the file while a click is kept.
    async fn keep_without_room(&self, spool: &ClickSpool) {
        std::fs::create_dir(self.file()).expect("in the way of the file");
        spool.append(&click()).await;
        assert!(spool.flush(Which::All).await.is_err());
        std::fs::remove_dir(self.file()).expect("out of the way");
    }

    fn lines(&self) -> usize {
        std::fs::read_to_string(self.file()).unwrap_or_default().lines().count()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[tokio::test]
async fn clicks_of_the_same_time_share_a_flush() {
    let folder = Folder::new("together");
    let spool = ClickSpool::new(&folder.0);
    for _ in 0..100 {
        assert!(lock(&spool.lines).add(encode_line(&click())));
    }
    let written = join_all((0..100).map(|_| spool.flush(Which::Fresh))).await;
    let mut written: Vec<usize> = written.into_iter().map(|count| count.expect("there is room")).collect();
    written.sort_unstable();
    assert_eq!((written[98], written[99]), (0, 100));
    assert_eq!(folder.lines(), 100);
}

#[tokio::test]
async fn a_disk_that_hangs_keeps_one_visitor_waiting_a_second() {
    let folder = Folder::new("hangs");
    let spool = ClickSpool::new(&folder.0);
    let hangs = spool.file.clone().lock_owned().await;
    spool.append(&click()).await;
    for _ in 0..2 {
        assert!(spool.append(&click()).now_or_never().is_some(), "the next ones do not wait");
    }
    drop(hangs);
    assert_eq!(spool.flush(Which::All).await.expect("it answers again"), 3);
    spool.append(&click()).await;
    assert_eq!(folder.lines(), 4, "the next one waits until it is written");
}

#[tokio::test]
async fn what_there_is_no_room_for_is_written_later() {
    let folder = Folder::new("room");
    let spool = ClickSpool::new(&folder.0);
    folder.keep_without_room(&spool).await;
    folder.keep_without_room(&spool).await;
    assert_eq!(spool.flush(Which::All).await.expect("there is room"), 2);
    assert_eq!(folder.lines(), 2);
}

#[tokio::test]
async fn what_waits_in_memory_is_not_forgotten_where_there_is_no_file() {
    let folder = Folder::new("forgotten");
    let spool = ClickSpool::new(&folder.0);
    folder.keep_without_room(&spool).await;
    assert!(spool.rotate().await.expect("a folder that can be read").is_none());
    assert!(spool.is_used.load(Ordering::Relaxed), "it waits");
    spool.flush(Which::All).await.expect("there is room");
    assert!(spool.rotate().await.expect("a file").is_some());
    std::fs::remove_file(&spool.replaying_file).expect("stored");
    assert!(spool.rotate().await.expect("a folder that can be read").is_none());
    assert!(!spool.is_used.load(Ordering::Relaxed), "nothing waits");
}

#[test]
fn memory_has_an_end_in_bytes() {
    let line = || "a".repeat(20_000);
    let mut lines = Lines::default();
    let added = (0..10_000).take_while(|_| lines.add(line())).count();
    assert!((MEMORY_BYTES_MAX / 21_000..=MEMORY_BYTES_MAX / 20_000).contains(&added), "{added}");
    assert_eq!(lines.take(Which::All).len(), added);
    assert!(!lines.add(line()), "what is being written takes its room");
}

#[tokio::test]
async fn what_found_no_room_is_counted_and_the_room_comes_back() {
    let folder = Folder::new("bytes");
    let spool = ClickSpool::new(&folder.0);
    let mut filler = "a".repeat(MEMORY_BYTES_MAX - 1_000);
    assert_eq!(filler.pop(), Some('a'));
    filler.push('\n');
    assert!(lock(&spool.lines).add(filler));
    std::fs::create_dir(folder.file()).expect("in the way of the file");
    for _ in 0..10 {
        spool.append(&click()).await;
    }
    let kept = {
        let lines = lock(&spool.lines);
        assert!(lines.bytes <= MEMORY_BYTES_MAX);
        lines.fresh.len() + lines.unwritten.len()
    };
    assert!((2..10).contains(&kept), "{kept}");
    assert_eq!(spool.lost.pending(), 11 - kept as u64, "the others are lost");
    std::fs::remove_dir(folder.file()).expect("out of the way");
    assert_eq!(spool.flush(Which::All).await.expect("there is room"), kept);
    assert_eq!(lock(&spool.lines).bytes, 0);
    spool.append(&click()).await;
    assert_eq!(folder.lines(), kept + 1);
}

#[tokio::test]
async fn a_stop_does_not_wait_for_a_disk_that_hangs() {
    let folder = Folder::new("stop-hangs");
    let spool = ClickSpool::new(&folder.0);
    let _hangs = spool.file.clone().lock_owned().await;
    assert!(lock(&spool.lines).add(encode_line(&click())));
    spool.close_within(Duration::from_millis(10)).await;
    assert_eq!(lock(&spool.lines).fresh.len(), 1, "it is lost, and that is logged");
}

#[tokio::test]
async fn a_stop_writes_what_is_in_memory() {
    let folder = Folder::new("stop");
    let spool = ClickSpool::new(&folder.0);
    folder.keep_without_room(&spool).await;
    assert_eq!(folder.lines(), 0);
    spool.close().await;
    assert_eq!(folder.lines(), 1);
}

#[tokio::test]
async fn a_file_that_cannot_be_rotated_is_an_error() {
    let folder = Folder::new("rotation");
    std::fs::write(folder.file(), "").expect("a file");
    // A file where the data folder should be.
    assert!(ClickSpool::new(&folder.file()).rotate().await.is_err());
}
