//! Settles turns behind their fence: stores lead, reply and events of those whose lease still holds, many in one transaction.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::decide_turn::Decision;
use crate::core::Core;
use crate::counts::leads::{ChangedLeads, count_leads};
use crate::db::{Batch, Tx, pipelined, pipelined_three};
use crate::deliveries::emit::{emit_all, event_id};
use crate::domain::event::Event;
use crate::domain::ids::{ConversationId, ProjectId};
use crate::domain::lead::Activity;
use crate::domain::random::Random;
use crate::domain::time::Timestamp;
use crate::store::knowledge;
use crate::store::lead_activity;
use crate::store::lead_fields;
use crate::store::lead_search::{self, Part};
use crate::store::leads;
use crate::store::replies::{self, NewReply};
use crate::store::turns::{self, SettledTurn};

/// Whether a settlement was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// It was.
    Written,
    /// Another claim or a merge took the turn away: nothing was.
    Superseded,
}

/// Stores decisions in batches.
pub struct SettleTurns {
    /// The shared parts.
    pub core: Core,
}

impl Batch for SettleTurns {
    type Item = Arc<Decision>;
    /// `Superseded` also where somebody else has the conversation locked: [`settle_waiting`] tells the two apart.
    type Output = Settled;

    /// Nobody waits for a turn; one that is not settled comes again when its lease ends.
    const TIMEOUT: Duration = Duration::from_secs(10);

    async fn write(&self, tx: &Tx, decisions: &[Arc<Decision>]) -> anyhow::Result<Vec<Settled>> {
        let leases: Vec<_> = decisions.iter().map(|decision| decision.lease).collect();
        let locked = turns::lock_free(tx, &leases).await?;
        let holds = |decision: &Decision| locked.contains(&decision.lease);
        let held: Vec<&Decision> = decisions.iter().map(Arc::as_ref).filter(|decision| holds(decision)).collect();
        store(tx, &held, &self.core, self.core.clock.now()).await?;
        let settled = |decision: &Arc<Decision>| if holds(decision) { Settled::Written } else { Settled::Superseded };
        Ok(decisions.iter().map(settled).collect())
    }
}

/// Stores a decision as soon as nobody else has its conversation locked, if its lease still holds then.
pub(super) async fn settle_waiting(
    tx: &Tx,
    decision: &Decision,
    core: &Core,
    now: Timestamp,
) -> anyhow::Result<Settled> {
    if !turns::lock(tx, decision.lease).await? {
        return Ok(Settled::Superseded);
    }
    store(tx, &[decision], core, now).await?;
    Ok(Settled::Written)
}

/// Stores decisions whose conversations are locked and whose leases hold.
async fn store(tx: &Tx, decisions: &[&Decision], core: &Core, now: Timestamp) -> anyhow::Result<()> {
    for decision in decisions {
        let (project, conversation) = (decision.lease.project, decision.lease.conversation);
        if let Some(question) = &decision.unanswered {
            knowledge::note_question(tx, project, conversation, question, now).await?;
        }
        if let Some(note) = &decision.handover {
            lead_activity::insert(tx, project, decision.lead.id, (Activity::HandedOver, note, None), now).await?;
        }
    }
    let events = events(tx, decisions, &core.random, now).await?;
    let events: Vec<_> = events.iter().map(|(project, event)| (*project, event)).collect();
    emit_all(tx, &core.row_keys, &events).await?;
    let leads: Vec<_> = decisions.iter().map(|one| (one.lease.project, &one.lead)).collect();
    let new_replies: Vec<_> = decisions.iter().flat_map(|decision| new_replies(decision)).collect();
    let turns: Vec<_> = decisions.iter().map(|decision| settled_turn(decision, now)).collect();
    let new_values: Vec<_> = decisions.iter().flat_map(|one| one.new_values.iter().cloned()).collect();
    let words = decisions.iter().filter_map(|one| Some((one.lease.project, one.lead.id, one.words.as_deref()?)));
    let words: Vec<_> = words.map(|(project, lead, words)| (project, lead, Part::Fields, words)).collect();
    let learned = Box::pin(pipelined(lead_fields::insert(tx, &new_values, now), lead_search::put(tx, &words)));
    let settled = Box::pin(pipelined_three(
        leads::settle(tx, &leads, now),
        replies::insert(tx, &new_replies, now),
        turns::settle(tx, &turns),
    ));
    let further = decisions.iter().filter(|one| one.created || one.completed);
    let conversations: Vec<_> = further.map(|one| (one.lease.project, one.lease.conversation)).collect();
    if conversations.is_empty() {
        tx.last(pipelined(learned, settled)).await?;
        return Ok(());
    }
    pipelined(learned, settled).await?;
    count_leads(tx, core, ChangedLeads { conversations, removed: Vec::new() }, now).await
}

/// The events of decisions. A click may have been linked since the turn was loaded: its correlation id is read now.
async fn events(
    tx: &Tx,
    decisions: &[&Decision],
    random: &Random,
    now: Timestamp,
) -> anyhow::Result<Vec<(ProjectId, Event)>> {
    let completed = decisions.iter().filter(|decision| decision.completed);
    let completed: Vec<_> = completed.map(|one| (one.lease.project, one.lease.conversation)).collect();
    let ids: HashMap<ConversationId, String> = leads::correlation_ids(tx, &completed).await?.into_iter().collect();
    let events = decisions.iter().flat_map(|decision| {
        let correlation_id = ids.get(&decision.lease.conversation).map(String::as_str);
        let events = decision.events(correlation_id, || event_id(random, now), now);
        events.into_iter().map(|event| (decision.lease.project, event))
    });
    Ok(events.collect())
}

fn new_replies(decision: &Decision) -> impl Iterator<Item = NewReply<'_>> {
    decision.replies.iter().map(|reply| NewReply {
        id: reply.id,
        project: decision.lease.project,
        channel: decision.channel,
        conversation: decision.lease.conversation,
        reply_id: &reply.reply_id,
        text: &reply.text,
        user: None,
        offers: reply.offers.as_deref(),
        template: None,
        by: decision.by,
    })
}

fn settled_turn(decision: &Decision, now: Timestamp) -> SettledTurn<'_> {
    SettledTurn {
        lease: decision.lease,
        agent_state: &decision.agent_state,
        handling: decision.handling,
        now,
        answered_up_to: decision.answered_up_to,
        goes_on_at: decision.goes_on_at,
        silence: decision.silence,
    }
}
