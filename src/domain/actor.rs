//! Who asks for a change.

use super::ids::{KeyId, ProjectId};

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

/// Who asks for a change. Every use case that changes something on somebody's behalf takes one, and the audit log names it.
///
/// What is not audited takes none: recording a click, receiving a message, taking a turn, claiming and settling deliveries,
/// retention. These act for a visitor, a platform or Aurix itself, and run too often to be worth a row each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// The operator, by the command line, who may change every project.
    Command {
        /// The user of the operating system, as the environment says. Whoever starts the command can say anything there.
        user: Option<String>,
    },
    /// A partner, by API key, who may change the project of the key.
    Key(KeyHolder),
    /// Aurix itself: a background loop of the worker.
    System,
}

impl Actor {
    /// The actor's kind, as the audit log stores it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Command { .. } => "command",
            Self::Key(_) => "key",
            Self::System => "system",
        }
    }

    /// The only project that the actor may change; `None` where it may change every one.
    pub fn project(&self) -> Option<ProjectId> {
        match self {
            Self::Key(holder) => Some(holder.project),
            Self::Command { .. } | Self::System => None,
        }
    }

    /// Whether the actor may change that project.
    pub fn may_change(&self, project: ProjectId) -> bool {
        self.project().is_none_or(|own| own == project)
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
}
