//! Asks somebody once more who went silent before their lead was complete.
//!
//! Actors: a turn of the agent sets when (`silence_after`); the worker of any node looks every second, locks what is due and queues
//! the nudge in the same transaction. A message that arrives at the same time has the conversation first, and then the agent's turn
//! comes before any nudge; or it waits for the lock, and is answered after it.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use anyhow::Context as _;
use jiff::civil::{Date, Time, time};
use jiff::tz::TimeZone;

use super::compose_reply::{Said, compose_parts};
use super::incoming::newest_speech;
use super::load_turn::Turn;
use super::offers;
use crate::agent::{self, Known, Nudge, State};
use crate::core::Core;
use crate::db::Tx;
use crate::domain::form::{Form, PHONE};
use crate::domain::generated_by::GeneratedBy;
use crate::domain::lead::Handling;
use crate::domain::phone::PhoneNumber;
use crate::domain::time::{SignedDuration, Timestamp};
use crate::domain::zones::zone_of;
use crate::notifier::Work;
use crate::store::leads;
use crate::store::projects::{self, Project};
use crate::store::replies::{self, NewReply};
use crate::store::silences::{self, DueNudge};
use crate::store::turns::{self, Silence};

/// How long after a person's last message they may be nudged: an hour less than WhatsApp allows, and the same everywhere.
const WINDOW: SignedDuration = SignedDuration::from_hours(23);
/// When the day begins and ends on which people are nudged.
const DAY: (Time, Time) = (time(9, 0, 0, 0), time(20, 0, 0, 0));
/// How long a lead is not abandoned yet after a nudge.
const ANSWER_TIME: SignedDuration = SignedDuration::from_hours(1);
/// Conversations of one transaction.
const BATCH_MAX: u32 = 100;

/// What happens if the person stays silent after a turn that left the conversation with this form, this knowledge and this state.
pub(super) fn silence_after(
    turn: &Turn,
    (form, known, state): (&Form, &BTreeMap<String, Known>, &State),
    is_complete: bool,
) -> Silence {
    if is_complete {
        return Silence::default();
    }
    let (project, before) = (&turn.setting.project, turn.leased.silence);
    // A turn without a message, as after a change in the console, changes nothing about the silence.
    let heard_at = newest_speech(&turn.unread);
    let zone = zone(turn.leased.phone.as_deref(), known, project);
    let nudge_at = match (heard_at, project.nudge_after) {
        (_, None) => None,
        (None, _) => before.nudge_at,
        (Some(heard_at), Some(after)) => at_day(heard_at, heard_at + after, &zone),
    };
    let nudge_at = nudge_at.filter(|_| agent::nudge(form, known, state).is_some());
    let abandon_at = heard_at.map_or(before.abandon_at, |heard_at| Some(heard_at + project.abandoned_after));
    // Whoever is asked once more gets the time to answer.
    let abandon_at = abandon_at.max(abandon_at.and(nudge_at).map(|nudge_at| nudge_at + ANSWER_TIME));
    Silence { nudge_at, abandon_at: abandon_at.filter(|_| !turn.leased.is_abandoned) }
}

/// The first moment from `earliest` on that is by day, if it is in the window.
fn at_day(heard_at: Timestamp, earliest: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    let local = earliest.to_zoned(zone.clone());
    let (begins, ends) = DAY;
    let morning_of = |date: Date| Some(date.to_datetime(begins).to_zoned(zone.clone()).ok()?.timestamp());
    let at = if local.time() < begins {
        morning_of(local.date())?
    } else if local.time() >= ends {
        morning_of(local.date().tomorrow().ok()?)?
    } else {
        earliest
    };
    (at <= heard_at + WINDOW).then_some(at)
}

/// Where the person lives: by the number that the platform vouches for, by the one that they gave, else where the project is.
fn zone(phone: Option<&str>, known: &BTreeMap<String, Known>, project: &Project) -> TimeZone {
    let numbers = phone.into_iter().chain(known.get(PHONE).map(|known| known.value.as_str()));
    let zones = numbers.filter_map(|number| zone_of(&PhoneNumber::from_e164(number).ok()?));
    zones.into_iter().next().unwrap_or_else(|| project.zone())
}

/// Nudges whoever it is time for, and gives how many conversations were looked at.
pub async fn nudge_due(core: &Core) -> anyhow::Result<usize> {
    let mut all = 0;
    loop {
        let (inside, now) = (core.clone(), core.clock.now());
        let found = core.db.write(async move |tx| nudge_batch(tx, &inside, now).await).await?;
        all += found;
        if found < BATCH_MAX as usize {
            break;
        }
    }
    if all > 0 {
        core.notifier.notify(Work::Replies);
    }
    Ok(all)
}

