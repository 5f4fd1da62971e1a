//! Where visits came from, and the ads that they came by: found by digest, made once, never changed.

use crate::db::{Conn, FromValue, Result, Row, Sql, Tx};
use crate::domain::ids::{AdId, ChannelId, LinkId, ProjectId, SourceId, WidgetId};
use crate::domain::source::{Ad, AdNames, Source, Trouble};
use crate::domain::time::Timestamp;
use crate::params;

/// A row that is there already.
#[derive(Clone, Debug)]
pub struct Found<K> {
    /// Its project.
    pub project: ProjectId,
    /// Names it there.
    pub digest: String,
    /// Row key.
    pub id: K,
    /// When it was made.
    pub created_at: Timestamp,
}

fn read_found<K: FromValue>(row: &Row<'_>) -> Result<Found<K>> {
    Ok(Found { project: row.get(0)?, digest: row.get(1)?, id: row.get(2)?, created_at: row.get(3)? })
}

/// The sources of those digests, where they are there.
pub async fn find(conn: &Conn, wanted: &[(ProjectId, &str)]) -> Result<Vec<Found<SourceId>>> {
    const FIND: Sql = Sql {
        sqlite: "SELECT project_id, digest, id, created_at FROM sources WHERE project_id = $1 AND digest = $2",
        postgres: "SELECT s.project_id, s.digest, s.id, s.created_at
                   FROM unnest($1::bigint[], $2::text[]) AS wanted (project_id, digest)
                   JOIN sources AS s ON s.project_id = wanted.project_id AND s.digest = wanted.digest",
    };
    let rows: Vec<_> = wanted.iter().map(|(project, digest)| [(*project).into(), (*digest).into()]).collect();
    conn.query_rows(FIND, &rows, read_found).await
}

/// The ads of those digests, where they are there.
pub async fn find_ads(conn: &Conn, wanted: &[(ProjectId, &str)]) -> Result<Vec<Found<AdId>>> {
    const FIND: Sql = Sql {
        sqlite: "SELECT project_id, digest, id, created_at FROM ads WHERE project_id = $1 AND digest = $2",
        postgres: "SELECT a.project_id, a.digest, a.id, a.created_at
                   FROM unnest($1::bigint[], $2::text[]) AS wanted (project_id, digest)
                   JOIN ads AS a ON a.project_id = wanted.project_id AND a.digest = wanted.digest",
    };
    let rows: Vec<_> = wanted.iter().map(|(project, digest)| [(*project).into(), (*digest).into()]).collect();
    conn.query_rows(FIND, &rows, read_found).await
}

/// Makes a source, or finds the one that another transaction made meanwhile.
pub async fn make(tx: &Tx, project: ProjectId, (source, digest): (&Source, &str), now: Timestamp) -> Result<SourceId> {
    // The update changes nothing: it gives the row also where it was there.
    tx.get(
        "INSERT INTO sources (project_id, digest, source, medium, campaign, referrer, landing, channel, widget_id, link_id,
                              device, trouble, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
         ON CONFLICT (project_id, digest) DO UPDATE SET device = excluded.device
         RETURNING id",
        params![
            project,
            digest,
            &source.source,
            &source.medium,
            &source.campaign,
            &source.referrer,
            &source.landing,
            source.channel,
            source.widget,
            source.link,
            source.device,
            source.trouble.as_str(),
            now
        ],
        |row| row.get(0),
    )
    .await
}

/// Makes an ad, or finds the one that another transaction made meanwhile.
pub async fn make_ad(tx: &Tx, project: ProjectId, (ad, digest): (&Ad, &str), now: Timestamp) -> Result<AdId> {
    tx.get(
        "INSERT INTO ads (project_id, digest, platform, campaign_id, adset_id, ad_id, keyword, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (project_id, digest) DO UPDATE SET platform = excluded.platform
         RETURNING id",
        params![project, digest, &ad.platform, &ad.campaign_id, &ad.adset_id, &ad.ad_id, &ad.keyword, now],
        |row| row.get(0),
    )
    .await
}

