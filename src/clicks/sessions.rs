//! Assigns clicks to sessions: a device keeps its session, and so its correlation id, for 12 hours.

use std::collections::{HashMap, HashSet};

use anyhow::Context as _;

use super::click::{Click, draw_correlation_id, folded};
use crate::core::Core;
use crate::counts::sources::find_or_make;
use crate::db::{Tx, pipelined};
use crate::domain::ids::{AdId, SourceId};
use crate::domain::time::{SignedDuration, Timestamp};
use crate::store::sessions::{self, Device, NewSession, Session};
use crate::store::uncounted_clicks::CountedClick;
use crate::store::{clicks, own_people};

/// How long a session lasts after its first click. The boundary is exact.
pub const SESSION_LENGTH: SignedDuration = SignedDuration::from_hours(12);
/// Tries at a correlation id that is free. Each fails once in 3.5 × 10¹² / issued.
const DRAWS_MAX: usize = 8;

/// Where the session of a click comes from.
enum Origin {
    /// It exists.
    Stored(Session),
    /// The click with this index starts it: itself or one before it in the batch.
    StartedBy(usize),
}

/// The session of each click: the device's, where that is younger than [`SESSION_LENGTH`]; a new one otherwise.
pub async fn assign(tx: &Tx, core: &Core, clicks: &[&Click]) -> anyhow::Result<Vec<Session>> {
    let origins = origins(tx, clicks).await?;
    let starters =
        origins.iter().enumerate().filter(|(at, origin)| matches!(origin, Origin::StartedBy(by) if by == at));
    let starters: Vec<usize> = starters.map(|(at, _)| at).collect();
    let came_from = came_from(tx, core, &starters.iter().map(|at| clicks[*at]).collect::<Vec<_>>()).await?;
    let came_from: HashMap<usize, CameFrom> = starters.iter().copied().zip(came_from).collect();
    let mut missing: Vec<(usize, String)> =
        starters.iter().map(|at| (*at, clicks[*at].correlation_id.clone())).collect();
    let mut started: HashMap<usize, Session> = HashMap::new();
    for _ in 0..DRAWS_MAX {
        let wanted: Vec<_> = missing.iter().map(|(at, id)| (clicks[*at], id.clone(), came_from[at])).collect();
        let mut taken = Vec::new();
        for ((at, _), session) in missing.into_iter().zip(start(tx, core, &wanted).await?) {
            match session {
                Some(session) => drop(started.insert(at, session)),
                None => taken.push((at, draw_correlation_id(&core.random))),
            }
        }
        missing = taken;
        if missing.is_empty() {
            break;
        }
    }
    let session = |origin| match origin {
        Origin::Stored(session) => Some(session),
        Origin::StartedBy(by) => started.get(&by).cloned(),
    };
    let sessions = origins.into_iter().map(session).collect::<Option<_>>();
    sessions.with_context(|| format!("no free correlation id in {DRAWS_MAX} draws"))
}

async fn origins(tx: &Tx, clicks: &[&Click]) -> anyhow::Result<Vec<Origin>> {
    let Some(earliest) = clicks.iter().map(|click| click.clicked_at()).min() else { return Ok(Vec::new()) };
    let devices: HashSet<Device<'_>> = clicks.iter().filter_map(|click| click.device()).collect();
    let devices: Vec<_> = devices.into_iter().collect();
    let visitors: Vec<_> = clicks.iter().map(|click| click.visitor()).collect();
    let (_, last) = pipelined(
        clicks::lock_visitors(tx, &visitors),
        sessions::last_of_devices(tx, &devices, earliest - SESSION_LENGTH),
    )
    .await?;
    let stored: HashMap<Device<'_>, _> =
        last.iter().map(|last| (Device { project: last.project, id: &last.device_id }, &last.session)).collect();
    let mut started: HashMap<Device<'_>, (Timestamp, usize)> = HashMap::new();
    let mut origins = Vec::with_capacity(clicks.len());
    for (at, click) in clicks.iter().enumerate() {
        let (now, device) = (click.clicked_at(), click.device());
        let is_young = |started_at: Timestamp| started_at > now - SESSION_LENGTH;
        let by = device.and_then(|device| started.get(&device)).filter(|(started_at, _)| is_young(*started_at));
        let session = device.and_then(|device| stored.get(&device)).filter(|session| is_young(session.started_at));
        origins.push(match (by, session) {
            (Some((_, by)), _) => Origin::StartedBy(*by),
            (None, Some(session)) => Origin::Stored((*session).clone()),
            (None, None) => {
                device.map(|device| started.insert(device, (now, at)));
                Origin::StartedBy(at)
            }
        });
    }
    Ok(origins)
}

