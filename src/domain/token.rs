//! Tokens of the management API: whose each is, and what it may be used for.

use super::closed_set::closed_set;
use super::ids::{ProjectId, UserId};

closed_set! {
    /// What a token allows. Each allows what those before it do.
    pub enum TokenScope {
        /// To read.
        Read = "read",
        /// To work with leads, conversations and deliveries, and to set up webhooks, widgets and the lead form.
        Write = "write",
        /// To decide on the project, its keys, its people and how long data is kept.
        Admin = "admin",
    }
}

impl TokenScope {
    /// Whether a token of this scope may do what needs the other.
    pub fn allows(self, needed: Self) -> bool {
        needed as u8 <= self as u8
    }
}

/// Whose a token is, and so where it is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenOwner {
    /// A project's: valid there, whoever made it.
    Project(ProjectId),
    /// The operator's: valid for every project.
    Operator,
    /// A person's: valid where they are a member, for what their role there allows.
    Person(UserId),
}

impl TokenOwner {
    /// As it is stored: a project and a person, each 0 where it is none's.
    pub fn columns(self) -> (ProjectId, UserId) {
        match self {
            Self::Project(project) => (project, UserId(0)),
            Self::Operator => (ProjectId::INSTANCE, UserId(0)),
            Self::Person(user) => (ProjectId::INSTANCE, user),
        }
    }

    /// Reads what [`TokenOwner::columns`] gave.
    pub fn of(project: ProjectId, user: UserId) -> Self {
        match (project, user) {
            (ProjectId::INSTANCE, UserId(0)) => Self::Operator,
            (ProjectId::INSTANCE, user) => Self::Person(user),
            (project, _) => Self::Project(project),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_owner_is_read_as_it_is_stored() {
        for owner in [TokenOwner::Project(ProjectId(3)), TokenOwner::Operator, TokenOwner::Person(UserId(3))] {
            let (project, user) = owner.columns();
            assert_eq!(TokenOwner::of(project, user), owner);
        }
    }

    #[test]
    fn a_scope_allows_what_those_before_it_do() {
        let allowed = |scope: TokenScope| TokenScope::ALL.map(|needed| scope.allows(needed));
        assert_eq!(TokenScope::ALL.map(allowed), [[true, false, false], [true, true, false], [true, true, true]]);
    }
}
