//! `/p/{project}/leads/{lead}/template`: writes to somebody whose window closed, with a template that the platform has approved.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use crate::channels::ApprovedTemplate;
use crate::conversations::reply_as_person::ReplyRefused;
use crate::conversations::send_template::{Choice, TemplateRefused, VALUE_CHARS_MAX, send_template, templates_for};
use crate::domain::ids::{LeadId, MessageId};
use crate::engines::Engines;
use crate::http::console::form::{Form, Mistakes, capitalized};
use crate::http::console::frame::Frame;
use crate::http::console::talk::{Place, name_of};
use crate::http::console::view::{go, invalid, page};
use crate::http::console::who::{Member, Reply};
use crate::http::error::{Result, no_such_path};
use crate::http::extract::{Path, Query};
use crate::store::{handling, lead_view};

type LeadPath = Path<(String, LeadId)>;

#[derive(Template)]
#[template(path = "lead/template.html")]
struct TemplatePage {
    frame: Frame,
    mistakes: Mistakes,
    name: String,
    path: String,
    seen: MessageId,
    templates: Vec<ApprovedTemplate>,
    /// The one that is chosen, with its values: name and text.
    chosen: Option<(ApprovedTemplate, Vec<(String, String)>)>,
}

pub async fn show(
    State(engines): State<Engines>,
    member: Member<Reply>,
    Path((_, lead)): LeadPath,
    query: Query,
) -> Result<Response> {
    let chosen = |name: &str| query.one(name).ok().flatten().unwrap_or_default().to_owned();
    let (name, language) = (chosen("name"), chosen("language"));
    let (templates, mistakes) = match templates_for(&engines.core, member.project.id, lead).await {
        Ok(templates) => (templates, Mistakes::default()),
        Err(why) => (Vec::new(), Mistakes::one("value", words(why).await?)),
    };
    let shown = template_page(&engines, &member, lead, templates, (&name, &language, &BTreeMap::new())).await?;
    page(&TemplatePage { mistakes, ..shown })
}

pub async fn send(
    State(engines): State<Engines>,
    member: Member<Reply>,
    Path((_, lead)): LeadPath,
    form: Form,
) -> Result<Response> {
    let values = form.all("value_name").zip(form.all("value"));
    let values: BTreeMap<String, String> = values.map(|(name, text)| (name.to_owned(), text.to_owned())).collect();
    let choice = Choice {
        name: form.text("name").to_owned(),
        language: form.text("language").to_owned(),
        values,
        seen: form.text("seen").parse().unwrap_or(MessageId(0)),
    };
    let project = member.project.id;
    let (templates, refused) = match templates_for(&engines.core, project, lead).await {
        Ok(templates) => {
            let (actor, place, choice) = (member.actor(), (project, lead), choice.clone());
            let sent = send_template(&engines.core, &actor, place, &templates, choice).await;
            (templates, sent.err())
        }
        Err(why) => (Vec::new(), Some(why)),
    };
    let Some(refused) = refused else {
        return Ok(go(&format!("{}#talk", Place::Lead.path(&member.path(), lead))));
    };
    let mistakes = Mistakes::one("value", words(refused).await?);
    let chosen = (choice.name.as_str(), choice.language.as_str(), &choice.values);
    let shown = template_page(&engines, &member, lead, templates, chosen).await?;
    invalid(&TemplatePage { mistakes, ..shown })
}

/// Why nothing was sent, as the page says it.
async fn words(refused: TemplateRefused) -> Result<String> {
    match refused {
        TemplateRefused::Unknown | TemplateRefused::Reply(ReplyRefused::Unknown) => Err(no_such_path().await),
        TemplateRefused::Failed(error) | TemplateRefused::Reply(ReplyRefused::Failed(error)) => Err(error.into()),
        refused => {
            let said = capitalized(&refused.to_string());
            Ok(if said.ends_with('.') { said } else { format!("{said}.") })
        }
    }
}

async fn template_page(
    engines: &Engines,
    member: &Member<Reply>,
    lead: LeadId,
    templates: Vec<ApprovedTemplate>,
    (name, language, values): (&str, &str, &BTreeMap<String, String>),
) -> Result<TemplatePage> {
    let project = member.project.id;
    let found = engines.core.db.read(async move |conn| {
        let Some(viewed) = lead_view::find(conn, project, lead).await? else { return Ok(None) };
        Ok(handling::find(conn, project, lead).await?.map(|handled| (viewed, handled)))
    });
    let Some((viewed, handled)) = found.await? else { return Err(no_such_path().await) };
    let chosen = templates.iter().find(|one| one.name == name && one.language == language).cloned();
    let filled = |template: ApprovedTemplate| {
        let values = template.values().into_iter().map(|name| {
            let value = values.get(&name).cloned().unwrap_or_default();
            (name, value)
        });
        (template.clone(), values.collect())
    };
    Ok(TemplatePage {
        frame: Frame::of_member(&engines.core, member, "leads").await?,
        mistakes: Mistakes::default(),
        name: name_of(&viewed, member.sees_masked()).title,
        path: Place::Lead.path(&member.path(), lead),
        seen: handled.newest_message.unwrap_or(MessageId(0)),
        templates,
        chosen: chosen.map(filled),
    })
}
