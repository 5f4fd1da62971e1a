//! `aurix login`, `aurix logout` and `aurix profile`

use std::io::{BufRead as _, IsTerminal as _, Read as _, Write as _};
use std::path::PathBuf;

use anyhow::{Context as _, ensure};
use clap::{Args, Subcommand};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use serde_json::json;

use super::api::Api;
use super::elsewhere::{Elsewhere, Server, Taken, read_token};
use super::output::{self, Output};
use super::profiles::{self, Profile, Profiles};
use crate::http::api::projects::ProjectBody;

/// Bytes of a token that are read from standard input.
const TOKEN_BYTES_MAX: u64 = 4_096;

#[derive(Args)]
pub struct Login {
    /// The server: https://aurix.example.com.
    url: String,
}

#[derive(Subcommand)]
pub enum Command {
    /// Lists the profiles. The current one has a mark.
    #[command(after_help = "Example:\n  aurix profile list")]
    List,
    /// Makes a profile the one that commands use where nothing else is said.
    ///
    /// Commands that name a data folder or a database go on using that; where there is a data folder that they do not name, they ask
    /// which is meant.
    #[command(after_help = "Examples:\n  aurix profile use prod\n  aurix profile use --none")]
    Use {
        /// Its name.
        #[arg(required_unless_present = "none", conflicts_with = "none")]
        name: Option<String>,
        /// None is used any more where nothing is said.
        #[arg(long)]
        none: bool,
    },
}

fn name_of(elsewhere: &Elsewhere) -> &str {
    elsewhere.profile.as_deref().unwrap_or(profiles::NAME)
}

/// `aurix login`
pub async fn login(Login { url }: Login, elsewhere: &Elsewhere, output: &Output) -> anyhow::Result<()> {
    let name = name_of(elsewhere);
    profiles::check_name(name)?;
    let ca: Option<PathBuf> = elsewhere.ca.as_deref().map(std::path::absolute).transpose()?;
    let mut server = Server::new(&url, String::new(), ca)?;
    server.token = match &elsewhere.token {
        Some(token) => read_token(token)?,
        None => ask_token()?,
    };
    let api = Api::open(Taken::There(server.clone())).await?;
    let projects: Vec<ProjectBody> = api.all("/projects", 1).await?;
    let mut all = Profiles::read()?;
    all.put(name, Profile { server: server.url.clone(), token: server.token, ca: server.ca });
    let file = all.write()?;
    output.print(&json!({"profile": name, "server": server.url, "file": file}), || {
        let none = if projects.is_empty() { "\nThe token is valid in no project yet." } else { "" };
        format!(
            "Logged in to {} as the profile {name}, which is stored in {}.{none}\nUse it with --profile {name}, or for all commands:\n  \
             aurix profile use {name}",
            server.url,
            file.display()
        )
    })
}

/// `aurix logout`
pub fn logout(elsewhere: &Elsewhere, output: &Output) -> anyhow::Result<()> {
    let name = name_of(elsewhere);
    let mut all = Profiles::read()?;
    all.remove(name)?;
    all.write()?;
    output.print(&json!({"profile": name, "removed": true}), || {
        format!("The profile {name} is removed. Its token is still valid: `aurix token revoke` ends it.")
    })
}

/// `aurix profile`
pub fn run(command: Command, output: &Output) -> anyhow::Result<()> {
    let mut all = Profiles::read()?;
    match command {
        Command::List => {
            let list: Vec<_> = all.list().collect();
            let objects: Vec<_> = list
                .iter()
                .map(|(name, one, is_current)| json!({"profile": name, "server": one.server, "is_current": is_current}))
                .collect();
            output.print(&json!({"profiles": objects}), || {
                let to_text = |(name, one, is_current): &(&str, &Profile, bool)| {
                    format!("{} {name}  {}", if *is_current { "*" } else { " " }, one.server)
                };
                output::rows(&list, to_text, "There is no profile yet: aurix login URL")
            })
        }
        Command::Use { name, .. } => {
            all.make_current(name.as_deref())?;
            all.write()?;
            output.print(&json!({"current": name}), || match &name {
                Some(name) => {
                    format!("Commands use the profile {name} where they name neither a server nor a data folder.")
                }
                None => "Commands use the data of this machine where nothing else is said.".to_owned(),
            })
        }
    }
}

/// Reads a token from standard input, without showing it where that is a terminal.
fn ask_token() -> anyhow::Result<String> {
    let mut line = String::new();
    let input = std::io::stdin();
    if input.is_terminal() {
        write!(std::io::stderr(), "Token: ")?;
        let quiet = Quiet::begin()?;
        let read = input.lock().take(TOKEN_BYTES_MAX).read_line(&mut line);
        drop(quiet);
        writeln!(std::io::stderr())?;
        read.context("reading the token")?;
    } else {
        input.lock().take(TOKEN_BYTES_MAX).read_line(&mut line).context("reading the token from standard input")?;
    }
    let token = line.trim().to_owned();
    ensure!(!token.is_empty(), "there is no token: give it with --token @FILE, or on standard input");
    Ok(token)
}

/// A terminal that does not show what is typed, until this is dropped.
struct Quiet(Termios);

impl Quiet {
    fn begin() -> anyhow::Result<Self> {
        let before = tcgetattr(std::io::stdin()).context("asking the terminal")?;
        let mut quiet = before.clone();
        quiet.local_modes.remove(LocalModes::ECHO);
        tcsetattr(std::io::stdin(), OptionalActions::Flush, &quiet).context("hiding what is typed")?;
        Ok(Self(before))
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        // There is nothing left to do where this fails.
        let _ = tcsetattr(std::io::stdin(), OptionalActions::Flush, &self.0);
    }
}
