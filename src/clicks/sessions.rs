//! Assigns clicks to sessions: a device keeps its session, and so its correlation id, for 12 hours.

use std::collections::{HashMap, HashSet};

use anyhow::Context as _;

use super::click::{Click, draw_correlation_id, folded};
use crate::core::Core;
use crate::db::{Tx, pipelined};
use crate::domain::time::{SignedDuration, Timestamp};
use crate::store::clicks;
use crate::store::sessions::{self, Device, NewSession, Session};

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
    let mut missing: Vec<(usize, String)> = starters.map(|(at, _)| (at, clicks[at].correlation_id.clone())).collect();
    let mut started: HashMap<usize, Session> = HashMap::new();
    for _ in 0..DRAWS_MAX {
        let wanted: Vec<_> = missing.iter().map(|(at, id)| (clicks[*at], id.clone())).collect();
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
    let first: Vec<_> = first.map(|click| (*click, click.correlation_id.clone())).collect();
    let of_another = |id: &str| format!("the correlation id {id} of a spooled click is another project's");
    for ((click, id), started) in first.iter().zip(start(tx, core, &first).await?) {
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

/// Starts sessions, each under a correlation id; gives none where that is taken.
async fn start(tx: &Tx, core: &Core, wanted: &[(&Click, String)]) -> anyhow::Result<Vec<Option<Session>>> {
    let folded_ids = wanted.iter().map(|(_, id)| folded(id)).collect::<anyhow::Result<Vec<_>>>()?;
    let new = wanted.iter().zip(&folded_ids).map(|((click, id), folded_id)| NewSession {
        id: core.row_keys.next(click.clicked_at()),
        project: click.project,
        device_id: click.device_id.as_deref(),
        correlation_id: id,
        folded_id,
        started_at: click.clicked_at(),
    });
    let new: Vec<_> = new.collect();
    let stored = sessions::insert(tx, &new).await?;
    let session = |new: &NewSession<'_>| {
        let (correlation_id, started_at) = (new.correlation_id.to_owned(), new.started_at);
        let session = Session { id: new.id, correlation_id, conversation_id: None, started_at };
        stored.contains(&new.id).then_some(session)
    };
    Ok(new.iter().map(session).collect())
}
