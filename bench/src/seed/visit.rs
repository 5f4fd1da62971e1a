//! A session with its clicks, as rows; and the conversation that it led to.

use serde_json::value::RawValue;

use super::block::{Block, NewEvent};
use super::calendar::{DAY, LAST_CLICK, SECOND};
use super::draw::{Draw, For, scattered};
use super::keys::{Side, event_id, row_key};
use super::lead::{self, Origin};
use super::rows::{SessionRow, Time};
use super::shape::{Session, Visit};
use super::words::{CAMPAIGNS, PAGES, USER_AGENTS};
use super::world::World;
use aurix::domain::attribution::parsed_params;
use aurix::domain::correlation::{CODE_CHARS, CorrelationId, PREFIX};
use aurix::domain::event::{ClickData, Event};
use aurix::domain::ids::{ClickId, SessionId, WidgetId};
use aurix::domain::time::from_microseconds;

/// The site.
const SITE: &str = "https://juniper.example";
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// Correlation ids that there are.
const IDS: u64 = 62_u64.pow(CODE_CHARS as u32);

/// A click.
pub struct ClickRow {
    pub id: ClickId,
    pub session: SessionId,
    pub widget: WidgetId,
    pub click_url: String,
    pub first_raw_url: String,
    pub referrer: Option<&'static str>,
    pub parsed_params: String,
    pub ip_address: String,
    pub user_agent: &'static str,
    pub linked: bool,
    pub at: Time,
}

/// Makes the rows of a visit.
pub fn write(world: &World, block: &mut Block, visit: &Visit) {
    let within = Draw::new(For::Visit, visit.number).fraction();
    let at = world.calendar.at((visit.number as f64 + within) / world.shape.visits as f64);
    let Some(session) = &visit.session else {
        let origin = Origin { session: None, greeting: "", at };
        visit.lead.into_iter().for_each(|number| lead::write(world, block, number, &origin));
        return;
    };
    let id: SessionId = row_key(at, Side::Clicks, session.number);
    let draw = &mut Draw::new(For::Session, session.number);
    let correlation_id = correlation_id(session.number);
    let (widget, greeting) = &world.widgets[(draw.below(4) / 3) as usize % world.widgets.len()];
    let last = clicks(world, block, (session, id, *widget), (&correlation_id, visit.lead.is_some(), at), draw);
    let before = block.conversations.len();
    if let Some(number) = visit.lead {
        let origin = Origin { session: Some((id, &correlation_id)), greeting, at: last };
        lead::write(world, block, number, &origin);
    }
    let conversation = block.conversations.get(before);
    block.sessions.push(SessionRow {
        id,
        device_id: device(world, session.number),
        folded_id: correlation_id.folded(),
        correlation_id: correlation_id.as_str().to_owned(),
        started_at: at,
        conversation: conversation.map(|row| row.id),
        correlated_at: conversation.map(|row| row.created_at),
    });
}

/// Makes the clicks of a session, and gives the time of the last one.
fn clicks(
    world: &World,
    block: &mut Block,
    (session, id, widget): (&Session, SessionId, WidgetId),
    (correlation_id, linked, began_at): (&CorrelationId, bool, Time),
    draw: &mut Draw,
) -> Time {
    let first_raw_url = first_page(session.number, draw);
    let user_agent = *draw.pick_skewed(&USER_AGENTS);
    let ip_address = match draw.below(5) {
        0 => format!("2001:db8:{:x}::{:x}", draw.below(0x10000), draw.below(0x10000)),
        _ => format!("{}.{}", draw.pick(&["203.0.113", "198.51.100", "192.0.2"]), draw.between(1, 254)),
    };
    let referrer =
        draw.is_one_of_thousand(600).then(|| *draw.pick(&["https://www.google.com/", "https://l.instagram.com/"]));
    let device = device(world, session.number);
    let mut at = began_at;
    for number in session.first_click..session.first_click + session.clicks {
        let draw = &mut Draw::new(For::Click, number);
        if number > session.first_click {
            at = (at + draw.between(40, 900) * SECOND + draw.between(0, 999) * 1_000)
                .min(world.calendar.now - LAST_CLICK);
        }
        let click_url = format!("{SITE}{}", draw.pick_skewed(&PAGES));
        let params = parsed_params(Some(&click_url), Some(&first_raw_url)).to_json();
        if block.wants_events {
            let raw = RawValue::from_string(params.clone()).expect("JSON");
            let data = ClickData {
                correlation_id: correlation_id.as_str(),
                device_id: device.as_deref(),
                click_url: Some(&click_url),
                parsed_params: &raw,
                ip_address: Some(&ip_address),
                user_agent: Some(user_agent),
            };
            let event = Event::widget_click(event_id(at, draw), &data, from_microseconds(at));
            let id = row_key(at, Side::Clicks, number);
            block.events.push(NewEvent { id, number, side: Side::Clicks, at, event });
        }
        block.clicks.push(ClickRow {
            id: row_key(at, Side::Clicks, number),
            session: id,
            widget,
            click_url,
            first_raw_url: first_raw_url.clone(),
            referrer,
            parsed_params: params,
            ip_address: ip_address.clone(),
            user_agent,
            linked,
            at,
        });
    }
    at
}

/// The first page of a visit, with the parameters of its campaign.
fn first_page(session: u64, draw: &mut Draw) -> String {
    let (source, medium, campaign) = *draw.pick_skewed(&CAMPAIGNS);
    let page = format!("{SITE}{}", draw.pick_skewed(&PAGES));
    let mut pairs = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in [("utm_source", source), ("utm_medium", medium), ("utm_campaign", campaign)] {
        if !value.is_empty() {
            pairs.append_pair(name, value);
        }
    }
    if medium == "cpc" {
        pairs.append_pair("gclid", &format!("Cj0KCQjw{session:010}EiwA{:012x}", draw.below(1 << 48)));
    }
    let query = pairs.finish();
    if query.is_empty() { page } else { format!("{page}?{query}") }
}

/// The browser of a session: one in four came on another day before. A few have none.
fn device(world: &World, session: u64) -> Option<String> {
    let days = ((world.calendar.now - world.calendar.starts) / DAY) as u64;
    let mut draw = Draw::new(For::Device, session);
    let back = (world.shape.sessions / days + 1) * (2 + draw.below(20));
    let first = if draw.is_one_of_thousand(250) && session > back { session - back } else { session };
    (!draw.is_one_of_thousand(50)).then(|| Draw::new(For::Browser, first).uuid())
}

fn correlation_id(session: u64) -> CorrelationId {
    let mut rest = scattered(session, IDS);
    let mut code = [0_u8; CODE_CHARS];
    for digit in code.iter_mut().rev() {
        *digit = DIGITS[(rest % 62) as usize];
        rest /= 62;
    }
    let text = format!("{PREFIX}{}", String::from_utf8_lossy(&code));
    CorrelationId::parse(&text).expect("seven letters and digits")
}
