//! Records a press of the widget and gives the reference that the visitor takes along.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::app::App;
use crate::db::{Error, Tx};
use crate::domain::attribution::{cap_url, parsed_params};
use crate::domain::correlation::CorrelationId;
use crate::domain::event::{ClickData, Event};
use crate::domain::ids::ProjectId;
use crate::domain::random::Random;
use crate::domain::time::{SignedDuration, Timestamp, from_microseconds};
use crate::flows::emit_event::{emit, event_id};
use crate::store::sessions::Session;
use crate::store::widgets::Widget;
use crate::store::{clicks, sessions};
use crate::wake::Work;

/// How long a session lasts after its first click. The boundary is exact.
pub const SESSION_LENGTH: SignedDuration = SignedDuration::from_hours(12);
/// How long a visitor waits for the database before the click is kept aside.
const PATIENCE: Duration = Duration::from_secs(2);
/// Tries at a correlation id that is free. Each fails once in 3.5 × 10¹² / issued.
const DRAWS_MAX: usize = 8;
/// Characters kept of a user agent.
const USER_AGENT_CHARS_MAX: usize = 1024;

/// What came with a press.
#[derive(Clone, Debug)]
pub struct Press {
    /// The widget that was pressed.
    pub widget: Arc<Widget>,
    /// The browser, if it told a UUID.
    pub device_id: Option<String>,
    /// The page of the press.
    pub click_url: Option<String>,
    /// The first page of the visit.
    pub first_raw_url: Option<String>,
    /// Where the visit came from.
    pub referrer: Option<String>,
    /// The visitor's address.
    pub ip: IpAddr,
    /// As the browser told it.
    pub user_agent: Option<String>,
}

/// A press as it is stored, or kept aside until it can be.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Click {
    event_id: String,
    /// Used where the click starts a session; the visitor has it already when the click was kept aside.
    correlation_id: String,
    project: i64,
    widget: i64,
    device_id: Option<String>,
    click_url: Option<String>,
    first_raw_url: Option<String>,
    referrer: Option<String>,
    parsed_params: String,
    ip_address: Option<String>,
    user_agent: Option<String>,
    at: i64,
}

/// Records a press and gives its reference. It never fails: a click that cannot be stored now is kept aside.
pub async fn record_click(app: &App, press: Press) -> String {
    let mut click = prepare(app, press);
    if app.aside.may_try(app.clock.now()) {
        let choice = Choice::default();
        match store_in_time(app, &click, &choice).await {
            Ok(correlation_id) => {
                app.aside.database_answers();
                app.wake.ring(Work::Deliveries);
                return correlation_id;
            }
            Err(error) => {
                tracing::error!(error = %format!("{error:#}"), "a click could not be stored: kept aside");
                if Error::is_unavailable(&error) {
                    app.aside.database_is_away(app.clock.now());
                }
            }
        }
        click.correlation_id = choice.end().unwrap_or(click.correlation_id);
    }
    app.aside.keep(&click).await;
    click.correlation_id
}

/// Which reference a click has. A write that nobody waits for any more may still be done: the visitor and the database
/// must not tell two different ones.
#[derive(Clone, Default)]
struct Choice(Arc<Mutex<Chosen>>);

#[derive(Default)]
enum Chosen {
    #[default]
    Nothing,
    /// The transaction stores the click under it, if it is committed.
    Reference(String),
    /// The visitor went on without the database: nothing may be stored.
    Ended,
}

impl Choice {
    /// Fixes the reference; an error where it is too late.
    fn make(&self, correlation_id: &str) -> anyhow::Result<()> {
        let mut chosen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        anyhow::ensure!(!matches!(*chosen, Chosen::Ended), "the visitor went on: the click is kept aside");
        *chosen = Chosen::Reference(correlation_id.to_owned());
        Ok(())
    }

    /// No choice is made from now on. The one that was made before, of which it is not known whether it is stored.
    fn end(&self) -> Option<String> {
        let mut chosen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match std::mem::replace(&mut *chosen, Chosen::Ended) {
            Chosen::Reference(correlation_id) => Some(correlation_id),
            Chosen::Nothing | Chosen::Ended => None,
        }
    }
}

async fn store_in_time(app: &App, click: &Click, choice: &Choice) -> anyhow::Result<String> {
    let (click, choice, random) = (click.clone(), choice.clone(), app.random.clone());
    let write = app.db.write(async move |tx| store(tx, &click, &random, &choice).await);
    let late = || Error::Unavailable(anyhow::anyhow!("no answer within {PATIENCE:?}")).into();
    tokio::time::timeout(PATIENCE, write).await.unwrap_or_else(|_| Err(late()))
}

