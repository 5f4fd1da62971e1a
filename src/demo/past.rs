//! Four weeks of the shop's business, so that the demo has something to show before anybody clicked. All of it is invented, and goes
//! through the same use cases as what is real, by a clock that stands in the past. Nothing of it is sent anywhere.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use anyhow::Context as _;
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use crate::channels::whatsapp::parse;
use crate::clicks::find_widget::find_widget;
use crate::clicks::record::{Hit, record_click};
use crate::conversations::abandon::abandon_due;
use crate::conversations::announce_lead::announce_due;
use crate::conversations::open_channel::{OpenChannel, open_channel};
use crate::conversations::rate_lead::rate_lead;
use crate::conversations::receive::receive;
use crate::conversations::reply_as_person::{PersonReply, reply_as_person};
use crate::conversations::send_reply::{claim_replies, settle_reply, take_as_sent};
use crate::conversations::take_turn::{claim_turns, take_turn};
use crate::core::{Core, CoreParts};
use crate::domain::actor::Actor;
use crate::domain::channel::ChannelKind;
use crate::domain::correlation::{CorrelationId, prefilled_text};
use crate::domain::ids::{LeadId, MessageId, NODES_MAX, ProjectId, RowKeys};
use crate::domain::lead::{Amount, LeadStatus, Quality, Stage};
use crate::domain::random::Random;
use crate::domain::time::{Clock, SignedDuration, Timestamp};
use crate::engines::Engines;
use crate::net::{AddressPolicy, Client, Options, Resolver};
use crate::store::lead_pages::{self, Filters, View};
use crate::store::lead_rating::Rating;
use crate::store::widgets::Widget;

/// Days that are invented, up to now.
const DAYS: i64 = 28;
/// Clicks of a day.
const CLICKS_A_DAY: f64 = 11.0;
/// Of those who click, how many write.
const WRITES: f64 = 0.34;
/// Of those who write, how many have taken the reference out of the message.
const WITHOUT_REFERENCE: f64 = 0.09;
/// Nobody wrote within the last day: the agent would ask people once more who do not exist.
const QUIET: SignedDuration = SignedDuration::from_hours(26);
/// A person reads, thinks and types.
const PAUSE_S: (i64, i64) = (9, 80);
/// After so long people of the shop say what became of a lead.
const RATED_AFTER: SignedDuration = SignedDuration::from_hours(20);
/// Today somebody asked for a person so many hours ago, and the shop answered after so many minutes: those conversations are not the
/// agent's any more.
const ANSWERED: [(i64, i64); 3] = [(3, 4), (2, 11), (1, 6)];
/// The pause after which the agent answers.
const BURST: SignedDuration = SignedDuration::from_secs(2);
const PHONE_BROWSER: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1";
const DESK_BROWSER: &str =
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Safari/537.36";
const SERVICES: [&str; 3] = ["Tune-up", "Wheel truing", "Bike fitting"];
const WEEKDAYS: [&str; 5] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday"];

/// What the invented people do.
#[derive(Deserialize)]
struct Script {
    visits: Vec<Visit>,
    names: Vec<String>,
    talks: Vec<Talk>,
}

/// A way to the shop's page.
#[derive(Deserialize)]
struct Visit {
    weight: u32,
    page: String,
    referrer: Option<String>,
    phone: bool,
}

/// What somebody writes after the greeting, one after the other.
#[derive(Deserialize)]
struct Talk {
    weight: u32,
    says: Vec<String>,
}

/// Where the business takes place.
pub struct Place<'a> {
    /// The shop's project.
    pub project: ProjectId,
    /// The widget that people press.
    pub widget_id: &'a str,
    /// The number's id at the simulated platform.
    pub phone_number_id: &'a str,
    /// What the prefilled text begins with.
    pub greeting: &'a str,
}

