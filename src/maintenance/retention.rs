//! The retention job: removes rows that are older than their retention period, a few in each transaction, so that other writes
//! come in between, until none is left.
//!
//! Rows that are still needed stay whatever their age: pending deliveries and replies, messages that the agent has not read,
//! and the clicks of a session that is linked to a conversation. On PostgreSQL, rows past the retention of every project are
//! dropped with their partition: see [`crate::maintenance::drop_partitions`].

use crate::clicks::sessions::SESSION_LENGTH;
use crate::core::Core;
use crate::db::{Conn, Tx};
use crate::domain::ids::{ChannelId, ProjectId, WebhookId};
use crate::domain::retention::{Kind, Period, Retention};
use crate::domain::time::{SignedDuration, Timestamp};
use crate::maintenance::drop_partitions::ExpiredPartitions;
use crate::maintenance::remove_chats::remove_chats;
pub use crate::maintenance::removed::Removed;
use crate::store::expired::{self, Old};
use crate::store::model_calls;
use crate::store::partitions::{self, PartitionedTable};
use crate::store::past_messages;
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

/// Why a run ends early. The next run continues.
#[derive(Debug, thiserror::Error)]
enum Interrupted {
    #[error("another node runs the retention job")]
    OtherNode,
    #[error("the process is stopping")]
    Stopping,
}

/// Removes all rows past their retention, unless another node does so or `is_stopping` returns true.
pub async fn remove_expired(core: &Core, is_stopping: impl Fn() -> bool + Send + Sync) -> anyhow::Result<Removed> {
    let mut pass = Pass {
        core,
        now: core.clock.now(),
        is_stopping: &is_stopping,
        periods: core.config.retention,
        removed: Removed::default(),
    };
    match pass.run().await {
        Err(why) if why.is::<Interrupted>() => tracing::debug!(%why, "retention job interrupted"),
        result => result?,
    }
    if pass.removed != Removed::default() {
        tracing::info!(removed = ?pass.removed, "expired rows removed");
    }
    Ok(pass.removed)
}

struct Pass<'a> {
    core: &'a Core,
    now: Timestamp,
    is_stopping: &'a (dyn Fn() -> bool + Send + Sync),
    /// The server's.
    periods: Retention,
    removed: Removed,
}

