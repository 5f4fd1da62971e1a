//! The visitor's entry point: the widget's script, and the link behind its button.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::header::{CACHE_CONTROL, LOCATION, ORIGIN, USER_AGENT};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use super::error::{ApiError, Result};
use super::extract::{Json, Path};
use crate::clicks::find_widget::find_widget;
use crate::clicks::record::{Hit, record_click};
use crate::clicks::{Clicks, automated_requests};
use crate::core::Core;
use crate::domain::correlation::{CorrelationId, prefilled_text, whatsapp_link};
use crate::domain::text::cut;
use crate::domain::visitor::{Signs, Visit, client_ip};
use crate::store::widgets::Widget;

const SCRIPT: &str = include_str!("../../widget/dist/widget.js");
/// Characters of a device id: a UUID has 36.
const DEVICE_ID_CHARS_MAX: usize = 64;

/// What the widget tells with a click: the query of the link and the body of its JSON twin. All are optional.
#[derive(Debug, Default, Deserialize)]
pub struct ClickFields {
    device_id: Option<String>,
    click_url: Option<String>,
    first_raw_url: Option<String>,
    referrer: Option<String>,
}

/// `GET /widget.js`
pub async fn script() -> impl IntoResponse {
    let headers = [
        ("content-type", "text/javascript; charset=utf-8"),
        ("cache-control", "public, max-age=3600"),
        ("access-control-allow-origin", "*"),
        ("cross-origin-resource-policy", "cross-origin"),
    ];
    (headers, SCRIPT)
}

/// `GET /c/{widget}`: records the click, then sends the visitor to the widget's own channel.
pub async fn click_link(
    State(clicks): State<Clicks>,
    Path(id): Path<String>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Result<Response> {
    let widget = the_widget(&clicks, &id).await?;
    let headers = request.headers();
    let visit = visit_of(request.method(), headers);
    let location = if visit.is_click() {
        // A query that cannot be read is no reason to lose the visitor, or the click.
        let fields = fields_of_query(request.uri().query().unwrap_or_default());
        let reference = record_click(&clicks, hit(&clicks.core, &widget, headers, peer.ip(), fields)).await;
        link(&widget, Some(&reference))
    } else {
        automated_requests::count(&clicks, &widget, visit);
        link(&widget, None)
    };
    let location = HeaderValue::try_from(location).map_err(|error| ApiError::Internal(error.into()))?;
    Ok((StatusCode::FOUND, [(LOCATION, location), (CACHE_CONTROL, HeaderValue::from_static("no-store"))])
        .into_response())
}

/// The answer of the JSON twin.
#[derive(Serialize)]
pub struct ClickResponse {
    correlation_id: String,
    redirect_url: String,
}

/// `POST /c/{widget}`: the same for single-page sites.
pub async fn click_json(
    State(clicks): State<Clicks>,
    Path(id): Path<String>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: Result<Json<ClickFields>>,
) -> Result<Response> {
    let widget = the_widget(&clicks, &id).await?;
    let origin = allowed_origin(&widget, &headers)?;
    let Json(fields) = body?;
    let correlation_id = record_click(&clicks, hit(&clicks.core, &widget, &headers, peer.ip(), fields)).await;
    let redirect_url = link(&widget, Some(&correlation_id));
    let answer = axum::Json(ClickResponse { correlation_id, redirect_url });
    Ok((cross_origin(origin), [(CACHE_CONTROL, "no-store")], answer).into_response())
}

/// `OPTIONS /c/{widget}`: lets a browser on one of the widget's origins send the JSON twin.
pub async fn click_preflight(
    State(clicks): State<Clicks>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response> {
    let widget = the_widget(&clicks, &id).await?;
    let origin = allowed_origin(&widget, &headers)?;
    let allowed = [
        ("access-control-allow-methods", "POST"),
        ("access-control-allow-headers", "content-type"),
        ("access-control-max-age", "600"),
    ];
    Ok((StatusCode::NO_CONTENT, cross_origin(origin), allowed).into_response())
}

async fn the_widget(clicks: &Clicks, id: &str) -> Result<Arc<Widget>> {
    find_widget(clicks, id)
        .await?
        .ok_or_else(|| ApiError::NotFound(format!("There is no widget {id:?}: check the tag on the site.")))
}

fn allowed_origin(widget: &Widget, headers: &HeaderMap) -> Result<HeaderValue> {
    let Some(origin) = headers.get(ORIGIN) else { return Ok(HeaderValue::from_static("*")) };
    let listed = |allowed: &String| origin.to_str().is_ok_and(|origin| origin.eq_ignore_ascii_case(allowed));
    if widget.origins.is_empty() || widget.origins.iter().any(listed) {
        return Ok(origin.clone());
    }
    Err(ApiError::Forbidden("This site is not on the widget's list of origins.".to_owned()))
}

fn cross_origin(origin: HeaderValue) -> [(HeaderName, HeaderValue); 2] {
    [
        (HeaderName::from_static("access-control-allow-origin"), origin),
        (HeaderName::from_static("vary"), HeaderValue::from_static("origin")),
    ]
}

fn fields_of_query(query: &str) -> ClickFields {
    let mut fields = ClickFields::default();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        let field = match name.as_ref() {
            "device_id" => &mut fields.device_id,
            "click_url" => &mut fields.click_url,
            "first_raw_url" => &mut fields.first_raw_url,
            "referrer" => &mut fields.referrer,
            _ => continue,
        };
        field.get_or_insert_with(|| value.into_owned());
    }
    fields
}

fn hit(core: &Core, widget: &Arc<Widget>, headers: &HeaderMap, peer: IpAddr, fields: ClickFields) -> Hit {
    let given = |field: Option<String>| field.map(without_nul).filter(|text| !text.is_empty());
    Hit {
        widget: widget.clone(),
        device_id: given(fields.device_id).map(|id| cut(&id, DEVICE_ID_CHARS_MAX).to_owned()),
        click_url: given(fields.click_url),
        first_raw_url: given(fields.first_raw_url),
        referrer: given(fields.referrer),
        ip: client_ip(peer, &core.config.trusted_proxies, &all(headers, "x-forwarded-for"), &all(headers, "forwarded")),
        user_agent: headers.get(USER_AGENT).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()),
    }
}

/// Databases refuse NUL characters.
fn without_nul(text: String) -> String {
    if text.contains('\0') { text.replace('\0', "") } else { text }
}

fn all<'a>(headers: &'a HeaderMap, name: &str) -> Vec<&'a str> {
    headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).collect()
}

fn visit_of(method: &Method, headers: &HeaderMap) -> Visit {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    Visit::of(&Signs {
        method: method.as_str(),
        user_agent: header("user-agent"),
        sec_purpose: header("sec-purpose"),
        purpose: header("purpose").or_else(|| header("x-purpose")),
        x_moz: header("x-moz"),
    })
}

/// Where the visitor goes: the widget's own channel, nowhere else.
fn link(widget: &Widget, reference: Option<&str>) -> String {
    let text = match reference.and_then(|id| CorrelationId::parse(id).ok()) {
        Some(id) => prefilled_text(&widget.greeting, &id),
        None => widget.greeting.clone(),
    };
    whatsapp_link(&widget.link_base, widget.number.as_deref().unwrap_or_default(), &text)
}
