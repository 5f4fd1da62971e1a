//! The list of leads as people of the business see it: views, filters, a search; by keyset, the newest message first. Who waits comes
//! first who has waited longest.
//!
//! A view picks rows by an index of its own order, at most [`WALK_MAX`] at once; the filters look at what was picked. Where they leave
//! little, the page says where the walk ended, and the next one goes on from there.

use super::lead_search;
use super::window::Position;
use crate::db::{Conn, Error, Result, Row, Sql, Value};
use crate::domain::ids::{ConversationId, LeadId, ProjectId, UserId};
use crate::domain::lead::{Handling, LeadStatus, Quality};
use crate::domain::lead_words::LeadQuery;
use crate::domain::time::Timestamp;

/// Rows that one page looks at.
pub const WALK_MAX: u32 = 2_500;

/// Which leads are shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum View {
    /// All.
    All,
    /// Those with a status.
    Status(LeadStatus),
    /// Who waits for a person.
    Waiting,
    /// Whose conversation that person has taken over.
    Mine(UserId),
    /// Whose conversation anybody but that person has taken over.
    Others(UserId),
    /// Who was looked for.
    Found(LeadQuery),
    /// These.
    Chosen(Vec<LeadId>),
}

/// What leads must be like.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filters {
    /// With a message since then.
    pub since: Option<Timestamp>,
    /// `open`, a stage, or [`WITHOUT_VALUE`](crate::domain::lead::WITHOUT_VALUE).
    pub stage: Option<String>,
    /// A quality.
    pub quality: Option<Quality>,
    /// A pattern that the campaign parameters of the first click are like.
    pub params_like: Option<String>,
}

impl Filters {
    fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// A lead in the list.
#[derive(Clone, Debug)]
pub struct ListedLead {
    /// Row key.
    pub id: LeadId,
    /// Its conversation.
    pub conversation: ConversationId,
    /// How far it came.
    pub status: LeadStatus,
    /// JSON: `{key: {value, words}}`.
    pub fields: String,
    /// What the person came for.
    pub intent: Option<String>,
    /// `qualified`, `won` or `lost`.
    pub stage: Option<String>,
    /// In hundredths.
    pub stage_value: Option<i64>,
    /// Of the value.
    pub currency: Option<String>,
    /// What people say of it.
    pub quality: Quality,
    /// Who looks after the conversation.
    pub handling: Handling,
    /// Who has taken it over.
    pub handler: Option<String>,
    /// Since when.
    pub handling_since: Option<Timestamp>,
    /// The reference of its first session.
    pub correlation_id: Option<String>,
    /// Campaign parameters of its first click, a JSON object; `None` where there was no click.
    pub parsed_params: Option<String>,
    /// The name that the person chose at the platform.
    pub profile_name: Option<String>,
    /// The number that the platform vouches for.
    pub phone: Option<String>,
    /// The platform.
    pub channel: String,
    /// What the person wrote last.
    pub last_words: Option<String>,
    /// When something was last said.
    pub last_message_at: Timestamp,
    /// When the conversation began.
    pub created_at: Timestamp,
    /// When the person was erased.
    pub erased_at: Option<Timestamp>,
    at: i64,
}

impl ListedLead {
    /// Where it stands in the list.
    pub fn position(&self) -> Position {
        Position { created_at: self.at, id: self.id.0 }
    }
}

macro_rules! columns {
    () => {
        "leads.id, leads.conversation_id, leads.status, leads.fields, leads.intent, leads.stage, leads.stage_value,
                leads.currency, leads.quality, c.handling, users.name, c.handling_since,
                (SELECT s.correlation_id FROM sessions AS s WHERE s.id = leads.session_id),
                (SELECT k.parsed_params FROM clicks AS k WHERE k.linked AND k.session_id = leads.session_id ORDER BY k.id LIMIT 1),
                c.profile_name, c.phone, channels.kind,
                (SELECT m.text FROM messages AS m WHERE m.conversation_id = c.id AND m.direction = 'in' ORDER BY m.id DESC LIMIT 1),
                leads.last_message_at, leads.created_at, leads.erased_at, picked.at
         FROM "
    };
}

/// Behind the picked rows: what they are joined with and must be like. `+`: SQLite is to find them by their keys.
macro_rules! filtered {
    () => {
        " AS picked
         JOIN leads ON leads.id = picked.id
         JOIN conversations AS c ON c.id = leads.conversation_id
         JOIN channels ON channels.id = c.channel
         LEFT JOIN users ON users.id = c.handler
         WHERE +leads.project_id = $1 AND leads.last_message_at >= $4
           AND (COALESCE(leads.stage, 'open') = COALESCE($6, leads.stage, 'open')
                OR $6 = 'won_without_value' AND leads.stage = 'won' AND leads.stage_value IS NULL)
           AND leads.quality = COALESCE($7, leads.quality)
           AND (CAST($8 AS TEXT) IS NULL OR (
               SELECT k.parsed_params FROM clicks AS k WHERE k.linked AND k.session_id = leads.session_id ORDER BY k.id LIMIT 1
           ) LIKE $8 ESCAPE '!')"
    };
}

macro_rules! newest_first {
    () => {
        " ORDER BY picked.at DESC, leads.id DESC LIMIT $9"
    };
}

macro_rules! oldest_first {
    () => {
        " ORDER BY picked.at, leads.id LIMIT $9"
    };
}

/// What a view picks: the key of a lead, and where it stands.
macro_rules! of_status {
    () => {
        "(SELECT id, last_message_at AS at
          FROM leads
          WHERE project_id = $1 AND status = $10 AND last_message_at >= $4 AND (last_message_at, id) < ($2, $3)
          ORDER BY last_message_at DESC, id DESC
          LIMIT $5)"
    };
}

