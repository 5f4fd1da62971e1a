//! Stores presses, many in one transaction: each in its device's session, with its event and the deliveries of that.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::db::{Batch, Tx};
use crate::deliveries::emit::{Emitted, Taker, Wanting, emit_all, emit_last};
use crate::deliveries::local_dispatch::LocalDispatch;
use crate::domain::correlation::CorrelationId;
use crate::domain::event::{ClickData, Event, EventType};
use crate::domain::ids::ProjectId;
use crate::domain::random::Random;
use crate::domain::time::{Clock, SignedDuration, Timestamp, from_microseconds};
use crate::store::clicks::{self, NewClick};
use crate::store::events;
use crate::store::sessions::{self, Device, NewSession, Session};

/// How long a session lasts after its first click. The boundary is exact.
pub const SESSION_LENGTH: SignedDuration = SignedDuration::from_hours(12);
/// Tries at a correlation id that is free. Each fails once in 3.5 × 10¹² / issued.
const DRAWS_MAX: usize = 8;

/// A click as it is stored, or spooled until it can be.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Click {
    /// `evt_…`, made with the click, so that storing it twice is noticed.
    pub event_id: String,
    /// Used where the click starts a session; the visitor has it already when the click was spooled.
    pub correlation_id: String,
    /// Row key of the project.
    pub project: i64,
    /// Row key of the widget.
    pub widget: i64,
    /// The browser's UUID, if it told one.
    pub device_id: Option<String>,
    /// The page of the click.
    pub click_url: Option<String>,
    /// The first page of the visit.
    pub first_raw_url: Option<String>,
    /// Where the visit came from.
    pub referrer: Option<String>,
    /// A JSON object.
    pub parsed_params: String,
    /// As the project's policy allows.
    pub ip_address: Option<String>,
    /// As the browser told it.
    pub user_agent: Option<String>,
    /// When it happened: microseconds since 1970.
    pub at: i64,
}

impl Click {
    fn project(&self) -> ProjectId {
        ProjectId(self.project)
    }

    fn clicked_at(&self) -> Timestamp {
        from_microseconds(self.at)
    }

    fn device(&self) -> Option<Device<'_>> {
        self.device_id.as_deref().map(|id| Device { project: self.project(), id })
    }

    /// The device, or where it told none the click itself.
    fn visitor(&self) -> (i64, &str) {
        (self.project, self.device_id.as_deref().unwrap_or(&self.event_id))
    }
}

/// A correlation id that is probably free.
pub fn draw(random: &Random) -> String {
    CorrelationId::generate(&mut |bytes| random.fill(bytes)).as_str().to_owned()
}

/// Which correlation id a click has. A write that nobody waits for any more may still be done: the visitor and the database
/// must not tell two different ones.
#[derive(Clone, Default)]
pub struct Choice(Arc<Mutex<Chosen>>);

#[derive(Default)]
enum Chosen {
    #[default]
    Nothing,
    /// The transaction stores the click under it, if it is committed.
    Fixed(String),
    /// The visitor went on without the database; nothing may be stored.
    Ended,
}

impl Choice {
    /// Fixes the correlation id; an error where it is too late.
    fn make(&self, correlation_id: &str) -> anyhow::Result<()> {
        let mut chosen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        anyhow::ensure!(!matches!(*chosen, Chosen::Ended), "the visitor went on; the click is spooled");
        *chosen = Chosen::Fixed(correlation_id.to_owned());
        Ok(())
    }

    fn is_ended(&self) -> bool {
        matches!(*self.0.lock().unwrap_or_else(PoisonError::into_inner), Chosen::Ended)
    }

    /// No choice is made from now on. The one that was made before, of which it is not known whether it is stored.
    pub fn end(&self) -> Option<String> {
        let mut chosen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match std::mem::replace(&mut *chosen, Chosen::Ended) {
            Chosen::Fixed(correlation_id) => Some(correlation_id),
            Chosen::Nothing | Chosen::Ended => None,
        }
    }
}

fn folded(id: &str) -> anyhow::Result<String> {
    Ok(CorrelationId::parse(id).context("reading a correlation id of our own")?.folded())
}

/// A click whose visitor waits for its correlation id.
pub struct UnstoredClick {
    /// The click.
    pub click: Click,
    /// Where its correlation id is fixed.
    pub choice: Choice,
}

/// The batch that stores clicks.
pub struct StoreClicks {
    /// Where new correlation ids come from.
    pub random: Random,
    /// Where the time comes from.
    pub clock: Clock,
    /// How long the lease of a claimed delivery is.
    pub lease: SignedDuration,
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

