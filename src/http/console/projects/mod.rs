//! `/projects`: the projects of a person, and a new one.

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use super::form::{Form, Mistakes};
use super::frame::Frame;
use super::view::{go, invalid, page};
use super::who::SignedIn;
use crate::domain::account::Role;
use crate::domain::actor::Scope;
use crate::domain::phone::Region;
use crate::engines::Engines;
use crate::http::error::{ApiError, Result};
use crate::http::routes::Routes;
use crate::projects::create_project::{NewProject, create_project};
use crate::store::projects::Project;
use crate::store::{attention, members, projects};

/// Projects that are listed.
const LISTED_MAX: u32 = 500;
/// Zones that are proposed; any other can be typed.
const ZONES: [&str; 24] = [
    "UTC",
    "Europe/London",
    "Europe/Berlin",
    "Europe/Madrid",
    "Europe/Paris",
    "Europe/Istanbul",
    "Europe/Moscow",
    "Africa/Lagos",
    "Africa/Johannesburg",
    "Asia/Dubai",
    "Asia/Karachi",
    "Asia/Kolkata",
    "Asia/Dhaka",
    "Asia/Jakarta",
    "Asia/Singapore",
    "Asia/Hong_Kong",
    "Asia/Manila",
    "Asia/Tokyo",
    "Australia/Sydney",
    "America/Sao_Paulo",
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Los_Angeles",
];

pub fn routes() -> Routes {
    Routes::default().get("/projects", list).get("/projects/new", show_new).post("/projects/new", create)
}

struct ProjectRow {
    name: String,
    path: String,
    role: &'static str,
    region: String,
    zone: String,
    /// How much needs attention.
    attention: i64,
}

#[derive(Template)]
#[template(path = "projects/projects.html")]
struct ProjectsPage {
    frame: Frame,
    rows: Vec<ProjectRow>,
    may_create: bool,
}

#[derive(Template)]
#[template(path = "projects/new.html")]
struct NewProjectPage {
    frame: Frame,
    mistakes: Mistakes,
    name: String,
    region: String,
    zone: String,
    zones: &'static [&'static str],
}

async fn list(State(engines): State<Engines>, who: SignedIn) -> Result<Response> {
    let own = own_projects(&engines, &who).await?;
    let may_create = may_create(&who, &own);
    let ids: Vec<_> = own.iter().map(|(project, _)| project.id).collect();
    let counts = engines.core.db.read(async move |conn| Ok(attention::counts(conn, &ids).await?)).await?;
    let rows = own
        .into_iter()
        .map(|(project, role)| ProjectRow {
            path: format!("/p/{}", project.public_id),
            attention: counts.get(&project.id).copied().unwrap_or_default(),
            name: project.name,
            role: role.as_str(),
            region: project.region,
            zone: project.time_zone,
        })
        .collect();
    page(&ProjectsPage { frame: Frame::of_person(&engines.core, &who), rows, may_create })
}

async fn show_new(State(engines): State<Engines>, who: SignedIn) -> Result<Response> {
    check_may_create(&engines, &who).await?;
    page(&NewProjectPage {
        frame: Frame::of_person(&engines.core, &who),
        mistakes: Mistakes::default(),
        name: String::new(),
        region: String::new(),
        zone: "UTC".to_owned(),
        zones: &ZONES,
    })
}

async fn create(State(engines): State<Engines>, who: SignedIn, form: Form) -> Result<Response> {
    check_may_create(&engines, &who).await?;
    let mut mistakes = Mistakes::default();
    let (name, region, zone) = (form.text("name"), form.text("region"), form.text("timezone"));
    if name.is_empty() || name.chars().count() > 200 {
        mistakes.add("name", "write a name of 1 to 200 characters");
    }
    mistakes.check("region", Region::parse(region));
    if jiff::tz::TimeZone::get(zone).is_err() {
        mistakes.add("timezone", "this is no time zone: choose one of the list, or write an IANA name");
    }
    if !mistakes.is_empty() {
        let (name, region, zone) = (name.to_owned(), region.to_owned(), zone.to_owned());
        let frame = Frame::of_person(&engines.core, &who);
        return invalid(&NewProjectPage { frame, mistakes, name, region, zone, zones: &ZONES });
    }
    let new = NewProject {
        name: name.to_owned(),
        region: region.to_owned(),
        time_zone: zone.to_owned(),
        ..NewProject::default()
    };
    let project = create_project(&engines.core, &who.actor(Scope::Instance), new).await?;
    Ok(go(&format!("/p/{}/setup", project.public_id)))
}

async fn own_projects(engines: &Engines, who: &SignedIn) -> Result<Vec<(Project, Role)>> {
    let (user, is_operator) = (who.user.id, who.user.is_operator);
    let own = engines.core.db.read(async move |conn| {
        if is_operator {
            let all = projects::list(conn, LISTED_MAX).await?;
            return Ok(all.into_iter().map(|project| (project, Role::Owner)).collect());
        }
        Ok(members::projects_of(conn, user, LISTED_MAX).await?)
    });
    Ok(own.await?)
}

/// Operators and owners make projects.
fn may_create(who: &SignedIn, own: &[(Project, Role)]) -> bool {
    who.user.is_operator || own.iter().any(|(_, role)| *role == Role::Owner)
}

async fn check_may_create(engines: &Engines, who: &SignedIn) -> Result<()> {
    if may_create(who, &own_projects(engines, who).await?) {
        return Ok(());
    }
    Err(ApiError::Forbidden("Only owners of a project and operators create projects.".to_owned()))
}
