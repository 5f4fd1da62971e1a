//! What happens to the nodes: visitors and people, owners of webhooks, and faults.

use anyhow::{Context as _, Result, ensure};
use aurix::deliveries::emit::{emit_all, event_id};
use aurix::deliveries::resend::{resend_delivery, resend_failed};
use aurix::domain::delivery::DeliveryStatus;
use aurix::domain::event::{ClickData, Correlated, Event};
use aurix::domain::ids::{ConversationId, DeliveryId, WebhookId};
use aurix::domain::rate_limit::Limits;
use aurix::domain::time::{SignedDuration, Timestamp};
use aurix::projects::limit_webhook::limit_webhook;
use aurix::projects::set_webhook_active::set_webhook_active;
use aurix::store::delivery_log;
use serde_json::value::RawValue;

use super::receiver::Mood;
use super::rows;
use super::world::{World, log};
use crate::support::operator;

/// Conversations of a run.
const CONVERSATIONS: u64 = 3;
/// Events that happen at once at most.
const EVENTS_MAX: u64 = 4;

impl World<'_> {
    /// Events happen: clicks, and what leads do.
    pub async fn emit(&mut self) -> Result<()> {
        let on = self.endpoints.iter().filter(|endpoint| endpoint.off_since.is_none());
        let on: Vec<WebhookId> = on.map(|endpoint| endpoint.webhook).collect();
        let (app, project) = (self.nodes[self.dice.index(self.nodes.len())].core.clone(), self.stage.project);
        let now = app.clock.now();
        let made = (0..self.dice.between(1, EVENTS_MAX)).map(|_| {
            let conversation = Some(self.dice.between(0, CONVERSATIONS) as i64)
                .filter(|conversation| *conversation > 0)
                .map(ConversationId);
            event(event_id(&app.random, now), conversation, now)
        });
        let made: Vec<Event> = made.collect();
        let (events, row_keys) = (made.clone(), app.row_keys.clone());
        let emit = app.db.write(async move |tx| {
            let events: Vec<_> = events.iter().map(|event| (project, event)).collect();
            Ok(emit_all(tx, &row_keys, &events).await?)
        });
        emit.await?;
        let rows = rows::read(&app).await;
        for Event { event_id, conversation_id, .. } in made {
            self.ledger.made(&event_id, conversation_id, &on, now, &rows.deliveries)?;
            let first = self.ledger.entries.len() - on.len();
            let names = (1..=on.len()).map(|of| format!(" #{}", first + of)).collect::<String>();
            log!(
                self,
                "an event of {}:{names}",
                conversation_id.map_or("nobody".to_owned(), |id| format!("lead {id}"))
            );
        }
        Ok(())
    }

    pub fn change_mood(&mut self) -> Result<()> {
        let (at, mood) = (self.dice.index(self.endpoints.len()), self.dice.pick(&Mood::ALL));
        self.endpoints[at].mood = mood;
        log!(self, "webhook {} is {mood:?}", at + 1);
        Ok(())
    }

    /// Somebody turns a webhook off, or on again.
    pub async fn switch(&mut self) -> Result<()> {
        let at = self.dice.index(self.endpoints.len());
        self.set_active(at, self.endpoints[at].off_since.is_some()).await
    }

    pub async fn set_active(&mut self, at: usize, is_active: bool) -> Result<()> {
        let endpoint = &mut self.endpoints[at];
        let is_there =
            set_webhook_active(&self.stage.core, &operator(), self.stage.project, endpoint.webhook, is_active).await?;
        ensure!(is_there, "a webhook is gone");
        self.is_changed = true;
        endpoint.well_at = self.now;
        endpoint.off_since = if is_active { None } else { Some(self.now) };
        log!(self, "webhook {} is turned {}", at + 1, if is_active { "on" } else { "off" });
        Ok(())
    }

    /// Limits that an owner may set.
    pub fn limits(&self) -> Limits {
        let rate_per_second = self.dice.percent(40).then(|| self.dice.pick(&[1, 2, 7, 100, 10_000]));
        let concurrency = self.dice.percent(40).then(|| self.dice.pick(&[1, 2, 5]));
        Limits { rate_per_second, concurrency }
    }

    pub async fn limit(&mut self) -> Result<()> {
        let (at, limits) = (self.dice.index(self.endpoints.len()), self.limits());
        self.endpoints[at].limits = limits;
        log!(self, "webhook {} is limited to {limits:?}", at + 1);
        let webhook = self.endpoints[at].webhook;
        let is_there = limit_webhook(&self.stage.core, &operator(), self.stage.project, webhook, limits).await?;
        ensure!(is_there, "a webhook is gone");
        Ok(())
    }

    /// Somebody sends something again, whatever became of it; or all that failed.
    pub async fn resend(&mut self) -> Result<()> {
        let ids: Vec<DeliveryId> = self.ledger.entries.keys().copied().collect();
        if ids.is_empty() || self.dice.percent(30) {
            return self.resend_failed().await;
        }
        let (id, app) = (self.dice.pick(&ids), self.nodes[self.dice.index(self.nodes.len())].core.clone());
        log!(self, "somebody sends #{} again", self.name(id));
        self.is_changed = true;
        let project = app.db.read(async move |conn| Ok(delivery_log::project_of(conn, id).await?)).await?;
        ensure!(
            resend_delivery(&app, &operator(), project.context("a delivery of no project")?, id).await?,
            "nothing can be sent again"
        );
        self.ledger.resent(id, app.clock.now())
    }

    pub async fn resend_failed(&mut self) -> Result<()> {
        let app = self.nodes[self.dice.index(self.nodes.len())].core.clone();
        let failed = self.ledger.entries.iter().filter(|(_, entry)| entry.status == DeliveryStatus::Failed);
        let failed: Vec<DeliveryId> = failed.map(|(id, _)| *id).collect();
        self.is_changed = true;
        let resent = resend_failed(&app, &operator(), None, Timestamp::UNIX_EPOCH, |_| {}).await?;
        log!(self, "somebody sends the {resent} failed ones again");
        ensure!(resent == failed.len() as u64, "{} had failed", failed.len());
        failed.into_iter().try_for_each(|id| self.ledger.resent(id, app.clock.now()))
    }

    /// A node does nothing for some time. What it has sent goes on.
    pub fn freeze(&mut self, at: usize) -> Result<()> {
        let time = self.dice.milliseconds(100, 90_000);
        self.nodes[at].frozen_until = self.now + time;
        log!(self, "node {at} freezes for {time:?}");
        Ok(())
    }

    /// A node dies with all that it holds. Another takes its place.
    pub fn crash(&mut self, at: usize) -> Result<()> {
        let held: usize = self.nodes[at].waiting.values().map(|queue| queue.len()).sum();
        log!(self, "node {at} dies with {held} waiting and {} in flight", self.nodes[at].flights.len());
        self.nodes[at] = self.new_node();
        Ok(())
    }

    /// A node has to stop: it gives back what waits, and ends what is in flight.
    pub async fn stop(&mut self, at: usize) -> Result<()> {
        log!(self, "node {at} has to stop");
        self.nodes[at].is_stopping = true;
        let waiting = std::mem::take(&mut self.nodes[at].waiting);
        let waiting = waiting.into_values().flatten().map(|held| held.due).collect();
        self.give_back(at, waiting).await
    }

    /// Somebody sets a node's clock.
    pub fn set_clock(&mut self, at: usize) -> Result<()> {
        let seconds = self.dice.pick(&[0, 0, 2, 40, 3_600]) * self.dice.pick(&[1, -1]);
        log!(self, "the clock of node {at} is set {seconds} s ahead");
        self.is_clock_set = true;
        self.nodes[at].set_skew(SignedDuration::from_secs(seconds));
        Ok(())
    }
}

fn event(id: String, conversation: Option<ConversationId>, now: Timestamp) -> Event {
    let Some(conversation_id) = conversation else {
        let params = RawValue::from_string("{}".to_owned()).expect("JSON");
        let data = ClickData {
            correlation_id: "O-Example",
            device_id: None,
            click_url: None,
            parsed_params: &params,
            ip_address: None,
            user_agent: None,
        };
        return Event::widget_click(id, &data, now);
    };
    let link = Correlated { correlation_id: "O-Example", conversation_id, phone: None, channel_id: "1" };
    Event::lead_correlated(id, &link, now)
}
