//! Whether most of what projects let a language model spend is spent.

use jiff::tz::TimeZone;

use super::wording;
use crate::db::Conn;
use crate::domain::model_limits::{is_near, month_of};
use crate::domain::time::{SignedDuration, Timestamp};
use crate::store::attention::NewItem;
use crate::store::model_calls::{LimitedProject, limited, tokens_between};

/// Longer than a month, wherever a project is.
const LOOKED_BACK: SignedDuration = SignedDuration::from_hours(32 * 24);

/// The limits of which most is spent today, or in this month, by the projects' own clocks.
pub(super) async fn low(conn: &Conn, now: Timestamp) -> anyhow::Result<Vec<NewItem>> {
    let mut low = Vec::new();
    let since = (now - LOOKED_BACK).strftime("%Y-%m-%d").to_string();
    for LimitedProject { project, time_zone, a_day, a_month } in limited(conn, &since).await? {
        let today = now.to_zoned(TimeZone::get(&time_zone)?).date().to_string();
        let (first, last) = month_of(&today);
        for (of, most, (from, to)) in [("day", a_day, (&today, &today)), ("month", a_month, (&first, &last))] {
            let Some(most) = most else { continue };
            let spent = tokens_between(conn, project, from, to).await?;
            if is_near(spent, most) {
                low.push(wording::tokens_low(project, (of, spent, most), now));
            }
        }
    }
    Ok(low)
}
