//! `/instance`: health, disks, mail and accounts, for operators.

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use super::attention::ItemRow;
use super::form::Form;
use super::frame::Frame;
use super::view::{go, invalid, page};
use super::who::Operator;
use crate::accounts::remove_user::RemovalRefused;
use crate::attention::{DISKS_KNOWN_FOR, set_told_of_instance};
use crate::core::Core;
use crate::domain::actor::Scope;
use crate::domain::ids::{ProjectId, UserId};
use crate::domain::mail::MailStatus;
use crate::domain::time::Timestamp;
use crate::engines::Engines;
use crate::http::error::{ApiError, Result, no_such_path};
use crate::http::routes::Routes;
use crate::mails::send_test_mail;
use crate::store::attention::{self, AttentionItem};
use crate::store::disks::{self, Disk};
use crate::store::mails::{self, MailState};
use crate::store::users::{self, User};
use crate::store::{alerts, projects};

/// Accounts that are listed.
const LISTED_MAX: u32 = 1_000;

pub fn routes() -> Routes {
    Routes::default()
        .get("/instance", show)
        .post("/instance/link", link)
        .post("/instance/remove", remove)
        .post("/instance/mail-test", send_test)
        .post("/instance/alerts", set_told)
}

#[derive(Template)]
#[template(path = "instance/instance.html")]
struct InstancePage {
    frame: Frame,
    me: UserId,
    me_email: String,
    attention: Vec<ItemRow>,
    disks: Vec<DiskRow>,
    backed_up_at: Option<Timestamp>,
    /// The mail server, and who mails come from.
    mail: Option<(String, String)>,
    state: MailState,
    /// Whether who looks is told of the instance.
    is_told: bool,
    version: &'static str,
    engine: &'static str,
    base_url: String,
    is_guess: bool,
    data_dir: String,
    not_ready: Option<String>,
    projects: i64,
    users: Vec<User>,
    link: Option<(String, String)>,
    refused: Option<String>,
}

struct DiskRow {
    host: String,
    path: String,
    free: String,
    total: String,
}

impl DiskRow {
    fn new(disk: Disk) -> Self {
        let size = |bytes: i64| format!("{} GB", bytes / 1_000_000_000);
        Self { free: size(disk.free_bytes), total: size(disk.total_bytes), host: disk.host, path: disk.path }
    }
}

/// What the database knows of the instance.
struct Known {
    users: Vec<User>,
    projects: i64,
    attention: Vec<AttentionItem>,
    disks: Vec<Disk>,
    backed_up_at: Option<Timestamp>,
    state: MailState,
    is_told: bool,
}

async fn show(State(engines): State<Engines>, who: Operator) -> Result<Response> {
    page(&instance_page(&engines, &who).await?)
}

async fn instance_page(engines: &Engines, Operator(who): &Operator) -> Result<InstancePage> {
    let core = &engines.core;
    let not_ready = engines.readiness.check().await.err().map(|reason| reason.to_string());
    let Known { users, projects, attention, disks, backed_up_at, state, is_told } = known(core, who.user.id).await?;
    Ok(InstancePage {
        frame: Frame::of_person(core, who),
        me: who.user.id,
        me_email: who.user.email.clone(),
        attention: attention.into_iter().map(|item| ItemRow::new(item, "")).collect(),
        disks: disks.into_iter().map(DiskRow::new).collect(),
        backed_up_at,
        mail: core.mailer.as_ref().map(|mailer| (mailer.host(), mailer.from().to_string())),
        state,
        is_told,
        version: env!("CARGO_PKG_VERSION"),
        engine: core.db.engine(),
        base_url: core.config.base_url.clone(),
        is_guess: core.config.base_url_is_default,
        data_dir: core.config.data_dir.display().to_string(),
        not_ready,
        projects,
        users,
        link: None,
        refused: None,
    })
}

async fn known(core: &Core, me: UserId) -> Result<Known> {
    let since = core.clock.now() - DISKS_KNOWN_FOR;
    let known = core.db.read(async move |conn| {
        Ok(Known {
            users: users::list(conn, LISTED_MAX).await?,
            projects: projects::count(conn).await?,
            attention: attention::list_open(conn, ProjectId::INSTANCE, LISTED_MAX).await?,
            disks: disks::list(conn, since).await?,
            backed_up_at: disks::backed_up_at(conn).await?,
            state: mails::state(conn, me).await?,
            is_told: alerts::is_told(conn, me).await?,
        })
    });
    Ok(known.await?)
}

/// Mails whoever asks.
async fn send_test(State(engines): State<Engines>, who: Operator) -> Result<Response> {
    if engines.core.mailer.is_none() {
        return Err(ApiError::Conflict("No mail server is configured: set AURIX_SMTP_URL.".to_owned()));
    }
    send_test_mail(&engines.core, &who.0.actor(Scope::Instance), &who.0.user).await?;
    Ok(go("/instance#h-mail"))
}

async fn set_told(State(engines): State<Engines>, who: Operator, form: Form) -> Result<Response> {
    let is_told = form.text("told") == "yes";
    set_told_of_instance(&engines.core, &who.0.actor(Scope::Instance), who.0.user.id, is_told).await?;
    Ok(go("/instance#h-mail"))
}

async fn link(State(engines): State<Engines>, who: Operator, form: Form) -> Result<Response> {
    who.0.confirmed(&engines.core)?;
    let user = named(&engines, &form).await?;
    let link = engines.accounts.create_password_link(&who.0.actor(Scope::Instance), &user).await?;
    page(&InstancePage { link: Some((user.email, link.url)), ..instance_page(&engines, &who).await? })
}

async fn remove(State(engines): State<Engines>, who: Operator, form: Form) -> Result<Response> {
    who.0.confirmed(&engines.core)?;
    let user = named(&engines, &form).await?;
    match engines.accounts.remove_user(&who.0.actor(Scope::Instance), &user).await {
        Ok(()) => Ok(go("/instance")),
        Err(error @ RemovalRefused::LastOperator) => {
            invalid(&InstancePage { refused: Some(error.to_string()), ..instance_page(&engines, &who).await? })
        }
        Err(RemovalRefused::Failed(error)) => Err(error.into()),
    }
}

/// The person that a form names.
async fn named(engines: &Engines, form: &Form) -> Result<User> {
    let public_id = form.text("user").to_owned();
    match engines.core.db.read(async move |conn| Ok(users::find_public(conn, &public_id).await?)).await? {
        Some(user) => Ok(user),
        None => Err(no_such_path().await),
    }
}