    async fn write(&self, tx: &Tx, new: &[UnstoredClick]) -> anyhow::Result<Vec<Option<Stored>>> {
        let is_awaited: Vec<bool> = new.iter().map(|new| !new.choice.is_ended()).collect();
        let awaited = || new.iter().zip(&is_awaited).filter(|(_, is_awaited)| **is_awaited).map(|(new, _)| new);
        let clicks: Vec<&Click> = awaited().map(|new| &new.click).collect();
        let kinds = clicks.iter().map(|click| (click.project(), EventType::WidgetClick));
        let (sessions, wanting) =
            tokio::join!(biased; sessions_of(tx, &clicks, &self.random), Wanting::find(tx, kinds));
        let (sessions, wanting) = (sessions?, wanting?);
        for (new, session) in awaited().zip(&sessions) {
            new.choice.make(&session.correlation_id)?;
        }
        let now = self.clock.now();
        let taker = Taker { local_dispatch: &self.local_dispatch, now, lease_until: now + self.lease };
        let emitted = insert(tx, &clicks, &sessions, &wanting, &taker).await?;
        let ids = sessions.into_iter().map(|session| session.correlation_id);
        let mut stored = ids.zip(emitted).map(|(correlation_id, emitted)| Stored { correlation_id, emitted });
        Ok(is_awaited.into_iter().map(|is_awaited| if is_awaited { stored.next() } else { None }).collect())
    }
}

/// Stores spooled clicks under the correlation ids that their visitors have, except those that are stored already.
pub async fn store_spooled(tx: &Tx, clicks: &[Click]) -> anyhow::Result<()> {
    // A transaction of unknown outcome may still be running: only when it has ended do the rows tell what it stored.
    clicks::lock_visitors(tx, &clicks.iter().map(Click::visitor).collect::<Vec<_>>()).await?;
    let ids: Vec<_> =
        clicks.iter().map(|click| (click.project(), click.clicked_at(), click.event_id.as_str())).collect();
    let mut stored = events::stored(tx, &ids).await?;
    let new: Vec<&Click> = clicks.iter().filter(|click| stored.insert(click.event_id.clone())).collect();
    let sessions = sessions_of_correlation_ids(tx, &new).await?;
    let rows: Vec<_> = new.iter().zip(&sessions).map(|(click, session)| row(click, session)).collect();
    clicks::insert(tx, &rows).await?;
    let events = new.iter().zip(&sessions).map(|(click, session)| event(click, session));
    let events = events.collect::<anyhow::Result<Vec<_>>>()?;
    let events: Vec<_> = new.iter().map(|click| click.project()).zip(&events).collect();
    Ok(emit_all(tx, &events).await?)
}

/// The session of each click by the correlation id that its visitor has, started where there is none.
async fn sessions_of_correlation_ids(tx: &Tx, clicks: &[&Click]) -> anyhow::Result<Vec<Session>> {
    let mut sessions: HashMap<&str, (ProjectId, Session)> = HashMap::new();
    let mut seen = HashSet::new();
    let first = clicks.iter().filter(|click| seen.insert(click.correlation_id.as_str()));
    let first: Vec<_> = first.map(|click| (*click, click.correlation_id.clone())).collect();
    let of_another = |id: &str| format!("the correlation id {id} of a spooled click is another project's");
    for ((click, id), begun) in first.iter().zip(begin(tx, &first).await?) {
        let session = match begun {
            Some(session) => session,
            None => {
                sessions::find_for_link(tx, click.project(), id, &folded(id)?).await?.with_context(|| of_another(id))?
            }
        };
        sessions.insert(&click.correlation_id, (click.project(), session));
    }
    let session = |click: &&Click| {
        let (project, session) = &sessions[click.correlation_id.as_str()];
        anyhow::ensure!(*project == click.project(), of_another(&click.correlation_id));
        Ok(session.clone())
    };
    clicks.iter().map(session).collect()
}

/// Where the session of a click comes from.
enum Origin {
    /// It is there.
    Known(Session),
    /// The click with this number begins it, itself or one before it in the batch.
    BegunBy(usize),
}

/// The session of each click: the device's, where that is younger than [`SESSION_LENGTH`]; a new one otherwise.
async fn sessions_of(tx: &Tx, clicks: &[&Click], random: &Random) -> anyhow::Result<Vec<Session>> {
    let origins = origins(tx, clicks).await?;
    let beginners = origins.iter().enumerate().filter(|(at, origin)| matches!(origin, Origin::BegunBy(by) if by == at));
    let mut missing: Vec<(usize, String)> = beginners.map(|(at, _)| (at, clicks[at].correlation_id.clone())).collect();
    let mut begun: HashMap<usize, Session> = HashMap::new();
    for _ in 0..DRAWS_MAX {
        let wanted: Vec<_> = missing.iter().map(|(at, id)| (clicks[*at], id.clone())).collect();
        let mut taken = Vec::new();
        for ((at, _), session) in missing.into_iter().zip(begin(tx, &wanted).await?) {
            match session {
                Some(session) => drop(begun.insert(at, session)),
                None => taken.push((at, draw(random))),
            }
        }
        missing = taken;
        if missing.is_empty() {
            break;
        }
    }
    let session = |origin| match origin {
        Origin::Known(session) => Some(session),
        Origin::BegunBy(by) => begun.get(&by).cloned(),
    };
    let sessions = origins.into_iter().map(session).collect::<Option<_>>();
    sessions.with_context(|| format!("no free correlation id in {DRAWS_MAX} draws"))
}

