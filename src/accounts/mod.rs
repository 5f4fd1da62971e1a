//! Layer 4: accounts of the people who use the console: signing in, sessions, passwords, second factors, and links that are good
//! once. What a person may do in a project is the matter of `projects`.

pub mod change_password;
pub mod create_user;
pub mod first_run;
pub mod links;
mod passwords;
pub mod remove_user;
pub mod request_password;
pub mod second_factor;
pub mod sessions;
pub mod sign_in;
pub mod single_sign_on;
mod throttle;
pub mod update_account;

use sha2::{Digest as _, Sha256};

use self::passwords::Hasher;
use crate::core::Core;

/// Characters of a token in links and cookies: 256 bits.
const TOKEN_CHARS: usize = 43;
/// Characters of a person's name.
pub const NAME_CHARS_MAX: usize = 100;

/// What accounts need. Cheap to clone.
#[derive(Clone)]
pub struct Accounts {
    /// The shared parts.
    pub core: Core,
    hasher: Hasher,
}

impl Accounts {
    /// For a process.
    pub fn new(core: Core) -> Self {
        Self { core, hasher: Hasher::default() }
    }

    fn new_token(&self) -> String {
        self.core.random.token("", TOKEN_CHARS)
    }
}

/// What the database keeps of a token. Tokens are random, so that one round of SHA-256 is enough.
fn hash(token: &str) -> String {
    hex::encode(Sha256::digest(token.as_bytes()))
}

/// The name of a person, without the spaces around it.
fn check_name(name: &str) -> anyhow::Result<String> {
    let name = name.trim();
    anyhow::ensure!(
        !name.is_empty() && name.chars().count() <= NAME_CHARS_MAX && !name.contains(char::is_control),
        "a name has 1 to {NAME_CHARS_MAX} characters"
    );
    Ok(name.to_owned())
}