macro_rules! of_all {
    () => {
        "(SELECT id, at FROM (
              SELECT * FROM (
                  SELECT id, last_message_at AS at
                  FROM leads
                  WHERE project_id = $1 AND status = 'active' AND last_message_at >= $4 AND (last_message_at, id) < ($2, $3)
                  ORDER BY last_message_at DESC, id DESC
                  LIMIT $5
              ) AS talking
              UNION ALL
              SELECT * FROM (
                  SELECT id, last_message_at AS at
                  FROM leads
                  WHERE project_id = $1 AND status = 'correlated' AND last_message_at >= $4 AND (last_message_at, id) < ($2, $3)
                  ORDER BY last_message_at DESC, id DESC
                  LIMIT $5
              ) AS correlated
              UNION ALL
              SELECT * FROM (
                  SELECT id, last_message_at AS at
                  FROM leads
                  WHERE project_id = $1 AND status = 'complete' AND last_message_at >= $4 AND (last_message_at, id) < ($2, $3)
                  ORDER BY last_message_at DESC, id DESC
                  LIMIT $5
              ) AS complete
          ) AS any_status
          ORDER BY at DESC, id DESC
          LIMIT $5)"
    };
}

macro_rules! of_waiting {
    () => {
        "(SELECT l.id, w.handling_since AS at
          FROM conversations AS w JOIN leads AS l ON l.conversation_id = w.id
          WHERE w.project_id = $1 AND w.handling = 'waiting' AND w.handling_since >= $2 AND (w.handling_since, l.id) > ($2, $3)
          ORDER BY w.handling_since, l.id
          LIMIT $5)"
    };
}

macro_rules! of_mine {
    () => {
        "(SELECT l.id, w.handling_since AS at
          FROM conversations AS w JOIN leads AS l ON l.conversation_id = w.id
          WHERE w.project_id = $1 AND w.handling = 'with' AND w.handler = $10 AND w.handling_since <= $2
            AND (w.handling_since, l.id) < ($2, $3)
          ORDER BY w.handling_since DESC, l.id DESC
          LIMIT $5)"
    };
}

