//! The deliveries of events, and what became of each: by its webhook, and by how long ago it was.

use serde_json::json;

use super::block::{Block, LoggedAttempt, NewEvent};
use super::calendar::{DAY, HOUR, SECOND};
use super::draw::{Draw, For};
use super::history::{Fate, WEBHOOKS, WebhookPlan};
use super::keys::row_key;
use super::rows::{DeliveryRow, Time};
use super::world::{Webhook, World};
use aurix::domain::attempt_result::{AttemptResult, NoResponse};
use aurix::domain::delivery::{AttemptOutcome, DeliveryStatus};
use aurix::domain::event::PhoneStyle;
use aurix::domain::ids::DeliveryId;
use aurix::domain::signature::Signatures;
use aurix::outbound::Sent;

/// Deliveries that one event may have.
const DELIVERIES: u64 = 8;
/// The log of attempts is kept for so long.
const LOG: Time = 29 * DAY;
/// Before a webhook was turned off, or removed, what is so young had not got through.
const STUCK: Time = 2 * HOUR;
const STUCK_OF_REMOVED: Time = 2 * DAY;
/// Of a webhook that answers, what is so young may be tried again.
const RETRIED: Time = 30 * 60 * SECOND;

/// Makes the deliveries of the block's events, but for the first `skipped` ones, which were before the webhooks were there; of
/// events that are older than all deliveries nothing is kept.
pub fn write(world: &World, block: &mut Block, mut skipped: u64) {
    let mut events = std::mem::take(&mut block.events);
    events.sort_by_key(|event| (event.at, event.id));
    events.retain(|event| {
        let wanted = places(world, event);
        let left_out = skipped.min(wanted.len() as u64) as usize;
        let had_some = skipped > 0;
        skipped -= left_out as u64;
        wanted[left_out..].iter().for_each(|place| deliver(world, block, event, *place));
        !had_some || left_out < wanted.len()
    });
    block.events = events;
}

/// How many deliveries an event has.
pub fn count(world: &World, event: &NewEvent) -> u64 {
    places(world, event).len() as u64
}

/// The places of the webhooks that get an event: those that subscribe to it, and are there and on at its time.
fn places(world: &World, event: &NewEvent) -> Vec<usize> {
    let age = world.calendar.now - event.at;
    let gets = |plan: &WebhookPlan| {
        let ended = match plan.fate {
            Fate::OffFor(before) | Fate::RemovedFor(before) => before,
            Fate::Answers | Fate::PausedFor(_) | Fate::FailsFor(_) => 0,
        };
        plan.events.contains(&event.event.event_type) && age >= ended
    };
    WEBHOOKS.iter().enumerate().filter(|(_, plan)| gets(plan)).map(|(place, _)| place).collect()
}

/// An attempt: how long after the one before, what it came to, and how long that took.
struct Try {
    after: Time,
    result: AttemptResult,
    ms: i64,
}

/// What became of a delivery.
struct Course {
    status: DeliveryStatus,
    tries: Vec<Try>,
    due_after: Option<Time>,
    resent: bool,
}

fn deliver(world: &World, block: &mut Block, event: &NewEvent, place: usize) {
    let number = event.number * DELIVERIES + place as u64;
    let draw = &mut Draw::new(For::Delivery, number ^ ((event.side as u64) << 50));
    let course = course(&WEBHOOKS[place], world.calendar.now - event.at, draw);
    let webhook = &world.webhooks[place];
    let id = row_key(event.at, event.side, number);
    let mut at = event.at;
    for (nth, one) in course.tries.iter().enumerate() {
        at += one.after;
        if world.calendar.now - at < LOG {
            block.attempts.push(attempt(webhook, event, (id, nth as u32 + 1, at), one, draw));
        }
    }
    let tries = course.tries.len() as i64;
    block.deliveries.push(DeliveryRow {
        id,
        webhook: webhook.id,
        event: event.id,
        conversation: event.event.conversation_id,
        due_at: course.due_after.map(|after| at + after),
        created_at: event.at,
        attempts: tries,
        retries_from: if course.resent { tries - 1 } else { 0 },
        tried: tries > 0,
        status: course.status.as_str(),
        result: course.tries.last().map_or(0, |one| one.result.code()),
    });
}