async fn origins(tx: &Tx, clicks: &[&Click]) -> anyhow::Result<Vec<Origin>> {
    let Some(earliest) = clicks.iter().map(|click| click.clicked_at()).min() else { return Ok(Vec::new()) };
    let devices: HashSet<Device<'_>> = clicks.iter().filter_map(|click| click.device()).collect();
    let devices: Vec<_> = devices.into_iter().collect();
    let visitors: Vec<_> = clicks.iter().map(|click| click.visitor()).collect();
    let (locked, last) = tokio::join!(
        biased;
        clicks::lock_visitors(tx, &visitors),
        sessions::last_of_devices(tx, &devices, earliest - SESSION_LENGTH)
    );
    locked?;
    let last = last?;
    let known: HashMap<Device<'_>, _> =
        last.iter().map(|last| (Device { project: last.project, id: &last.device_id }, &last.session)).collect();
    let mut begun: HashMap<Device<'_>, (Timestamp, usize)> = HashMap::new();
    let mut origins = Vec::with_capacity(clicks.len());
    for (at, click) in clicks.iter().enumerate() {
        let (now, device) = (click.clicked_at(), click.device());
        let is_young = |started_at: Timestamp| started_at > now - SESSION_LENGTH;
        let by = device.and_then(|device| begun.get(&device)).filter(|(started_at, _)| is_young(*started_at));
        let session = device.and_then(|device| known.get(&device)).filter(|session| is_young(session.started_at));
        origins.push(match (by, session) {
            (Some((_, by)), _) => Origin::BegunBy(*by),
            (None, Some(session)) => Origin::Known((*session).clone()),
            (None, None) => {
                device.map(|device| begun.insert(device, (now, at)));
                Origin::BegunBy(at)
            }
        });
    }
    Ok(origins)
}

/// Starts sessions, each under a correlation id; gives none where that is taken.
async fn begin(tx: &Tx, wanted: &[(&Click, String)]) -> anyhow::Result<Vec<Option<Session>>> {
    let folded_ids = wanted.iter().map(|(_, id)| folded(id)).collect::<anyhow::Result<Vec<_>>>()?;
    let new = wanted.iter().zip(&folded_ids).map(|((click, id), folded_id)| NewSession {
        project: click.project(),
        device_id: click.device_id.as_deref(),
        correlation_id: id,
        folded_id,
        started_at: click.clicked_at(),
    });
    let new: Vec<_> = new.collect();
    let ids = sessions::insert(tx, &new).await?;
    let session = |(id, new): (Option<i64>, &NewSession<'_>)| {
        let (correlation_id, started_at) = (new.correlation_id.to_owned(), new.started_at);
        Some(Session { id: id?, correlation_id, conversation_id: None, started_at })
    };
    Ok(ids.into_iter().zip(&new).map(session).collect())
}

/// Stores clicks with their events, in the last statements of the transaction.
async fn insert(
    tx: &Tx,
    clicks: &[&Click],
    sessions: &[Session],
    wanting: &Wanting,
    taker: &Taker<'_>,
) -> anyhow::Result<Vec<Emitted>> {
    let events = clicks.iter().zip(sessions).map(|(click, session)| Ok((click.project(), event(click, session)?)));
    let events = events.collect::<anyhow::Result<Vec<_>>>()?;
    let rows: Vec<_> = clicks.iter().zip(sessions).map(|(click, session)| row(click, session)).collect();
    let new: Vec<_> = events.iter().map(|(project, event)| (*project, event)).collect();
    let (stored, keys) = tokio::join!(biased; clicks::insert(tx, &rows), events::insert(tx, &new));
    stored?;
    Ok(emit_last(tx, events, &keys?, wanting, taker).await?)
}

fn row<'a>(click: &'a Click, session: &Session) -> NewClick<'a> {
    NewClick {
        project: click.project(),
        session_id: session.id,
        widget_id: click.widget,
        click_url: click.click_url.as_deref(),
        first_raw_url: click.first_raw_url.as_deref(),
        referrer: click.referrer.as_deref(),
        parsed_params: &click.parsed_params,
        ip_address: click.ip_address.as_deref(),
        user_agent: click.user_agent.as_deref(),
        linked: session.conversation_id.is_some(),
        created_at: click.clicked_at(),
    }
}

fn event(click: &Click, session: &Session) -> anyhow::Result<Event> {
    let data = ClickData {
        correlation_id: &session.correlation_id,
        device_id: click.device_id.as_deref(),
        click_url: click.click_url.as_deref(),
        parsed_params: serde_json::from_str::<&RawValue>(&click.parsed_params)?,
        ip_address: click.ip_address.as_deref(),
        user_agent: click.user_agent.as_deref(),
    };
    Ok(Event::widget_click(click.event_id.clone(), &data, click.clicked_at()))
}
