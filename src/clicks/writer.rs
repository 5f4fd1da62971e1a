//! The click writer: stores many clicks with their sessions, events and deliveries in one transaction.

use std::sync::Arc;

use super::click::{Click, Promise};
use super::sessions;
use crate::core::Core;
use crate::counts::clicks::note_clicks;
use crate::db::{Batch, Tx, pipelined};
use crate::deliveries::emit::{Emitted, NewEvents, Subscriptions, emit_all};
use crate::deliveries::local_dispatch::LocalDispatch;
use crate::domain::event::EventType;
use crate::store::{clicks, events};

/// A click whose visitor waits for its correlation id.
pub struct UnstoredClick {
    /// The click.
    pub click: Arc<Click>,
    /// The correlation id in its response.
    pub promise: Promise,
}

/// The batch that stores clicks.
pub struct StoreClicks {
    /// The shared parts.
    pub core: Core,
    /// Takes the deliveries that this node can make at once.
    pub local_dispatch: LocalDispatch,
}

/// A click that is stored.
pub struct Stored {
    /// The correlation id that the visitor takes along.
    pub correlation_id: String,
    /// What became of its deliveries.
    pub emitted: Emitted,
}

impl Batch for StoreClicks {
    type Item = UnstoredClick;
    /// `None` where the visitor went on before the click was stored.
    type Output = Option<Stored>;

    async fn write(&self, tx: &Tx, items: &[UnstoredClick]) -> anyhow::Result<Vec<Option<Stored>>> {
        let is_awaited: Vec<bool> = items.iter().map(|item| !item.promise.is_closed()).collect();
        let awaited = || items.iter().zip(&is_awaited).filter(|(_, is_awaited)| **is_awaited).map(|(item, _)| item);
        let new: Vec<&Click> = awaited().map(|item| &*item.click).collect();
        let kinds = new.iter().map(|click| (click.project, EventType::WidgetClick));
        let subscriptions = async { Ok(Subscriptions::find(tx, kinds).await?) };
        let (sessions, subscriptions) = pipelined(sessions::assign(tx, &self.core, &new), subscriptions).await?;
        for (item, session) in awaited().zip(&sessions) {
            item.promise.choose(&session.correlation_id)?;
        }
        let with_session = || new.iter().zip(&sessions);
        let events = with_session().map(|(click, session)| Ok((click.project, click.event(session)?)));
        let events = events.collect::<anyhow::Result<Vec<_>>>()?;
        let rows: Vec<_> = with_session().map(|(click, session)| click.row(session)).collect();
        let new_events = NewEvents::new(&self.core, &self.local_dispatch, events, &subscriptions);
        let events = new_events.events();
        pipelined(clicks::insert(tx, &rows), events::insert(tx, &events)).await?;
        note_clicks(tx, &sessions::counted(with_session().map(|(click, session)| (*click, session)))).await?;
        let emitted = new_events.store(tx, self.core.clock.now()).await?;
        let ids = sessions.into_iter().map(|session| session.correlation_id);
        let mut stored = ids.zip(emitted).map(|(correlation_id, emitted)| Stored { correlation_id, emitted });
        Ok(is_awaited.into_iter().map(|is_awaited| if is_awaited { stored.next() } else { None }).collect())
    }
}

/// Stores spooled clicks under the correlation ids that their visitors have, except those that are stored already.
pub async fn store_spooled(tx: &Tx, core: &Core, spooled: &[Click]) -> anyhow::Result<()> {
    // A transaction of unknown outcome may still be running: only when it has ended do the rows tell what it stored.
    clicks::lock_visitors(tx, &spooled.iter().map(Click::visitor).collect::<Vec<_>>()).await?;
    let ids: Vec<_> =
        spooled.iter().map(|click| (click.project, click.clicked_at(), click.event_id.as_str())).collect();
    let mut stored = events::stored(tx, &ids).await?;
    let new: Vec<&Click> = spooled.iter().filter(|click| stored.insert(click.event_id.clone())).collect();
    let sessions = sessions::find_or_start(tx, core, &new).await?;
    let rows: Vec<_> = new.iter().zip(&sessions).map(|(click, session)| click.row(session)).collect();
    clicks::insert(tx, &rows).await?;
    let events = new.iter().zip(&sessions).map(|(click, session)| click.event(session));
    let events = events.collect::<anyhow::Result<Vec<_>>>()?;
    let events: Vec<_> = new.iter().map(|click| click.project).zip(&events).collect();
    note_clicks(tx, &sessions::counted(new.iter().copied().zip(&sessions))).await?;
    Ok(emit_all(tx, &core.row_keys, &events).await?)
}