/// Notes that a project gets new sources and ads on a day, and gives how many it has got then.
pub async fn note_new(tx: &Tx, project: ProjectId, day: i64, (sources, ads): (i64, i64)) -> Result<(i64, i64)> {
    tx.get(
        "INSERT INTO new_sources (project_id, day, sources, ads)
         VALUES ($1, $2, $3, $4)
         ON CONFLICT (project_id, day)
         DO UPDATE SET sources = new_sources.sources + excluded.sources, ads = new_sources.ads + excluded.ads
         RETURNING sources, ads",
        params![project, day, sources, ads],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
    .await
}

/// What an ad is called since when, newest first.
pub async fn newest_names(conn: &Conn, project: ProjectId, ad: AdId) -> Result<Option<(AdNames, Timestamp)>> {
    conn.find(
        "SELECT campaign, adset, name, since
         FROM ad_names
         WHERE ad = $1 AND project_id = $2
         ORDER BY since DESC
         LIMIT 1",
        params![ad, project],
        |row| Ok((AdNames { campaign: row.get(0)?, adset: row.get(1)?, ad: row.get(2)? }, row.get(3)?)),
    )
    .await
}

/// Notes what an ad is called from now on.
pub async fn add_names(tx: &Tx, project: ProjectId, ad: AdId, names: &AdNames, now: Timestamp) -> Result<u64> {
    tx.execute(
        "INSERT INTO ad_names (ad, since, project_id, campaign, adset, name)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (ad, since) DO NOTHING",
        params![ad, now, project, &names.campaign, &names.adset, &names.ad],
    )
    .await
}

/// Whether somebody ever pressed a button of a project: sources stay when clicks go.
pub async fn has_click(conn: &Conn, project: ProjectId) -> Result<bool> {
    let sql = "SELECT id FROM sources WHERE project_id = $1 AND widget_id IS NOT NULL LIMIT 1";
    let found = conn.find(sql, params![project], |row| row.get::<SourceId>(0)).await?;
    Ok(found.is_some())
}

/// A source with its row key.
#[derive(Clone, Debug)]
pub struct StoredSource {
    /// Row key.
    pub id: SourceId,
    /// What is counted by.
    pub source: Source,
}

/// The sources of a project, without an order.
pub async fn of_project(conn: &Conn, project: ProjectId) -> Result<Vec<StoredSource>> {
    conn.query(
        "SELECT id, source, medium, campaign, referrer, landing, channel, widget_id, device, link_id, trouble
         FROM sources
         WHERE project_id = $1",
        params![project],
        |row| {
            let device = crate::domain::device::Device::parse(&row.get::<String>(8)?);
            let source = Source {
                source: row.get(1)?,
                medium: row.get(2)?,
                campaign: row.get(3)?,
                referrer: row.get(4)?,
                landing: row.get(5)?,
                channel: row.get::<Option<ChannelId>>(6)?,
                widget: row.get::<Option<WidgetId>>(7)?,
                link: row.get::<Option<LinkId>>(9)?,
                device: device.ok_or(crate::db::Error::Column(8))?.as_str(),
                trouble: Trouble::parse(&row.get::<String>(10)?).ok_or(crate::db::Error::Column(10))?,
            };
            Ok(StoredSource { id: row.get(0)?, source })
        },
    )
    .await
}

/// An ad with what it is called.
#[derive(Clone, Debug)]
pub struct StoredAd {
    /// Row key.
    pub id: AdId,
    /// What is counted by.
    pub ad: Ad,
    /// What it is called now.
    pub names: AdNames,
}

/// The ads of a project with their newest names, without an order.
pub async fn ads_of_project(conn: &Conn, project: ProjectId) -> Result<Vec<StoredAd>> {
    conn.query(
        "SELECT a.id, a.platform, a.campaign_id, a.adset_id, a.ad_id, a.keyword, COALESCE(n.campaign, ''),
                COALESCE(n.adset, ''), COALESCE(n.name, '')
         FROM ads AS a
         LEFT JOIN ad_names AS n
             ON n.ad = a.id AND n.since = (SELECT MAX(since) FROM ad_names WHERE ad_names.ad = a.id)
         WHERE a.project_id = $1",
        params![project],
        |row| {
            let ad = Ad {
                platform: row.get(1)?,
                campaign_id: row.get(2)?,
                adset_id: row.get(3)?,
                ad_id: row.get(4)?,
                keyword: row.get(5)?,
            };
            let names = AdNames { campaign: row.get(6)?, adset: row.get(7)?, ad: row.get(8)? };
            Ok(StoredAd { id: row.get(0)?, ad, names })
        },
    )
    .await
}
