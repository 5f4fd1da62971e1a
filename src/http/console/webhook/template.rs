//! `…/webhook/{webhook}/template`: what makes the body of a webhook's requests, with what it makes of an event beside it.

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use super::super::event_names::{self, EventName, name_of};
use super::super::exchange::body_html;
use super::super::form::{Form, Mistakes, capitalized};
use super::super::frame::Frame;
use super::super::view::{Html, escape, go, invalid, page};
use super::super::who::{Configure, Member, Needs};
use super::list::chosen;
use super::{find, webhook_path};
use crate::deliveries::samples::EventChoice;
use crate::domain::account::Permission;
use crate::engines::Engines;
use crate::http::error::Result;
use crate::http::extract::{Path, Query};
use crate::outbound::receivers::{Guide, Receiver};
use crate::outbound::template::{FILTERS, Filter, Place, TEMPLATE_BYTES_MAX, TemplateError};
use crate::projects::preview_template::{Preview, preview_template};
use crate::projects::set_template::{TemplateRefused, remove_template, set_template};
use crate::store::webhooks::Webhook;

/// What a template begins with where its receiver is not known.
const FIRST: &str = r#"{
  "name": {{ lead.name }},
  "phone": {{ lead.phone }},
  "email": {{ lead.email }},
  "message": {{ lead.message }}
}"#;

#[derive(Template)]
#[template(path = "webhook/template.html")]
struct TemplatePage {
    frame: Frame,
    mistakes: Mistakes,
    title: String,
    path: String,
    text: String,
    /// The version that is in use; `None` where events go as they are.
    version: Option<u32>,
    is_saved: bool,
    /// The receiver whose starter stands in the field.
    starter: Option<Guide>,
    events: Vec<EventName>,
    /// The choice in the field of events, and what it is called.
    choice: String,
    chosen: String,
    preview: Option<Shown>,
    receivers: Vec<(Receiver, Guide)>,
    /// The receiver of the webhook's URL, where each event makes a record there and the webhook has several.
    many_records: Option<Guide>,
    filters: &'static [Filter],
}

/// What a template makes, without the page around it.
#[derive(Template)]
#[template(path = "webhook/template.html", block = "preview")]
struct PreviewPart {
    chosen: String,
    preview: Option<Shown>,
}

/// An event and the body that is made of it, as they are shown.
struct Shown {
    event: Html,
    body: std::result::Result<Html, Wrong>,
    bytes: usize,
    unknown: Vec<String>,
}

