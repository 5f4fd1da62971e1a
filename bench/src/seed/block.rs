//! The rows of some visits, made in memory and stored in one transaction.

use super::deliver;
use super::keys::Side;
use super::marks::Mark;
use super::rows::{self, ActivityRow, ConversationRow, DeliveryRow, FieldRow, LeadRow, MessageRow, SessionRow, Time};
use super::visit::{self, ClickRow};
use super::world::World;
use aurix::db::{Sql, Tx};
use aurix::domain::actor::Actor;
use aurix::domain::attempt_result::AttemptResult;
use aurix::domain::audit::Change;
use aurix::domain::delivery::AttemptOutcome;
use aurix::domain::event::Event;
use aurix::domain::ids::{ConversationId, DeliveryId, EventId, LeadId, MessageId, WebhookId};
use aurix::domain::time::from_microseconds;
use aurix::store::attempts::{self, AttemptRow};
use aurix::store::clicks::{self, NewClick};
use aurix::store::conversations::{self, NewReferral};
use aurix::store::lead_search::{self, Part};
use aurix::store::messages::{self, NewNotice};
use aurix::store::{audit, events};

/// Why a reference was not linked.
const REFUSED: &str = "linked to another conversation before: probably a forwarded message";

/// An event.
pub struct NewEvent {
    /// Its row key.
    pub id: EventId,
    /// Its number on its side.
    pub number: u64,
    /// Which that is.
    pub side: Side,
    /// When it happened.
    pub at: Time,
    /// What is told.
    pub event: Event,
}

/// An attempt, as the log keeps it.
pub struct LoggedAttempt {
    pub delivery: DeliveryId,
    pub webhook: WebhookId,
    pub number: u32,
    pub at: Time,
    pub ms: i64,
    pub result: AttemptResult,
    pub outcome: AttemptOutcome,
    pub sent: String,
    pub response: Option<(String, String)>,
}

/// An ad that led to a conversation.
pub struct Referral {
    pub conversation: ConversationId,
    pub message: MessageId,
    pub ad: String,
    pub raw: String,
    pub at: Time,
}

/// A reference that was not linked.
pub struct Refused {
    pub conversation: ConversationId,
    pub id: String,
    pub at: Time,
}

/// A notice of the platform.
pub struct Notice {
    pub raw: String,
    pub at: Time,
}

/// All rows of some visits.
#[derive(Default)]
pub struct Block {
    /// Whether events of this time are kept.
    pub wants_events: bool,
    pub sessions: Vec<SessionRow>,
    pub clicks: Vec<ClickRow>,
    pub conversations: Vec<ConversationRow>,
    pub leads: Vec<LeadRow>,
    pub messages: Vec<MessageRow>,
    pub fields: Vec<FieldRow>,
    pub activity: Vec<ActivityRow>,
    pub words: Vec<(LeadId, Part, String)>,
    pub audit: Vec<(Time, Actor, Change)>,
    pub referrals: Vec<Referral>,
    pub refused: Vec<Refused>,
    pub notices: Vec<Notice>,
    pub events: Vec<NewEvent>,
    pub deliveries: Vec<DeliveryRow>,
    pub attempts: Vec<LoggedAttempt>,
}

impl Block {
    /// Makes the rows of a block.
    pub fn make(world: &World, number: u64) -> Self {
        let (first, skipped) = world.window;
        let mut block = Self::of_visits(world, number, number >= first);
        deliver::write(world, &mut block, if number == first { skipped } else { 0 });
        block.audit.sort_by_key(|(at, ..)| *at);
        block
    }

    /// How many deliveries the events of a block have.
    pub fn count_deliveries(world: &World, number: u64) -> u64 {
        Self::of_visits(world, number, true).events.iter().map(|event| deliver::count(world, event)).sum()
    }

    fn of_visits(world: &World, number: u64, wants_events: bool) -> Self {
        let mut block = Self { wants_events, ..Self::default() };
        world.shape.visits_of(number).for_each(|one| visit::write(world, &mut block, &one));
        block
    }

    /// When its first visit began.
    pub fn began_at(&self) -> Option<Time> {
        let session = self.sessions.first().map(|row| row.started_at);
        session.into_iter().chain(self.conversations.first().map(|row| row.created_at)).min()
    }

