//! Where a command works: on the data of this machine, or on a server over its management API.

use std::path::PathBuf;

use anyhow::{anyhow, bail, ensure};
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches};

use super::profiles::{Profile, Profiles};
use crate::config::{Config, credential};
use crate::net::{AddressPolicy, Target};

/// The heading of what every command takes.
pub const EVERY_COMMAND: &str = "Every command takes";
const SERVER: &str = "elsewhere_server";
const TOKEN: &str = "elsewhere_token";
const PROFILE: &str = "elsewhere_profile";
const CA: &str = "elsewhere_ca";
/// Settings that say where the data of this machine is.
const OF_DATA: [&str; 2] = ["data_dir", "database"];

fn arguments() -> [Arg; 4] {
    let argument =
        |id: &'static str, long: &'static str, variable: &'static str, value: &'static str, help: &'static str| {
            Arg::new(id).long(long).env(variable).value_name(value).help(help).help_heading(EVERY_COMMAND)
        };
    [
        argument(
            SERVER,
            "server",
            "AURIX_SERVER",
            "URL",
            "Works on this server over its API, instead of the data of this machine",
        ),
        argument(
            TOKEN,
            "token",
            "AURIX_TOKEN",
            "TEXT",
            "A token for that server, or @FILE: `aurix token create`, or the console, makes one",
        )
        .hide_env_values(true),
        argument(
            PROFILE,
            "profile",
            "AURIX_PROFILE",
            "NAME",
            "Works on the server of this profile, which `aurix login` stored",
        ),
        argument(
            CA,
            "ca",
            "AURIX_CA",
            "FILE",
            "Certificates (PEM) that are trusted for that server besides the machine's",
        ),
    ]
}

/// Adds them to a command and to those below it, so that they may stand anywhere. A command that has a `--token` of its own takes that
/// for the server before its words.
pub fn add_to(command: clap::Command) -> clap::Command {
    let taken: Vec<String> =
        command.get_arguments().filter_map(|argument| argument.get_long().map(str::to_owned)).collect();
    let is_free = |argument: &Arg| argument.get_long().is_some_and(|long| !taken.iter().any(|other| other == long));
    let command = arguments().into_iter().filter(is_free).fold(command, clap::Command::arg);
    let names: Vec<String> = command.get_subcommands().map(|below| below.get_name().to_owned()).collect();
    names.into_iter().fold(command, |command, name| command.mut_subcommand(name, add_to))
}

/// What was said of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Elsewhere {
    pub server: Option<String>,
    pub token: Option<String>,
    pub profile: Option<String>,
    pub ca: Option<PathBuf>,
    /// Whether the server, or the profile, stands in the command line and not in the environment alone.
    server_is_flag: bool,
    profile_is_flag: bool,
    token_is_flag: bool,
    /// Whether it is said where the data of this machine is.
    data_is_named: bool,
}

impl Elsewhere {
    /// Reads it from the words of a command and of those above it.
    pub fn read(matches: &ArgMatches) -> Self {
        let (server, server_is_flag) = value(matches, SERVER);
        let (token, token_is_flag) = value(matches, TOKEN);
        let (profile, profile_is_flag) = value(matches, PROFILE);
        let is_named = |id: &&str| matches.value_source(id).is_some_and(|source| source != ValueSource::DefaultValue);
        Self {
            ca: value(matches, CA).0.map(PathBuf::from),
            data_is_named: OF_DATA.iter().any(is_named),
            server,
            token,
            profile,
            server_is_flag,
            profile_is_flag,
            token_is_flag,
        }
    }
}

/// The value that stands last in the command line, or else in the environment; whether it is a flag's.
fn value(matches: &ArgMatches, id: &str) -> (Option<String>, bool) {
    let (mut level, mut found) = (Some(matches), (None, false));
    while let Some(matches) = level {
        let given = matches.try_get_one::<String>(id).ok().flatten().filter(|text| !text.trim().is_empty());
        let is_flag = given.is_some() && matches.value_source(id) == Some(ValueSource::CommandLine);
        if given.is_some() && (is_flag || !found.1) {
            found = (given.cloned(), is_flag);
        }
        level = matches.subcommand().map(|(_, below)| below);
    }
    found
}

