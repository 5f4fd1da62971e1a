//! `/p/{project}/settings`: the project's name and place, privacy, who is told of what, and the audit log.

mod agent;
mod alerts;
mod audit_log;

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use super::form::{Form, Mistakes};
use super::frame::Frame;
use super::view::{go, invalid, page};
use super::who::{Configure, Member, Needs, Own};
use crate::conversations::answer_rule::{AnswerRule, set_answer_rule};
use crate::domain::account::Permission;
use crate::domain::lead::CreatedWhen;
use crate::domain::links_domain::LinksDomain;
use crate::domain::phone::Region;
use crate::domain::retention::{Kind, Period};
use crate::domain::time::SignedDuration;
use crate::domain::visitor::IpPolicy;
use crate::engines::Engines;
use crate::http::error::Result;
use crate::http::routes::Routes;
use crate::projects::set_retention::{ProjectPeriod, retention_of, set_retention};
use crate::projects::update_project::{ABANDONED_AFTER, NUDGE_AFTER, ProjectChanges, UpdateRefused, update_project};
use crate::store::handling;
use crate::store::projects::Project;

/// Microseconds of a minute.
const MINUTE_US: i64 = 60_000_000;
/// The longest that a message may wait: a week.
const MINUTES_MAX: i64 = 7 * 24 * 60;
/// Characters of a project's name.
const NAME_CHARS_MAX: usize = 200;
/// How much of an address is kept, in words.
const IP_POLICIES: [(&str, &str); 3] =
    [("full", "are kept"), ("truncated", "are kept without their last part (/24, /48)"), ("omitted", "are not kept")];

/// No nudge.
const NEVER: &str = "never";
/// When somebody who went silent is asked once more.
const NUDGES: [(&str, &str); 6] = [
    (NEVER, "never"),
    ("1h", "after 1 hour"),
    ("2h", "after 2 hours"),
    ("4h", "after 4 hours"),
    ("8h", "after 8 hours"),
    ("20h", "after 20 hours"),
];
/// When a silent lead is abandoned.
const ABANDONMENTS: [(&str, &str); 5] =
    [("6h", "6 hours"), ("24h", "1 day"), ("48h", "2 days"), ("72h", "3 days"), ("168h", "7 days")];

pub fn routes() -> Routes {
    Routes::default()
        .get("/p/{project}/settings", show)
        .post("/p/{project}/settings", update)
        .post("/p/{project}/settings/answers", set_answers)
        .post("/p/{project}/settings/privacy", set_privacy)
        .merge(agent::routes())
        .merge(alerts::routes())
        .merge(audit_log::routes())
}

/// What stands in the fields.
struct Values {
    name: String,
    region: String,
    zone: String,
    /// The host that links have instead of the server's; empty for none.
    links_domain: String,
}

/// How long something is kept.
struct PeriodRow {
    kind: &'static str,
    words: &'static str,
    hint: &'static str,
    value: String,
    default: String,
}

#[derive(Template)]
#[template(path = "settings/settings.html")]
struct SettingsPage {
    frame: Frame,
    mistakes: Mistakes,
    project: Project,
    values: Values,
    periods: Vec<PeriodRow>,
    /// How long a message may wait for somebody who took over, as it was typed.
    minutes: String,
    agent_resumes: bool,
    ip_policies: &'static [(&'static str, &'static str)],
    /// When somebody who went silent is asked once more, and what is offered for it.
    nudge_after: String,
    nudges: Vec<(String, String)>,
    /// When a silent lead is abandoned, and what is offered for it.
    abandoned_after: String,
    abandonments: Vec<(String, String)>,
}

async fn show(State(engines): State<Engines>, member: Member) -> Result<Response> {
    page(&settings_page(&engines, &member).await?)
}

async fn settings_page<N: Needs>(engines: &Engines, member: &Member<N>) -> Result<SettingsPage> {
    let (own, id) = (retention_of(&engines.core, member.project.id).await?, member.project.id);
    let rule = engines.core.db.read(async move |conn| Ok(handling::rule(conn, id).await?));
    let (after_us, agent_resumes) = rule.await?;
    let row = |period: ProjectPeriod| {
        let (words, hint) = words_of(period.kind);
        PeriodRow {
            kind: period.kind.as_str(),
            words,
            hint,
            value: if period.is_own { period.period.to_string() } else { String::new() },
            default: engines.core.config.retention.of(period.kind).to_string(),
        }
    };
    let project = member.project.clone();
    let nudge_after = project.nudge_after.map_or_else(|| NEVER.to_owned(), |after| format!("{after:#}"));
    let abandoned_after = format!("{:#}", project.abandoned_after);
    Ok(SettingsPage {
        nudges: offered(&NUDGES, &nudge_after),
        nudge_after,
        abandonments: offered(&ABANDONMENTS, &abandoned_after),
        abandoned_after,
        frame: Frame::of_member(&engines.core, member, "settings").await?,
        mistakes: Mistakes::default(),
        values: Values {
            name: project.name.clone(),
            region: project.region.clone(),
            zone: project.time_zone.clone(),
            links_domain: project.links_domain.clone().unwrap_or_default(),
        },
        project,
        periods: own.into_iter().map(row).collect(),
        minutes: (after_us / MINUTE_US).to_string(),
        agent_resumes,
        ip_policies: &IP_POLICIES,
    })
}