async fn nudge_batch(tx: &Tx, core: &Core, now: Timestamp) -> anyhow::Result<usize> {
    let due = silences::lock_due_nudges(tx, now, BATCH_MAX).await?;
    let mut known_projects: BTreeMap<_, Project> = BTreeMap::new();
    for one in &due {
        let project = match known_projects.entry(one.project) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(projects::get(tx, one.project).await?),
        };
        nudge_one(tx, core, one, project, now).await?;
    }
    Ok(due.len())
}

/// Looks again whether it is still time: the loop may come late, and what the project wants may have changed.
async fn nudge_one(tx: &Tx, core: &Core, due: &DueNudge, project: &Project, now: Timestamp) -> anyhow::Result<()> {
    let known: BTreeMap<String, Known> = serde_json::from_str(&due.fields).context("reading a lead's fields")?;
    let zone = zone(due.phone.as_deref(), &known, project);
    let at = match (due.heard_at, project.nudge_after) {
        (Some(heard_at), Some(after)) => at_day(heard_at, now.max(heard_at + after), &zone),
        _ => None,
    };
    let at = at.filter(|_| due.handling == Handling::Agent && due.is_reachable);
    silences::set_nudge(tx, due.project, due.conversation, at.filter(|at| *at > now)).await?;
    if at.is_none_or(|at| at > now) {
        return Ok(());
    }
    let state: State = serde_json::from_str(&due.agent_state).context("reading the agent's state")?;
    let form = project.form.as_deref().map_or_else(|| Ok(Form::default_form()), Form::parse)?;
    let Some(nudge) = agent::nudge(&form, &known, &state) else { return Ok(()) };
    queue(tx, core, due, (&form, &state, &nudge), now).await?;
    turns::set_agent_state(tx, due.project, due.conversation, &serde_json::to_string(&nudge.state)?).await?;
    leads::touch(tx, due.project, due.lead, now).await?;
    tracing::info!(project = %due.project, conversation = %due.conversation, "person nudged");
    Ok(())
}

async fn queue(
    tx: &Tx,
    core: &Core,
    due: &DueNudge,
    (form, before, nudge): (&Form, &State, &Nudge),
    now: Timestamp,
) -> anyhow::Result<()> {
    let said = Said {
        text: nudge.text.clone(),
        question: nudge.list_begins.and_then(|at| nudge.text.get(..at)).map(str::to_owned),
        offers: offers::of_turn(form, before, &nudge.state),
    };
    let parts = compose_parts(core, due.kind, due.newest_message, said)?;
    let new = parts.iter().map(|reply| NewReply {
        id: reply.id,
        project: due.project,
        channel: due.channel,
        conversation: due.conversation,
        reply_id: &reply.reply_id,
        text: &reply.text,
        user: None,
        offers: reply.offers.as_deref(),
        template: None,
        by: GeneratedBy::BuiltIn,
    });
    replies::insert(tx, &new.collect::<Vec<_>>(), now).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(heard_at: &str, earliest: &str, zone: &str, expected: Option<&str>) {
        let at = |text: &str| text.parse::<Timestamp>().expect("a time");
        let zone = TimeZone::get(zone).expect("a zone");
        assert_eq!(at_day(at(heard_at), at(earliest), &zone), expected.map(at), "{heard_at} {earliest}");
    }

    #[test]
    fn a_nudge_comes_by_day_within_23_hours() {
        // Singapore is 8 hours ahead.
        check("2026-11-21T03:00:00Z", "2026-11-21T07:00:00Z", "Asia/Singapore", Some("2026-11-21T07:00:00Z"));
        check("2026-11-21T09:00:00Z", "2026-11-21T13:00:00Z", "Asia/Singapore", Some("2026-11-22T01:00:00Z"));
        check("2026-11-20T16:00:00Z", "2026-11-20T20:00:00Z", "Asia/Singapore", Some("2026-11-21T01:00:00Z"));
        // 20:00 is night, a moment before is not.
        check("2026-11-21T02:00:00Z", "2026-11-21T12:00:00Z", "Asia/Singapore", Some("2026-11-22T01:00:00Z"));
        check("2026-11-21T02:00:00Z", "2026-11-21T11:59:59Z", "Asia/Singapore", Some("2026-11-21T11:59:59Z"));
        // The next morning is after the window.
        check("2026-11-21T01:00:00Z", "2026-11-21T13:00:00Z", "Asia/Singapore", None);
        check("2026-11-21T02:00:00Z", "2026-11-22T01:00:01Z", "Asia/Singapore", None);
    }
}
