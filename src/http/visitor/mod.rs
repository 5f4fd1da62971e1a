//! Entry points for the visitors of a site: the widget's script, and the link behind its button; and links without a site.

mod campaign_link;
mod chat;
mod click_json;
mod click_link;
mod languages;
mod origins;
mod own_channel;
pub(super) mod own_domain;
mod pass_on;
mod reference_page;
mod script;

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;

use axum::http::HeaderMap;
use axum::http::header::USER_AGENT;
use serde::Deserialize;
use tokio::sync::watch;

use super::error::{ApiError, Result};
use super::routes::Routes;
use crate::admission::rate_limiter::{OverLimit, Source};
use crate::clicks::Clicks;
use crate::clicks::automated_requests::count_over_limit;
use crate::clicks::find_widget::find_widget;
use crate::clicks::record::Hit;
use crate::domain::channel::ChannelKind;
use crate::domain::correlation::{CorrelationId, chat_link, prefilled_text, telegram_link, whatsapp_link};
use crate::domain::page_text;
use crate::domain::rates::Kind;
use crate::domain::text::{cut, is_placeholder};
use crate::engines::Engines;
use crate::store::widgets::Widget;

/// Characters of a device id: a UUID has 36.
const DEVICE_ID_CHARS_MAX: usize = 64;

/// The routes of this module.
pub fn routes(stopping: &watch::Receiver<bool>) -> Routes {
    Routes::default()
        .get("/widget.js", script::show)
        .get("/c/{widget}", click_link::redirect)
        .post("/c/{widget}", click_json::create)
        .options("/c/{widget}", click_json::preflight)
        .get("/c/{widget}/channel", own_channel::show)
        .get("/l/{slug}", campaign_link::redirect)
        .merge(chat::routes(stopping))
}

/// What the widget sends with a click: the query of the link, or the JSON body. All are optional.
#[derive(Debug, Default, Deserialize)]
struct ClickFields {
    device_id: Option<String>,
    click_url: Option<String>,
    first_raw_url: Option<String>,
    referrer: Option<String>,
    /// What the site's own chat link has in place of the widget's greeting.
    text: Option<String>,
}

async fn get_widget(clicks: &Clicks, id: &str) -> Result<Arc<Widget>> {
    find_widget(clicks, id)
        .await?
        .ok_or_else(|| ApiError::NotFound(format!("There is no widget {id:?}: check the tag on the site.")))
}

/// Admits a click within the rate of its address on the widget. One beyond it is counted apart; its visitor goes on.
fn admit(engines: &Engines, widget: &Widget, ip: IpAddr) -> std::result::Result<(), OverLimit> {
    let admitted = engines.admission.rates.admit(Kind::Clicks, Source::address(widget.id.0, ip));
    admitted.inspect_err(|_| count_over_limit(&engines.clicks, widget))
}

fn hit(widget: &Arc<Widget>, headers: &HeaderMap, ip: IpAddr, fields: ClickFields) -> Hit {
    let given = |field: Option<String>| field.map(without_nul).filter(|text| !text.is_empty() && !is_placeholder(text));
    Hit {
        widget: widget.clone(),
        link: None,
        device_id: given(fields.device_id).map(|id| cut(&id, DEVICE_ID_CHARS_MAX).to_owned()),
        click_url: given(fields.click_url),
        first_raw_url: given(fields.first_raw_url),
        referrer: given(fields.referrer),
        ip,
        user_agent: headers.get(USER_AGENT).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()),
    }
}

/// Databases refuse NUL characters.
fn without_nul(text: String) -> String {
    if text.contains('\0') { text.replace('\0', "") } else { text }
}

/// The start of the prefilled text: that of the site's own link, or else the widget's.
fn greeting<'a>(widget: &'a Widget, fields: &ClickFields) -> Cow<'a, str> {
    let own = fields.text.as_deref().map(page_text::clean).filter(|text| !text.is_empty());
    own.map_or(Cow::Borrowed(widget.greeting.as_str()), Cow::Owned)
}

/// Where the visitor goes: the widget's own channel, nowhere else.
fn chat_address(base_url: &str, widget: &Widget, greeting: &str, correlation_id: Option<&str>) -> String {
    let id = correlation_id.and_then(|id| CorrelationId::parse(id).ok());
    match widget.channel_kind {
        ChannelKind::WhatsApp => {
            let text = match &id {
                Some(id) => prefilled_text(greeting, id),
                None => greeting.to_owned(),
            };
            whatsapp_link(&widget.link_base, widget.number.as_deref().unwrap_or_default(), &text)
        }
        ChannelKind::Telegram => {
            telegram_link(&widget.link_base, widget.handle.as_deref().unwrap_or_default(), id.as_ref())
        }
        ChannelKind::Web => chat_link(base_url, &widget.public_id, id.as_ref()),
    }
}
