//! People who use the console: their addresses, passwords and roles.

use super::closed_set::closed_set;

/// Characters that an e-mail address may have (RFC 5321).
const EMAIL_CHARS_MAX: usize = 254;

/// An e-mail address that a person signs in with: lower case, without spaces around it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Email(String);

/// The text is no e-mail address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write an e-mail address, for example mei@example.com")]
pub struct InvalidEmail;

impl Email {
    /// Reads what a person typed.
    pub fn parse(text: &str) -> Result<Self, InvalidEmail> {
        let text = text.trim().to_lowercase();
        let (local, host) = text.rsplit_once('@').ok_or(InvalidEmail)?;
        let is_clean = |part: &str| !part.contains(|c: char| c.is_whitespace() || c.is_control());
        let is_host = host.contains('.') || host == "localhost";
        let has_labels = host.split('.').all(|label| !label.is_empty());
        if local.is_empty() || local.contains('@') || !is_host || !has_labels || !is_clean(&text) {
            return Err(InvalidEmail);
        }
        if text.chars().count() > EMAIL_CHARS_MAX || text.contains(['<', '>', ',', ';', '"']) {
            return Err(InvalidEmail);
        }
        Ok(Self(text))
    }

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

closed_set! {
    /// What a person may do in a project, from the most to the least.
    pub enum Role {
        /// Everything, people and privacy among it.
        Owner = "owner",
        /// Everything but people, privacy and the end of the project.
        Admin = "admin",
        /// Answers people and looks after leads.
        Member = "member",
        /// Looks.
        Viewer = "viewer",
    }
}

closed_set! {
    /// What a page or a change needs.
    pub enum Permission {
        /// To see overview, leads and log.
        See = "see",
        /// To reply, take over, edit fields and write notes.
        Reply = "reply",
        /// To export leads.
        Export = "export",
        /// To resend deliveries.
        Resend = "resend",
        /// To set up webhooks, channels, widgets, the form and keys, and to erase a person.
        Configure = "configure",
        /// To decide on people, privacy and the end of the project.
        Own = "own",
    }
}

impl Role {
    /// Whether this role has a permission. Members export and resend where their project lets them.
    pub fn may(self, permission: Permission, members_may_export: bool) -> bool {
        let least = match permission {
            Permission::See => Self::Viewer,
            Permission::Reply => Self::Member,
            Permission::Export | Permission::Resend if members_may_export => Self::Member,
            Permission::Export | Permission::Resend | Permission::Configure => Self::Admin,
            Permission::Own => Self::Owner,
        };
        self.rank() <= least.rank()
    }

    fn rank(self) -> usize {
        Self::ALL.iter().position(|role| *role == self).unwrap_or(usize::MAX)
    }
}

/// Characters that a password has at least.
pub const PASSWORD_CHARS_MIN: usize = 12;
/// Characters that a password may have.
pub const PASSWORD_CHARS_MAX: usize = 128;

/// A password that may be set.
#[derive(Clone, Debug)]
pub struct NewPassword(secrecy::SecretString);

/// Why a password may not be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WeakPassword {
    /// Fewer characters than it needs.
    #[error("use {PASSWORD_CHARS_MIN} characters or more: a few words do")]
    Short,
    /// More characters than are read.
    #[error("use {PASSWORD_CHARS_MAX} characters at most")]
    Long,
    /// It is known to everybody who guesses.
    #[error("this is one of the commonest passwords: anybody would try it first")]
    Common,
    /// It is the address or the name of the person.
    #[error("this is your own name or address: anybody would try it first")]
    Own,
}

/// Those of the 30,000 commonest passwords that are long enough.
const COMMON: &str = include_str!("account/common_passwords.txt");

impl NewPassword {
    /// Checks a password for the person with that address.
    pub fn parse(text: &str, email: &Email) -> Result<Self, WeakPassword> {
        match text.chars().count() {
            ..PASSWORD_CHARS_MIN => return Err(WeakPassword::Short),
            count if count > PASSWORD_CHARS_MAX => return Err(WeakPassword::Long),
            _ => {}
        }
        let lower = text.trim().to_lowercase();
        let mut letters = lower.chars();
        let first = letters.next();
        if letters.all(|letter| Some(letter) == first) || COMMON.lines().any(|line| line == lower) {
            return Err(WeakPassword::Common);
        }
        if lower == email.as_str() || email.as_str().split('@').next() == Some(&lower) {
            return Err(WeakPassword::Own);
        }
        Ok(Self(text.into()))
    }

    /// The password, to be hashed.
    pub fn expose(&self) -> &str {
        secrecy::ExposeSecret::expose_secret(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_as_people_type_it() {
        let read = |text: &str| Email::parse(text).map(|email| email.0);
        assert_eq!(read(" Mei.Tan@Example.COM "), Ok("mei.tan@example.com".to_owned()));
        assert_eq!(read("root@localhost"), Ok("root@localhost".to_owned()));
        for text in ["", "mei", "@example.com", "mei@", "mei@example", "mei@.com", "mei@a..b", "a b@example.com"] {
            assert_eq!(read(text), Err(InvalidEmail), "{text:?}");
        }
        for text in ["Mei <mei@example.com>", "a@example.com,b@example.com", "a@b@example.com", "a\u{0}@example.com"] {
            assert_eq!(read(text), Err(InvalidEmail), "{text:?}");
        }
    }

    /// The table of the guide: owner, admin, member, viewer.
    #[test]
    fn each_role_may_what_its_table_says() {
        let check = |permission, members_may_export, expected: [bool; 4]| {
            assert_eq!(Role::ALL.map(|role| role.may(permission, members_may_export)), expected, "{permission:?}");
        };
        check(Permission::See, false, [true, true, true, true]);
        check(Permission::Reply, false, [true, true, true, false]);
        check(Permission::Export, false, [true, true, false, false]);
        check(Permission::Export, true, [true, true, true, false]);
        check(Permission::Resend, false, [true, true, false, false]);
        check(Permission::Resend, true, [true, true, true, false]);
        check(Permission::Configure, true, [true, true, false, false]);
        check(Permission::Own, true, [true, false, false, false]);
    }

    #[test]
    fn a_password_that_is_guessed_first_is_refused() {
        let email = Email::parse("mei.tan.lee@example.com").expect("an address");
        let check = |text: &str, expected: Result<(), WeakPassword>| {
            assert_eq!(NewPassword::parse(text, &email).map(|_| ()), expected, "{text:?}");
        };
        check("correct horse battery", Ok(()));
        check("пароль из трёх слов", Ok(()));
        check("eleven char", Err(WeakPassword::Short));
        check(&"long".repeat(33), Err(WeakPassword::Long));
        check("1qaz2wsx3edc", Err(WeakPassword::Common));
        check("Qwerty123456", Err(WeakPassword::Common));
        check("aaaaaaaaaaaaaa", Err(WeakPassword::Common));
        check("mei.tan.lee@example.com", Err(WeakPassword::Own));
    }
}
