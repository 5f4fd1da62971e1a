//! Signed messages of people who never wrote before.

use std::time::Duration;

use crate::load::Load;
use crate::project::{APP_SECRET, PHONE_NUMBER_ID};
use crate::rows::{self, Count};
use crate::scene::Scene;
use crate::setting::Setting;
use crate::tally::Outcome;
use crate::turns::{self, Requests};
use aurix::channels::whatsapp::verify::signature;
use aurix::domain::time::Clock;

/// How long the agent may take to answer everybody.
const ANSWERS_TIMEOUT: Duration = Duration::from_secs(120);

/// Writes the message of somebody new.
fn write(number: u64, request: &mut Vec<u8>) {
    // Of now: what is older than a day is not answered.
    let (wa_id, sent_at_s) = (6_580_000_000_u64 + number, Clock::System.now().as_second());
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

/// Measures. The agent's turn and its reply come a second after each message: the rate is that of the messages' responses, the
/// processor time that of message, turn and reply.
pub async fn measure(setting: &Setting<'_>, scene: &Scene) -> anyhow::Result<Outcome> {
    let Setting { plan, progress, .. } = setting;
    progress.begin("message");
    let load = Load::new(scene.addresses(), plan.connections, 200, &write);
    load.slice(plan.slice()).await?;
    let texts = rows::message_texts(&scene.database.core.db).await?;
    let requests = Requests { name: "message", write: &write, rows: rows::of_message, texts };
    // The other sides have the machine to themselves when everybody was answered.
    let ended = async || scene.until_none(Count::Unanswered, ANSWERS_TIMEOUT).await;
    let outcome = turns::take(setting, scene, &load, requests, ended).await?;
    scene.verify(load.sent(), &[Count::Messages, Count::People]).await?;
    Ok(outcome)
}