/// The session of each spooled click by the correlation id that its visitor has, started where there is none.
pub async fn find_or_start(tx: &Tx, core: &Core, clicks: &[&Click]) -> anyhow::Result<Vec<Session>> {
    let mut sessions: HashMap<&str, (_, Session)> = HashMap::new();
    let mut seen = HashSet::new();
    let first = clicks.iter().filter(|click| seen.insert(click.correlation_id.as_str()));
    let first: Vec<&Click> = first.copied().collect();
    let came_from = came_from(tx, core, &first).await?;
    let first: Vec<_> =
        first.into_iter().zip(came_from).map(|(click, from)| (click, click.correlation_id.clone(), from)).collect();
    let of_another = |id: &str| format!("the correlation id {id} of a spooled click is another project's");
    for ((click, id, _), started) in first.iter().zip(start(tx, core, &first).await?) {
        let session = match started {
            Some(session) => session,
            None => {
                sessions::find_for_link(tx, click.project, id, &folded(id)?).await?.with_context(|| of_another(id))?
            }
        };
        sessions.insert(&click.correlation_id, (click.project, session));
    }
    let session = |click: &&Click| {
        let (project, session) = &sessions[click.correlation_id.as_str()];
        anyhow::ensure!(*project == click.project, of_another(&click.correlation_id));
        Ok(session.clone())
    };
    clicks.iter().map(session).collect()
}

/// Where a session comes from, as it is counted.
#[derive(Clone, Copy)]
struct CameFrom {
    source: SourceId,
    ad: Option<AdId>,
    is_internal: bool,
}

/// Where the sessions come from that clicks start.
async fn came_from(tx: &Tx, core: &Core, clicks: &[&Click]) -> anyhow::Result<Vec<CameFrom>> {
    let Some(earliest) = clicks.iter().map(|click| click.clicked_at()).min() else { return Ok(Vec::new()) };
    let wanted = clicks.iter().map(|click| Ok((click.project, click.source()?)));
    let wanted = wanted.collect::<anyhow::Result<Vec<_>>>()?;
    let found = find_or_make(tx, core, &wanted, earliest).await?;
    let mut internal = HashSet::new();
    for project in clicks.iter().map(|click| click.project).collect::<HashSet<_>>() {
        let devices = own_people::devices(tx, project).await?;
        internal.extend(devices.into_iter().map(|device| (project, device)));
    }
    let is_internal = |click: &Click| {
        !internal.is_empty()
            && click.device_id.as_ref().is_some_and(|device| internal.contains(&(click.project, device.clone())))
    };
    let from = |(click, (source, ad)): (&&Click, _)| CameFrom { source, ad, is_internal: is_internal(click) };
    Ok(clicks.iter().zip(found).map(from).collect())
}

/// Clicks that are stored, each with its session, as they are counted. Those of the business's own people are not.
pub fn counted<'a>(clicks: impl Iterator<Item = (&'a Click, &'a Session)>) -> Vec<CountedClick> {
    let mut begun = HashSet::new();
    let counted = clicks.filter(|(_, session)| !session.is_internal).filter_map(|(click, session)| {
        Some(CountedClick {
            project: click.project,
            id: click.id,
            source: session.source?,
            ad: session.ad,
            at: click.clicked_at(),
            begins: session.is_new && begun.insert(session.id),
        })
    });
    counted.collect()
}

/// Starts sessions, each under a correlation id; gives none where that is taken.
async fn start(tx: &Tx, core: &Core, wanted: &[(&Click, String, CameFrom)]) -> anyhow::Result<Vec<Option<Session>>> {
    let folded_ids = wanted.iter().map(|(_, id, _)| folded(id)).collect::<anyhow::Result<Vec<_>>>()?;
    let new = wanted.iter().zip(&folded_ids).map(|((click, id, from), folded_id)| NewSession {
        id: core.row_keys.next(click.clicked_at()),
        project: click.project,
        device_id: click.device_id.as_deref(),
        correlation_id: id,
        folded_id,
        started_at: click.clicked_at(),
        source: from.source,
        ad: from.ad,
        is_internal: from.is_internal,
    });
    let new: Vec<_> = new.collect();
    let stored = sessions::insert(tx, &new).await?;
    let session = |new: &NewSession<'_>| {
        let session = Session {
            id: new.id,
            correlation_id: new.correlation_id.to_owned(),
            conversation_id: None,
            started_at: new.started_at,
            source: Some(new.source),
            ad: new.ad,
            is_internal: new.is_internal,
            is_new: true,
        };
        stored.contains(&new.id).then_some(session)
    };
    Ok(new.iter().map(session).collect())
}