/// The choices of a time; what was set by command is one of them.
fn offered(choices: &[(&str, &str)], current: &str) -> Vec<(String, String)> {
    let mut all: Vec<_> = choices.iter().map(|(value, words)| ((*value).to_owned(), (*words).to_owned())).collect();
    if all.iter().all(|(value, _)| value != current) {
        all.push((current.to_owned(), current.to_owned()));
    }
    all
}

fn words_of(kind: Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::Clicks => ("Clicks without a conversation are kept", "Linked ones stay as long as their lead."),
        Kind::Events => ("Events and deliveries are kept", "They cannot be resent afterwards."),
        Kind::Messages => ("Messages are kept", "At least 8d. The lead keeps what was extracted."),
        Kind::Attempts => ("Attempts are kept", ""),
    }
}

async fn update(State(engines): State<Engines>, member: Member<Configure>, form: Form) -> Result<Response> {
    let mut mistakes = Mistakes::default();
    let (name, region, zone) = (form.text("name"), form.text("region"), form.text("timezone"));
    if name.is_empty() || name.chars().count() > NAME_CHARS_MAX {
        mistakes.add("name", "write a name of 1 to 200 characters");
    }
    mistakes.check("region", Region::parse(region));
    if jiff::tz::TimeZone::get(zone).is_err() {
        mistakes.add("timezone", "this is no time zone: write an IANA name, for example Asia/Singapore");
    }
    let domain = form.text("links_domain");
    let links_domain =
        (!domain.is_empty()).then(|| mistakes.check("links_domain", LinksDomain::parse(domain))).flatten();
    let [name, region, zone, domain] = [name, region, zone, domain].map(str::to_owned);
    let values = Values { name, region, zone, links_domain: domain };
    if !mistakes.is_empty() {
        return invalid(&SettingsPage { mistakes, values, ..settings_page(&engines, &member).await? });
    }
    let changes = ProjectChanges {
        name: Some(values.name.clone()),
        region: Some(values.region.clone()),
        time_zone: Some(values.zone.clone()),
        links_domain: Some(links_domain),
        lead_created: CreatedWhen::parse(form.text("lead_created")),
        nudge_after: match form.text("nudge_after") {
            NEVER => Some(None),
            after => after.parse().ok().filter(|after| NUDGE_AFTER.contains(after)).map(Some),
        },
        abandoned_after: form.text("abandoned_after").parse().ok().filter(|after| ABANDONED_AFTER.contains(after)),
        ..ProjectChanges::default()
    };
    match update_project(&engines.core, &member.actor(), member.project.id, changes).await {
        Ok(_) => Ok(go(&format!("{}/settings", member.path()))),
        Err(UpdateRefused::Failed(error)) => Err(error.into()),
        Err(refused) => {
            let mistakes = Mistakes::one("links_domain", refused);
            invalid(&SettingsPage { mistakes, values, ..settings_page(&engines, &member).await? })
        }
    }
}

async fn set_answers(State(engines): State<Engines>, member: Member<Configure>, form: Form) -> Result<Response> {
    let minutes = form.text("minutes").parse().ok().filter(|minutes| (1..=MINUTES_MAX).contains(minutes));
    let Some(minutes) = minutes else {
        let mistakes = Mistakes::one("minutes", format!("write a number of minutes from 1 to {MINUTES_MAX}, a week"));
        let (minutes, agent_resumes) = (form.text("minutes").to_owned(), form.has("agent_resumes"));
        let shown = settings_page(&engines, &member).await?;
        return invalid(&SettingsPage { mistakes, minutes, agent_resumes, ..shown });
    };
    let rule = AnswerRule { after: SignedDuration::from_mins(minutes), agent_resumes: form.has("agent_resumes") };
    set_answer_rule(&engines.core, &member.actor(), member.project.id, rule).await?;
    Ok(go(&format!("{}/settings", member.path())))
}

async fn set_privacy(State(engines): State<Engines>, member: Member<Own>, form: Form) -> Result<Response> {
    member.who.confirmed(&engines.core)?;
    let mut mistakes = Mistakes::default();
    let mut periods = Vec::new();
    for kind in Kind::OF_PROJECT {
        let text = form.text(kind.as_str());
        let period = (!text.is_empty()).then(|| mistakes.check(kind.as_str(), Period::parse(kind, text)));
        periods.push((kind, period.flatten()));
    }
    let ip_policy = form.text("ip").parse::<IpPolicy>().ok();
    if !mistakes.is_empty() {
        let mut shown = settings_page(&engines, &member).await?;
        for row in &mut shown.periods {
            form.text(row.kind).clone_into(&mut row.value);
        }
        return invalid(&SettingsPage { mistakes, ..shown });
    }
    let changes = ProjectChanges {
        ip_policy,
        members_may_export: Some(form.has("members_may_export")),
        viewers_see_masked: Some(form.has("viewers_see_masked")),
        ..ProjectChanges::default()
    };
    let updated = update_project(&engines.core, &member.actor(), member.project.id, changes).await;
    updated.map_err(|refused| match refused {
        UpdateRefused::Failed(error) => error,
        // Of a domain nothing was said.
        other => other.into(),
    })?;
    set_retention(&engines.core, &member.actor(), member.project.id, periods).await?;
    Ok(go(&format!("{}/settings", member.path())))
}
