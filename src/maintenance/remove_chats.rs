//! Removes chats on pages: whoever has the token of one begins anew.

use crate::db::Tx;
use crate::domain::ids::ProjectId;
use crate::domain::time::{SignedDuration, Timestamp};
use crate::store::chats;

/// How long a chat is kept in which nothing was written.
const UNWRITTEN_FOR: SignedDuration = SignedDuration::from_hours(30 * 24);
/// Chats of a kind that one transaction removes.
const CHATS_PER_WRITE: u32 = 100;

/// Removes some that nobody has used for as long as messages are kept, and some in which nothing was ever written.
pub async fn remove_chats(
    tx: &Tx,
    project: ProjectId,
    used_before: Option<Timestamp>,
    now: Timestamp,
) -> anyhow::Result<u64> {
    let unused = match used_before {
        Some(before) => chats::remove_unused(tx, project, before, CHATS_PER_WRITE).await?,
        None => 0,
    };
    Ok(unused + chats::remove_unwritten(tx, project, now - UNWRITTEN_FOR, CHATS_PER_WRITE).await?)
}
