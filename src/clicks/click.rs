//! A click as it is stored, or spooled until it can be, and the correlation id in its response.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::counts::sources::{Wanted, wanted};
use crate::domain::attribution::Params;
use crate::domain::correlation::CorrelationId;
use crate::domain::event::{ClickData, Event};
use crate::domain::ids::{ChannelId, ClickId, LinkId, ProjectId, WidgetId};
use crate::domain::random::Random;
use crate::domain::source::Visit;
use crate::domain::time::{Timestamp, from_microseconds};
use crate::store::clicks::NewClick;
use crate::store::sessions::{Device, Session};

/// A click of a visitor.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Click {
    /// Row key, made with the click.
    pub id: ClickId,
    /// `evt_…`, made with the click, so that storing it twice is noticed.
    pub event_id: String,
    /// Used where the click starts a session; the visitor has it already when the click was spooled.
    pub correlation_id: String,
    /// Its project.
    pub project: ProjectId,
    /// The widget that was clicked.
    pub widget: WidgetId,
    /// The channel that it leads to; `None` where a click was spooled by a version that did not note it.
    #[serde(default)]
    pub channel: Option<ChannelId>,
    /// The link without a site that was followed, where one was.
    #[serde(default)]
    pub link: Option<LinkId>,
    /// The browser's UUID, if it sent one.
    pub device_id: Option<String>,
    /// The page of the click.
    pub click_url: Option<String>,
    /// The first page of the visit.
    pub first_raw_url: Option<String>,
    /// Where the visit came from.
    pub referrer: Option<String>,
    /// A JSON object.
    pub parsed_params: String,
    /// The same, where it was not spooled.
    #[serde(skip)]
    pub params: Option<Params>,
    /// As the project's policy allows.
    pub ip_address: Option<String>,
    /// As the browser sent it.
    pub user_agent: Option<String>,
    /// When it happened: microseconds since 1970.
    pub at: i64,
}

impl Click {
    /// When it happened.
    pub fn clicked_at(&self) -> Timestamp {
        from_microseconds(self.at)
    }

    /// The device that it came from, if the browser sent one.
    pub fn device(&self) -> Option<Device<'_>> {
        self.device_id.as_deref().map(|id| Device { project: self.project, id })
    }

    /// The device, or where the browser sent none the click itself.
    pub fn visitor(&self) -> (ProjectId, &str) {
        (self.project, self.device_id.as_deref().unwrap_or(&self.event_id))
    }

    /// Where it came from, and the ad that it came by.
    pub fn source(&self) -> anyhow::Result<Wanted> {
        let read;
        let params = match &self.params {
            Some(params) => params,
            None => {
                read = Params::of_json(&self.parsed_params)?;
                &read
            }
        };
        Ok(wanted(&Visit {
            params,
            click_url: self.click_url.as_deref(),
            first_raw_url: self.first_raw_url.as_deref(),
            referrer: self.referrer.as_deref(),
            user_agent: self.user_agent.as_deref(),
            channel: self.channel,
            widget: self.widget,
            link: self.link,
        }))
    }

    /// Its row as a click of `session`.
    pub fn row(&self, session: &Session) -> NewClick<'_> {
        NewClick {
            id: self.id,
            project: self.project,
            session_id: session.id,
            widget_id: self.widget,
            click_url: self.click_url.as_deref(),
            first_raw_url: self.first_raw_url.as_deref(),
            referrer: self.referrer.as_deref(),
            parsed_params: &self.parsed_params,
            ip_address: self.ip_address.as_deref(),
            user_agent: self.user_agent.as_deref(),
            linked: session.conversation_id.is_some(),
            created_at: self.clicked_at(),
        }
    }

    /// Its `widget.click` event.
    pub fn event(&self, session: &Session) -> anyhow::Result<Event> {
        let data = ClickData {
            correlation_id: &session.correlation_id,
            device_id: self.device_id.as_deref(),
            click_url: self.click_url.as_deref(),
            parsed_params: serde_json::from_str::<&RawValue>(&self.parsed_params)?,
            ip_address: self.ip_address.as_deref(),
            user_agent: self.user_agent.as_deref(),
        };
        Ok(Event::widget_click(self.event_id.clone(), &data, self.clicked_at()))
    }
}

/// A correlation id that is probably free.
pub fn draw_correlation_id(random: &Random) -> String {
    CorrelationId::generate(&mut |bytes| random.fill(bytes)).as_str().to_owned()
}

/// The form of a correlation id of ours under which look-alikes are found.
pub fn folded(id: &str) -> anyhow::Result<String> {
    Ok(CorrelationId::parse(id).context("reading a correlation id of our own")?.folded())
}

/// The correlation id in the response to a click. A write that timed out may still commit: the visitor and the database must not
/// have two different ones.
///
/// States: open → chosen (the transaction stores the click under that id, if it commits) → closed (the visitor went on;
/// nothing may be stored any more).
#[derive(Clone, Default)]
pub struct Promise(Arc<Mutex<PromiseState>>);

#[derive(Default)]
enum PromiseState {
    #[default]
    Open,
    Chosen(String),
    Closed,
}

impl Promise {
    /// Chooses the correlation id; an error once the promise is closed.
    pub fn choose(&self, correlation_id: &str) -> anyhow::Result<()> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        anyhow::ensure!(!matches!(*state, PromiseState::Closed), "the visitor went on; the click is spooled");
        *state = PromiseState::Chosen(correlation_id.to_owned());
        Ok(())
    }

    /// Whether nothing may be stored any more.
    pub fn is_closed(&self) -> bool {
        matches!(*self.0.lock().unwrap_or_else(PoisonError::into_inner), PromiseState::Closed)
    }

    /// Closes the promise. Gives the id that was chosen before, of which it is unknown whether it is stored.
    pub fn close(&self) -> Option<String> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match std::mem::replace(&mut *state, PromiseState::Closed) {
            PromiseState::Chosen(correlation_id) => Some(correlation_id),
            PromiseState::Open | PromiseState::Closed => None,
        }
    }
}
