//! How full this node's disks are, what of all nodes' disks is nearly full, and how old the newest backup is.

use std::path::{Path, PathBuf};

use super::wording;
use crate::core::Core;
use crate::db::{Conn, Location};
use crate::domain::attention::AttentionKind;
use crate::domain::ids::ProjectId;
use crate::domain::time::{SignedDuration, Timestamp};
use crate::store::attention::{self as items, NewItem};
use crate::store::disks::{self, Disk};

/// For so long what a node said of its disks holds. A node says it every minute.
pub const DISKS_KNOWN_FOR: SignedDuration = SignedDuration::from_mins(15);
/// After so long a node that says nothing is forgotten.
const FORGOTTEN_AFTER: SignedDuration = SignedDuration::from_hours(24);
/// A disk is nearly full where less than this part of it is free, and less than that many bytes.
const FREE_PART: i64 = 10;
const FREE_BYTES: i64 = 10_000_000_000;
/// How old the newest backup may be.
const BACKUP_AGE_MAX: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Characters of a host's name.
const HOST_CHARS_MAX: usize = 80;

/// Stores how full the disks are that this node works on.
pub async fn report_disks(core: &Core) -> anyhow::Result<()> {
    let (folders, now) = (folders(core), core.clock.now());
    let measured = tokio::task::spawn_blocking(move || {
        folders.iter().filter_map(|folder| measure(folder, now)).collect::<Vec<_>>()
    });
    let measured = measured.await?;
    core.db
        .write(async move |tx| {
            for disk in &measured {
                disks::put(tx, disk).await?;
            }
            disks::forget(tx, now - FORGOTTEN_AFTER).await?;
            Ok(())
        })
        .await
}

/// The data folder, and that of the database where it is another.
fn folders(core: &Core) -> Vec<PathBuf> {
    let data_dir = core.config.data_dir.clone();
    match &core.config.database {
        Location::Sqlite(file) => match file.parent() {
            Some(folder) if !folder.as_os_str().is_empty() && folder != data_dir => vec![data_dir, folder.to_owned()],
            _ => vec![data_dir],
        },
        Location::Postgres(_) => vec![data_dir],
    }
}

/// The disks that this process works on, each with whether it is nearly full.
pub fn disks_here(core: &Core) -> Vec<(Disk, bool)> {
    let measured = folders(core).into_iter().filter_map(|folder| measure(&folder, core.clock.now()));
    let with_state = |disk: Disk| {
        let is_full = is_nearly_full(&disk, false);
        (disk, is_full)
    };
    measured.map(with_state).collect()
}

fn measure(folder: &Path, now: Timestamp) -> Option<Disk> {
    let found = match rustix::fs::statvfs(folder) {
        Ok(found) => found,
        Err(error) => {
            tracing::warn!(folder = %folder.display(), %error, "disk not measured");
            return None;
        }
    };
    let bytes = |blocks: u64| i64::try_from(blocks.saturating_mul(found.f_frsize)).unwrap_or(i64::MAX);
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    Some(Disk {
        host: host.chars().filter(|c| !c.is_control()).take(HOST_CHARS_MAX).collect(),
        path: std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned()).display().to_string(),
        total_bytes: bytes(found.f_blocks),
        // What a process without special rights can write.
        free_bytes: bytes(found.f_bavail),
        seen_at: now,
    })
}

/// An item for each disk that is nearly full.
pub(super) async fn full(conn: &Conn, now: Timestamp) -> anyhow::Result<Vec<NewItem>> {
    let all = disks::list(conn, now - DISKS_KNOWN_FOR).await?;
    if all.is_empty() {
        return Ok(Vec::new());
    }
    let open = items::list_open(conn, ProjectId::INSTANCE, u32::MAX).await?;
    let is_open =
        |new: &NewItem| open.iter().any(|item| item.kind == AttentionKind::DiskFull && item.subject == new.subject);
    let wanted = all.iter().map(|disk| (disk, wording::disk_full(disk)));
    Ok(wanted.filter(|(disk, new)| is_nearly_full(disk, is_open(new))).map(|(_, new)| new).collect())
}

/// Of a disk that was nearly full, a quarter more has to be free before it counts as mended: else it would be told again and again.
fn is_nearly_full(disk: &Disk, was_full: bool) -> bool {
    let least = (disk.total_bytes / FREE_PART).min(FREE_BYTES);
    disk.free_bytes < if was_full { least + least / 4 } else { least }
}

/// An item where the newest backup is old. Where none was ever made by command, backups are made in another way, or nowhere: nobody
/// knows.
pub(super) async fn backup_item(conn: &Conn, now: Timestamp) -> anyhow::Result<Option<NewItem>> {
    let made_at = disks::backed_up_at(conn).await?;
    Ok(made_at.filter(|at| now - BACKUP_AGE_MAX > *at).map(wording::backup_old))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn disk(total_gb: i64, free_gb: f64) -> Disk {
        let bytes = |gb: f64| (gb * 1e9) as i64;
        let (total_bytes, free_bytes) = (bytes(total_gb as f64), bytes(free_gb));
        Disk { host: "a".to_owned(), path: "/".to_owned(), total_bytes, free_bytes, seen_at: Timestamp::UNIX_EPOCH }
    }

    #[test]
    fn a_disk_is_nearly_full_by_its_part_and_by_its_bytes() {
        let check =
            |total, free, expected| assert_eq!(is_nearly_full(&disk(total, free), false), expected, "{total} {free}");
        check(5, 0.6, false);
        check(5, 0.4, true);
        check(40, 4.1, false);
        check(40, 3.9, true);
        check(4_000, 11.0, false);
        check(4_000, 9.0, true);
    }

    #[test]
    fn a_full_disk_is_mended_by_a_quarter_more() {
        let check = |free, expected| assert_eq!(is_nearly_full(&disk(40, free), true), expected, "{free}");
        check(4.9, true);
        check(5.1, false);
    }

    #[test]
    fn a_folder_is_measured() {
        let found = measure(&std::env::temp_dir(), Timestamp::UNIX_EPOCH).expect("a disk");
        assert!(0 < found.free_bytes && found.free_bytes <= found.total_bytes, "{found:?}");
        assert!(!found.host.is_empty() && found.path.starts_with('/'), "{found:?}");
        assert_eq!(measure(Path::new("/no/such/folder"), Timestamp::UNIX_EPOCH), None);
    }
}
