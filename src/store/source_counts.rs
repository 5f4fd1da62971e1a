//! How many came by each link and each widget, from the counts of their sources.

use crate::db::{Conn, Result, Sql};
use crate::domain::ids::{LinkId, ProjectId, WidgetId};
use crate::params;

/// What came of a link: clicks, and people who wrote, and who left their details, by the day of the click.
pub type LinkSums = [i64; 3];

/// The sums of a project's links between two local days, both included. A link without any has none.
pub async fn of_links(
    conn: &Conn,
    project: ProjectId,
    links: &[LinkId],
    (first, last): (i64, i64),
) -> Result<Vec<(LinkId, LinkSums)>> {
    // Series 1 is that of a source by day. Each day and source is a search by the whole primary key: all rows of the days would be
    // those of every source of the project.
    const SUMS: Sql = Sql {
        sqlite: "WITH RECURSIVE days (at) AS (SELECT $3 UNION ALL SELECT at + 1 FROM days WHERE at < $4)
                 SELECT o.link_id, SUM(c.clicks), SUM(c.of_conversations), SUM(c.of_leads)
                 FROM sources AS o CROSS JOIN days CROSS JOIN counts AS c
                 WHERE o.project_id = $1 AND o.link_id = $2
                   AND c.project_id = $1 AND c.series = 1 AND c.at = days.at AND c.subject = o.id
                 GROUP BY o.link_id",
        postgres: "SELECT o.link_id, CAST(COALESCE(SUM(c.clicks), 0) AS BIGINT),
                          CAST(COALESCE(SUM(c.conversations), 0) AS BIGINT), CAST(COALESCE(SUM(c.leads), 0) AS BIGINT)
                   FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[])
                       AS wanted (project_id, link_id, first_day, last_day)
                   JOIN sources AS o ON o.project_id = wanted.project_id AND o.link_id = wanted.link_id
                   CROSS JOIN LATERAL generate_series(wanted.first_day, wanted.last_day) AS days (at)
                   CROSS JOIN LATERAL (
                       SELECT SUM(clicks) AS clicks, SUM(of_conversations) AS conversations, SUM(of_leads) AS leads
                       FROM counts
                       WHERE counts.project_id = wanted.project_id AND series = 1 AND counts.at = days.at AND subject = o.id
                   ) AS c
                   GROUP BY o.link_id",
    };
    let rows: Vec<_> = links.iter().map(|link| [project.into(), (*link).into(), first.into(), last.into()]).collect();
    conn.query_rows(SUMS, &rows, |row| Ok((row.get(0)?, [row.get(1)?, row.get(2)?, row.get(3)?]))).await
}

/// The clicks on each widget of a project on a local day. One without any has none.
pub async fn clicks_of_widgets(conn: &Conn, project: ProjectId, day: i64) -> Result<Vec<(WidgetId, i64)>> {
    // Series 1 is that of a source by day: one day's rows lie together.
    conn.query(
        "SELECT o.widget_id, CAST(SUM(c.clicks) AS BIGINT)
         FROM counts AS c JOIN sources AS o ON o.id = c.subject
         WHERE c.project_id = $1 AND c.series = 1 AND c.at = $2 AND o.widget_id IS NOT NULL
         GROUP BY o.widget_id",
        params![project, day],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
    .await
}
