//! Revokes a token of the management API: requests with it are refused from now on.

use crate::core::Core;
use crate::domain::actor::Actor;
use crate::domain::audit::{Action, Change, Object};
use crate::domain::token::TokenOwner;
use crate::store::{audit, tokens};

/// Revokes the owner's token with that UUID; `false` where there is none, or it was revoked before.
pub async fn revoke_token(core: &Core, actor: &Actor, owner: TokenOwner, public_id: &str) -> anyhow::Result<bool> {
    let (actor, public_id, now) = (actor.clone(), public_id.to_owned(), core.clock.now());
    core.db
        .write(async move |tx| {
            if !tokens::revoke(tx, owner, &public_id, now).await? {
                return Ok(false);
            }
            let change = Change::new(Action::RevokeToken, Object::Token(public_id));
            audit::record(tx, owner.columns().0, &actor, &change, now).await?;
            Ok(true)
        })
        .await
}
