//! Records a press of the widget and gives the reference that the visitor takes along.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;

use crate::app::App;
use crate::db::Error;
use crate::domain::attribution::{cap_url, parsed_params};
use crate::domain::text::cut;
use crate::flows::emit_event::event_id;
use crate::flows::hand_over::hand_over;
use crate::flows::store_clicks::{Choice, Click, Pressed, Stored, draw};
use crate::store::widgets::Widget;
use crate::wake::Work;

/// How long a visitor waits for the database before the click is kept aside.
const PATIENCE: Duration = Duration::from_secs(2);
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

/// Records a press and gives its reference. It never fails: a click that cannot be stored now is kept aside.
pub async fn record_click(app: &App, press: Press) -> String {
    let mut click = prepare(app, press);
    if app.aside.may_try(app.clock.now()) {
        let choice = Choice::default();
        match store_in_time(app, &click, &choice).await {
            Ok(correlation_id) => {
                app.aside.database_answers();
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

async fn store_in_time(app: &App, click: &Click, choice: &Choice) -> anyhow::Result<String> {
    let pressed = Pressed { click: click.clone(), choice: choice.clone() };
    // A visitor who closes the page does not stop it: what is stored is handed over.
    let stored = tokio::spawn(store(app.clone(), pressed));
    let late = || Error::Unavailable(anyhow::anyhow!("no answer within {PATIENCE:?}")).into();
    let stored = tokio::time::timeout(PATIENCE, stored).await.unwrap_or_else(|_| Ok(Err(late())))?;
    stored?.context("the visitor went on")
}

/// Stores a click and sees to its deliveries; gives its reference.
async fn store(app: App, pressed: Pressed) -> anyhow::Result<Option<String>> {
    let Some(Stored { correlation_id, emitted }) = app.clicks.write(pressed).await? else { return Ok(None) };
    if emitted.waits {
        app.wake.ring(Work::Deliveries);
    }
    hand_over(&app, emitted.taken).await;
    Ok(Some(correlation_id))
}

fn prepare(app: &App, press: Press) -> Click {
    let now = app.clock.now();
    let cap = |url: Option<String>| url.map(cap_url);
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
        user_agent: press.user_agent.map(|text| cut(&text, USER_AGENT_CHARS_MAX).to_owned()),
        at: now.as_microsecond(),
    }
}
