//! Projects: the tenants.

use jiff::tz::TimeZone;

use crate::db::{Conn, Error, Result, Row, Tx};
use crate::domain::ids::ProjectId;
use crate::domain::lead::CreatedWhen;
use crate::domain::links_domain::LinksDomain;
use crate::domain::time::{SignedDuration, Timestamp};
use crate::params;

macro_rules! columns {
    () => {
        "id, public_id, name, region, time_zone, ip_policy, lead_created, form, members_may_export, viewers_see_masked,
         nudge_after, abandoned_after, links_domain"
    };
}
pub(super) use columns;

/// Columns of [`Project`].
pub(super) const COLUMNS: usize = 13;

/// A project.
#[derive(Clone, Debug)]
pub struct Project {
    /// Row key.
    pub id: ProjectId,
    /// The UUID that people see.
    pub public_id: String,
    /// The name that its owner gave it.
    pub name: String,
    /// ISO 3166 alpha-2: how national phone numbers are read.
    pub region: String,
    /// IANA name: how dates are read.
    pub time_zone: String,
    /// `full`, `truncated` or `omitted`.
    pub ip_policy: String,
    /// When `lead.created` is emitted.
    pub lead_created: CreatedWhen,
    /// The lead form, JSON; `None` for the default form.
    pub form: Option<String>,
    /// Whether members may export leads and resend deliveries.
    pub members_may_export: bool,
    /// Whether viewers see phone numbers and e-mail addresses masked.
    pub viewers_see_masked: bool,
    /// How long after a person's last message the agent asks once more; `None` for never.
    pub nudge_after: Option<SignedDuration>,
    /// How long after it a lead that is not complete counts as abandoned.
    pub abandoned_after: SignedDuration,
    /// The host that its links have instead of the server's.
    pub links_domain: Option<String>,
}

impl Project {
    /// Its time zone; UTC where this machine does not know the name any more.
    pub fn zone(&self) -> TimeZone {
        TimeZone::get(&self.time_zone).unwrap_or(TimeZone::UTC)
    }
}

pub(super) fn read(row: &Row<'_>) -> Result<Project> {
    Ok(Project {
        id: row.get(0)?,
        public_id: row.get(1)?,
        name: row.get(2)?,
        region: row.get(3)?,
        time_zone: row.get(4)?,
        ip_policy: row.get(5)?,
        lead_created: CreatedWhen::parse(&row.get::<String>(6)?).ok_or(Error::Column(6))?,
        form: row.get(7)?,
        members_may_export: row.get(8)?,
        viewers_see_masked: row.get(9)?,
        nudge_after: row.get::<Option<i64>>(10)?.map(SignedDuration::from_micros),
        abandoned_after: SignedDuration::from_micros(row.get(11)?),
        links_domain: row.get(12)?,
    })
}

/// What a new project starts with.
pub struct NewProject<'a> {
    /// A UUID.
    pub public_id: &'a str,
    /// The name that its owner gave it.
    pub name: &'a str,
    /// ISO 3166 alpha-2.
    pub region: &'a str,
    /// IANA name.
    pub time_zone: &'a str,
    /// `full`, `truncated` or `omitted`.
    pub ip_policy: &'a str,
    /// When `lead.created` is emitted.
    pub lead_created: CreatedWhen,
}

/// Stores a project.
pub async fn insert(tx: &Tx, new: &NewProject<'_>, now: Timestamp) -> Result<Project> {
    tx.get(
        concat!(
            "INSERT INTO projects (public_id, name, region, time_zone, ip_policy, lead_created, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)
             RETURNING ",
            columns!()
        ),
        params![new.public_id, new.name, new.region, new.time_zone, new.ip_policy, new.lead_created.as_str(), now],
        read,
    )
    .await
}

/// The project.
pub async fn get(conn: &Conn, project: ProjectId) -> Result<Project> {
    conn.get(concat!("SELECT ", columns!(), " FROM projects WHERE id = $1"), params![project], read).await
}

/// The project of that UUID.
pub async fn find_public(conn: &Conn, public_id: &str) -> Result<Option<Project>> {
    conn.find(concat!("SELECT ", columns!(), " FROM projects WHERE public_id = $1"), params![public_id], read).await
}

/// The project whose links have that host.
pub async fn find_by_links_domain(conn: &Conn, domain: &LinksDomain) -> Result<Option<ProjectId>> {
    conn.find("SELECT id FROM projects WHERE links_domain = $1", params![domain.as_str()], |row| row.get(0)).await
}

/// The hosts of links, each with its project, at most `most`.
pub async fn domains(conn: &Conn, most: u32) -> Result<Vec<(String, ProjectId)>> {
    conn.query(
        "SELECT links_domain, id FROM projects WHERE links_domain IS NOT NULL ORDER BY id LIMIT $1",
        params![most],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
    .await
}

/// All projects, oldest first, at most `most`.
pub async fn list(conn: &Conn, most: u32) -> Result<Vec<Project>> {
    conn.query(concat!("SELECT ", columns!(), " FROM projects ORDER BY id LIMIT $1"), params![most], read).await
}

/// The projects with row keys above `after`, oldest first, at most `most`.
pub async fn page(conn: &Conn, after: ProjectId, most: u32) -> Result<Vec<Project>> {
    conn.query(
        concat!("SELECT ", columns!(), " FROM projects WHERE id > $1 ORDER BY id LIMIT $2"),
        params![after, most],
        read,
    )
    .await
}

/// How many projects there are.
pub async fn count(conn: &Conn) -> Result<i64> {
    conn.get("SELECT COUNT(*) FROM projects", &[], |row| row.get(0)).await
}

/// Sets the lead form of a project; 0 where there is no such project.
pub async fn set_form(tx: &Tx, project: ProjectId, form: &str) -> Result<u64> {
    tx.execute("UPDATE projects SET form = $2 WHERE id = $1", params![project, form]).await
}

/// Stores what a project's owner can change.
pub async fn update(tx: &Tx, project: &Project) -> Result<u64> {
    tx.execute(
        "UPDATE projects
         SET name = $2, region = $3, time_zone = $4, ip_policy = $5, lead_created = $6, members_may_export = $7,
             viewers_see_masked = $8, nudge_after = $9, abandoned_after = $10, links_domain = $11
         WHERE id = $1",
        params![
            project.id,
            &project.name,
            &project.region,
            &project.time_zone,
            &project.ip_policy,
            project.lead_created.as_str(),
            project.members_may_export,
            project.viewers_see_masked,
            project.nudge_after.map(microseconds),
            microseconds(project.abandoned_after),
            project.links_domain.as_deref()
        ],
    )
    .await
}

/// As it is stored; what is longer than any database says counts as that long.
fn microseconds(duration: SignedDuration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
