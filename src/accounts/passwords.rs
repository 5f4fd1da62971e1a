//! Hashes passwords with argon2id, off the runtime's threads. Each hash takes 19 MiB and about 60 ms, so that only two are made at
//! once.

use std::sync::Arc;

use anyhow::Context as _;
use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _, Version};
use tokio::sync::Semaphore;

use crate::domain::account::{NewPassword, PASSWORD_CHARS_MAX};
use crate::domain::random::Random;

/// Hashes that are made at the same time.
const HASHES_MAX: usize = 2;
/// Memory of a hash, in KiB.
const MEMORY_KIB: u32 = 19 * 1024;
/// Passes over that memory.
const PASSES: u32 = 2;

/// What an unknown address is compared with, so that it costs the same time as a known one.
const OF_NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5J3Mgc2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Makes and checks hashes. Cheap to clone.
#[derive(Clone)]
pub struct Hasher(Arc<Semaphore>);

impl Default for Hasher {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(HASHES_MAX)))
    }
}

fn argon2() -> anyhow::Result<Argon2<'static>> {
    let params = Params::new(MEMORY_KIB, PASSES, 1, None).map_err(|error| anyhow::anyhow!("argon2: {error}"))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

impl Hasher {
    /// The PHC string of a password.
    pub async fn hash(&self, password: NewPassword, random: &Random) -> anyhow::Result<String> {
        let salt: [u8; 16] = random.bytes();
        self.run(move || {
            let hash: PasswordHash = argon2()?
                .hash_password_with_salt(password.expose().as_bytes(), &salt)
                .map_err(|error| anyhow::anyhow!("argon2: {error}"))?;
            Ok(hash.to_string())
        })
        .await
    }

    /// Whether a password has that hash. `None`, of somebody who has no password, takes as long and is never right.
    pub async fn verify(&self, hash: Option<String>, password: &str) -> anyhow::Result<bool> {
        if password.chars().count() > PASSWORD_CHARS_MAX {
            return Ok(false);
        }
        let password = secrecy::SecretString::from(password);
        self.run(move || {
            let expected = hash.as_deref().unwrap_or(OF_NOBODY);
            let password = secrecy::ExposeSecret::expose_secret(&password).as_bytes();
            let parsed = PasswordHash::new(expected).map_err(|error| anyhow::anyhow!("a stored password: {error}"))?;
            Ok(argon2()?.verify_password(password, &parsed).is_ok() && hash.is_some())
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> anyhow::Result<T> + Send + 'static,
    ) -> anyhow::Result<T> {
        let permit = self.0.clone().acquire_owned().await.context("the semaphore is never closed")?;
        tokio::task::spawn_blocking(move || {
            let _permit = permit;
            work()
        })
        .await?
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::account::Email;

    #[tokio::test]
    async fn a_password_is_right_for_its_own_hash_alone() {
        let (hasher, random) = (Hasher::default(), Random::seeded(1));
        let email = Email::parse("mei@example.com").expect("an address");
        let password = || NewPassword::parse("correct horse battery", &email).expect("long enough");
        let hash = hasher.hash(password(), &random).await.expect("hashed");
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert_ne!(hash, hasher.hash(password(), &random).await.expect("hashed"), "salted");
        assert!(hasher.verify(Some(hash.clone()), "correct horse battery").await.expect("compared"));
        assert!(!hasher.verify(Some(hash), "correct horse batteries").await.expect("compared"));
        assert!(!hasher.verify(None, "correct horse battery").await.expect("compared"));
    }
}