/// Invents the past of the shop.
pub async fn invent(core: &Core, actor: &Actor, place: &Place<'_>) -> anyhow::Result<()> {
    let script: Script = serde_json::from_str(include_str!("past.json")).context("reading what is invented")?;
    let end = core.clock.now();
    let past = in_the_past(core, end - SignedDuration::from_hours(24 * DAYS));
    let engines = Engines::new(past.clone());
    let widget = find_widget(&engines.clicks, place.widget_id).await?.context("the demo's widget is gone")?;
    let channel = open_channel(&engines.conversations, ChannelKind::WhatsApp, place.phone_number_id).await?;
    let channel = channel.context("the demo's channel is gone")?;
    let mut inventor =
        Inventor { past, engines, actor, place, script, widget, channel, people: 0, to_rate: Vec::new() };
    let between = 86_400.0 / CLICKS_A_DAY;
    loop {
        // Fewer at night, since the gaps are longer there.
        let hour = (inventor.past.clock.now().as_second() / 3_600 + 8) % 24;
        let slower = if (8..22).contains(&hour) { 0.6 } else { 5.0 };
        let gap = -inventor.past.random.fraction().max(1e-9).ln() * between * slower;
        inventor.past.clock.advance(SignedDuration::from_secs(gap as i64));
        let now = inventor.past.clock.now();
        if now >= end {
            break;
        }
        announce_due(&inventor.past).await?;
        inventor.rate_those_due(now).await?;
        inventor.visit(end).await?;
    }
    for (hours, minutes) in ANSWERED {
        inventor.answer(end - SignedDuration::from_hours(hours), SignedDuration::from_mins(minutes)).await?;
    }
    let late = end.duration_since(inventor.past.clock.now());
    inventor.past.clock.advance(late);
    // What falls due later would be told to the webhook that the demo has by then.
    while announce_due(&inventor.past).await? + abandon_due(&inventor.past).await? > 0 {}
    Ok(())
}

/// The same process at another time: with keys of their own, as those of another node.
fn in_the_past(core: &Core, start: Timestamp) -> Core {
    // That messages were read is told to nobody.
    let nobody = Client::new(
        AddressPolicy { allow_networks: Vec::new(), allow_http: false },
        Resolver::System,
        Options::default(),
    );
    Core::new(CoreParts {
        config: core.config.clone(),
        db: core.db.clone(),
        clock: Clock::manual(start),
        random: Random::seeded(1),
        row_keys: RowKeys::new(NODES_MAX - 1),
        seal: core.seal.clone(),
        webhook_client: core.webhook_client.clone(),
        platform_client: nobody,
        llm: None,
        mailer: None,
        templates: Default::default(),
        sources: Default::default(),
        metrics: Default::default(),
        notifier: Default::default(),
    })
}

struct Inventor<'a> {
    past: Core,
    engines: Engines,
    actor: &'a Actor,
    place: &'a Place<'a>,
    script: Script,
    widget: Arc<Widget>,
    channel: Arc<OpenChannel>,
    people: usize,
    /// When people of the shop say what became of a lead.
    to_rate: Vec<(Timestamp, LeadId)>,
}

