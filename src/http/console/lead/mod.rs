//! `/p/{project}/leads/{lead}`: one person, with all that is known of them and that happened.

mod changes;
pub mod details;
mod erase;
mod medium;
mod template;
mod timeline;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use serde_json::{Map, Value};

use self::details::{Detail, details};
use self::timeline::{Happened, KINDS, Step, device, page as page_of, steps};
use super::form::{Mistakes, capitalized};
use super::frame::{Frame, initials};
use super::leads::query::{QUALITIES, QUALITY_REASONS, STAGES};
use super::overview::reasons::{Reason, reason};
use super::talk::{Line, Medium, Place, Talk, Wanted, before, load, status_pill};
use super::view::{Html, invalid, page};
use super::who::{Member, Needs};
use crate::conversations::edit_lead::NOTE_CHARS_MAX;
use crate::domain::account::Permission;
use crate::domain::form::Form;
use crate::domain::ids::{LeadId, MessageId};
use crate::domain::lead::Handling;
use crate::domain::masked::mask;
use crate::engines::Engines;
use crate::http::error::{Result, no_such_path};
use crate::http::extract::{Path, Query};
use crate::http::routes::Routes;
use crate::store::charges::{self, Charge};
use crate::store::lead_view::{self, LeadClick, ViewedLead};
use crate::store::projects::Project;
use crate::store::window::Position;
use crate::store::{lead_activity, lead_fields, model_calls, talk};

/// Values, events, clicks and other things that a page shows of a lead, at most.
const SHOWN_MAX: u32 = 200;

pub fn routes() -> Routes {
    Routes::default()
        .get("/p/{project}/leads/{lead}", show)
        .post("/p/{project}/leads/{lead}/field", changes::field)
        .post("/p/{project}/leads/{lead}/rating", changes::rating)
        .post("/p/{project}/leads/{lead}/own-people", changes::own_people)
        .post("/p/{project}/leads/{lead}/note", changes::note)
        .get("/p/{project}/leads/{lead}/media/{message}", medium::show)
        .get("/p/{project}/leads/{lead}/template", template::show)
        .post("/p/{project}/leads/{lead}/template", template::send)
        .get("/p/{project}/leads/{lead}/erase", erase::show)
        .post("/p/{project}/leads/{lead}/erase", erase::erase)
}

