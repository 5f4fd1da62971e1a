//! The programs that are started: the `aurix` that is measured, and this one in another role.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};

/// What `aurix` is called beside this program.
const NAME: &str = "aurix";

/// The `aurix` that is measured, and what it runs under.
#[derive(Clone)]
pub struct Program {
    /// Where it is.
    pub path: PathBuf,
    /// A program and its first arguments, which gets this one and its arguments as its last; or nothing.
    under: Vec<String>,
}

impl Program {
    /// The program at `given`, or the one beside this one.
    pub fn find(given: Option<&Path>, under: Vec<String>) -> anyhow::Result<Self> {
        let path = match given {
            Some(path) => path.to_owned(),
            None => this()?.with_file_name(NAME),
        };
        if !path.is_file() {
            bail!(
                "there is no program {}: build it beside this one by `cargo build --release --workspace`, or say where \
                 it is by --aurix PATH",
                path.display()
            );
        }
        Ok(Self { path: std::path::absolute(path)?, under })
    }

    /// The program with arguments, and without the settings of the environment.
    pub fn command(&self, arguments: &[&OsStr]) -> Command {
        let mut command = match self.under.as_slice() {
            [] => Command::new(&self.path),
            [program, first @ ..] => {
                let mut command = Command::new(program);
                command.args(first).arg(&self.path);
                command
            }
        };
        command.args(arguments).env_clear().stdin(Stdio::null());
        command
    }
}

fn this() -> anyhow::Result<PathBuf> {
    std::env::current_exe().context("finding this program")
}

/// This program with arguments, and without the settings of the environment.
pub fn this_with(arguments: &[&OsStr]) -> anyhow::Result<Command> {
    let mut command = Command::new(this()?);
    command.args(arguments).env_clear().stdin(Stdio::null());
    Ok(command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_program_is_named_with_how_to_build_it() {
        let error = Program::find(Some(Path::new("/nowhere/aurix")), Vec::new()).err().expect("it is missing");
        let text = error.to_string();
        assert!(text.contains("/nowhere/aurix") && text.contains("cargo build --release --workspace"), "{text}");
    }

    #[test]
    fn a_program_runs_under_another_as_its_last_arguments() {
        let this = std::env::current_exe().expect("a test is a program");
        let under = ["valgrind", "--tool=callgrind"].map(str::to_owned).to_vec();
        let command = Program::find(Some(&this), under).expect("it is there").command(&[OsStr::new("serve")]);
        assert_eq!(command.get_program(), "valgrind");
        let arguments: Vec<_> = command.get_args().collect();
        assert_eq!(arguments, [OsStr::new("--tool=callgrind"), this.as_os_str(), OsStr::new("serve")]);
    }
}