/// Why there is no body.
struct Wrong {
    text: String,
    /// The text in which it is, with the place marked: of the template, or of what it made.
    of: Option<(&'static str, Html)>,
}

/// Project and webhook of an address.
type Names = Path<(String, String)>;

pub async fn show(
    State(engines): State<Engines>,
    member: Member,
    Path((_, id)): Names,
    query: Query,
) -> Result<Response> {
    let webhook = find(&engines, &member, &id).await?;
    let starter = query.one("starter").ok().flatten().and_then(Receiver::parse);
    let starter = match &webhook.template {
        Some(_) => starter,
        None => starter.or_else(|| Receiver::of_url(&webhook.url)),
    };
    let starter = starter.map(Receiver::guide).filter(|guide| guide.template.is_some());
    let text = match (&starter, &webhook.template) {
        (Some(guide), _) => guide.template.unwrap_or_default().trim_end().to_owned(),
        (None, Some(template)) => template.text.clone(),
        (None, None) => FIRST.to_owned(),
    };
    let choice = chosen("", &webhook);
    let shown = template_page(&engines, &member, &webhook, (text, choice)).await?;
    page(&TemplatePage { starter, ..shown })
}

/// Shows what a template makes, whole, or only that part where a page asks for it while somebody types.
pub async fn preview(
    State(engines): State<Engines>,
    member: Member<Configure>,
    Path((_, id)): Names,
    query: Query,
    form: Form,
) -> Result<Response> {
    let webhook = find(&engines, &member, &id).await?;
    let (text, choice) = (text_of(&form), chosen(form.text("event"), &webhook));
    if query.one("part").ok().flatten().is_none() {
        return page(&template_page(&engines, &member, &webhook, (text, choice)).await?);
    }
    let preview = preview_template(&engines.core, &webhook, &text, choice).await?;
    page(&PreviewPart { chosen: title_of(choice), preview: preview.map(|preview| shown(preview, &text)) })
}

pub async fn save(
    State(engines): State<Engines>,
    member: Member<Configure>,
    Path((_, id)): Names,
    form: Form,
) -> Result<Response> {
    let webhook = find(&engines, &member, &id).await?;
    let text = text_of(&form);
    let (choice, wrong) = match set_template(&engines.core, &member.actor(), &webhook, &text).await {
        Ok(_) => return Ok(go(&webhook_path(&member, &id))),
        Err(TemplateRefused::Failed(error)) => return Err(error.into()),
        Err(TemplateRefused::Template(error)) => (chosen(form.text("event"), &webhook), error.to_string()),
        Err(TemplateRefused::Event { event, is_bare, error }) => {
            let bare = if is_bare { " where nothing is known of the person" } else { "" };
            (EventChoice::Sample(event), format!("{}{bare}: {error}", name_of(event.as_str())))
        }
    };
    let mistakes = Mistakes::one("template", wrong);
    invalid(&TemplatePage { mistakes, ..template_page(&engines, &member, &webhook, (text, choice)).await? })
}

pub async fn remove(
    State(engines): State<Engines>,
    member: Member<Configure>,
    Path((_, id)): Names,
) -> Result<Response> {
    let webhook = find(&engines, &member, &id).await?;
    remove_template(&engines.core, &member.actor(), member.project.id, webhook.id).await?;
    Ok(go(&webhook_path(&member, &id)))
}

/// What stands in the field: browsers send two characters for the end of a line.
fn text_of(form: &Form) -> String {
    form.text("template").replace("\r\n", "\n")
}

async fn template_page<N: Needs>(
    engines: &Engines,
    member: &Member<N>,
    webhook: &Webhook,
    (text, choice): (String, EventChoice),
) -> Result<TemplatePage> {
    let core = &engines.core;
    let preview = preview_template(core, webhook, &text, choice).await?;
    let guide = |receiver: Receiver| (receiver, receiver.guide());
    let receiver = Receiver::of_url(&webhook.url).map(Receiver::guide);
    Ok(TemplatePage {
        frame: Frame::of_member(core, member, "webhook").await?,
        mistakes: Mistakes::default(),
        title: webhook.title(),
        path: webhook_path(member, &webhook.public_id),
        version: webhook.template.as_ref().map(|template| template.version),
        is_saved: webhook.template.as_ref().is_some_and(|template| template.text == text),
        starter: None,
        events: event_names::all(),
        choice: choice.word(),
        chosen: title_of(choice),
        preview: preview.map(|preview| shown(preview, &text)),
        receivers: Receiver::ALL.map(guide).to_vec(),
        many_records: receiver.filter(|guide| guide.is_record && webhook.events.len() > 1),
        filters: FILTERS,
        text,
    })
}

fn title_of(choice: EventChoice) -> String {
    let name = name_of(choice.event_type().as_str());
    match choice {
        EventChoice::Sample(_) => format!("Sample of {name}"),
        EventChoice::Newest(_) => format!("Last real {name}"),
    }
}

fn shown(preview: Preview, source: &str) -> Shown {
    let bytes = preview.made.as_ref().map_or(0, String::len);
    let wrong = |error: TemplateError| {
        let of = match &error {
            TemplateError::Template { place, .. } => Some(("Template", marked(source, *place))),
            TemplateError::Json { place, result, .. } => Some(("Result", marked(result, *place))),
            _ => None,
        };
        Wrong { text: capitalized(&error.to_string()), of }
    };
    Shown {
        event: body_html(&preview.event),
        body: preview.made.map(|body| body_html(&body)).map_err(wrong),
        bytes,
        unknown: preview.unknown,
    }
}

/// The lines around a place, with it marked.
fn marked(text: &str, place: Place) -> Html {
    /// Bytes that are shown before and behind it.
    const AROUND: usize = 600;
    let from = text.floor_char_boundary(place.offset.saturating_sub(AROUND));
    let to = text.floor_char_boundary((place.offset + AROUND).min(text.len()));
    let (before, behind) = (&text[from..place.offset], &text[place.offset..to]);
    let letter = behind.chars().next().filter(|letter| !letter.is_control());
    let rest = letter.map_or(behind, |letter| &behind[letter.len_utf8()..]);
    let letter = letter.map_or(" ".to_owned(), String::from);
    Html(format!("{}<mark>{}</mark>{}", escape(before), escape(&letter), escape(rest)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_marked_without_markup_of_its_own() {
        let check = |text: &str, offset, expected| {
            let place = Place { line: 1, column: 1, offset };
            assert_eq!(marked(text, place).0, expected);
        };
        check("a<b>", 1, "a<mark>&#60;</mark>b&#62;");
        check("é", 0, "<mark>é</mark>");
        check("a\nb", 1, "a<mark> </mark>\nb");
        check("ab", 2, "ab<mark> </mark>");
    }
}
