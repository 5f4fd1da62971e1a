//! The second factor: codes of an authenticator app (RFC 6238), and recovery codes for when that is lost.

use totp_rs::{Builder, Secret, Totp};

use super::sessions::account_actor;
use super::{Accounts, hash};
use crate::domain::actor::Actor;
use crate::domain::audit::{Action, Change, Object};
use crate::domain::ids::ProjectId;
use crate::domain::seal::Place;
use crate::domain::time::Timestamp;
use crate::store::audit;
use crate::store::users::{self, User};

/// Bytes of a secret (RFC 4226 recommends 160 bits).
const SECRET_BYTES: usize = 20;
/// Seconds of a step.
const STEP_S: u64 = 30;
/// Steps before and after the present one whose codes are right too.
const STEPS_TOLERATED: u16 = 1;
/// Recovery codes that a person gets.
const RECOVERY_CODES: usize = 10;
/// Characters of a recovery code: 59 bits.
const RECOVERY_CHARS: usize = 10;

/// A secret that is not in use yet.
#[derive(Clone, Debug)]
pub struct NewSecret {
    /// Base32, as people type it into their app.
    pub base32: String,
    /// `otpauth://…`, as the app reads it off the screen.
    pub url: String,
}

impl Accounts {
    /// A new secret for a person. It is in use once [`Accounts::enable_second_factor`] has seen a code of it.
    pub fn new_second_factor(&self, user: &User) -> NewSecret {
        second_factor_of(user, &Secret::new(Box::from(self.core.random.bytes::<SECRET_BYTES>())).to_base32())
    }

    /// Turns the second factor on, where the code shows that the app has the secret. Gives the recovery codes: the only time
    /// that they can be read. `None` where the code is wrong.
    pub async fn enable_second_factor(
        &self,
        user: &User,
        base32: &str,
        code: &str,
    ) -> anyhow::Result<Option<Vec<String>>> {
        let now = self.core.clock.now();
        let Some(step) = is_code_right(base32, code, now) else { return Ok(None) };
        let codes: Vec<String> =
            (0..RECOVERY_CODES).map(|_| self.core.random.token("", RECOVERY_CHARS).to_lowercase()).collect();
        let hashes: Vec<String> = codes.iter().map(|code| hash(code)).collect();
        let sealed = self.core.seal.seal(Place::SecondFactor(&user.public_id), base32);
        let user = user.clone();
        self.core
            .db
            .write(async move |tx| {
                users::set_totp(tx, user.id, Some(&sealed), Some(step)).await?;
                for hash in &hashes {
                    users::insert_recovery_code(tx, user.id, hash).await?;
                }
                let change = Change::new(Action::EnableSecondFactor, Object::User(user.email.clone()));
                Ok(audit::record(tx, ProjectId::INSTANCE, &account_actor(&user), &change, now).await?)
            })
            .await?;
        Ok(Some(codes))
    }

    /// Turns the second factor of a person off.
    pub async fn disable_second_factor(&self, actor: &Actor, user: &User) -> anyhow::Result<()> {
        let (actor, user, now) = (actor.clone(), user.clone(), self.core.clock.now());
        self.core
            .db
            .write(async move |tx| {
                users::set_totp(tx, user.id, None, None).await?;
                let change = Change::new(Action::DisableSecondFactor, Object::User(user.email.clone()));
                Ok(audit::record(tx, ProjectId::INSTANCE, &actor, &change, now).await?)
            })
            .await
    }
}

/// A secret that a person is setting up, as their app reads it.
pub fn second_factor_of(user: &User, base32: &str) -> NewSecret {
    let mut url = url::Url::parse("otpauth://totp/").expect("a constant");
    url.set_path(&format!("/Aurix:{}", user.email));
    url.query_pairs_mut().append_pair("secret", base32).append_pair("issuer", "Aurix");
    NewSecret { base32: base32.to_owned(), url: url.into() }
}

/// The step whose code this is, where it is right at that time.
pub(super) fn is_code_right(base32: &str, code: &str, now: Timestamp) -> Option<i64> {
    let digits: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    let step = totp(base32)?.check(&digits, u64::try_from(now.as_second()).ok()?)?;
    i64::try_from(step).ok()
}

fn totp(base32: &str) -> Option<Totp> {
    let secret = Secret::try_from_base32(base32).ok()?;
    Builder::new().with_secret(secret).with_skew(STEPS_TOLERATED).with_step_duration(STEP_S).build().ok()
}

/// A recovery code as it is hashed, from what a person typed.
pub(super) fn recovery_code(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vectors of RFC 6238, appendix B, cut to six digits.
    #[test]
    fn codes_are_those_of_the_rfc() {
        let base32 = Secret::new(Box::from(*b"12345678901234567890")).to_base32();
        let at = |second| Timestamp::from_second(second).expect("in range");
        for (second, code) in [(59, "287082"), (1_111_111_109, "081804"), (1_234_567_890, "005924")] {
            assert_eq!(is_code_right(&base32, code, at(second)), Some(second / 30));
            assert_eq!(
                is_code_right(&base32, &format!(" {} {}", &code[..3], &code[3..]), at(second)),
                Some(second / 30)
            );
            assert_eq!(is_code_right(&base32, code, at(second + 30)), Some(second / 30), "one step late");
            assert_eq!(is_code_right(&base32, code, at(second + 90)), None, "too late");
        }
        assert_eq!(is_code_right(&base32, "", at(59)), None);
        assert_eq!(is_code_right("no base32!", "287082", at(59)), None);
    }
}
