//! What commands need that work on the data of this machine.

use crate::config::Config;
use crate::core::Core;
use crate::domain::actor::Actor;
use crate::store::projects::Project;

/// Characters of a user's name in the audit log.
const USER_CHARS_MAX: usize = 64;

/// Whoever runs the command.
#[expect(clippy::disallowed_methods, reason = "who runs a command is no setting of the server")]
pub fn actor() -> Actor {
    // Behind `sudo`, `USER` is root for everybody.
    let user = ["SUDO_USER", "USER", "LOGNAME"].into_iter().find_map(|name| std::env::var(name).ok());
    Actor::Command { user: user.map(|user| user.chars().filter(|c| !c.is_control()).take(USER_CHARS_MAX).collect()) }
}

/// Opens the database, and finds the project that a command names.
pub async fn open_project(config: Config, project: &str) -> anyhow::Result<(Core, Project)> {
    let core = crate::serve::open(config).await?;
    let wanted = project.to_owned();
    let found = core.db.read(async move |conn| Ok(crate::store::projects::find_public(conn, &wanted).await?)).await?;
    match found {
        Some(project) => Ok((core, project)),
        None => anyhow::bail!("there is no project {project:?}: `aurix project list` lists the projects"),
    }
}

/// The hint below a URL that is built from the default base URL.
pub fn base_url_hint(config: &Config) -> &'static str {
    if config.base_url_is_default {
        "\nThis URL is a guess: set AURIX_BASE_URL to the server's public URL."
    } else {
        ""
    }
}
