//! `/p/{project}/settings/alerts`: who is told by e-mail of what needs attention, and the operational webhooks.

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use crate::attention::{NotAMember, set_alerts};
use crate::domain::account::Permission;
use crate::domain::attention::{Alerts, AttentionKind};
use crate::domain::delivery::DeliveryStatus;
use crate::domain::ids::UserId;
use crate::domain::time::SignedDuration;
use crate::engines::Engines;
use crate::http::console::event_names::is_operational;
use crate::http::console::exchange::short_url;
use crate::http::console::form::Form;
use crate::http::console::frame::Frame;
use crate::http::console::view::{go, page};
use crate::http::console::who::{Configure, Member, Needs};
use crate::http::error::{ApiError, Result, no_such_path};
use crate::http::routes::Routes;
use crate::store::alerts::{self, ToldMember};
use crate::store::delivery_rows::{self, LastDelivery};
use crate::store::users;
use crate::store::webhooks::{self, Webhook};

/// People that are listed: all that a project may have.
const LISTED_MAX: u32 = 500;
/// How old the last delivery may be that is shown.
const LAST_WITHIN: SignedDuration = SignedDuration::from_hours(30 * 24);

pub fn routes() -> Routes {
    Routes::default()
        .get("/p/{project}/settings/alerts", show)
        .post("/p/{project}/settings/alerts", set_own)
        .post("/p/{project}/settings/alerts/person", set_of_person)
}

#[derive(Template)]
#[template(path = "settings/alerts.html")]
struct AlertsPage {
    frame: Frame,
    kinds: [AttentionKind; AttentionKind::OF_PROJECT.len()],
    /// Where mails are sent by; `None` where they are not.
    mail: Option<String>,
    /// The person who looks, where they are a member.
    own: Option<ToldMember>,
    /// All others, for those who decide for them.
    others: Vec<ToldMember>,
    webhooks: Vec<OperationalWebhook>,
}

impl AlertsPage {
    fn is_chosen(&self, person: &ToldMember, kind: &AttentionKind) -> bool {
        person.alerts.has(*kind)
    }
}

struct OperationalWebhook {
    webhook: Webhook,
    title: String,
    url: String,
    last: Option<LastDelivery>,
}

async fn show(State(engines): State<Engines>, member: Member) -> Result<Response> {
    page(&alerts_page(&engines, &member).await?)
}

async fn alerts_page<N: Needs>(engines: &Engines, member: &Member<N>) -> Result<AlertsPage> {
    let (core, project) = (&engines.core, member.project.id);
    let since = core.clock.now() - LAST_WITHIN;
    let read = core.db.read(async move |conn| {
        let people = alerts::members(conn, project, LISTED_MAX).await?;
        let mut webhooks = webhooks::list(conn, project).await?;
        webhooks.retain(|webhook| is_operational(&webhook.events));
        let mut shown = Vec::new();
        for webhook in webhooks {
            let last = delivery_rows::last_of(conn, project, webhook.id, since).await?;
            shown.push((webhook, last));
        }
        Ok((people, shown))
    });
    let (people, webhooks) = read.await?;
    let frame = Frame::of_member(core, member, "settings").await?;
    let (mut own, mut others): (Vec<_>, Vec<_>) = people.into_iter().partition(|one| one.user.id == member.who.user.id);
    if !frame.may(Permission::Configure) {
        others.clear();
    }
    let row = |(webhook, last): (Webhook, Option<LastDelivery>)| OperationalWebhook {
        title: webhook.title(),
        url: short_url(&webhook.url),
        webhook,
        last,
    };
    Ok(AlertsPage {
        frame,
        kinds: AttentionKind::OF_PROJECT,
        mail: core.mailer.as_ref().map(|mailer| mailer.from().to_string()),
        own: own.pop(),
        others,
        webhooks: webhooks.into_iter().map(row).collect(),
    })
}

/// Everybody chooses for themselves.
async fn set_own(State(engines): State<Engines>, member: Member, form: Form) -> Result<Response> {
    set(&engines, &member, member.who.user.id, &form).await
}

async fn set_of_person(State(engines): State<Engines>, member: Member<Configure>, form: Form) -> Result<Response> {
    let public_id = form.text("user").to_owned();
    let found = engines.core.db.read(async move |conn| Ok(users::find_public(conn, &public_id).await?)).await?;
    let Some(user) = found else { return Err(no_such_path().await) };
    set(&engines, &member, user.id, &form).await
}

async fn set<N: Needs>(engines: &Engines, member: &Member<N>, user: UserId, form: &Form) -> Result<Response> {
    let chosen = Alerts::new(|kind| form.has(kind.as_str()));
    match set_alerts(&engines.core, &member.actor(), member.project.id, user, chosen).await {
        Ok(()) => Ok(go(&format!("{}/settings/alerts", member.path()))),
        Err(error) if error.is::<NotAMember>() && user == member.who.user.id => {
            Err(ApiError::Conflict("You look after the instance: only members of a project are told of it.".to_owned()))
        }
        // Somebody else's account is nothing here.
        Err(error) if error.is::<NotAMember>() => Err(no_such_path().await),
        Err(error) => Err(error.into()),
    }
}