fn course(plan: &WebhookPlan, age: Time, draw: &mut Draw) -> Course {
    let waits = |tries| Course { status: DeliveryStatus::Pending, tries, due_after: Some(0), resent: false };
    match plan.fate {
        Fate::PausedFor(since) if age < since => waits(Vec::new()),
        Fate::RemovedFor(since) if age < since + STUCK_OF_REMOVED => waits(Vec::new()),
        Fate::OffFor(since) if age < since + STUCK => waits(vec![failure(AttemptResult::Status(503), draw)]),
        Fate::FailsFor(since) if age < since => failed(vec![failure(AttemptResult::Status(401), draw)], draw),
        Fate::Answers if age < RETRIED && draw.is_one_of_thousand(30) => {
            let tries = vec![failure(AttemptResult::Status(503), draw)];
            Course { due_after: Some(4 * HOUR), ..waits(tries) }
        }
        _ => usual(draw),
    }
}

/// Nearly all get through, most at once.
fn usual(draw: &mut Draw) -> Course {
    const CAUSES: [AttemptResult; 6] = [
        AttemptResult::Status(503),
        AttemptResult::Status(500),
        AttemptResult::Status(429),
        AttemptResult::None(NoResponse::TooSlow),
        AttemptResult::None(NoResponse::NotConnected),
        AttemptResult::None(NoResponse::BrokenOff),
    ];
    match draw.below(1000) {
        0..=3 => failed(vec![failure(AttemptResult::Status(422), draw)], draw),
        4..=24 => {
            let cause = *draw.pick(&CAUSES);
            let mut tries: Vec<Try> = (0..draw.between(1, 3)).map(|_| failure(cause, draw)).collect();
            tries.push(Try { after: draw.between(20, 90) * SECOND, ..success(draw) });
            Course { status: DeliveryStatus::Delivered, tries, due_after: None, resent: draw.is_one_of_thousand(100) }
        }
        _ => Course { status: DeliveryStatus::Delivered, tries: vec![success(draw)], due_after: None, resent: false },
    }
}

fn failed(tries: Vec<Try>, draw: &mut Draw) -> Course {
    Course { status: DeliveryStatus::Failed, tries, due_after: None, resent: draw.is_one_of_thousand(20) }
}

fn success(draw: &mut Draw) -> Try {
    let ms = 15 + (draw.fraction().powi(4) * 3_000.0) as i64;
    let result = if draw.is_one_of_thousand(100) { AttemptResult::Status(204) } else { AttemptResult::Status(200) };
    Try { after: draw.between(1, 20) * 1_000, result, ms }
}

fn failure(result: AttemptResult, draw: &mut Draw) -> Try {
    let ms = if result == AttemptResult::None(NoResponse::TooSlow) { 15_004 } else { draw.between(20, 900) };
    Try { after: draw.between(5, 60) * SECOND, result, ms }
}

fn attempt(
    webhook: &Webhook,
    event: &NewEvent,
    (delivery, number, at): (DeliveryId, u32, Time),
    one: &Try,
    draw: &mut Draw,
) -> LoggedAttempt {
    let body = match webhook.phones {
        PhoneStyle::Bare => event.event.body_external.as_ref().unwrap_or(&event.event.body),
        PhoneStyle::E164 => &event.event.body,
    };
    let id = &event.event.event_id;
    let signatures = Signatures::make(&webhook.secret, None, id, at / SECOND, body.as_bytes());
    let response = match one.result {
        AttemptResult::Status(status) => {
            let headers = json!([["content-type", "application/json"], ["server", "nginx"]]).to_string();
            let body = match status {
                200 => json!({"ok": true, "id": draw.below(1 << 40)}).to_string(),
                204 => String::new(),
                _ => json!({"error": "request refused", "code": status}).to_string(),
            };
            Some((headers, body))
        }
        AttemptResult::None(_) => None,
    };
    LoggedAttempt {
        delivery,
        webhook: webhook.id,
        number,
        at,
        ms: one.ms,
        result: one.result,
        outcome: outcome(one.result),
        sent: Sent::new(signatures, &webhook.headers).to_log(),
        response,
    }
}

fn outcome(result: AttemptResult) -> AttemptOutcome {
    let error = match result {
        AttemptResult::Status(200..=299) => return AttemptOutcome::Delivered,
        AttemptResult::Status(status) => format!("the receiver answered {status}"),
        AttemptResult::None(NoResponse::TooSlow) => {
            "waiting for the response took longer than allowed (15s in all)".to_owned()
        }
        AttemptResult::None(NoResponse::NotConnected) => "no connection: connection refused".to_owned(),
        AttemptResult::None(_) => "the connection was closed before the response had ended".to_owned(),
    };
    AttemptOutcome::Failed { error, retry_after: None }
}
