//! How long people who asked for a person waited for one.

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::ask::Period;
use super::report::median_and_p90;
use crate::db::Conn;
use crate::domain::ids::ProjectId;
use crate::store::answers;

/// Answers of a day that are looked at, the newest ones.
const ANSWERS_MAX: u32 = 2_000;

/// The answers that people of the business gave on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answers {
    /// How many there are.
    pub count: usize,
    /// What half of those who asked waited at most, in seconds.
    pub median: i64,
    /// What nine tenths of them waited at most, in seconds.
    pub p90: i64,
}

/// The answers of a local day; `None` where there were none.
pub async fn answers(conn: &Conn, project: ProjectId, day: Date, zone: &TimeZone) -> anyhow::Result<Option<Answers>> {
    let times = Period { first: day, last: day }.times(zone)?;
    let waits = answers::waits(conn, project, times, ANSWERS_MAX).await?;
    let count = waits.len();
    Ok(median_and_p90(waits).map(|(median, p90)| Answers { count, median, p90 }))
}
