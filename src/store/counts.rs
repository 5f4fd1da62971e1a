//! Counts of clicks and leads by source, ad and time: added to in the transaction of the cause, read whole for a page.

use std::collections::BTreeMap;

use crate::db::{Conn, Result, Row as DbRow, Sql, Tx, Value};
use crate::domain::counts::{COUNTS, Count, Deltas, Numbers, Row, Series};
use crate::domain::ids::ProjectId;
use crate::params;

/// The columns of a row, in the order of [`Count::ALL`] behind its key.
macro_rules! columns {
    () => {
        "counts (project_id, series, at, subject, slot, clicks, sessions, conversations, leads, complete, qualified, won, good,
                 of_conversations, of_leads, of_complete, of_qualified, of_won, of_good)"
    };
}

/// Adds to a row that is there.
macro_rules! add_all {
    () => {
        "ON CONFLICT (project_id, series, at, subject, slot) DO UPDATE
         SET clicks = counts.clicks + excluded.clicks, sessions = counts.sessions + excluded.sessions,
             conversations = counts.conversations + excluded.conversations, leads = counts.leads + excluded.leads,
             complete = counts.complete + excluded.complete, qualified = counts.qualified + excluded.qualified,
             won = counts.won + excluded.won, good = counts.good + excluded.good,
             of_conversations = counts.of_conversations + excluded.of_conversations,
             of_leads = counts.of_leads + excluded.of_leads, of_complete = counts.of_complete + excluded.of_complete,
             of_qualified = counts.of_qualified + excluded.of_qualified, of_won = counts.of_won + excluded.of_won,
             of_good = counts.of_good + excluded.of_good"
    };
}

/// The same where only clicks and sessions are added.
macro_rules! add_clicks {
    () => {
        "ON CONFLICT (project_id, series, at, subject, slot) DO UPDATE
         SET clicks = counts.clicks + excluded.clicks, sessions = counts.sessions + excluded.sessions"
    };
}

/// The time zones of projects whose counts are about to change. Until the end of the transaction nobody counts them anew.
pub async fn zones(tx: &Tx, projects: &[ProjectId]) -> Result<BTreeMap<ProjectId, String>> {
    const ZONES: Sql = Sql {
        // There is one writer.
        sqlite: "SELECT id, time_zone FROM projects WHERE id = $1",
        postgres: "SELECT id, time_zone, pg_advisory_xact_lock_shared(47021112, id::integer)
                   FROM projects
                   WHERE id = ANY ($1::bigint[])
                   ORDER BY id",
    };
    let rows: Vec<_> = projects.iter().map(|project| [(*project).into()]).collect();
    Ok(tx.query_rows(ZONES, &rows, |row| Ok((row.get(0)?, row.get(1)?))).await?.into_iter().collect())
}

/// The time zone of a project that is counted anew: nobody else changes its counts until the end of the transaction.
pub async fn zone_alone(tx: &Tx, project: ProjectId) -> Result<Option<String>> {
    const ZONE: Sql = Sql {
        sqlite: "SELECT time_zone FROM projects WHERE id = $1",
        postgres: "SELECT time_zone, pg_advisory_xact_lock(47021112, id::integer) FROM projects WHERE id = $1",
    };
    tx.find(ZONE, params![project], |row| row.get(0)).await
}

/// Adds to counts.
pub async fn add(tx: &Tx, deltas: &Deltas, slot: i64) -> Result<()> {
    const CLICKS: Sql = Sql {
        sqlite: concat!(
            "INSERT INTO ",
            columns!(),
            " VALUES ($1, $2, $3, $4, $5, $6, $7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0) ",
            add_clicks!()
        ),
        postgres: concat!(
            "INSERT INTO ",
            columns!(),
            " SELECT project_id, series, at, subject, slot, clicks, sessions, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
              FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[])
                  AS new (project_id, series, at, subject, slot, clicks, sessions) ",
            add_clicks!()
        ),
    };
    const ALL: Sql = Sql {
        sqlite: concat!(
            "INSERT INTO ",
            columns!(),
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19) ",
            add_all!()
        ),
        postgres: concat!(
            "INSERT INTO ",
            columns!(),
            " SELECT *
              FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[],
                          $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[],
                          $14::bigint[], $15::bigint[], $16::bigint[], $17::bigint[], $18::bigint[], $19::bigint[]) ",
            add_all!()
        ),
    };
    let is_of_clicks = |numbers: &Numbers| numbers[Count::Conversations as usize..].iter().all(|number| *number == 0);
    let rows: Vec<_> = deltas.rows().map(|(row, numbers)| values(row, numbers, slot)).collect();
    if deltas.rows().all(|(_, numbers)| is_of_clicks(numbers)) {
        let rows: Vec<[Value<'_>; 7]> = rows.iter().map(|row| std::array::from_fn(|at| row[at])).collect();
        return tx.execute_rows(CLICKS, &rows).await.map(|_| ());
    }
    tx.execute_rows(ALL, &rows).await.map(|_| ())
}