#[derive(Template)]
#[template(path = "lead/lead.html")]
pub struct LeadPage {
    frame: Frame,
    mistakes: Mistakes,
    talk: Talk,
    initials: String,
    correlation_id: Option<String>,
    status: Html,
    is_erased: bool,
    is_internal: bool,
    /// Why it is known or not where they came from.
    reason: Option<Reason>,
    details: Vec<Detail>,
    intent: Option<String>,
    /// The name in the address book of the platform's own app.
    saved_name: Option<String>,
    rating: RatingForm,
    came_from: Vec<(&'static str, String)>,
    charges: Vec<(String, i64)>,
    steps: Vec<Step>,
    kinds: Vec<KindLink>,
    /// Where messages stand that the page does not show.
    path: String,
    note: String,
    /// How often a language model was asked about the conversation, and the tokens of that.
    model: Option<(i64, i64)>,
}

/// What the form of stage and quality holds.
#[derive(Clone, Debug, Default)]
pub struct RatingForm {
    stage: String,
    value: String,
    currency: String,
    quality: String,
    reason: String,
}

/// A link that hides a kind of steps, or shows it.
struct KindLink {
    title: &'static str,
    href: String,
    is_shown: bool,
}

async fn show(
    State(engines): State<Engines>,
    member: Member,
    Path((_, lead)): Path<(String, LeadId)>,
    query: Query,
) -> Result<Response> {
    let frame = Frame::of_member(&engines.core, &member, "leads").await?;
    let wanted = Wanted { lead, place: Place::Lead, before: before(&query) };
    let Some((talk, viewed)) = load(&engines.core, &member, &frame, wanted).await? else {
        return Err(no_such_path().await);
    };
    let hidden = query.one("hide").ok().flatten().unwrap_or_default();
    let hidden: Vec<String> = hidden.split(',').filter(|kind| !kind.is_empty()).map(str::to_owned).collect();
    page(&lead_page(&engines, &member, frame, (talk, viewed), &hidden).await?)
}

/// The page with what is wrong: 422.
pub async fn refused<N: Needs>(
    engines: &Engines,
    member: &Member<N>,
    frame: Frame,
    loaded: (Talk, ViewedLead),
) -> Result<Response> {
    invalid(&lead_page(engines, member, frame, loaded, &[]).await?)
}

async fn lead_page<N: Needs>(
    engines: &Engines,
    member: &Member<N>,
    frame: Frame,
    (talk, lead): (Talk, ViewedLead),
    hidden: &[String],
) -> Result<LeadPage> {
    let (project, id, conversation) = (member.project.id, lead.id, lead.conversation);
    let (history, happened, charges, model) = engines
        .core
        .db
        .read(async move |conn| {
            let events = lead_view::events(conn, project, conversation, SHOWN_MAX).await?;
            let keys: Vec<_> = events.iter().map(|event| Position::of(event.at, event.id)).collect();
            let happened = Happened {
                clicks: lead_view::clicks(conn, project, conversation, SHOWN_MAX).await?,
                referrals: lead_view::referrals(conn, project, conversation, SHOWN_MAX).await?,
                said: talk::page(conn, project, conversation, MessageId(i64::MAX), SHOWN_MAX).await?,
                deliveries: lead_view::deliveries(conn, project, &keys).await?,
                done: lead_activity::of_lead(conn, project, id, SHOWN_MAX).await?,
                events,
            };
            let charges = charges::of_conversation(conn, project, conversation).await?;
            let model = model_calls::of_conversation(conn, project, conversation).await?;
            Ok((lead_fields::of_lead(conn, project, id, SHOWN_MAX).await?, happened, charges, model))
        })
        .await?;
    let form = form_of(&member.project)?;
    let masked = member.sees_masked();
    let path = Place::Lead.path(&member.path(), id);
    let log = frame.path("integrations/log");
    Ok(LeadPage {
        mistakes: Mistakes::default(),
        initials: initials(&talk.name.title),
        correlation_id: lead.correlation_id.clone(),
        status: status_pill(lead.status),
        is_erased: lead.erased_at.is_some(),
        is_internal: lead.is_internal,
        reason: lead.attributed.map(reason),
        details: details(&lead, &form, &history, masked),
        intent: lead.intent.as_deref().map(|intent| if masked { mask(intent) } else { intent.to_owned() }),
        saved_name: lead.saved_name.as_deref().map(|name| if masked { mask(name) } else { name.to_owned() }),
        rating: rating_of(&lead, &member.project.region),
        came_from: came_from(happened.clicks.first()),
        charges: charges.into_iter().map(charge).collect(),
        steps: steps(&happened, hidden, &log, masked),
        kinds: kinds(&path, hidden),
        path,
        note: String::new(),
        model: Some(model).filter(|(calls, _)| *calls > 0),
        frame,
        talk,
    })
}

/// The lead form of a project.
pub fn form_of(project: &Project) -> Result<Form> {
    match &project.form {
        Some(form) => Ok(Form::parse(form)?),
        None => Ok(Form::default_form()),
    }
}

fn rating_of(lead: &ViewedLead, region: &str) -> RatingForm {
    RatingForm {
        stage: lead.stage.clone().unwrap_or_else(|| "open".to_owned()),
        value: lead.stage_value.map(|value| format!("{}.{:02}", value / 100, value % 100)).unwrap_or_default(),
        currency: lead.currency.clone().unwrap_or_else(|| currency_of(region).to_owned()),
        quality: lead.quality.as_str().to_owned(),
        reason: lead.quality_reason.clone().unwrap_or_default(),
    }
}

/// The currency that is proposed in a region.
fn currency_of(region: &str) -> &'static str {
    match region {
        "AT" | "BE" | "CY" | "DE" | "EE" | "ES" | "FI" | "FR" | "GR" | "HR" | "IE" | "IT" | "LT" | "LU" | "LV"
        | "MT" | "NL" | "PT" | "SI" | "SK" => "EUR",
        "GB" => "GBP",
        "SG" => "SGD",
        "MY" => "MYR",
        "ID" => "IDR",
        "IN" => "INR",
        "AU" => "AUD",
        "CA" => "CAD",
        "CH" => "CHF",
        "JP" => "JPY",
        "HK" => "HKD",
        "AE" => "AED",
        "BR" => "BRL",
        "ZA" => "ZAR",
        "US" => "USD",
        _ => "",
    }
}

/// A line of what the platform charges: the category in words, and how many messages.
fn charge(charge: Charge) -> (String, i64) {
    let category = charge.category.map(|category| capitalized(&category.replace('_', " ")));
    (category.unwrap_or_else(|| "Free of charge".to_owned()), charge.messages)
}

fn came_from(click: Option<&LeadClick>) -> Vec<(&'static str, String)> {
    let Some(click) = click else { return Vec::new() };
    let params: Map<String, Value> = serde_json::from_str(&click.parsed_params).unwrap_or_default();
    let text = |key: &str| params.get(key).and_then(Value::as_str).map(str::to_owned);
    let source = match (text("utm_source"), text("utm_medium")) {
        (Some(source), Some(medium)) => Some(format!("{source} / {medium}")),
        (source, medium) => source.or(medium).or_else(|| Some("direct".to_owned())),
    };
    let page = |url: &Option<String>| url.as_deref().map(|url| page_of(url).to_owned());
    [
        ("Source", source),
        ("Campaign", text("utm_campaign")),
        ("Keyword", text("utm_term").or_else(|| text("keyword"))),
        ("First page", page(&click.first_raw_url)),
        ("Pressed on", page(&click.click_url)),
        ("Sent by", page(&click.referrer)),
        ("Device", device(click.user_agent.as_deref())),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name, value?)))
    .collect()
}

fn kinds(path: &str, hidden: &[String]) -> Vec<KindLink> {
    let link = |(word, title): (&str, &'static str)| {
        let is_shown = !hidden.iter().any(|hidden| hidden == word);
        let mut others: Vec<&str> = hidden.iter().map(String::as_str).filter(|hidden| *hidden != word).collect();
        if is_shown {
            others.push(word);
        }
        let known: Vec<&str> = others.into_iter().filter(|word| KINDS.iter().any(|(kind, _)| kind == word)).collect();
        let query = if known.is_empty() { String::new() } else { format!("?hide={}", known.join(",")) };
        KindLink { title, href: format!("{path}{query}#timeline"), is_shown }
    };
    KINDS.map(link).into()
}
