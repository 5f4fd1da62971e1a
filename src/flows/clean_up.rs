//! Removes what is older than it is kept: a few rows in each transaction, so that no other write waits, until all is gone.
//!
//! What is still needed stays whatever its age: deliveries and replies that wait, messages that the agent has not read, and the
//! clicks of a session that a conversation was linked to.

use crate::app::App;
use crate::db::{Conn, Tx};
use crate::domain::ids::ProjectId;
use crate::domain::retention::{Kind, Period, Retention};
use crate::domain::time::{SignedDuration, Timestamp};
use crate::flows::store_clicks::SESSION_LENGTH;
use crate::store::clean_up::{self, Old};
use crate::store::retention;
use crate::store::window::Position;

/// Rows that one read looks at.
const PAGE: u32 = 500;
/// Events that one read looks at: each with the webhooks of its project.
const PAGE_OF_EVENTS: u32 = 100;
/// Rows that one transaction removes: about a millisecond of SQLite's writer.
const ROWS_PER_WRITE: usize = 100;
/// Notices that one transaction removes.
const NOTICES_PER_WRITE: u32 = 100;
/// Deliveries that one transaction removes, each with its attempts.
const DELIVERIES_PER_WRITE: usize = 30;
/// Projects, webhooks and channels that one read lists.
const LISTED: u32 = 200;
/// Before every row.
const OLDEST: Position = Position { created_at: i64::MIN, id: 0 };

/// How much was removed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Removed {
    /// Presses; their sessions with them.
    pub clicks: u64,
    /// Events.
    pub events: u64,
    /// Deliveries; their attempts with them.
    pub deliveries: u64,
    /// Attempts that were older than the log is kept.
    pub attempts: u64,
    /// Messages.
    pub messages: u64,
    /// What else platforms sent.
    pub notices: u64,
}

/// Why a clean-up ends before its time. The next one goes on.
#[derive(Debug, thiserror::Error)]
enum Interrupted {
    #[error("another node cleans up")]
    Elsewhere,
    #[error("the process stops")]
    Stopping,
}

/// Removes all that is too old, unless another node is at it or `is_stopping` says so.
pub async fn clean_up(app: &App, is_stopping: impl Fn() -> bool + Send + Sync) -> anyhow::Result<Removed> {
    let mut pass = Pass {
        app,
        now: app.clock.now(),
        is_stopping: &is_stopping,
        periods: app.config.retention,
        removed: Removed::default(),
    };
    match pass.run().await {
        Err(why) if why.is::<Interrupted>() => tracing::debug!(%why, "clean-up"),
        result => result?,
    }
    let Removed { clicks, events, deliveries, attempts, messages, notices } = pass.removed;
    if pass.removed != Removed::default() {
        tracing::info!(clicks, events, deliveries, attempts, messages, notices, "removed what is not kept any longer");
    }
    Ok(pass.removed)
}

struct Pass<'a> {
    app: &'a App,
    now: Timestamp,
    is_stopping: &'a (dyn Fn() -> bool + Send + Sync),
    /// The server's.
    periods: Retention,
    removed: Removed,
}

