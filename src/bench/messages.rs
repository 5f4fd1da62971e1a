//! Signed messages of people who never wrote before.

use std::time::Duration;

use anyhow::ensure;

use super::bare::Bare;
use super::load::Load;
use super::roles::Redirect;
use super::rows::{self, Count};
use super::stage::{APP_SECRET, PHONE_NUMBER_ID};
use super::tally::{Outcome, Tally};
use super::{Setting, moment};
use crate::channels::whatsapp::verify::signature;
use crate::domain::time::Clock;

/// How long the agent may take to answer everybody.
const ANSWERS_TIMEOUT: Duration = Duration::from_secs(120);
/// How often it is looked whether it has.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Writes the message of somebody new.
fn write(number: u64, request: &mut Vec<u8>) {
    let (wa_id, sent_at_s) = (6_580_000_000_u64 + number, 1_767_348_000 + number / 1000);
    let body = format!(
        "{{\"object\":\"whatsapp_business_account\",\"entry\":[{{\"id\":\"102290129340398\",\"changes\":[{{\"field\":\"messages\",\
         \"value\":{{\"messaging_product\":\"whatsapp\",\"metadata\":{{\"display_phone_number\":\"6580001234\",\
         \"phone_number_id\":\"{PHONE_NUMBER_ID}\"}},\"contacts\":[{{\"profile\":{{\"name\":\"A visitor\"}},\"wa_id\":\"{wa_id}\"}}],\
         \"messages\":[{{\"from\":\"{wa_id}\",\"id\":\"wamid.HBgLNjU4MDAwMDAwMDAVAgASGBQzQTd{number:012}\",\
         \"timestamp\":\"{sent_at_s}\",\"type\":\"text\",\"text\":{{\"body\":\"Hello, is the city bike still there?\"}}}}]}}}}]}}]}}"
    );
    let head = format!(
        "POST /channels/whatsapp/{PHONE_NUMBER_ID}/webhook HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
         x-hub-signature-256: {}\r\ncontent-length: {}\r\n\r\n",
        signature(APP_SECRET.as_bytes(), body.as_bytes()),
        body.len()
    );
    request.extend_from_slice(head.as_bytes());
    request.extend_from_slice(body.as_bytes());
}

/// Measures. The agent's turn and its reply come a second after each message: the rate is that of the messages' answers, the
/// processor time that of message, turn and reply.
pub(super) async fn measure(setting: &Setting<'_>) -> anyhow::Result<Outcome> {
    let Setting { plan, database, server, progress, .. } = setting;
    progress.tell("messages");
    let load = Load::new(server.address(), plan.connections, 200, &write);
    let mut answered = load.slice(plan.slice()).await?.operations;
    let redirect = Redirect::start().await?;
    let idle = Load::new(redirect.address(), plan.connections, 302, &write);
    idle.slice(plan.slice()).await?;
    let texts = rows::message_texts(&database.app.db).await?;
    let beside = setting.stage.database("bare_messages", setting.sink.address).await?;
    let rows = rows::of_message(&beside.project, texts, Clock::System.now().as_microsecond());
    let mut bare = Bare::open(&beside, rows, plan.connections).await?;
    let meter = database.meter(server).await?;
    let (mut aurix, mut redirects, mut inserts) = (Tally::default(), Tally::default(), Tally::default());
    let mut cpu = Duration::ZERO;
    until_all_are_answered(setting).await?;
    for _ in 0..plan.rounds() {
        let before = meter.read()?;
        aurix.add(load.slice(plan.slice()).await?);
        until_all_are_answered(setting).await?;
        cpu += meter.read()?.saturating_sub(before);
        progress.turn();
        redirects.add(idle.slice(plan.slice()).await?);
        progress.turn();
        inserts.add(bare.slice(plan.slice()).await?);
        progress.turn();
    }
    answered += aurix.operations;
    for what in [Count::Messages, Count::People] {
        let stored = rows::count(&database.app.db, what).await?;
        ensure!(stored == answered, "{answered} messages were answered, and the database holds {stored} ({what:?})");
    }
    Ok(Outcome::new(aurix, cpu, vec![("bare_rows", inserts), ("redirect", redirects)]))
}

/// Waits until the agent has answered everybody, so that the other sides have the machine to themselves.
async fn until_all_are_answered(setting: &Setting<'_>) -> anyhow::Result<()> {
    let began = moment();
    let mut look = tokio::time::interval(LOOK_EVERY);
    while rows::count(&setting.database.app.db, Count::Unanswered).await? > 0 {
        ensure!(began.elapsed() < ANSWERS_TIMEOUT, "the agent has not answered everybody within {ANSWERS_TIMEOUT:?}");
        look.tick().await;
    }
    Ok(())
}