macro_rules! of_others {
    () => {
        "(SELECT l.id, w.handling_since AS at
          FROM conversations AS w JOIN leads AS l ON l.conversation_id = w.id
          WHERE w.project_id = $1 AND w.handling = 'with' AND COALESCE(w.handler, 0) <> $10 AND w.handling_since <= $2
            AND (w.handling_since, l.id) < ($2, $3)
          ORDER BY w.handling_since DESC, l.id DESC
          LIMIT $5)"
    };
}

/// `$10`: keys with commas between them. `CROSS`: SQLite is to begin with them.
macro_rules! keys_sqlite {
    () => {
        "(SELECT f.id, f.last_message_at AS at
          FROM (SELECT keys.value AS id FROM json_each('[' || $10 || ']') AS keys) AS found CROSS JOIN leads AS f ON f.id = found.id "
    };
}

/// `OFFSET 0`: PostgreSQL is to begin with the keys as well, and not to cut their text up for every lead.
macro_rules! keys_postgres {
    () => {
        "(SELECT f.id, f.last_message_at AS at
          FROM (SELECT CAST(key AS BIGINT) AS id FROM regexp_split_to_table($10, ',') AS key WHERE key <> '') AS found
          CROSS JOIN LATERAL (SELECT id, project_id, last_message_at FROM leads WHERE id = found.id OFFSET 0) AS f "
    };
}

macro_rules! of_found {
    () => {
        "WHERE f.project_id = $1 AND (f.last_message_at, f.id) < ($2, $3)
         ORDER BY f.last_message_at DESC, f.id DESC
         LIMIT $5)"
    };
}

fn read(row: &Row<'_>) -> Result<ListedLead> {
    Ok(ListedLead {
        id: row.get(0)?,
        conversation: row.get(1)?,
        status: LeadStatus::parse(&row.get::<String>(2)?).ok_or(Error::Column(2))?,
        fields: row.get(3)?,
        intent: row.get(4)?,
        stage: row.get(5)?,
        stage_value: row.get(6)?,
        currency: row.get(7)?,
        quality: Quality::parse(&row.get::<String>(8)?).ok_or(Error::Column(8))?,
        handling: Handling::parse(&row.get::<String>(9)?).ok_or(Error::Column(9))?,
        handler: row.get(10)?,
        handling_since: row.get(11)?,
        correlation_id: row.get(12)?,
        parsed_params: row.get(13)?,
        profile_name: row.get(14)?,
        phone: row.get(15)?,
        channel: row.get(16)?,
        last_words: row.get(17)?,
        last_message_at: row.get(18)?,
        created_at: row.get(19)?,
        erased_at: row.get(20)?,
        at: row.get(21)?,
    })
}

/// A page of the list.
#[derive(Clone, Debug, Default)]
pub struct LeadPage {
    /// Its leads, in their order.
    pub rows: Vec<ListedLead>,
    /// Behind which row the next page begins, where there is one.
    pub next: Option<Position>,
    /// How many leads a search found, before filters.
    pub found: i64,
}

/// Where the list of a view begins.
pub fn start(view: &View) -> Position {
    match view {
        View::Waiting => Position { created_at: 0, id: 0 },
        _ => Position::NEWEST,
    }
}

/// A page of a view behind `after`, with at most `most` leads.
pub async fn page(
    conn: &Conn,
    project: ProjectId,
    (view, filters): (&View, &Filters),
    after: Position,
    most: u32,
) -> Result<LeadPage> {
    let keys = match view {
        View::Found(query) => lead_search::found(conn, project, query).await?.iter().map(|at| LeadId(at.id)).collect(),
        View::Chosen(leads) => leads.clone(),
        _ => Vec::new(),
    };
    let found = i64::try_from(keys.len()).unwrap_or(i64::MAX);
    let mut rows = picked(conn, project, (view, filters, &keys), after, most + 1).await?;
    let next = if rows.len() > most as usize {
        rows.truncate(most as usize);
        rows.last().map(ListedLead::position)
    } else if filters.is_none() {
        None
    } else {
        end_of_walk(conn, project, (view, filters), after).await?
    };
    Ok(LeadPage { rows, next, found })
}