impl Pass<'_> {
    async fn run(&mut self) -> anyhow::Result<()> {
        if let Some(before) = self.end_of(self.periods.of(Kind::Attempts)) {
            self.sweep(Rows::Attempts, OLDEST, before).await?;
        }
        let mut after = 0;
        loop {
            let projects =
                self.app.db.read(async move |conn| Ok(retention::projects(conn, after, LISTED).await?)).await?;
            let Some(last) = projects.last() else { return Ok(()) };
            after = last.0;
            for project in projects {
                self.clean_project(project).await?;
            }
        }
    }

    async fn clean_project(&mut self, project: ProjectId) -> anyhow::Result<()> {
        let own = self.app.db.read(async move |conn| Ok(retention::of_project(conn, project).await?)).await?;
        let mut periods = self.periods;
        own.into_iter().for_each(|(kind, period)| periods.set(kind, period));
        if let Some(before) = self.end_of(periods.of(Kind::Clicks)) {
            self.clean_clicks(project, before).await?;
        }
        if let Some(before) = self.end_of(periods.of(Kind::Events)) {
            self.clean_events(project, before).await?;
        }
        if let Some(before) = self.end_of(periods.of(Kind::Messages)) {
            self.clean_messages(project, before).await?;
        }
        Ok(())
    }

    /// What is older than this is removed.
    fn end_of(&self, period: Period) -> Option<Timestamp> {
        let days = period.days()?;
        self.now.checked_sub(SignedDuration::from_hours(24 * i64::from(days))).ok()
    }

    /// Clicks of linked sessions stay and are many in the end: it is kept how far all has been looked at.
    async fn clean_clicks(&mut self, project: ProjectId, before: Timestamp) -> anyhow::Result<()> {
        let kind = Kind::Clicks;
        let from = self.app.db.read(async move |conn| Ok(retention::cleaned_to(conn, project, kind).await?)).await?;
        // A session that began before then has no click since `before`.
        let begun_before = before - SESSION_LENGTH;
        let rows = Rows::Clicks { project, begun_before };
        if self.sweep(rows, Position { created_at: from, id: 0 }, before).await? {
            let to = begun_before.as_microsecond();
            self.write(async move |tx| Ok(retention::set_cleaned_to(tx, project, kind, to).await?)).await?;
        }
        Ok(())
    }

    async fn clean_events(&mut self, project: ProjectId, before: Timestamp) -> anyhow::Result<()> {
        let mut after = 0;
        loop {
            let listed = async move |conn: &Conn| Ok(clean_up::webhooks(conn, project, after, LISTED).await?);
            let webhooks = self.app.db.read(listed).await?;
            let Some(last) = webhooks.last() else { break };
            after = *last;
            for webhook in webhooks {
                self.sweep(Rows::Deliveries { webhook }, OLDEST, before).await?;
            }
        }
        self.sweep(Rows::Events { project }, OLDEST, before).await?;
        Ok(())
    }

    async fn clean_messages(&mut self, project: ProjectId, before: Timestamp) -> anyhow::Result<()> {
        self.sweep(Rows::Messages { project }, OLDEST, before).await?;
        let mut after = 0;
        loop {
            let listed = async move |conn: &Conn| Ok(clean_up::channels(conn, project, after, LISTED).await?);
            let channels = self.app.db.read(listed).await?;
            let Some(last) = channels.last() else { return Ok(()) };
            after = *last;
            for channel in channels {
                self.clean_notices(channel, before).await?;
            }
        }
    }

    async fn clean_notices(&mut self, channel: i64, before: Timestamp) -> anyhow::Result<()> {
        let is_any = async move |conn: &Conn| Ok(clean_up::has_notices(conn, channel, before).await?);
        while self.app.db.read(is_any).await? {
            let remove =
                async move |tx: &Tx| Ok(clean_up::remove_notices(tx, channel, before, NOTICES_PER_WRITE).await?);
            self.removed.notices += self.write(remove).await?;
        }
        Ok(())
    }

    /// Goes once through `rows` behind `from` and older than `before`; tells whether there were any.
    async fn sweep(&mut self, rows: Rows, from: Position, before: Timestamp) -> anyhow::Result<bool> {
        let mut after = from;
        loop {
            anyhow::ensure!(!(self.is_stopping)(), Interrupted::Stopping);
            let page = self.app.db.read(async move |conn| rows.page(conn, after, before).await).await?;
            let Some(last) = page.last() else { return Ok(after != from) };
            after = last.position;
            let old: Vec<Position> = page.iter().filter(|old| old.may_go).map(|old| old.position).collect();
            for few in old.chunks(rows.per_write()) {
                let few = few.to_vec();
                let removed = self.write(async move |tx| rows.remove(tx, &few).await).await?;
                *rows.counted_in(&mut self.removed) += removed;
            }
        }
    }

    /// A transaction that no other node's clean-up shares time with.
    async fn write<F>(&self, work: F) -> anyhow::Result<u64>
    where
        F: AsyncFnOnce(&Tx) -> anyhow::Result<u64> + Send + 'static,
    {
        anyhow::ensure!(!(self.is_stopping)(), Interrupted::Stopping);
        let removed = self.app.db.write(async move |tx| match clean_up::begin(tx).await? {
            true => work(tx).await.map(Some),
            false => Ok(None),
        });
        Ok(removed.await?.ok_or(Interrupted::Elsewhere)?)
    }
}

/// What a sweep goes through.
#[derive(Clone, Copy)]
enum Rows {
    Attempts,
    Clicks { project: ProjectId, begun_before: Timestamp },
    Deliveries { webhook: i64 },
    Events { project: ProjectId },
    Messages { project: ProjectId },
}

impl Rows {
    async fn page(self, conn: &Conn, after: Position, before: Timestamp) -> anyhow::Result<Vec<Old>> {
        Ok(match self {
            Self::Attempts => clean_up::attempts(conn, after.id, before, PAGE).await?,
            Self::Clicks { project, begun_before } => {
                clean_up::clicks(conn, project, after, before, begun_before, PAGE).await?
            }
            Self::Deliveries { webhook } => clean_up::deliveries(conn, webhook, after, before, PAGE).await?,
            Self::Events { project } => clean_up::events(conn, project, after, before, PAGE_OF_EVENTS).await?,
            Self::Messages { project } => clean_up::messages(conn, project, after, before, PAGE).await?,
        })
    }

    async fn remove(self, tx: &Tx, old: &[Position]) -> anyhow::Result<u64> {
        Ok(match self {
            Self::Attempts => clean_up::remove_attempts(tx, old).await?,
            Self::Clicks { .. } => {
                clean_up::remove_sessions(tx, old).await?;
                clean_up::remove_clicks(tx, old).await?
            }
            Self::Deliveries { .. } => clean_up::remove_deliveries(tx, old).await?,
            Self::Events { .. } => clean_up::remove_events(tx, old).await?,
            Self::Messages { .. } => clean_up::remove_messages(tx, old).await?,
        })
    }

    fn counted_in(self, removed: &mut Removed) -> &mut u64 {
        match self {
            Self::Attempts => &mut removed.attempts,
            Self::Clicks { .. } => &mut removed.clicks,
            Self::Deliveries { .. } => &mut removed.deliveries,
            Self::Events { .. } => &mut removed.events,
            Self::Messages { .. } => &mut removed.messages,
        }
    }

    fn per_write(self) -> usize {
        match self {
            Self::Deliveries { .. } => DELIVERIES_PER_WRITE,
            _ => ROWS_PER_WRITE,
        }
    }
}