    /// Stores them, and remembers that.
    pub async fn store(&self, tx: &Tx, world: &World, number: u64) -> anyhow::Result<()> {
        let (project, channel) = (world.project, world.channel);
        rows::sessions(tx, project, &self.sessions).await?;
        clicks::insert(tx, &self.new_clicks(world)).await?;
        rows::conversations(tx, (project, channel), &self.conversations).await?;
        rows::leads(tx, project, &self.leads).await?;
        rows::messages(tx, (project, channel), &self.messages).await?;
        rows::fields(tx, project, &self.fields).await?;
        rows::activity(tx, project, &self.activity).await?;
        let words = self.words.iter().map(|(lead, part, words)| (project, *lead, *part, words.as_str()));
        lead_search::put(tx, &words.collect::<Vec<_>>()).await?;
        self.store_asides(tx, world).await?;
        let new_events: Vec<_> = self.events.iter().map(|one| (project, one.id, &one.event)).collect();
        events::insert(tx, &new_events).await?;
        rows::deliveries(tx, &self.deliveries).await?;
        attempts::log(tx, &self.attempts.iter().map(LoggedAttempt::row).collect::<Vec<_>>(), 0).await?;
        for (at, actor, change) in &self.audit {
            audit::record(tx, project, actor, change, from_microseconds(*at)).await?;
        }
        go_on_behind(tx).await?;
        Mark::Blocks.set(tx, i64::try_from(number + 1)?).await
    }

    fn new_clicks(&self, world: &World) -> Vec<NewClick<'_>> {
        let new = |row| {
            let row: &ClickRow = row;
            NewClick {
                id: row.id,
                project: world.project,
                session_id: row.session,
                widget_id: row.widget,
                click_url: Some(&row.click_url),
                first_raw_url: Some(&row.first_raw_url),
                referrer: row.referrer,
                parsed_params: &row.parsed_params,
                ip_address: Some(&row.ip_address),
                user_agent: Some(row.user_agent),
                created_at: from_microseconds(row.at),
                linked: row.linked,
            }
        };
        self.clicks.iter().map(new).collect()
    }

    async fn store_asides(&self, tx: &Tx, world: &World) -> anyhow::Result<()> {
        let project = world.project;
        for one in &self.referrals {
            let referral = NewReferral {
                conversation: one.conversation,
                message: one.message,
                ad_click_id: Some(&one.ad),
                raw: &one.raw,
                seen_at: from_microseconds(one.at),
            };
            conversations::insert_referral(tx, project, &referral).await?;
        }
        for one in &self.refused {
            let at = from_microseconds(one.at);
            conversations::refuse_correlation_id(tx, project, one.conversation, &one.id, REFUSED, at).await?;
        }
        for one in &self.notices {
            let notice = NewNotice {
                channel: world.channel,
                external_id: None,
                kind: "phone_number_quality_update",
                raw: &one.raw,
            };
            messages::insert_notice(tx, project, &notice, from_microseconds(one.at)).await?;
        }
        Ok(())
    }
}

impl LoggedAttempt {
    fn row(&self) -> AttemptRow<'_> {
        let status_code = match self.result {
            AttemptResult::Status(status) => Some(i64::from(status)),
            AttemptResult::None(_) => None,
        };
        AttemptRow {
            delivery_id: self.delivery,
            webhook_id: self.webhook,
            number: self.number,
            started_at: from_microseconds(self.at),
            duration_ms: self.ms,
            status_code,
            outcome: &self.outcome,
            result: self.result,
            sent: &self.sent,
            response_headers: self.response.as_ref().map(|(headers, _)| headers.as_str()),
            response_body: self.response.as_ref().map(|(_, body)| body.as_str()),
        }
    }
}

/// Lets PostgreSQL go on behind the keys that were given: SQLite does so by itself.
async fn go_on_behind(tx: &Tx) -> anyhow::Result<()> {
    const SET: Sql = Sql {
        sqlite: "",
        postgres: "SELECT setval(pg_get_serial_sequence('conversations', 'id'), (SELECT MAX(id) + 1 FROM conversations), FALSE),
                          setval(pg_get_serial_sequence('leads', 'id'), (SELECT MAX(id) + 1 FROM leads), FALSE)",
    };
    tx.query(SET, &[], |_| Ok(())).await?;
    Ok(())
}
