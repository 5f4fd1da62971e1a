//! `GET /c/{widget}`: the link behind the button.

use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, LOCATION, USER_AGENT};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};

use super::{ClickFields, admit, get_widget, hit, link, reference_page};
use crate::clicks::automated_requests;
use crate::clicks::record::record_click;
use crate::domain::visitor::{RequestKind, RequestSigns};
use crate::engines::Engines;
use crate::http::client_address::ClientAddress;
use crate::http::error::{ApiError, Result};
use crate::http::extract::Path;

/// Records the click, then sends the visitor to the widget's own channel, also beyond the rate limit.
pub async fn redirect(
    State(engines): State<Engines>,
    Path(id): Path<String>,
    ClientAddress(ip): ClientAddress,
    request: Request,
) -> Result<Response> {
    let clicks = &engines.clicks;
    let widget = get_widget(clicks, &id).await?;
    let headers = request.headers();
    let base_url = &engines.core.config.base_url;
    let kind = request_kind(request.method(), headers);
    let location = if !kind.is_click() {
        automated_requests::count(clicks, &widget, kind);
        link(base_url, &widget, None)
    } else if admit(&engines, &widget, ip).is_ok() {
        // A query that cannot be read is no reason to lose the visitor, or the click.
        let fields = fields_of_query(request.uri().query().unwrap_or_default());
        let correlation_id = record_click(clicks, hit(&widget, headers, ip, fields)).await;
        if reference_page::is_wanted(&widget, headers) {
            return reference_page::show(base_url, &widget, &correlation_id);
        }
        link(base_url, &widget, Some(&correlation_id))
    } else {
        link(base_url, &widget, None)
    };
    let location = HeaderValue::try_from(location).map_err(|error| ApiError::Internal(error.into()))?;
    Ok((StatusCode::FOUND, [(LOCATION, location), (CACHE_CONTROL, HeaderValue::from_static("no-store"))])
        .into_response())
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

fn request_kind(method: &Method, headers: &HeaderMap) -> RequestKind {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    // A crawler with bytes in its name that are not ASCII is a crawler all the same.
    let user_agent = headers.get(USER_AGENT).map(|value| String::from_utf8_lossy(value.as_bytes()));
    RequestKind::of(&RequestSigns {
        method: method.as_str(),
        user_agent: user_agent.as_deref(),
        sec_purpose: header("sec-purpose"),
        purpose: header("purpose").or_else(|| header("x-purpose")),
        x_moz: header("x-moz"),
    })
}
