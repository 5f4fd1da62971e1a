//! Presses of a widget.

use anyhow::ensure;

use super::bare::Bare;
use super::load::Load;
use super::roles::Redirect;
use super::rows::{self, Count};
use super::tally::{Outcome, Tally};
use super::{Kind, Setting};
use crate::domain::time::Clock;

/// What the browser of a visitor says.
pub const USER_AGENT: &str = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36";
/// Where the visitor came in, percent-encoded.
const LANDING: &str = "https%3A%2F%2Fshop.example%2Fbikes%3Futm_source%3Dgoogle%26utm_medium%3Dcpc%26utm_campaign%3Dspring%26gclid%3DCj0KCQjwsoBhC5ARIsAJx";
/// Where the visitor pressed, percent-encoded.
const PAGE: &str = "https%3A%2F%2Fshop.example%2Fbikes%2Fcity-7";
/// Where the visitor was before, percent-encoded.
const REFERRER: &str = "https%3A%2F%2Fwww.google.com%2F";

/// Writes the press of a visitor who was never seen before.
pub fn writer(widget: &str) -> impl Fn(u64, &mut Vec<u8>) + use<> {
    let (before, after) = (
        format!("GET /c/{widget}?device_id="),
        format!(
            "&click_url={PAGE}&first_raw_url={LANDING}&referrer={REFERRER} HTTP/1.1\r\nhost: localhost\r\n\
             user-agent: {USER_AGENT}\r\naccept: text/html\r\naccept-language: en\r\n\r\n"
        ),
    );
    move |number, request| {
        request.extend_from_slice(before.as_bytes());
        request.extend_from_slice(
            format!("{:08x}-0000-4000-8000-{number:012x}", number.wrapping_mul(0x9e37_79b1) as u32).as_bytes(),
        );
        request.extend_from_slice(after.as_bytes());
    }
}

/// Measures, and tells how many presses were answered in all.
pub(super) async fn measure(setting: &Setting<'_>) -> anyhow::Result<(Outcome, u64)> {
    let Setting { plan, database, server, progress, .. } = setting;
    progress.tell("clicks");
    debug_assert!(plan.wants(Kind::Clicks));
    let write = writer(&database.project.widget_id);
    let load = Load::new(server.address(), plan.connections, 302, &write);
    let mut answered = load.slice(plan.slice()).await?.operations;
    let redirect = Redirect::start().await?;
    let idle = Load::new(redirect.address(), plan.connections, 302, &write);
    idle.slice(plan.slice()).await?;
    let texts = rows::click_texts(&database.app.db).await?;
    let beside = setting.stage.database("bare", setting.sink.address).await?;
    let rows = rows::of_click(&beside.project, texts, Clock::System.now().as_microsecond());
    let mut bare = Bare::open(&beside, rows, plan.connections).await?;
    let meter = database.meter(server).await?;
    let (mut aurix, mut redirects, mut inserts) = (Tally::default(), Tally::default(), Tally::default());
    let mut cpu = std::time::Duration::ZERO;
    for _ in 0..plan.rounds() {
        let before = meter.read()?;
        aurix.add(load.slice(plan.slice()).await?);
        cpu += meter.read()?.saturating_sub(before);
        progress.turn();
        redirects.add(idle.slice(plan.slice()).await?);
        progress.turn();
        inserts.add(bare.slice(plan.slice()).await?);
        progress.turn();
    }
    answered += aurix.operations;
    verify(setting, answered).await?;
    Ok((Outcome::new(aurix, cpu, vec![("bare_rows", inserts), ("redirect", redirects)]), answered))
}

/// Presses twice as long as the plan says, since deliveries are faster. Tells how many were answered.
pub(super) async fn record(setting: &Setting<'_>) -> anyhow::Result<u64> {
    setting.progress.tell("clicks, so that there is something to deliver");
    let write = writer(&setting.database.project.widget_id);
    let load = Load::new(setting.server.address(), setting.plan.connections, 302, &write);
    let mut answered = 0;
    for _ in 0..2 * setting.plan.rounds() {
        answered += load.slice(setting.plan.slice()).await?.operations;
    }
    verify(setting, answered).await?;
    Ok(answered)
}

/// Every press that was answered is there, with its session, its event and its delivery, and nothing besides.
async fn verify(setting: &Setting<'_>, answered: u64) -> anyhow::Result<()> {
    for what in [Count::Clicks, Count::ClickEvents, Count::Deliveries] {
        let stored = rows::count(&setting.database.app.db, what).await?;
        ensure!(stored == answered, "{answered} presses were answered, and the database holds {stored} ({what:?})");
    }
    Ok(())
}
