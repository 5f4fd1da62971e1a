//! Creates an account.

use serde_json::json;

use super::{Accounts, check_name};
use crate::db::Tx;
use crate::domain::account::{Email, NewPassword, Role};
use crate::domain::actor::Actor;
use crate::domain::audit::{Action, Change, Object};
use crate::domain::ids::ProjectId;
use crate::domain::time::Timestamp;
use crate::store::users::{self, User};
use crate::store::{audit, members};

/// What an account starts with.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// The address to sign in with.
    pub email: Email,
    /// As they call themselves.
    pub name: String,
    /// None where they set it themselves, by a link.
    pub password: Option<NewPassword>,
    /// Whether they look after the whole instance.
    pub is_operator: bool,
    /// The project that they join.
    pub member: Option<(ProjectId, Role)>,
}

/// An account that is ready to be stored: checked, and its password hashed.
pub(super) struct CheckedUser {
    public_id: String,
    email: Email,
    name: String,
    password_hash: Option<String>,
    is_operator: bool,
}

/// Why there is no account.
#[derive(Debug, thiserror::Error)]
pub enum UserRefused {
    /// The address has one.
    #[error("there is an account for {0} already")]
    Exists(String),
    /// The name cannot be used, or storing failed.
    #[error(transparent)]
    Failed(#[from] anyhow::Error),
}

impl Accounts {
    /// Creates an account. Somebody who has one joins the project.
    pub async fn create_user(&self, actor: &Actor, new: NewUser) -> Result<User, UserRefused> {
        let member = new.member;
        let email = new.email.clone();
        let checked = self.check_user(new).await?;
        let (actor, now) = (actor.clone(), self.core.clock.now());
        let created = self.core.db.write(async move |tx| {
            if let Some(user) = users::find_by_email(tx, &checked.email).await? {
                let Some((project, role)) = member else { return Ok(None) };
                join(tx, &actor, project, &user, role, now).await?;
                return Ok(Some(user));
            }
            let Some(user) = store_user(tx, &actor, &checked, now).await? else { return Ok(None) };
            if let Some((project, role)) = member {
                join(tx, &actor, project, &user, role, now).await?;
            }
            Ok(Some(user))
        });
        created.await?.ok_or_else(|| UserRefused::Exists(email.as_str().to_owned()))
    }

    pub(super) async fn check_user(&self, new: NewUser) -> anyhow::Result<CheckedUser> {
        Ok(CheckedUser {
            public_id: self.core.random.uuid().to_string(),
            name: check_name(&new.name)?,
            email: new.email,
            password_hash: match new.password {
                Some(password) => Some(self.hasher.hash(password, &self.core.random).await?),
                None => None,
            },
            is_operator: new.is_operator,
        })
    }
}

/// Stores an account in a transaction; `None` where the address has one already.
pub(super) async fn store_user(
    tx: &Tx,
    actor: &Actor,
    checked: &CheckedUser,
    now: Timestamp,
) -> anyhow::Result<Option<User>> {
    let row = users::NewUser {
        public_id: &checked.public_id,
        email: &checked.email,
        name: &checked.name,
        password_hash: checked.password_hash.as_deref(),
        is_operator: checked.is_operator,
    };
    let Some(user) = users::insert(tx, &row, now).await? else { return Ok(None) };
    let change = Change::new(Action::CreateUser, Object::User(user.email.clone()));
    let change = change.with(json!({"operator": user.is_operator}));
    audit::record(tx, ProjectId::INSTANCE, actor, &change, now).await?;
    Ok(Some(user))
}

/// Makes a person a member of a project.
pub(super) async fn join(
    tx: &Tx,
    actor: &Actor,
    project: ProjectId,
    user: &User,
    role: Role,
    now: Timestamp,
) -> anyhow::Result<()> {
    let is_new = members::put(tx, project, user.id, role, now).await?;
    let action = if is_new { Action::AddMember } else { Action::ChangeRole };
    let change = Change::new(action, Object::User(user.email.clone())).with(json!({"role": role.as_str()}));
    Ok(audit::record(tx, project, actor, &change, now).await?)
}
