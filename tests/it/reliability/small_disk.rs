//! A small disk of a test's own, that can be filled and can hang.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::fresh_folder;
use crate::support::skip::skip;

/// Its size in bytes.
const SIZE: u64 = 64 << 20;

/// A mounted disk.
pub struct Disk {
    folder: PathBuf,
    /// What it is kept in, where that is a file.
    image: Option<PathBuf>,
}

impl Disk {
    /// One in memory. `None`, with a message, where the system lets nobody mount one.
    pub fn in_memory(folder: PathBuf) -> Option<Self> {
        let size = format!("size={SIZE}");
        let mounted = succeeds(Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(&folder));
        Self::mounted(mounted, folder, None)
    }

    /// One that can hang. `None`, with a message, where the system lets nobody mount one.
    pub fn in_a_file(folder: PathBuf) -> Option<Self> {
        let image = fresh_folder().join("disk");
        std::fs::File::create(&image).and_then(|file| file.set_len(SIZE)).expect("a file");
        let mounted = succeeds(Command::new("mkfs.ext4").args(["-q", "-F"]).arg(&image)) && mount(&image, &folder);
        Self::mounted(mounted, folder, Some(image))
    }

    /// What the disk would hold if the machine lost its power now: what was written and not synced is missing.
    pub fn after_a_power_cut(&self) -> Option<Self> {
        let (image, folder) = (fresh_folder().join("disk"), fresh_folder());
        std::fs::copy(self.image.as_deref()?, &image).expect("a copy");
        let mounted = mount(&image, &folder);
        Self::mounted(mounted, folder, Some(image))
    }

    fn mounted(mounted: bool, folder: PathBuf, image: Option<PathBuf>) -> Option<Self> {
        if !mounted {
            skip("a small disk cannot be mounted here, which takes root, mount and mkfs.ext4");
            if let Some(beside) = image.as_deref().and_then(Path::parent) {
                let _ = std::fs::remove_dir_all(beside);
            }
            return None;
        }
        Some(Self { folder, image })
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where its file is: a folder that does not hang with it.
    pub fn beside(&self) -> &Path {
        self.image.as_deref().and_then(Path::parent).expect("it is kept in a file")
    }

    /// Leaves no byte free.
    pub fn fill(&self) {
        let mut file = std::fs::File::create(self.ballast()).expect("a file");
        let written = std::io::copy(&mut std::io::repeat(0), &mut file);
        assert_eq!(written.expect_err("it is full").kind(), std::io::ErrorKind::StorageFull);
    }

    pub fn make_room(&self) {
        std::fs::remove_file(self.ballast()).expect("it is there");
    }

    fn ballast(&self) -> PathBuf {
        self.folder.join("ballast")
    }

    /// Whoever writes waits until the guard is dropped. It must go before the processes that write: one that waits for a disk
    /// cannot be killed.
    pub fn hang(&self) -> Hanging<'_> {
        assert!(succeeds(Command::new("fsfreeze").arg("--freeze").arg(&self.folder)), "a mounted disk can be frozen");
        Hanging(self)
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.folder).status();
        let _ = std::fs::remove_dir_all(&self.folder);
        if self.image.is_some() {
            let _ = std::fs::remove_dir_all(self.beside());
        }
    }
}

/// A disk that hangs.
pub struct Hanging<'a>(&'a Disk);

impl Drop for Hanging<'_> {
    fn drop(&mut self) {
        let _ = Command::new("fsfreeze").arg("--unfreeze").arg(&self.0.folder).status();
    }
}

fn mount(image: &Path, folder: &Path) -> bool {
    succeeds(Command::new("mount").args(["-o", "loop"]).args([image, folder]))
}

fn succeeds(command: &mut Command) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}
