//! Who asks for a change.

use super::ids::{KeyId, ProjectId, TokenId, UserId};

/// The holder of an API key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyHolder {
    /// The key.
    pub key_id: KeyId,
    /// The project that the key belongs to.
    pub project: ProjectId,
    /// The service of the key, `external` or the partner's name; it decides how events write phone numbers.
    pub service_name: String,
}

/// The holder of a token of the management API. That its scope allows the change was checked before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenHolder {
    /// The token.
    pub token_id: TokenId,
    /// The project that it is of; [`ProjectId::INSTANCE`] for one of the operator.
    pub project: ProjectId,
    /// What its maker calls it.
    pub name: String,
}

/// Who asks for a change. Every use case that changes something on somebody's behalf takes one, and the audit log names it.
///
/// What is not audited takes none: recording a click, receiving a message, taking a turn, claiming and settling deliveries
/// (but that a webhook is turned off), retention. These act for a visitor, a platform or Aurix itself, and run too often to be worth a row each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// The operator, by the command line, who may change every project.
    Command {
        /// The user of the operating system, as the environment says. Whoever starts the command can say anything there.
        user: Option<String>,
    },
    /// A partner, by API key, who may change the project of the key.
    Key(KeyHolder),
    /// A program, by a token of the management API, which may change the project of the token, or every one.
    Token(TokenHolder),
    /// A person in the console, who may change the project where they are a member.
    Person(Person),
    /// Aurix itself: a background loop of the worker.
    System,
}

/// A person who changes something in the console. That their role allows it was checked before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The person.
    pub user: UserId,
    /// Their e-mail address, as the audit log shows it also after they have gone.
    pub email: String,
    /// Where.
    pub scope: Scope,
}

/// What a person is looking at, and may change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// A project where they are a member.
    Project(ProjectId),
    /// Their own account.
    Account,
    /// The whole instance, as its operator.
    Instance,
}

impl Actor {
    /// The actor's kind, as the audit log stores it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Command { .. } => "command",
            Self::Key(_) => "key",
            Self::Token(_) => "token",
            Self::Person(_) => "person",
            Self::System => "system",
        }
    }

    /// Their name, as far as it is known: an address, a service, a user of the operating system.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Command { user } => user.as_deref(),
            Self::Key(holder) => Some(&holder.service_name),
            Self::Token(holder) => Some(&holder.name),
            Self::Person(person) => Some(&person.email),
            Self::System => None,
        }
    }

    /// The person, where it is one.
    pub fn user(&self) -> Option<UserId> {
        match self {
            Self::Person(person) => Some(person.user),
            Self::Command { .. } | Self::Key(_) | Self::Token(_) | Self::System => None,
        }
    }

    /// Whether the actor may change that project, or, for [`ProjectId::INSTANCE`], what belongs to none.
    pub fn may_change(&self, project: ProjectId) -> bool {
        match self {
            Self::Key(holder) => holder.project == project,
            Self::Token(holder) => holder.project == project || holder.project == ProjectId::INSTANCE,
            Self::Person(Person { scope: Scope::Project(own), .. }) => *own == project,
            Self::Person(Person { scope: Scope::Account, .. }) => project == ProjectId::INSTANCE,
            Self::Person(Person { scope: Scope::Instance, .. }) | Self::Command { .. } | Self::System => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_changes_its_own_project_and_the_operator_every_one() {
        let key =
            Actor::Key(KeyHolder { key_id: KeyId(1), project: ProjectId(2), service_name: "external".to_owned() });
        assert!(key.may_change(ProjectId(2)));
        assert!(!key.may_change(ProjectId(1)));
        assert!(Actor::Command { user: None }.may_change(ProjectId(1)));
    }

    #[test]
    fn a_token_changes_its_own_project_and_one_of_the_operator_every_one() {
        let token = |project| Actor::Token(TokenHolder { token_id: TokenId(1), project, name: "sync".to_owned() });
        let may = |own| [ProjectId::INSTANCE, ProjectId(1), ProjectId(2)].map(|id| token(own).may_change(id));
        assert_eq!(may(ProjectId(1)), [false, true, false]);
        assert_eq!(may(ProjectId::INSTANCE), [true, true, true]);
    }

    #[test]
    fn a_person_changes_what_they_look_at() {
        let person = |scope| Actor::Person(Person { user: UserId(1), email: String::new(), scope });
        let may = |scope| [ProjectId::INSTANCE, ProjectId(1), ProjectId(2)].map(|id| person(scope).may_change(id));
        assert_eq!(may(Scope::Project(ProjectId(1))), [false, true, false]);
        assert_eq!(may(Scope::Account), [true, false, false]);
        assert_eq!(may(Scope::Instance), [true, true, true]);
    }
}
