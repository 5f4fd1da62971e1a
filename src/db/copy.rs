//! Copies of a SQLite database: made of one moment and verified, looked at, and put in place of another.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::Read as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use rusqlite::{Connection, OpenFlags, OptionalExtension as _};

use super::migrate;
use super::sqlite_file::open_exclusively;

/// What a check lists at most.
const FINDINGS_MAX: usize = 10;
const SQLITE_MAGIC: &[u8] = b"SQLite format 3\0";
/// In copies alone: who made it.
const MAKER: &str = "DROP TABLE IF EXISTS backup;
    CREATE TABLE backup (made_at BIGINT NOT NULL, program TEXT NOT NULL, host TEXT NOT NULL, made_by TEXT NOT NULL);";

/// Who makes a copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Maker {
    /// When; microseconds since 1970.
    pub made_at: i64,
    /// The program's version.
    pub program: String,
    /// The machine.
    pub host: String,
    /// The person.
    pub made_by: String,
}

/// What a copy is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contents {
    /// Who made it; `None` of a file that `aurix backup` did not make.
    pub maker: Option<Maker>,
    /// Its newest migration.
    pub version: i64,
    /// Rows by table.
    pub rows: BTreeMap<String, u64>,
}

/// Copies the database of one moment into a new file, verifies the copy, and gives its size in bytes.
pub(super) fn make(from: &Path, to: &Path, maker: &Maker) -> anyhow::Result<u64> {
    ensure!(!to.exists(), "{} exists: name a new file", to.display());
    let draft = Draft::new(to, ".part")?;
    write(from, &draft.path, maker)?;
    draft.put_into_place(to)
}

/// A file that is removed unless it is put into place.
pub struct Draft {
    /// Where it is.
    pub path: PathBuf,
    is_kept: bool,
    /// Locked as long as it is open.
    _lock: File,
}

impl Draft {
    /// Makes a file beside another one, readable by its owner alone. One that was left behind is overwritten; one that another process
    /// writes is not.
    pub fn new(beside: &Path, ending: &str) -> anyhow::Result<Self> {
        let mut path = beside.as_os_str().to_owned();
        path.push(ending);
        let path = PathBuf::from(path);
        let made = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path);
        let file = made.with_context(|| format!("cannot write {}", path.display()))?;
        let is_alone = rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive).is_ok();
        ensure!(is_alone, "{} is being written by another command", path.display());
        file.set_len(0)?;
        Ok(Self { path, is_kept: false, _lock: file })
    }

    /// Puts it on disk under its name, and gives its size in bytes.
    pub fn put_into_place(mut self, to: &Path) -> anyhow::Result<u64> {
        let file = File::open(&self.path)?;
        file.sync_all()?;
        std::fs::rename(&self.path, to).with_context(|| format!("putting {} into place", to.display()))?;
        self.is_kept = true;
        sync_folder(to)?;
        Ok(file.metadata()?.len())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.is_kept {
            for ending in ["", "-wal", "-shm", "-journal"] {
                // Of no use to anyone.
                let _ = std::fs::remove_file(with_ending(&self.path, ending));
            }
        }
    }
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut whole = path.as_os_str().to_owned();
    whole.push(ending);
    PathBuf::from(whole)
}

fn sync_folder(of: &Path) -> anyhow::Result<()> {
    let folder = of.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Ok(File::open(folder)?.sync_all()?)
}

