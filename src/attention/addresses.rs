//! Whether addresses tell where visits come from.

use super::wording;
use crate::db::Conn;
use crate::domain::attention::AttentionKind;
use crate::domain::counts::day_of;
use crate::domain::source::Trouble;
use crate::domain::time::Timestamp;
use crate::store::address_troubles::{clicks_since, in_trouble};
use crate::store::attention::NewItem;

/// Clicks with placeholders that are worth a look: each was paid for.
const MACROS_MIN: i64 = 5;
/// Clicks of visits that began on a page without the tag; fewer happen by tabs that people open again.
const LOST_MIN: i64 = 20;
/// One of how many clicks it has to be.
const LOST_SHARE: i64 = 5;

/// What is wrong with the addresses of the last two days.
pub(super) async fn wrong(conn: &Conn, kind: AttentionKind, now: Timestamp) -> anyhow::Result<Vec<NewItem>> {
    let day = day_of(now.to_zoned(jiff::tz::TimeZone::UTC).date());
    let (trouble, least) = match kind {
        AttentionKind::AddressMacro => (Trouble::Macro, MACROS_MIN),
        _ => (Trouble::UntaggedLanding, LOST_MIN),
    };
    let mut wrong = Vec::new();
    for one in in_trouble(conn, trouble, day).await?.into_iter().filter(|one| one.clicks >= least) {
        let is_much =
            trouble == Trouble::Macro || one.clicks * LOST_SHARE >= clicks_since(conn, one.project, day - 1).await?;
        if is_much {
            wrong.push(wording::address(kind, &one, now));
        }
    }
    Ok(wrong)
}
