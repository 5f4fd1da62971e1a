//! `…/webhook/new` and `…/webhook/{webhook}/edit`: the form of a webhook.

use std::collections::HashMap;

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use super::super::event_names::name_of;
use super::super::exchange::body_html;
use super::super::form::{Form, Mistakes};
use super::super::frame::Frame;
use super::super::view::{Html, go, invalid, page};
use super::super::who::{Configure, Member};
use super::health::grouped;
use super::show::page_with_secret;
use super::warnings::{self, Warning, warnings};
use super::webhook_form::WebhookForm;
use super::{find, header_names, webhook_path};
use crate::counts::events::{COUNT_MAX, events_of_week};
use crate::deliveries::samples::sample_body;
use crate::domain::delivery::Policy;
use crate::domain::event::EventType;
use crate::engines::Engines;
use crate::http::error::Result;
use crate::http::extract::{Path, Query};
use crate::outbound::receivers::{Guide, Receiver};
use crate::projects::add_webhook::{WebhookRefused, add_webhook};
use crate::projects::set_template::{TemplateRefused, check_template};
use crate::projects::update_webhook::update_webhook;
use crate::store::webhooks::{self, Webhook};

#[derive(Template)]
#[template(path = "webhook/form.html")]
struct FormPage {
    frame: Frame,
    mistakes: Mistakes,
    warnings: Vec<Warning>,
    /// The warnings by their keys: in the form, once they were shown.
    seen: String,
    form: WebhookForm,
    /// How often each event happened in the last seven days, where that is counted.
    counts: HashMap<&'static str, String>,
    sample: Html,
    /// What to paste where, for receivers that many people have; none where a webhook is edited.
    receivers: Vec<(Receiver, Guide)>,
    /// The webhook that is edited: its name and its page.
    edited: Option<(String, String)>,
    action: String,
}

/// What is said of a URL while it is typed.
#[derive(Template)]
#[template(path = "webhook/form.html", block = "check")]
struct CheckPart {
    frame: Frame,
    mistakes: Mistakes,
    warnings: Vec<Warning>,
}

/// With `?for=attention` the form of one that is told of what needs attention.
pub async fn show_new(State(engines): State<Engines>, member: Member<Configure>, query: Query) -> Result<Response> {
    let is_operational = query.one("for").ok().flatten() == Some("attention");
    let form = if is_operational { WebhookForm::operational() } else { WebhookForm::default() };
    page(&form_page(&engines, &member, form, None).await?)
}

pub async fn show_edit(
    State(engines): State<Engines>,
    member: Member<Configure>,
    Path((_, id)): Path<(String, String)>,
) -> Result<Response> {
    let webhook = find(&engines, &member, &id).await?;
    let form = WebhookForm::of(&webhook, header_names(&engines, &webhook)?);
    page(&form_page(&engines, &member, form, Some(&webhook)).await?)
}

/// Exact up to [`COUNT_MAX`], but for clicks.
fn counted(event: EventType, count: i64) -> String {
    let is_cut = event != EventType::WidgetClick && count > COUNT_MAX;
    let shown = if is_cut { COUNT_MAX } else { count };
    format!("{}{}", grouped(shown.unsigned_abs()), if is_cut { "+" } else { "" })
}

async fn form_page(
    engines: &Engines,
    member: &Member<Configure>,
    form: WebhookForm,
    edited: Option<&Webhook>,
) -> Result<FormPage> {
    let core = &engines.core;
    let (project, now) = (member.project.id, core.clock.now());
    let counts = match form.is_operational {
        true => Vec::new(),
        false => core.db.read(async move |conn| events_of_week(conn, project, now).await).await?,
    };
    let action = match edited {
        Some(webhook) => format!("{}/edit", webhook_path(member, &webhook.public_id)),
        None => webhook_path(member, "new"),
    };
    Ok(FormPage {
        frame: Frame::of_member(core, member, "webhook").await?,
        mistakes: Mistakes::default(),
        warnings: Vec::new(),
        seen: String::new(),
        sample: body_html(&sample_body(
            if form.is_operational { EventType::AttentionOpened } else { EventType::LeadCreated },
            core.clock.now(),
        )),
        form,
        counts: counts.into_iter().map(|(event, count)| (event.as_str(), counted(event, count))).collect(),
        receivers: Receiver::ALL.into_iter().filter(|_| edited.is_none()).map(|one| (one, one.guide())).collect(),
        edited: edited.map(|webhook| (webhook.title(), webhook_path(member, &webhook.public_id))),
        action,
    })
}

