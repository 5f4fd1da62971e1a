//! Whether most of what projects let a language model spend is spent.

use jiff::tz::TimeZone;

use super::wording;
use crate::db::Conn;
use crate::domain::model_limits::{is_near, month_of};
use crate::domain::time::{SignedDuration, Timestamp};
use crate::store::attention::NewItem;
use crate::store::model_calls::limited_days;

/// Longer than a month, wherever a project is.
const LOOKED_BACK: SignedDuration = SignedDuration::from_hours(32 * 24);

/// The limits of which most is spent today, or in this month, by the projects' own clocks.
pub(super) async fn low(conn: &Conn, now: Timestamp) -> anyhow::Result<Vec<NewItem>> {
    let since = (now - LOOKED_BACK).strftime("%Y-%m-%d").to_string();
    let days = limited_days(conn, &since).await?;
    let mut low = Vec::new();
    for days in days.chunk_by(|one, other| one.project == other.project) {
        let Some(of) = days.first() else { continue };
        let zone = TimeZone::get(&of.time_zone).unwrap_or(TimeZone::UTC);
        let today = now.to_zoned(zone).date().to_string();
        let month = month_of(&today);
        for (period, most, (from, to)) in
            [("day", of.a_day, (&today, &today)), ("month", of.a_month, (&month.0, &month.1))]
        {
            let Some(most) = most else { continue };
            let spent = days.iter().filter(|one| (from..=to).contains(&&one.day)).map(|one| one.tokens).sum();
            if is_near(spent, most) {
                low.push(wording::tokens_low(of.project, (period, spent, most), now));
            }
        }
    }
    Ok(low)
}