fn write(from: &Path, to: &Path, maker: &Maker) -> anyhow::Result<()> {
    let source = Connection::open_with_flags(from, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    // A copy of one moment, whatever is written meanwhile; into an empty file, so that its mode stays.
    source.execute("VACUUM INTO ?1", [to.to_string_lossy()]).context("copying the database")?;
    let copy = Connection::open_with_flags(to, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    ensure_undamaged(&copy).context("the copy is damaged")?;
    copy.execute_batch(MAKER)?;
    let Maker { made_at, program, host, made_by } = maker;
    copy.execute("INSERT INTO backup VALUES (?1, ?2, ?3, ?4)", (made_at, program, host, made_by))?;
    Ok(())
}

fn ensure_undamaged(connection: &Connection) -> anyhow::Result<()> {
    let mut statement = connection.prepare(&format!("PRAGMA integrity_check({FINDINGS_MAX})"))?;
    let findings = statement.query_map([], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?;
    ensure!(findings == ["ok"], "{}", findings.join("; "));
    Ok(())
}

/// Looks at a copy: whether it is undamaged, a database of Aurix, and of a version that this program knows.
pub fn look_at(path: &Path) -> anyhow::Result<Contents> {
    let copy = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    ensure_undamaged(&copy).context("the file is damaged, or no SQLite database")?;
    let migrations = match copy.prepare("SELECT version, name FROM migrations ORDER BY version") {
        Ok(mut statement) => {
            statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<Vec<_>, _>>()?
        }
        Err(_) => bail!("the file is a SQLite database, and none of Aurix"),
    };
    let version = migrate::known_version(&migrations)?;
    let maker = copy.query_row("SELECT made_at, program, host, made_by FROM backup", [], |row| {
        Ok(Maker { made_at: row.get(0)?, program: row.get(1)?, host: row.get(2)?, made_by: row.get(3)? })
    });
    Ok(Contents { maker: maker.optional().unwrap_or_default(), version, rows: rows(&copy)? })
}

/// Whether a file begins as a SQLite database does. An empty one is one.
fn is_sqlite(path: &Path) -> bool {
    let mut head = Vec::new();
    let read = File::open(path).and_then(|file| file.take(SQLITE_MAGIC.len() as u64).read_to_end(&mut head));
    read.is_ok() && (head.is_empty() || head == SQLITE_MAGIC)
}

/// The rows of each table. What belongs to a virtual one is left out.
fn rows(connection: &Connection) -> anyhow::Result<BTreeMap<String, u64>> {
    const TABLES: &str = "SELECT name FROM pragma_table_list
        WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!'";
    let mut statement = connection.prepare(TABLES)?;
    let names = statement.query_map([], |row| row.get(0))?.collect::<Result<Vec<String>, _>>()?;
    let count = |name: String| {
        let count = connection.query_row(&format!("SELECT COUNT(*) FROM {name}"), [], |row| row.get::<_, i64>(0))?;
        Ok((name, count.cast_unsigned()))
    };
    names.into_iter().map(count).collect()
}

/// Removes from a copy who made it.
pub fn forget_maker(path: &Path) -> anyhow::Result<()> {
    let copy = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    Ok(copy.execute_batch("DROP TABLE IF EXISTS backup")?)
}

/// A database that is about to be replaced. Nothing else can open it until this is dropped.
pub struct Replaced {
    path: PathBuf,
    /// `None` where there is no file, or one that SQLite cannot read.
    held: Option<Connection>,
}

impl Replaced {
    /// Holds the database; an error where something else has it open.
    pub fn hold(path: &Path) -> anyhow::Result<Self> {
        // SQLite would remove the log of writes beside what it takes for an empty database.
        let held = match is_sqlite(path).then(|| open_exclusively(path)) {
            Some(Err(error)) if error.is::<super::InUse>() => return Err(error),
            Some(held) => held.ok(),
            None => None,
        };
        Ok(Self { path: path.to_owned(), held })
    }

    /// Whether there is a file with something in it: rows in one of these tables, or what cannot be read.
    pub fn has_data(&self, tables: &[&str]) -> bool {
        let Some(held) = &self.held else {
            return std::fs::metadata(&self.path).is_ok_and(|found| found.len() > 0);
        };
        let has_row = |table: &&str| {
            held.query_row(&format!("SELECT EXISTS (SELECT 1 FROM {table})"), [], |row| row.get(0)).unwrap_or(false)
        };
        // Another program's database has none of the tables.
        let is_strange = held.prepare("SELECT 1 FROM migrations").is_err()
            && held.query_row("SELECT COUNT(*) > 0 FROM sqlite_schema", [], |row| row.get(0)).unwrap_or(true);
        is_strange || tables.iter().any(has_row)
    }

    /// Puts a draft into place in one step. What was there gets the name `kept`, where one is given.
    pub fn replace_with(self, draft: Draft, kept: Option<&Path>) -> anyhow::Result<u64> {
        let Self { path, held } = self;
        if let Some(kept) = kept {
            ensure!(!kept.exists(), "{} exists already", kept.display());
        }
        // The log of writes is copied into the file and removed: beside another file it would be taken for that one's.
        drop(held);
        if let Some(kept) = kept {
            std::fs::hard_link(&path, kept)
                .or_else(|_| std::fs::copy(&path, kept).map(drop))
                .with_context(|| format!("keeping the database that was there as {}", kept.display()))?;
        }
        for ending in ["-wal", "-shm"] {
            let (log, kept) = (with_ending(&path, ending), kept.map(|kept| with_ending(kept, ending)));
            if log.exists() {
                kept.map_or_else(|| std::fs::remove_file(&log), |kept| std::fs::rename(&log, kept))?;
            }
        }
        draft.put_into_place(&path)
    }
}