pub async fn add(State(engines): State<Engines>, member: Member<Configure>, form: Form) -> Result<Response> {
    // The secret of the webhook is shown behind it.
    member.who.confirmed(&engines.core)?;
    let form = WebhookForm::read(&form);
    let mut mistakes = Mistakes::default();
    if let Some(settings) = form.settings(&engines.core, &mut mistakes) {
        let found = warnings_of(&engines, &member, &form, None).await?;
        if form.seen != keys(&found) {
            return warn(&engines, &member, form, (None, found)).await;
        }
        match add_webhook(&engines.core, &member.actor(), member.project.id, settings.new).await {
            Ok(added) => {
                let next = Receiver::parse(&form.receiver);
                return page_with_secret(&engines, &member, &added.public_id, (added.secret, next)).await;
            }
            Err(error) => refused(error, &mut mistakes)?,
        }
    }
    invalid(&FormPage { mistakes, ..form_page(&engines, &member, form, None).await? })
}

pub async fn update(
    State(engines): State<Engines>,
    member: Member<Configure>,
    Path((_, id)): Path<(String, String)>,
    form: Form,
) -> Result<Response> {
    let webhook = find(&engines, &member, &id).await?;
    let form = WebhookForm::read(&form);
    let mut mistakes = Mistakes::default();
    if let Some(settings) = form.settings(&engines.core, &mut mistakes) {
        let found = warnings_of(&engines, &member, &form, Some(&webhook)).await?;
        if form.seen != keys(&found) {
            return warn(&engines, &member, form, (Some(&webhook), found)).await;
        }
        match update_webhook(&engines.core, &member.actor(), member.project.id, webhook.id, settings).await {
            Ok(_) => return Ok(go(&webhook_path(&member, &id))),
            Err(error) => refused(error, &mut mistakes)?,
        }
    }
    invalid(&FormPage { mistakes, ..form_page(&engines, &member, form, Some(&webhook)).await? })
}

/// What is said of a URL while it is typed. It stops nobody from saving.
pub async fn check(State(engines): State<Engines>, member: Member<Configure>, form: Form) -> Result<Response> {
    let form = WebhookForm::read(&form);
    let mut mistakes = Mistakes::default();
    let mistake = warnings::mistake(&form.url, engines.core.webhook_client.policy());
    let warnings = match mistake {
        Some(text) if !form.url.is_empty() => {
            mistakes.add("url", text);
            Vec::new()
        }
        _ => warnings_of(&engines, &member, &form, None).await?,
    };
    page(&CheckPart { frame: Frame::of_member(&engines.core, &member, "webhook").await?, mistakes, warnings })
}

async fn warnings_of(
    engines: &Engines,
    member: &Member<Configure>,
    form: &WebhookForm,
    edited: Option<&Webhook>,
) -> Result<Vec<Warning>> {
    let (project, own) = (member.project.id, edited.map(|webhook| webhook.id));
    let others = engines.core.db.read(async move |conn| Ok(webhooks::list(conn, project).await?)).await?;
    let others: Vec<_> = others.into_iter().filter(|other| Some(other.id) != own).collect();
    let headers: Vec<&str> = form.headers.iter().map(|row| row.name.as_str()).collect();
    let mut found = warnings(&form.url, &form.events, &headers, &others);
    found.extend(edited.and_then(|webhook| template_warning(engines, webhook, &form.events)));
    Ok(found)
}

/// That the webhook's template makes no body of an event that it is to receive.
fn template_warning(engines: &Engines, webhook: &Webhook, events: &[String]) -> Option<Warning> {
    let template = webhook.template.as_ref()?;
    match check_template(&engines.core, webhook, events, &template.text) {
        Err(TemplateRefused::Event { event, error, .. }) => {
            let text = format!("The template makes no body of {}: {error}.", name_of(event.as_str()));
            Some(Warning { key: format!("template-{}", event.as_str()), text })
        }
        _ => None,
    }
}

fn keys(warnings: &[Warning]) -> String {
    warnings.iter().map(|warning| warning.key.as_str()).collect::<Vec<_>>().join(",")
}

/// Asks once whether it is meant so.
async fn warn(
    engines: &Engines,
    member: &Member<Configure>,
    form: WebhookForm,
    (edited, warnings): (Option<&Webhook>, Vec<Warning>),
) -> Result<Response> {
    let seen = keys(&warnings);
    invalid(&FormPage { warnings, seen, ..form_page(engines, member, form, edited).await? })
}

/// Puts what is wrong at its field; an error of ours goes on as one.
fn refused(error: WebhookRefused, mistakes: &mut Mistakes) -> Result<()> {
    let field = match &error {
        WebhookRefused::Failed(_) => {
            let WebhookRefused::Failed(error) = error else { return Ok(()) };
            return Err(error.into());
        }
        WebhookRefused::Header(_) | WebhookRefused::HeaderOfOtherHost(_) => "header-1-name",
        WebhookRefused::Name => "name",
        _ => "url",
    };
    mistakes.add(field, error);
    Ok(())
}