async fn picked(
    conn: &Conn,
    project: ProjectId,
    (view, filters, keys): (&View, &Filters, &[LeadId]),
    after: Position,
    most: u32,
) -> Result<Vec<ListedLead>> {
    const ALL: &str = concat!("SELECT ", columns!(), of_all!(), filtered!(), newest_first!());
    const STATUS: &str = concat!("SELECT ", columns!(), of_status!(), filtered!(), newest_first!());
    const WAITING: &str = concat!("SELECT ", columns!(), of_waiting!(), filtered!(), oldest_first!());
    const MINE: &str = concat!("SELECT ", columns!(), of_mine!(), filtered!(), newest_first!());
    const OTHERS: &str = concat!("SELECT ", columns!(), of_others!(), filtered!(), newest_first!());
    const FOUND: Sql = Sql {
        sqlite: concat!("SELECT ", columns!(), keys_sqlite!(), of_found!(), filtered!(), newest_first!()),
        postgres: concat!("SELECT ", columns!(), keys_postgres!(), of_found!(), filtered!(), newest_first!()),
    };
    let since = filters.since.unwrap_or(Timestamp::UNIX_EPOCH);
    // Without a filter, no more has to be looked at than is shown.
    let walk = if filters.is_none() { most } else { WALK_MAX };
    let quality = filters.quality.map(Quality::as_str);
    let base: [Value<'_>; 9] = [
        project.into(),
        after.created_at.into(),
        after.id.into(),
        since.into(),
        walk.into(),
        (&filters.stage).into(),
        quality.into(),
        (&filters.params_like).into(),
        most.into(),
    ];
    let with = |more: &[Value<'static>]| [&base[..], more].concat();
    match view {
        View::All => conn.query(ALL, &base, read).await,
        View::Waiting => conn.query(WAITING, &base, read).await,
        View::Status(status) => conn.query(STATUS, &with(&[status.as_str().into()]), read).await,
        View::Mine(user) => conn.query(MINE, &with(&[(*user).into()]), read).await,
        View::Others(user) => conn.query(OTHERS, &with(&[(*user).into()]), read).await,
        View::Found(_) | View::Chosen(_) => {
            let keys = keys.iter().map(LeadId::to_string).collect::<Vec<_>>().join(",");
            conn.query(FOUND, &[&base[..], &[Value::from(&keys)]].concat(), read).await
        }
    }
}

/// Where the rows end that a page looked at; `None` where these were the last.
async fn end_of_walk(
    conn: &Conn,
    project: ProjectId,
    (view, filters): (&View, &Filters),
    after: Position,
) -> Result<Option<Position>> {
    const ALL: &str = concat!("SELECT at, id, COUNT(*) OVER () FROM ", of_all!(), " AS picked ORDER BY at, id LIMIT 1");
    const STATUS: &str = "SELECT at, id, COUNT(*) OVER ()
         FROM (
             SELECT id, last_message_at AS at
             FROM leads
             WHERE project_id = $1 AND status = $6 AND last_message_at >= $4 AND (last_message_at, id) < ($2, $3)
             ORDER BY last_message_at DESC, id DESC
             LIMIT $5
         ) AS picked
         ORDER BY at, id
         LIMIT 1";
    let since = filters.since.unwrap_or(Timestamp::UNIX_EPOCH);
    let base: [Value<'_>; 5] =
        [project.into(), after.created_at.into(), after.id.into(), since.into(), WALK_MAX.into()];
    let read = |row: &Row<'_>| Ok((Position { created_at: row.get(0)?, id: row.get(1)? }, row.get::<i64>(2)?));
    let last = match view {
        View::All => conn.find(ALL, &base, read).await?,
        View::Status(status) => conn.find(STATUS, &[&base[..], &[status.as_str().into()]].concat(), read).await?,
        // These are few.
        View::Waiting | View::Mine(_) | View::Others(_) | View::Found(_) | View::Chosen(_) => None,
    };
    Ok(last.filter(|(_, count)| *count == i64::from(WALK_MAX)).map(|(position, _)| position))
}