/// A server, and what opens it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// Its address, without a slash at the end.
    pub url: String,
    pub token: String,
    pub ca: Option<PathBuf>,
}

impl Server {
    /// Checks the address.
    pub fn new(url: &str, token: String, ca: Option<PathBuf>) -> anyhow::Result<Self> {
        let url = url.trim().trim_end_matches('/').to_owned();
        Target::parse(&url, &AddressPolicy::trusted())
            .map_err(|error| anyhow!("{url:?} is no server's address: {error}. Write https://aurix.example.com"))?;
        Ok(Self { url, token, ca })
    }

    fn of_profile(profile: Profile, elsewhere: &Elsewhere) -> anyhow::Result<Self> {
        let token = elsewhere.token.as_deref().filter(|_| elsewhere.token_is_flag);
        let token = token.map(read_token).transpose()?.unwrap_or(profile.token);
        Self::new(&profile.server, token, elsewhere.ca.clone().or(profile.ca))
    }
}

/// A token as it was given: itself, or `@FILE`.
pub fn read_token(text: &str) -> anyhow::Result<String> {
    let token = credential(text).map_err(|why| anyhow!("--token: {why}"))?.trim().to_owned();
    ensure!(!token.is_empty(), "--token is empty");
    Ok(token)
}

/// What was chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Chosen {
    /// The data of this machine.
    Here,
    /// A server that was asked for.
    There(Server),
    /// The server of the profile that `profile use` made the current one.
    Current { profile: String, server: Server },
    /// That, while there is a data folder, too, and neither was asked for.
    Unclear { profile: String },
}

/// Where a command works.
pub struct Place {
    elsewhere: Elsewhere,
    config: Config,
}

impl Place {
    pub fn new(elsewhere: Elsewhere, config: Config) -> Self {
        Self { elsewhere, config }
    }

    /// What was asked for, or what alone can be meant.
    fn choose(
        elsewhere: &Elsewhere,
        profiles: impl FnOnce() -> anyhow::Result<Profiles>,
        has_data: bool,
    ) -> anyhow::Result<Chosen> {
        let Elsewhere { server, profile, server_is_flag, profile_is_flag, .. } = elsewhere;
        let (server, profile) = match (server_is_flag, profile_is_flag) {
            (true, false) => (server.as_ref(), None),
            (false, true) => (None, profile.as_ref()),
            _ => (server.as_ref(), profile.as_ref()),
        };
        match (server, profile) {
            (Some(_), Some(_)) => bail!("--server and --profile name a server each: choose one of them"),
            (Some(server), None) => {
                let Some(token) = &elsewhere.token else {
                    bail!(
                        "{server} wants a token: give it with --token @FILE or AURIX_TOKEN, or store it with `aurix login {server}`"
                    )
                };
                Ok(Chosen::There(Server::new(server, read_token(token)?, elsewhere.ca.clone())?))
            }
            (None, Some(name)) => Ok(Chosen::There(Server::of_profile(profiles()?.get(name)?, elsewhere)?)),
            (None, None) if elsewhere.token_is_flag => {
                bail!("--token is for a server: name it with --server URL or --profile NAME")
            }
            (None, None) if elsewhere.data_is_named => Ok(Chosen::Here),
            (None, None) => match profiles()?.current()? {
                None => Ok(Chosen::Here),
                Some((name, _)) if has_data => Ok(Chosen::Unclear { profile: name }),
                Some((profile, found)) => {
                    Ok(Chosen::Current { profile, server: Server::of_profile(found, elsewhere)? })
                }
            },
        }
    }

    /// The settings of this machine, for a command that is about it. The current profile does not matter to these.
    pub fn here(self, command: &str) -> anyhow::Result<Config> {
        match self.elsewhere.server.or(self.elsewhere.profile) {
            None => Ok(self.config),
            Some(server) => bail!(
                "`aurix {command}` works on the machine of the server only: run it there, without --server, --profile and their variables. \
                 {server} takes over its API what sets projects up and looks at them: project, retention, key, token, channel, widget, \
                 link, form, agent, webhook, delivery, reply, lead, event, export, member, attention, audit, listen, \
                 trigger"
            ),
        }
    }

