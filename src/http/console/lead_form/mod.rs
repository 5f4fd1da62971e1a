//! `/p/{project}/form`: what the agent asks for, and a try-out of the form on the page. One form holds both, so that all of it works
//! without script; a button that does not save gives the page back with its change.

mod texts;
mod values;

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use self::values::{Ask, Values};
use super::form::{Form, Mistakes};
use super::frame::Frame;
use super::view::{go, invalid, page};
use super::who::{Configure, Member, Needs};
use crate::agent::TryOut;
use crate::domain::account::Permission;
use crate::domain::form::Form as LeadForm;
use crate::domain::phone::Region;
use crate::engines::Engines;
use crate::http::error::Result;
use crate::http::extract::Query;
use crate::http::routes::Routes;
use crate::projects::set_form::set_form;
use crate::store::form_versions::{self, FormVersion};
use crate::store::projects::Project;

/// Versions that are listed.
const VERSIONS_MAX: u32 = 30;

pub fn routes() -> Routes {
    Routes::default().get("/p/{project}/form", show).post("/p/{project}/form", change).merge(texts::routes())
}

#[derive(Template)]
#[template(path = "lead_form/form.html")]
struct FormPage {
    frame: Frame,
    mistakes: Mistakes,
    values: Values,
    versions: Vec<FormVersion>,
    shown_version: Option<i64>,
    is_saved: bool,
    try_out: TryOut,
    talk: String,
    is_trying: bool,
}

async fn show(State(engines): State<Engines>, member: Member, query: Query) -> Result<Response> {
    let (project, wanted) = (member.project.id, query.one("version").ok().flatten().and_then(|text| text.parse().ok()));
    let version = match wanted {
        Some(number) => {
            engines.core.db.read(async move |conn| Ok(form_versions::find(conn, project, number).await?)).await?
        }
        None => None,
    };
    let form = match &version {
        Some(version) => LeadForm::parse(&version.form).map_err(anyhow::Error::from)?,
        None => current_form(&member.project)?,
    };
    let shown = form_page(&engines, &member, Values::from(&form)).await?;
    page(&FormPage { is_saved: version.is_none(), shown_version: version.map(|version| version.number), ..shown })
}

async fn change(State(engines): State<Engines>, member: Member<Configure>, form: Form) -> Result<Response> {
    let texts = current_form(&member.project)?.texts;
    let (ask, mut values) = (Ask::parse(form.text("do")), Values::read(&form, texts));
    let mut try_out: TryOut = serde_json::from_str(form.raw("talk")).unwrap_or_default();
    values.change(ask);
    let checked = values.check();
    match (ask, &checked) {
        (Ask::Save, Ok(checked)) => {
            set_form(&engines.core, &member.actor(), member.project.id, checked).await?;
            return Ok(go(&format!("{}/form", member.path())));
        }
        (Ask::Try, Ok(checked)) if !form.text("said").is_empty() => {
            let shown_form = checked.clone();
            let (checked, said, now) = (checked.clone(), form.text("said").to_owned(), engines.core.clock.now());
            let (region, zone) = place(&member.project)?;
            // Reading takes a processor.
            let said = tokio::task::spawn_blocking(move || {
                try_out.say(&checked, (region, &zone), now, &said);
                try_out
            });
            try_out = said.await?;
            // With those that are always asked.
            values = Values::from(&shown_form);
        }
        (Ask::TryAgain, _) => try_out = TryOut::default(),
        _ => {}
    }
    let shown = form_page(&engines, &member, values).await?;
    let is_trying = matches!(ask, Ask::Try | Ask::TryAgain);
    let shown = FormPage { is_saved: false, talk: serde_json::to_string(&try_out)?, try_out, is_trying, ..shown };
    match checked {
        Err(error) if matches!(ask, Ask::Save | Ask::Try) => {
            invalid(&FormPage { mistakes: Mistakes::one("fields", error), ..shown })
        }
        _ => page(&shown),
    }
}

/// The form that a project has.
fn current_form(project: &Project) -> anyhow::Result<LeadForm> {
    Ok(project.form.as_deref().map(LeadForm::parse).transpose()?.unwrap_or_else(LeadForm::default_form))
}

fn place(project: &Project) -> anyhow::Result<(Region, jiff::tz::TimeZone)> {
    Ok((Region::parse(&project.region)?, jiff::tz::TimeZone::get(&project.time_zone)?))
}

async fn form_page<N: Needs>(engines: &Engines, member: &Member<N>, values: Values) -> Result<FormPage> {
    let project = member.project.id;
    let versions = engines.core.db.read(async move |conn| Ok(form_versions::list(conn, project, VERSIONS_MAX).await?));
    Ok(FormPage {
        frame: Frame::of_member(&engines.core, member, "form").await?,
        mistakes: Mistakes::default(),
        values,
        versions: versions.await?,
        shown_version: None,
        is_saved: true,
        try_out: TryOut::default(),
        talk: String::new(),
        is_trying: false,
    })
}