fn values<'v>((project, series, at, subject): &Row, numbers: &Numbers, slot: i64) -> [Value<'v>; COUNTS + 5] {
    let mut values = [Value::Null; COUNTS + 5];
    let key = [(*project).into(), series.as_i64().into(), (*at).into(), (*subject).into(), slot.into()];
    values[..5].copy_from_slice(&key);
    values[5..].iter_mut().zip(numbers).for_each(|(value, number)| *value = (*number).into());
    values
}

/// The first project whose counts are still to be made, or to be made anew.
pub async fn first_recount(conn: &Conn) -> Result<Option<Recount>> {
    conn.find(
        "SELECT id, recount_step, recount_done, recount_first, recount_last
         FROM projects
         WHERE recount_step IS NOT NULL
         ORDER BY id
         LIMIT 1",
        &[],
        read_recount,
    )
    .await
}

/// How far the counts of a project are made; `None` where all are.
pub async fn recount(conn: &Conn, project: ProjectId) -> Result<Option<Recount>> {
    conn.find(
        "SELECT id, recount_step, recount_done, recount_first, recount_last
         FROM projects
         WHERE id = $1 AND recount_step IS NOT NULL",
        params![project],
        read_recount,
    )
    .await
}

/// How far the counts of a project are made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recount {
    /// The project.
    pub project: ProjectId,
    /// What is done now: `domain::counts::Step`.
    pub step: String,
    /// Up to which row, day or month.
    pub done: i64,
    /// Before the first.
    pub first: i64,
    /// The last.
    pub last: i64,
}

fn read_recount(row: &DbRow<'_>) -> Result<Recount> {
    Ok(Recount { project: row.get(0)?, step: row.get(1)?, done: row.get(2)?, first: row.get(3)?, last: row.get(4)? })
}

/// Stores how far the counts of a project are made.
pub async fn set_recount(tx: &Tx, recount: &Recount) -> Result<u64> {
    tx.execute(
        "UPDATE projects
         SET recount_step = $2, recount_done = $3, recount_first = $4, recount_last = $5
         WHERE id = $1",
        params![recount.project, &recount.step, recount.done, recount.first, recount.last],
    )
    .await
}

/// All counts of a project are made.
pub async fn end_recount(tx: &Tx, project: ProjectId) -> Result<u64> {
    tx.execute("UPDATE projects SET recount_step = NULL WHERE id = $1", params![project]).await
}

/// Rows of a series between two days, months or quarters, both included: where each stands, and its numbers.
pub async fn rows(
    conn: &Conn,
    project: ProjectId,
    series: Series,
    (from, to): (i64, i64),
) -> Result<Vec<((i64, i64), Numbers)>> {
    conn.query(
        "SELECT at, subject, clicks, sessions, conversations, leads, complete, qualified, won, good, of_conversations, of_leads,
                of_complete, of_qualified, of_won, of_good
         FROM counts
         WHERE project_id = $1 AND series = $2 AND at >= $3 AND at <= $4",
        params![project, series.as_i64(), from, to],
        |row| {
            let mut numbers = [0; COUNTS];
            for (nth, number) in numbers.iter_mut().enumerate() {
                *number = row.get(nth + 2)?;
            }
            Ok(((row.get(0)?, row.get(1)?), numbers))
        },
    )
    .await
}

/// Sums that a page shows of a source, an ad or the whole: clicks, sessions, conversations, leads, complete, qualified, won, good.
pub type Sums = [i64; 8];

fn read_sums(row: &DbRow<'_>, from: usize) -> Result<Sums> {
    let mut sums = [0; 8];
    for (nth, sum) in sums.iter_mut().enumerate() {
        *sum = row.get(from + nth)?;
    }
    Ok(sums)
}

/// The columns of [`Sums`]: when it happened.
macro_rules! sums_by_event {
    () => {
        "CAST(SUM(clicks) AS BIGINT), CAST(SUM(sessions) AS BIGINT), CAST(SUM(conversations) AS BIGINT), CAST(SUM(leads) AS BIGINT),
         CAST(SUM(complete) AS BIGINT), CAST(SUM(qualified) AS BIGINT), CAST(SUM(won) AS BIGINT), CAST(SUM(good) AS BIGINT)"
    };
}