fn prepare(app: &App, press: Press) -> Click {
    let now = app.clock.now();
    let cap = |url: Option<String>| url.map(|url| cap_url(&url));
    // Read before the addresses are cut: what stands behind the cut counts too.
    let params = parsed_params(press.click_url.as_deref(), press.first_raw_url.as_deref());
    Click {
        event_id: event_id(&app.random, now),
        correlation_id: draw(&app.random),
        project: press.widget.project.0,
        widget: press.widget.id,
        device_id: press.device_id,
        parsed_params: params.to_json(),
        click_url: cap(press.click_url),
        first_raw_url: cap(press.first_raw_url),
        referrer: cap(press.referrer),
        ip_address: press.widget.ip_policy.apply(press.ip).map(|ip| ip.to_string()),
        user_agent: press.user_agent.map(|text| text.chars().take(USER_AGENT_CHARS_MAX).collect()),
        at: now.as_microsecond(),
    }
}

fn draw(random: &Random) -> String {
    CorrelationId::generate(&mut |bytes| random.fill(bytes)).as_str().to_owned()
}

async fn store(tx: &Tx, click: &Click, random: &Random, choice: &Choice) -> anyhow::Result<String> {
    let (project, now) = (ProjectId(click.project), from_microseconds(click.at));
    let session = current_or_new(tx, click, random, now).await?;
    choice.make(&session.correlation_id)?;
    insert(tx, project, click, &session, now).await?;
    Ok(session.correlation_id)
}

/// Stores a click that was kept aside, under the reference that its visitor has. Does nothing where it is stored already.
pub async fn store_late(tx: &Tx, click: &Click) -> anyhow::Result<()> {
    let (project, now) = (ProjectId(click.project), from_microseconds(click.at));
    if crate::store::events::exists(tx, &click.event_id).await? {
        return Ok(());
    }
    let session = match new_session(tx, click, &click.correlation_id, now).await? {
        Some(session) => session,
        None => sessions::find_for_link(tx, project, &click.correlation_id).await?.with_context(|| {
            format!("the reference {} of a click kept aside is another project's", click.correlation_id)
        })?,
    };
    insert(tx, project, click, &session, now).await
}

async fn current_or_new(tx: &Tx, click: &Click, random: &Random, now: Timestamp) -> anyhow::Result<Session> {
    let project = ProjectId(click.project);
    if let Some(device) = &click.device_id {
        sessions::lock_device(tx, project, device).await?;
        if let Some(session) = sessions::current(tx, project, device, now - SESSION_LENGTH).await? {
            return Ok(session);
        }
    }
    let mut correlation_id = click.correlation_id.clone();
    for _ in 0..DRAWS_MAX {
        if let Some(session) = new_session(tx, click, &correlation_id, now).await? {
            return Ok(session);
        }
        correlation_id = draw(random);
    }
    anyhow::bail!("no free correlation id in {DRAWS_MAX} draws")
}

async fn new_session(tx: &Tx, click: &Click, id: &str, now: Timestamp) -> anyhow::Result<Option<Session>> {
    let folded = CorrelationId::parse(id).context("reading a reference of our own")?.folded();
    Ok(sessions::insert(tx, ProjectId(click.project), click.device_id.as_deref(), id, &folded, now).await?)
}

async fn insert(tx: &Tx, project: ProjectId, click: &Click, session: &Session, now: Timestamp) -> anyhow::Result<()> {
    let row = clicks::NewClick {
        session_id: session.id,
        widget_id: click.widget,
        click_url: click.click_url.as_deref(),
        first_raw_url: click.first_raw_url.as_deref(),
        referrer: click.referrer.as_deref(),
        parsed_params: &click.parsed_params,
        ip_address: click.ip_address.as_deref(),
        user_agent: click.user_agent.as_deref(),
    };
    clicks::insert(tx, project, &row, now).await?;
    let data = ClickData {
        correlation_id: &session.correlation_id,
        device_id: click.device_id.as_deref(),
        click_url: row.click_url,
        parsed_params: serde_json::from_str::<&RawValue>(&click.parsed_params)?,
        ip_address: row.ip_address,
        user_agent: row.user_agent,
    };
    Ok(emit(tx, project, &Event::widget_click(click.event_id.clone(), &data, now)).await?)
}