impl Pass<'_> {
    async fn run(&mut self) -> anyhow::Result<()> {
        let of_all = self.of_all().await?;
        self.remove_attempts(of_all.events).await?;
        let deliveries = self.expired(PartitionedTable::Deliveries, of_all.events).await?;
        self.drop(&deliveries).await?;
        let events = self.expired(PartitionedTable::Events, of_all.events).await?;
        self.drop(&events).await?;
        let clicks =
            self.expired(PartitionedTable::Clicks, of_all.clicks.map(|before| before - SESSION_LENGTH)).await?;
        let expired = AllExpired { of_all, clicks, events, deliveries };
        let mut after = ProjectId(0);
        while let Some(projects) = self.projects(after).await? {
            for project in projects {
                after = project;
                self.remove_project(project, &expired).await?;
            }
        }
        // Every session of theirs is gone now.
        self.drop(&expired.clicks).await
    }

    async fn expired(&self, table: PartitionedTable, before: Option<Timestamp>) -> anyhow::Result<ExpiredPartitions> {
        ExpiredPartitions::find(self.core, table, before).await
    }

    async fn drop(&mut self, expired: &ExpiredPartitions) -> anyhow::Result<()> {
        let table = expired.table();
        for partition in expired.partitions.clone() {
            let drop = async move |tx: &Tx| ExpiredPartitions::drop(tx, table, &partition).await;
            self.removed.partitions += self.write(drop).await?;
        }
        Ok(())
    }

    /// The next projects; `None` behind the last.
    async fn projects(&self, after: ProjectId) -> anyhow::Result<Option<Vec<ProjectId>>> {
        let projects = self.core.db.read(async move |conn| Ok(retention::projects(conn, after, LISTED).await?)).await?;
        Ok(Some(projects).filter(|projects| !projects.is_empty()))
    }

    async fn periods_of(&self, project: ProjectId) -> anyhow::Result<Retention> {
        let own = self.core.db.read(async move |conn| Ok(retention::of_project(conn, project).await?)).await?;
        let mut periods = self.periods;
        own.into_iter().for_each(|(kind, period)| periods.set(kind, period));
        Ok(periods)
    }

    /// The ends that hold for every project.
    async fn of_all(&self) -> anyhow::Result<Ends> {
        let mut of_all: Option<Ends> = None;
        let mut after = ProjectId(0);
        while let Some(projects) = self.projects(after).await? {
            for project in projects {
                after = project;
                let ends = self.ends(self.periods_of(project).await?);
                // `None` means for ever, and sorts first.
                of_all = Some(of_all.map_or(ends, |of_all| Ends {
                    clicks: of_all.clicks.min(ends.clicks),
                    events: of_all.events.min(ends.events),
                }));
            }
        }
        Ok(of_all.unwrap_or_default())
    }

    fn ends(&self, periods: Retention) -> Ends {
        Ends { clicks: self.end_of(periods.of(Kind::Clicks)), events: self.end_of(periods.of(Kind::Events)) }
    }

    /// Attempts past the retention of the log, and those of events past the retention of every project.
    async fn remove_attempts(&mut self, events_before: Option<Timestamp>) -> anyhow::Result<()> {
        let before = self.end_of(self.periods.of(Kind::Attempts));
        let expired = self.expired(PartitionedTable::Attempts, before.max(events_before)).await?;
        let Some(before) = before else { return self.drop(&expired).await };
        if expired.default_before.is_none() {
            self.sweep(Rows::Attempts, OLDEST, before).await?;
            return Ok(());
        }
        self.drop(&expired).await?;
        let rest = expired.rows_before(before);
        let remove = async move |tx: &Tx| Ok(partitions::remove_other_attempts(tx, rest, PAGE).await?);
        loop {
            match self.write(remove).await? {
                0 => return Ok(()),
                removed => self.removed.attempts += removed,
            }
        }
    }

    async fn remove_project(&mut self, project: ProjectId, expired: &AllExpired) -> anyhow::Result<()> {
        let periods = self.periods_of(project).await?;
        let ends = self.ends(periods);
        if let Some(before) = ends.clicks {
            self.remove_clicks(project, before, expired).await?;
        }
        if let Some(before) = ends.events {
            let is_last = ends.events == expired.of_all.events;
            let of = |expired: &ExpiredPartitions| if is_last { expired.rows_before(before) } else { before };
            self.remove_events(project, of(&expired.deliveries), of(&expired.events)).await?;
        }
        if let Some(before) = self.end_of(periods.of(Kind::Messages)) {
            self.remove_messages(project, before).await?;
        }
        self.remove_chats(project, self.end_of(periods.of(Kind::Messages))).await
    }

    /// Rows older than this are removed.
    fn end_of(&self, period: Period) -> Option<Timestamp> {
        let days = period.days()?;
        self.now.checked_sub(SignedDuration::from_hours(24 * i64::from(days))).ok()
    }

    /// Clicks of linked sessions stay, and would be read again in every run: the progress is stored.
    async fn remove_clicks(
        &mut self,
        project: ProjectId,
        before: Timestamp,
        expired: &AllExpired,
    ) -> anyhow::Result<()> {
        let kind = Kind::Clicks;
        let from = self.core.db.read(async move |conn| Ok(retention::removed_to(conn, project, kind).await?)).await?;
        // A session that began before then has no click since `before`.
        let begun_before = before - SESSION_LENGTH;
        let (clicks, sessions) = (Rows::Clicks { project, begun_before }, Rows::Sessions { project, begun_before });
        let (mut after, mut any) = (Position { created_at: from, id: 0 }, false);
        for partition in &expired.clicks.partitions {
            any |= self.sweep(clicks, after, partition.starts.min(before)).await?;
            after = after.max(Position::before(partition.starts));
            // The clicks are dropped with the partition.
            any |= self.sweep(sessions, after, partition.ends.min(before)).await?;
            after = after.max(Position::before(partition.ends));
        }
        let is_last = Some(before) == expired.of_all.clicks;
        let rows_before = if is_last { expired.clicks.rows_before(before) } else { before };
        any |= self.sweep(clicks, after, rows_before).await?;
        if any {
            let to = begun_before.as_microsecond().min(after.max(Position::before(rows_before)).created_at);
            self.write(async move |tx| Ok(retention::set_removed_to(tx, project, kind, to).await?)).await?;
        }
        Ok(())
    }

    async fn remove_events(
        &mut self,
        project: ProjectId,
        deliveries_before: Timestamp,
        events_before: Timestamp,
    ) -> anyhow::Result<()> {
        let mut after = WebhookId(0);
        loop {
            let listed = async move |conn: &Conn| Ok(expired::webhooks(conn, project, after, LISTED).await?);
            let webhooks = self.core.db.read(listed).await?;
            let Some(last) = webhooks.last() else { break };
            after = *last;
            for webhook in webhooks {
                self.sweep(Rows::Deliveries { webhook }, OLDEST, deliveries_before).await?;
            }
        }
        self.sweep(Rows::Events { project }, OLDEST, events_before).await?;
        Ok(())
    }

    async fn remove_messages(&mut self, project: ProjectId, before: Timestamp) -> anyhow::Result<()> {
        self.sweep(Rows::Messages { project }, OLDEST, before).await?;
        let is_any = async move |conn: &Conn| Ok(model_calls::has_expired(conn, project, before).await?);
        while self.core.db.read(is_any).await? {
            self.write(async move |tx| Ok(model_calls::remove_expired(tx, project, before, PAGE).await?)).await?;
        }
        let is_any = async move |conn: &Conn| Ok(past_messages::has_expired(conn, project, before).await?);
        while self.core.db.read(is_any).await? {
            let remove =
                async move |tx: &Tx| Ok(past_messages::remove_expired(tx, project, before, NOTICES_PER_WRITE).await?);
            self.removed.past_messages += self.write(remove).await?;
        }
        let mut after = ChannelId(0);
        loop {
            let listed = async move |conn: &Conn| Ok(expired::channels(conn, project, after, LISTED).await?);
            let channels = self.core.db.read(listed).await?;
            let Some(last) = channels.last() else { return Ok(()) };
            after = *last;
            for channel in channels {
                self.remove_notices(channel, before).await?;
            }
        }
    }

    async fn remove_chats(&mut self, project: ProjectId, used_before: Option<Timestamp>) -> anyhow::Result<()> {
        let now = self.now;
        let remove = async move |tx: &Tx| remove_chats(tx, project, used_before, now).await;
        loop {
            match self.write(remove).await? {
                0 => return Ok(()),
                removed => self.removed.chats += removed,
            }
        }
    }

    async fn remove_notices(&mut self, channel: ChannelId, before: Timestamp) -> anyhow::Result<()> {
        let is_any = async move |conn: &Conn| Ok(expired::has_notices(conn, channel, before).await?);
        while self.core.db.read(is_any).await? {
            let remove =
                async move |tx: &Tx| Ok(expired::remove_notices(tx, channel, before, NOTICES_PER_WRITE).await?);
            self.removed.notices += self.write(remove).await?;
        }
        Ok(())
    }

    /// Goes once through `rows` behind `from` and older than `before`; returns whether there were any.
    async fn sweep(&mut self, rows: Rows, from: Position, before: Timestamp) -> anyhow::Result<bool> {
        let mut after = from;
        loop {
            anyhow::ensure!(!(self.is_stopping)(), Interrupted::Stopping);
            let page = self.core.db.read(async move |conn| rows.page(conn, after, before).await).await?;
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

    /// A transaction, unless another node runs the retention job at the same time.
    async fn write<F>(&self, work: F) -> anyhow::Result<u64>
    where
        F: AsyncFnOnce(&Tx) -> anyhow::Result<u64> + Send + 'static,
    {
        anyhow::ensure!(!(self.is_stopping)(), Interrupted::Stopping);
        let removed = self.core.db.write(async move |tx| match expired::begin(tx).await? {
            true => work(tx).await.map(Some),
            false => Ok(None),
        });
        Ok(removed.await?.ok_or(Interrupted::OtherNode)?)
    }
}

/// Rows of each kind that are older than this are removed; `None`: none.
#[derive(Clone, Copy, Default)]
struct Ends {
    clicks: Option<Timestamp>,
    events: Option<Timestamp>,
}

/// What is past the retention of every project.
struct AllExpired {
    of_all: Ends,
    clicks: ExpiredPartitions,
    events: ExpiredPartitions,
    deliveries: ExpiredPartitions,
}

/// The rows that a sweep reads and removes.
#[derive(Clone, Copy)]
enum Rows {
    Attempts,
    Clicks {
        project: ProjectId,
        begun_before: Timestamp,
    },
    Deliveries {
        webhook: WebhookId,
    },
    Events {
        project: ProjectId,
    },
    Messages {
        project: ProjectId,
    },
    /// Sessions, found by their clicks, which are not removed here.
    Sessions {
        project: ProjectId,
        begun_before: Timestamp,
    },
}

impl Rows {
    async fn page(self, conn: &Conn, after: Position, before: Timestamp) -> anyhow::Result<Vec<Old>> {
        Ok(match self {
            Self::Attempts => expired::attempts(conn, after.id, before, PAGE).await?,
            Self::Clicks { project, begun_before } | Self::Sessions { project, begun_before } => {
                expired::clicks(conn, project, after, before, begun_before, PAGE).await?
            }
            Self::Deliveries { webhook } => expired::deliveries(conn, webhook, after, before, PAGE).await?,
            Self::Events { project } => expired::events(conn, project, after, before, PAGE_OF_EVENTS).await?,
            Self::Messages { project } => expired::messages(conn, project, after, before, PAGE).await?,
        })
    }

    async fn remove(self, tx: &Tx, old: &[Position]) -> anyhow::Result<u64> {
        Ok(match self {
            Self::Attempts => expired::remove_attempts(tx, old).await?,
            Self::Clicks { project, .. } => {
                expired::remove_sessions(tx, project, old).await?;
                expired::remove_clicks(tx, project, old).await?
            }
            Self::Deliveries { .. } => expired::remove_deliveries(tx, old).await?,
            Self::Events { project } => expired::remove_events(tx, project, old).await?,
            Self::Messages { .. } => expired::remove_messages(tx, old).await?,
            Self::Sessions { project, .. } => expired::remove_sessions(tx, project, old).await?,
        })
    }

    fn counted_in(self, removed: &mut Removed) -> &mut u64 {
        match self {
            Self::Attempts => &mut removed.attempts,
            Self::Clicks { .. } => &mut removed.clicks,
            Self::Deliveries { .. } => &mut removed.deliveries,
            Self::Events { .. } => &mut removed.events,
            Self::Messages { .. } => &mut removed.messages,
            Self::Sessions { .. } => &mut removed.sessions,
        }
    }

    fn per_write(self) -> usize {
        match self {
            Self::Deliveries { .. } => DELIVERIES_PER_WRITE,
            _ => ROWS_PER_WRITE,
        }
    }
}