    /// The settings of this machine, or the server.
    pub fn take(self) -> anyhow::Result<Taken> {
        match Self::choose(&self.elsewhere, Profiles::read, self.config.data_dir.exists())? {
            Chosen::Here => Ok(Taken::Here(Box::new(self.config))),
            Chosen::There(server) => Ok(Taken::There(server)),
            Chosen::Current { profile, server } => {
                super::note(&format!("on {}, the current profile {profile}", server.url));
                Ok(Taken::There(server))
            }
            Chosen::Unclear { profile } => bail!(
                "{profile} is the current profile, and there is the data folder {folder}: say which is meant, with --profile {profile} or \
                 --data-dir {folder}",
                folder = self.config.data_dir.display()
            ),
        }
    }
}

/// Where a command works, as it is opened.
pub enum Taken {
    Here(Box<Config>),
    There(Server),
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVER_URL: &str = "https://aurix.example.com";

    fn profiles(current: Option<&str>) -> Profiles {
        let mut profiles = Profiles::default();
        profiles.put(
            "prod",
            Profile { server: "https://prod.example.com".to_owned(), token: "stored".to_owned(), ca: None },
        );
        if let Some(name) = current {
            profiles.make_current(Some(name)).expect("it is there");
        }
        profiles
    }

    fn words(words: &[&str]) -> Elsewhere {
        let matches =
            crate::cli::command().try_get_matches_from([&["aurix"][..], words].concat()).expect("they are words");
        Elsewhere::read(&matches)
    }

    fn choose(line: &[&str], current: Option<&str>, has_data: bool) -> Result<Chosen, String> {
        let chosen = Place::choose(&words(line), || Ok(profiles(current)), has_data);
        chosen.map_err(|error| error.to_string())
    }

    fn there(url: &str, token: &str) -> Result<Chosen, String> {
        Ok(Chosen::There(Server { url: url.to_owned(), token: token.to_owned(), ca: None }))
    }

    #[test]
    fn what_is_asked_for_counts_wherever_it_stands() {
        let at_end = ["project", "list", "--server", "https://aurix.example.com/", "--token", "T"];
        let at_start =
            ["--server", SERVER_URL, "--token", "T", "channel", "add", "telegram", "--project", "p", "--token", "BOT"];
        assert_eq!(choose(&at_end, Some("prod"), true), there(SERVER_URL, "T"));
        assert_eq!(choose(&at_start, None, true), there(SERVER_URL, "T"), "the bot's token is another");
        assert_eq!(
            choose(&["project", "list", "--profile", "prod"], None, true),
            there("https://prod.example.com", "stored")
        );
    }

    #[test]
    fn nobody_is_surprised_by_a_profile() {
        let list = ["project", "list"];
        assert_eq!(choose(&list, None, false), Ok(Chosen::Here), "a profile that is stored is not used");
        assert_eq!(choose(&list, Some("prod"), true), Ok(Chosen::Unclear { profile: "prod".to_owned() }));
        assert!(matches!(choose(&list, Some("prod"), false), Ok(Chosen::Current { .. })));
        assert_eq!(choose(&["project", "list", "--data-dir", "/srv"], Some("prod"), true), Ok(Chosen::Here));
        assert_eq!(choose(&["--database", "postgres://x/y", "project", "list"], Some("prod"), false), Ok(Chosen::Here));
    }

    #[test]
    fn what_is_missing_or_twice_is_said() {
        let refused = |line: &[&str], part: &str| {
            let said = choose(&[&["project", "list"], line].concat(), None, false).expect_err("refused");
            assert!(said.contains(part), "{said}");
        };
        refused(&["--server", SERVER_URL], "wants a token");
        refused(&["--server", SERVER_URL, "--token", "T", "--profile", "prod"], "choose one");
        refused(&["--token", "T"], "name it with --server");
        refused(&["--server", "aurix.example.com", "--token", "T"], "is no server's address");
        refused(&["--profile", "other"], "there is no profile \"other\"");
    }
}
