//! `GET /c/{widget}`: the link behind the button, and behind the site's own chat links that the tag takes over.

use axum::extract::{Request, State};
use axum::response::Response;

use super::pass_on::pass_on;
use super::{ClickFields, get_widget, greeting, hit};
use crate::engines::Engines;
use crate::http::client_address::ClientAddress;
use crate::http::error::Result;
use crate::http::extract::Path;

/// Records the click, then sends the visitor to the widget's own channel.
pub async fn redirect(
    State(engines): State<Engines>,
    Path(id): Path<String>,
    ClientAddress(ip): ClientAddress,
    request: Request,
) -> Result<Response> {
    let widget = get_widget(&engines.clicks, &id).await?;
    // A query that cannot be read is no reason to lose the visitor, or the click.
    let fields = fields_of_query(request.uri().query().unwrap_or_default());
    let greeting = greeting(&widget, &fields);
    let hit = hit(&widget, request.headers(), ip, fields);
    pass_on(&engines, (request.method(), request.headers()), hit, &greeting).await
}

fn fields_of_query(query: &str) -> ClickFields {
    let mut fields = ClickFields::default();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        let field = match name.as_ref() {
            "device_id" => &mut fields.device_id,
            "click_url" => &mut fields.click_url,
            "first_raw_url" => &mut fields.first_raw_url,
            "referrer" => &mut fields.referrer,
            "text" => &mut fields.text,
            _ => continue,
        };
        field.get_or_insert_with(|| value.into_owned());
    }
    fields
}