impl Inventor<'_> {
    /// A number from 0 up to, not including, `below`.
    fn below(&self, below: usize) -> usize {
        (self.past.random.fraction() * below as f64) as usize
    }

    /// One of several, by their weights.
    fn one_of(&self, weights: impl Iterator<Item = u32> + Clone) -> usize {
        let mut left = self.past.random.fraction() * f64::from(weights.clone().sum::<u32>());
        for (place, weight) in weights.enumerate() {
            left -= f64::from(weight);
            if left < 0.0 {
                return place;
            }
        }
        0
    }

    /// Somebody comes to the shop's page, presses the button, and may write.
    async fn visit(&mut self, end: Timestamp) -> anyhow::Result<()> {
        let visit = &self.script.visits[self.one_of(self.script.visits.iter().map(|visit| visit.weight))];
        let hit = Hit {
            widget: self.widget.clone(),
            link: None,
            device_id: Some(Uuid::from_bytes(self.past.random.bytes()).to_string()),
            click_url: Some(visit.page.clone()),
            first_raw_url: Some(visit.page.clone()),
            referrer: visit.referrer.clone(),
            // Of the networks for documentation: nobody's.
            ip: IpAddr::V4(Ipv4Addr::new(203, 0, 113, self.past.random.bytes::<1>()[0])),
            user_agent: Some(if visit.phone { PHONE_BROWSER } else { DESK_BROWSER }.to_owned()),
        };
        let reference = record_click(&self.engines.clicks, hit).await;
        if self.past.random.fraction() < WRITES && self.past.clock.now() < end - QUIET {
            self.talk(&reference).await?;
        }
        Ok(())
    }

    async fn talk(&mut self, reference: &str) -> anyhow::Result<()> {
        let talk = self.one_of(self.script.talks.iter().map(|talk| talk.weight));
        let (name, number) = self.next_person();
        let says = self.script.talks[talk].says.clone();
        let id = CorrelationId::parse(reference)?;
        let email = format!("{}@mail.example", name.to_lowercase().replace(' ', "."));
        let (service, day) = (SERVICES[self.below(SERVICES.len())], WEEKDAYS[self.below(WEEKDAYS.len())]);
        let words = |text: String| {
            let text = text.replace("{name}", &name).replace("{email}", &email);
            text.replace("{service}", service).replace("{day}", day)
        };
        let greeting = if self.past.random.fraction() < WITHOUT_REFERENCE {
            "Hello!".to_owned()
        } else {
            prefilled_text(self.place.greeting, &id)
        };
        let all: Vec<String> = [greeting].into_iter().chain(says).map(words).collect();
        for text in &all {
            let (least, most) = PAUSE_S;
            let pause = least + (self.past.random.fraction() * (most - least) as f64) as i64;
            self.past.clock.advance(SignedDuration::from_secs(pause));
            self.write(&number, &name, text).await?;
        }
        let lead = self.newest_lead().await?;
        if let Some((lead, LeadStatus::Complete)) = lead {
            self.to_rate.push((self.past.clock.now() + RATED_AFTER, lead));
        }
        Ok(())
    }

    /// Somebody asks for a person, and the shop answers.
    async fn answer(&mut self, asks_at: Timestamp, after: SignedDuration) -> anyhow::Result<()> {
        // The last visit that was drawn may lie behind it: then the clock goes back.
        self.past.clock.advance(asks_at.duration_since(self.past.clock.now()));
        let (name, number) = self.next_person();
        for text in ["Hello!", "Can I talk to a person please?"] {
            self.write(&number, &name, text).await?;
        }
        let Some((lead, _)) = self.newest_lead().await? else { return Ok(()) };
        self.past.clock.advance(after);
        let reply = PersonReply { text: "Of course. How can I help?".to_owned(), seen: MessageId(i64::MAX) };
        reply_as_person(&self.past, self.actor, self.place.project, lead, reply).await?;
        self.send().await
    }

    /// Who writes next, and from which number.
    fn next_person(&mut self) -> (String, String) {
        let name = self.script.names[self.people % self.script.names.len()].clone();
        let number = format!("658{:07}", 1_300_000 + self.people * 37);
        self.people += 1;
        (name, number)
    }

    /// A person writes, and the agent answers.
    async fn write(&self, number: &str, name: &str, text: &str) -> anyhow::Result<()> {
        let now = self.past.clock.now();
        let id = self.past.random.token("wamid.", 32);
        let message = json!({"from": number, "id": id, "timestamp": now.as_second().to_string(), "type": "text",
                             "text": {"body": text}});
        let value = json!({"messaging_product": "whatsapp", "metadata": {"phone_number_id": self.place.phone_number_id},
                           "contacts": [{"wa_id": number, "profile": {"name": name}}], "messages": [message]});
        let body = json!({"object": "whatsapp_business_account",
                          "entry": [{"id": "1", "changes": [{"field": "messages", "value": value}]}]});
        let inbound = parse::parse(body.to_string().as_bytes())?;
        receive(&self.engines.conversations, &self.channel, inbound).await?;
        self.past.clock.advance(BURST);
        for turn in claim_turns(&self.past, 10).await? {
            take_turn(&self.engines.conversations, turn).await?;
        }
        self.send().await
    }

    /// What waits to be sent counts as sent.
    async fn send(&self) -> anyhow::Result<()> {
        for reply in claim_replies(&self.past, 10).await? {
            settle_reply(&self.engines.conversations, &take_as_sent(&self.past, &reply)).await?;
        }
        Ok(())
    }

    async fn newest_lead(&self) -> anyhow::Result<Option<(LeadId, LeadStatus)>> {
        let project = self.place.project;
        let newest = self.past.db.read(async move |conn| {
            let (view, filters) = (View::All, Filters::default());
            Ok(lead_pages::page(conn, project, (&view, &filters), lead_pages::start(&view), 1).await?)
        });
        Ok(newest.await?.rows.first().map(|lead| (lead.id, lead.status)))
    }

    /// People of the shop say what became of the leads of the day before.
    async fn rate_those_due(&mut self, now: Timestamp) -> anyhow::Result<()> {
        let (due, later) = self.to_rate.drain(..).partition(|(at, _)| *at <= now);
        self.to_rate = later;
        for (_, lead) in due {
            let sum = |dollars: i64| Amount { hundredths: dollars * 100, currency: "SGD".to_owned() };
            let (stage, amount, quality, reason) = match self.past.random.fraction() {
                ..0.30 => (Some(Stage::Won), Some(sum(60 + 5 * self.below(40) as i64)), Quality::Good, None),
                ..0.55 => (Some(Stage::Qualified), None, Quality::Good, None),
                ..0.70 => (Some(Stage::Lost), None, Quality::Unknown, None),
                ..0.80 => (None, None, Quality::Poor, Some("Lives too far away".to_owned())),
                _ => continue,
            };
            let rating = Rating { stage, amount, quality, reason };
            rate_lead(&self.past, self.actor, (self.place.project, lead), rating).await?;
        }
        Ok(())
    }
}
