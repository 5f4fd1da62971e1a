//! The servers that whoever runs the commands has logged in to: a file of their own, which nobody else may read.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, OpenOptions, Permissions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use serde::{Deserialize, Serialize};

/// The name of a profile unless another is chosen.
pub const NAME: &str = "default";
/// Characters of a name.
const NAME_CHARS_MAX: usize = 64;
const FILE: &str = "profiles.json";

/// A server, and what opens it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Profile {
    pub server: String,
    pub token: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<PathBuf>,
}

/// All of them.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Profiles {
    /// Which one is used where nothing is said.
    current: Option<String>,
    profiles: BTreeMap<String, Profile>,
}

/// The folder of the user's configuration, as the XDG Base Directory Specification has it.
#[expect(clippy::disallowed_methods, reason = "where a user keeps configuration is no setting of the server")]
fn folder() -> anyhow::Result<PathBuf> {
    let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let config = absolute("XDG_CONFIG_HOME").or_else(|| Some(absolute("HOME")?.join(".config")));
    Ok(config.context("there is no folder for profiles: set HOME or XDG_CONFIG_HOME")?.join("aurix"))
}

impl Profiles {
    /// Those of whoever runs the command; none where nothing was stored.
    pub fn read() -> anyhow::Result<Self> {
        match folder() {
            Ok(folder) => Self::read_in(&folder),
            // As of a service: it has logged in nowhere.
            Err(_) => Ok(Self::default()),
        }
    }

    fn read_in(folder: &Path) -> anyhow::Result<Self> {
        let file = folder.join(FILE);
        let text = match fs::read_to_string(&file) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Self::default()),
            text => text.with_context(|| format!("cannot read {}", file.display()))?,
        };
        let mode = fs::metadata(&file)?.permissions().mode() & 0o777;
        ensure!(
            mode & 0o077 == 0,
            "{file} has tokens, and others may read it (mode {mode:o}): chmod 600 {file}",
            file = file.display()
        );
        serde_json::from_str(&text)
            .with_context(|| format!("{} is damaged: remove it, and log in again", file.display()))
    }

    /// Stores them.
    pub fn write(&self) -> anyhow::Result<PathBuf> {
        let folder = folder()?;
        self.write_in(&folder)
    }

    fn write_in(&self, folder: &Path) -> anyhow::Result<PathBuf> {
        let (file, next) = (folder.join(FILE), folder.join(format!("{FILE}.{}", std::process::id())));
        let store = || {
            DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
            let mut open = OpenOptions::new();
            let mut written = open.write(true).create(true).truncate(true).mode(0o600).open(&next)?;
            // One that is left over keeps its mode.
            fs::set_permissions(&next, Permissions::from_mode(0o600))?;
            written.write_all(serde_json::to_string_pretty(self)?.as_bytes())?;
            written.sync_all()?;
            fs::rename(&next, &file)
        };
        store().with_context(|| format!("cannot write {}", file.display()))?;
        Ok(file)
    }

    /// All, by name, each with whether it is the current one.
    pub fn list(&self) -> impl Iterator<Item = (&str, &Profile, bool)> {
        let is_current = |name: &str| self.current.as_deref() == Some(name);
        self.profiles.iter().map(move |(name, profile)| (name.as_str(), profile, is_current(name)))
    }

    /// The profile of a name.
    pub fn get(&self, name: &str) -> anyhow::Result<Profile> {
        self.profiles.get(name).cloned().with_context(|| no_profile(name))
    }

    /// The current one and its name.
    pub fn current(&self) -> anyhow::Result<Option<(String, Profile)>> {
        let Some(name) = &self.current else { return Ok(None) };
        Ok(Some((name.clone(), self.get(name)?)))
    }

    /// Adds one, or replaces that of the name.
    pub fn put(&mut self, name: &str, profile: Profile) {
        self.profiles.insert(name.to_owned(), profile);
    }

    /// Removes one. Where it was the current one, there is none any more.
    pub fn remove(&mut self, name: &str) -> anyhow::Result<()> {
        if self.profiles.remove(name).is_none() {
            bail!(no_profile(name));
        }
        self.current = self.current.take().filter(|current| current != name);
        Ok(())
    }

    /// Chooses the current one; none is chosen with `None`.
    pub fn make_current(&mut self, name: Option<&str>) -> anyhow::Result<()> {
        if let Some(name) = name {
            self.get(name)?;
        }
        self.current = name.map(str::to_owned);
        Ok(())
    }
}

fn no_profile(name: &str) -> String {
    format!("there is no profile {name:?}: `aurix profile list` lists them, `aurix login URL` makes one")
}

/// Checks the name of a new profile.
pub fn check_name(name: &str) -> anyhow::Result<()> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let is_name = (1..=NAME_CHARS_MAX).contains(&name.len()) && name.chars().all(fits);
    ensure!(is_name, "{name:?} is no name of a profile: use letters, digits, - _ and .");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder_of_test(name: &str) -> PathBuf {
        std::env::temp_dir().join(format!("aurix-profiles-{name}-{}", std::process::id()))
    }

    #[test]
    fn what_is_stored_is_read_again_and_by_nobody_else() {
        let folder = folder_of_test("stored");
        let mut profiles = Profiles::read_in(&folder).expect("none yet");
        profiles.put("prod", Profile { server: "https://a.example".to_owned(), token: "T".to_owned(), ca: None });
        profiles.make_current(Some("prod")).expect("it is there");
        let file = profiles.write_in(&folder).expect("written");
        assert_eq!(fs::metadata(&file).expect("a file").permissions().mode() & 0o777, 0o600);
        let mut read = Profiles::read_in(&folder).expect("read");
        assert_eq!(
            read.current().expect("it is there").map(|(name, one)| (name, one.token)),
            Some(("prod".to_owned(), "T".to_owned()))
        );
        read.remove("prod").expect("it is there");
        assert!(read.current().expect("none").is_none() && read.remove("prod").is_err());
        fs::set_permissions(&file, Permissions::from_mode(0o644)).expect("a mode");
        let said = Profiles::read_in(&folder).expect_err("others may read it").to_string();
        assert!(said.contains("chmod 600"), "{said}");
        fs::remove_dir_all(&folder).expect("removed");
    }

    #[test]
    fn a_name_is_one_word() {
        assert!(check_name("prod-2.eu_west").is_ok());
        assert!(["", "a b", "../x", "é", &"a".repeat(65)].iter().all(|name| check_name(name).is_err()));
    }
}