/// The same by the click.
macro_rules! sums_by_click {
    () => {
        "CAST(SUM(clicks) AS BIGINT), CAST(SUM(sessions) AS BIGINT), CAST(SUM(of_conversations) AS BIGINT),
         CAST(SUM(of_leads) AS BIGINT), CAST(SUM(of_complete) AS BIGINT), CAST(SUM(of_qualified) AS BIGINT),
         CAST(SUM(of_won) AS BIGINT), CAST(SUM(of_good) AS BIGINT)"
    };
}

/// Where the rows of a series stand that are summed: between two days, months or quarters, both included.
macro_rules! between {
    () => {
        " FROM counts WHERE project_id = $1 AND series = $2 AND at >= $3 AND at <= $4 "
    };
}

/// What each source or ad has between two days or months: when it happened, or by the click.
pub async fn by_subject(
    conn: &Conn,
    project: ProjectId,
    (series, by_click): (Series, bool),
    (from, to): (i64, i64),
) -> Result<Vec<(i64, Sums)>> {
    const EVENT: &str = concat!("SELECT subject, ", sums_by_event!(), between!(), "GROUP BY subject");
    const CLICK: &str = concat!("SELECT subject, ", sums_by_click!(), between!(), "GROUP BY subject");
    let read = |row: &DbRow<'_>| Ok((row.get(0)?, read_sums(row, 1)?));
    let params = params![project, series.as_i64(), from, to];
    if by_click { conn.query(CLICK, params, read).await } else { conn.query(EVENT, params, read).await }
}

/// What each day, month or quarter has between two of them.
pub async fn by_time(
    conn: &Conn,
    project: ProjectId,
    (series, by_click): (Series, bool),
    (from, to): (i64, i64),
) -> Result<Vec<(i64, Sums)>> {
    const EVENT: &str = concat!("SELECT at, ", sums_by_event!(), between!(), "GROUP BY at ORDER BY at");
    const CLICK: &str = concat!("SELECT at, ", sums_by_click!(), between!(), "GROUP BY at ORDER BY at");
    let read = |row: &DbRow<'_>| Ok((row.get(0)?, read_sums(row, 1)?));
    let params = params![project, series.as_i64(), from, to];
    if by_click { conn.query(CLICK, params, read).await } else { conn.query(EVENT, params, read).await }
}

/// `$5`: keys with commas between them.
macro_rules! of_sqlite {
    () => {
        "AND subject IN (SELECT keys.value FROM json_each('[' || $5 || ']') AS keys) GROUP BY at ORDER BY at"
    };
}

/// `IS TRUE` keeps it from becoming a join, which would cut the text up for every row: the keys are hashed once.
macro_rules! of_postgres {
    () => {
        "AND (subject IN (SELECT CAST(key AS BIGINT) FROM regexp_split_to_table($5, ',') AS key WHERE key <> '')) IS TRUE
         GROUP BY at
         ORDER BY at"
    };
}

/// What some sources have together on each day or in each month between two of them.
pub async fn by_time_of(
    conn: &Conn,
    project: ProjectId,
    (series, by_click): (Series, bool),
    (from, to): (i64, i64),
    subjects: impl Iterator<Item = i64>,
) -> Result<Vec<(i64, Sums)>> {
    const EVENT: Sql = Sql {
        sqlite: concat!("SELECT at, ", sums_by_event!(), between!(), of_sqlite!()),
        postgres: concat!("SELECT at, ", sums_by_event!(), between!(), of_postgres!()),
    };
    const CLICK: Sql = Sql {
        sqlite: concat!("SELECT at, ", sums_by_click!(), between!(), of_sqlite!()),
        postgres: concat!("SELECT at, ", sums_by_click!(), between!(), of_postgres!()),
    };
    let read = |row: &DbRow<'_>| Ok((row.get(0)?, read_sums(row, 1)?));
    let keys = subjects.map(|subject| subject.to_string()).collect::<Vec<_>>().join(",");
    let params = params![project, series.as_i64(), from, to, &keys];
    if by_click { conn.query(CLICK, params, read).await } else { conn.query(EVENT, params, read).await }
}

/// What each source has on each day or in each month between two of them.
pub async fn by_time_and_subject(
    conn: &Conn,
    project: ProjectId,
    (series, by_click): (Series, bool),
    (from, to): (i64, i64),
) -> Result<Vec<((i64, i64), Sums)>> {
    const EVENT: &str = concat!("SELECT at, subject, ", sums_by_event!(), between!(), "GROUP BY at, subject");
    const CLICK: &str = concat!("SELECT at, subject, ", sums_by_click!(), between!(), "GROUP BY at, subject");
    let read = |row: &DbRow<'_>| Ok(((row.get(0)?, row.get(1)?), read_sums(row, 2)?));
    let params = params![project, series.as_i64(), from, to];
    if by_click { conn.query(CLICK, params, read).await } else { conn.query(EVENT, params, read).await }
}
