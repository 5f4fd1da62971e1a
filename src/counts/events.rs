//! How often the events happened that webhooks are told of.

use crate::db::Conn;
use crate::domain::counts::{Series, quarter_of};
use crate::domain::event::EventType;
use crate::domain::ids::ProjectId;
use crate::domain::time::{SignedDuration, Timestamp};
use crate::store::{counts, events};

/// How far back is counted.
const PERIOD: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Events of a type are counted up to here, and one more. Clicks are counted without an end.
pub const COUNT_MAX: i64 = 10_000;

/// How often each event of visitors and leads happened in the last seven days; of clicks, to a quarter of an hour.
pub async fn events_of_week(conn: &Conn, project: ProjectId, now: Timestamp) -> anyhow::Result<Vec<(EventType, i64)>> {
    let since = now - PERIOD;
    let quarters = (quarter_of(since), quarter_of(now));
    let clicks = counts::by_time(conn, project, (Series::Quarter, false), quarters).await?;
    let mut of_week = vec![(EventType::WidgetClick, clicks.iter().map(|(_, [clicks, ..])| clicks).sum())];
    let of_leads =
        EventType::ALL.into_iter().filter(|event| !event.is_operational() && *event != EventType::WidgetClick);
    for event in of_leads {
        of_week.push((event, events::count_of_leads(conn, project, event, since, COUNT_MAX + 1).await?));
    }
    Ok(of_week)
}
