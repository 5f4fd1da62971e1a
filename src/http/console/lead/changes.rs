//! What people change of a lead: a field, the stage, the quality, a note.

use axum::extract::State;
use axum::response::Response;

use super::{LeadPage, lead_page};
use crate::conversations::edit_lead::{EditRefused, add_note, set_field};
use crate::conversations::own_people::set_internal;
use crate::conversations::rate_lead::rate_lead;
use crate::domain::ids::LeadId;
use crate::domain::lead::{Amount, InvalidAmount, Quality, Stage};
use crate::engines::Engines;
use crate::http::console::form::{Form, Mistakes};
use crate::http::console::frame::Frame;
use crate::http::console::talk::{Place, Wanted, load};
use crate::http::console::view::{go, invalid};
use crate::http::console::who::{Member, Reply};
use crate::http::error::{ApiError, Result, no_such_path};
use crate::http::extract::Path;
use crate::store::lead_rating::Rating;

type LeadPath = Path<(String, LeadId)>;

pub async fn field(
    State(engines): State<Engines>,
    member: Member<Reply>,
    Path((_, lead)): LeadPath,
    form: Form,
) -> Result<Response> {
    let (key, value) = (form.text("key").to_owned(), form.text("value").to_owned());
    let edited = set_field(&engines.core, &member.actor(), (member.project.id, lead), &key, &value).await;
    let refused = match told(edited).await? {
        None => return Ok(go(&format!("{}#details", Place::Lead.path(&member.path(), lead)))),
        Some(refused) => refused,
    };
    let mut page = page_again(&engines, &member, lead).await?;
    page.mistakes = Mistakes::one(&format!("field-{key}"), format!("{refused}."));
    for detail in page.details.iter_mut().filter(|detail| detail.key == key) {
        detail.typed = Some(value.clone());
    }
    invalid(&page)
}

pub async fn rating(
    State(engines): State<Engines>,
    member: Member<Reply>,
    Path((_, lead)): LeadPath,
    form: Form,
) -> Result<Response> {
    let mut mistakes = Mistakes::default();
    let stage = Stage::parse(form.text("stage"));
    let amount = match form.text("value") {
        "" => None,
        _ if stage.is_none() || stage == Some(Stage::Lost) => None,
        number => match Amount::parse(number, form.text("currency")) {
            Ok(amount) => Some(amount),
            Err(error) => {
                let field = if error == InvalidAmount::Currency { "currency" } else { "value" };
                mistakes.add(field, format!("{error}."));
                None
            }
        },
    };
    if stage.is_none() && form.text("stage") != "open" {
        mistakes.add("stage", "Choose a stage.");
    }
    let quality = mistakes.check("quality", Quality::parse(form.text("quality")).ok_or("Choose a quality."));
    let reason = Some(form.text("reason").to_owned()).filter(|reason| !reason.is_empty());
    if let Some(quality) = quality.filter(|_| mistakes.is_empty()) {
        let rating = Rating { stage, amount, quality, reason };
        let rated = rate_lead(&engines.core, &member.actor(), (member.project.id, lead), rating).await;
        match told(rated).await? {
            None => return Ok(go(&format!("{}#rating", Place::Lead.path(&member.path(), lead)))),
            Some(refused) => mistakes.add("reason", format!("{refused}.")),
        }
    }
    let mut page = page_again(&engines, &member, lead).await?;
    page.mistakes = mistakes;
    page.rating.stage = form.text("stage").to_owned();
    page.rating.value = form.text("value").to_owned();
    page.rating.currency = form.text("currency").to_owned();
    page.rating.quality = form.text("quality").to_owned();
    page.rating.reason = form.text("reason").to_owned();
    invalid(&page)
}

/// Whether the lead is one of the business's own people.
pub async fn own_people(
    State(engines): State<Engines>,
    member: Member<Reply>,
    Path((_, lead)): LeadPath,
    form: Form,
) -> Result<Response> {
    let is_internal = form.text("own") == "yes";
    let set = set_internal(&engines.core, &member.actor(), (member.project.id, lead), is_internal).await;
    match told(set).await? {
        None => Ok(go(&format!("{}#rating", Place::Lead.path(&member.path(), lead)))),
        Some(refused) => Err(ApiError::field("own", format!("{refused}."))),
    }
}

pub async fn note(
    State(engines): State<Engines>,
    member: Member<Reply>,
    Path((_, lead)): LeadPath,
    form: Form,
) -> Result<Response> {
    let text = form.text("note").to_owned();
    let noted = add_note(&engines.core, &member.actor(), (member.project.id, lead), &text).await;
    let refused = match told(noted).await? {
        None => return Ok(go(&format!("{}#timeline", Place::Lead.path(&member.path(), lead)))),
        Some(refused) => refused,
    };
    let mut page = page_again(&engines, &member, lead).await?;
    page.mistakes = Mistakes::one("note", format!("{refused}."));
    page.note = text;
    invalid(&page)
}

/// What to say; `None` where it was done. An unknown lead and an error of ours are answered as such.
async fn told(result: std::result::Result<(), EditRefused>) -> Result<Option<EditRefused>> {
    match result {
        Ok(()) => Ok(None),
        Err(EditRefused::Unknown) => Err(no_such_path().await),
        Err(EditRefused::Failed(error)) => Err(error.into()),
        Err(refused) => Ok(Some(refused)),
    }
}

async fn page_again(engines: &Engines, member: &Member<Reply>, lead: LeadId) -> Result<LeadPage> {
    let frame = Frame::of_member(&engines.core, member, "leads").await?;
    let wanted = Wanted { lead, place: Place::Lead, before: None };
    match load(&engines.core, member, &frame, wanted).await? {
        Some(loaded) => lead_page(engines, member, frame, loaded, &[]).await,
        None => Err(no_such_path().await),
    }
}
