//! Creates a token of the management API.

use serde_json::json;

use super::create_key::hash;
use crate::core::Core;
use crate::domain::actor::Actor;
use crate::domain::audit::{Action, Change, Object};
use crate::domain::time::{Timestamp, with_microseconds};
use crate::domain::token::{TokenOwner, TokenScope};
use crate::store::tokens::{self, Token};
use crate::store::{audit, projects, users};

/// Characters of the random part of a token: 238 bits.
const TOKEN_CHARS: usize = 40;
/// Characters of a token that are stored in clear text, to tell tokens apart.
const PREFIX_CHARS: usize = 18;
/// Characters of a name.
pub const NAME_CHARS_MAX: usize = 100;

/// What its maker chooses.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// What it is called: who uses it, and for what.
    pub name: String,
    /// What it allows.
    pub scope: TokenScope,
    /// When it stops being valid; `None` for never.
    pub expires_at: Option<Timestamp>,
}

/// A new token: the only time that it can be read.
pub struct MadeToken {
    /// What is stored of it.
    pub row: Token,
    /// What a program sends as `Authorization: Bearer …`.
    pub token: String,
}

/// Why no token is made.
#[derive(Debug, thiserror::Error)]
pub enum TokenRefused {
    /// No name, or one that is too long.
    #[error("give it a name of 1 to {NAME_CHARS_MAX} characters: who uses it, and for what")]
    Name,
    /// It would not be valid at all.
    #[error("the time when it expires is past")]
    Past,
    /// It could not be stored.
    #[error(transparent)]
    Failed(#[from] anyhow::Error),
}

/// Creates a token.
pub async fn create_token(
    core: &Core,
    actor: &Actor,
    owner: TokenOwner,
    new: NewToken,
) -> Result<MadeToken, TokenRefused> {
    let name = new.name.trim().to_owned();
    if name.is_empty() || name.chars().count() > NAME_CHARS_MAX {
        return Err(TokenRefused::Name);
    }
    let now = core.clock.now();
    if new.expires_at.is_some_and(|at| at <= now) {
        return Err(TokenRefused::Past);
    }
    let token = core.random.token("aurix_token_", TOKEN_CHARS);
    let (actor, public_id) = (actor.clone(), core.random.uuid().to_string());
    let (prefix, hash, scope, expires_at) = (token[..PREFIX_CHARS].to_owned(), hash(&token), new.scope, new.expires_at);
    let stored = core.db.write(async move |tx| {
        match owner {
            TokenOwner::Project(project) => drop(projects::get(tx, project).await?),
            TokenOwner::Person(user) => drop(users::get(tx, user).await?),
            TokenOwner::Operator => {}
        }
        let created_by = Some(actor.name().unwrap_or(actor.kind()));
        let new = tokens::NewToken {
            public_id: &public_id,
            name: &name,
            scope,
            prefix: &prefix,
            hash: &hash,
            created_by,
            expires_at,
        };
        let row = tokens::insert(tx, owner, &new, now).await?;
        let change = Change::new(Action::CreateToken, Object::Token(public_id.clone()));
        let detail = json!({"name": &name, "scope": scope.as_str(), "expires_at": expires_at.map(with_microseconds)});
        audit::record(tx, owner.columns().0, &actor, &change.with(detail), now).await?;
        Ok(row)
    });
    Ok(MadeToken { row: stored.await?, token })
}
