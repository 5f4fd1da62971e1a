//! Finds the row of a source or an ad, or makes it. The ids of those that were found are remembered: rows never change.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::cache::KnownSources;
use crate::core::Core;
use crate::db::Tx;
use crate::domain::counts::day_of;
use crate::domain::ids::{AdId, ProjectId, SourceId};
use crate::domain::source::{Ad, AdNames, Source, Visit};
use crate::domain::time::{SignedDuration, Timestamp};
use crate::store::sources::{self, Found};

/// Sources, and ads, that a project gets on one day (UTC); what comes then is counted as "(other)".
pub const NEW_A_DAY_MAX: i64 = 5_000;
/// A row of this age was committed: no transaction takes so long.
const COMMITTED_AFTER: SignedDuration = SignedDuration::from_mins(5);

/// The source of a visit, and the ad that it came by, with what that is called.
pub type Wanted = (Source, Option<(Ad, AdNames)>);

/// Where a visit came from, and the ad that it came by.
pub fn wanted(visit: &Visit<'_>) -> Wanted {
    let source = Source::of_visit(visit);
    let ad = Ad::of_visit(visit.params, &source);
    (source, ad)
}

/// What of a batch is to be found: by project and digest.
type Missing<'a, T> = BTreeMap<(ProjectId, String), &'a T>;

/// The ids of where visits came from, each in its project, that happened at about `now`. Made where they are not there.
pub async fn find_or_make(
    tx: &Tx,
    core: &Core,
    wanted: &[(ProjectId, Wanted)],
    now: Timestamp,
) -> anyhow::Result<Vec<(SourceId, Option<AdId>)>> {
    let known = &core.sources;
    // By the clock, not by the click: what this transaction makes may be rolled back, however old its clicks are.
    let made_at = core.clock.now();
    let found = wanted.iter().map(|(project, (source, ad))| {
        let ad = ad.as_ref().map(|(ad, _)| known.ad(*project, ad));
        Some((known.source(*project, source)?, ad.map_or(Some(None), |ad| ad.map(Some))?))
    });
    let ids: Vec<_> = match found.collect::<Option<_>>() {
        Some(ids) => ids,
        None => of_rows(tx, known, wanted, (now, made_at)).await?,
    };
    note_names(tx, known, wanted, &ids, (now, made_at)).await?;
    Ok(ids)
}

/// The same where not all are remembered.
async fn of_rows(
    tx: &Tx,
    known: &KnownSources,
    wanted: &[(ProjectId, Wanted)],
    (now, made_at): (Timestamp, Timestamp),
) -> anyhow::Result<Vec<(SourceId, Option<AdId>)>> {
    let keys: Vec<_> = wanted
        .iter()
        .map(|(project, (source, ad))| {
            ((*project, source.digest()), ad.as_ref().map(|(ad, _)| (*project, ad.digest())))
        })
        .collect();
    let (mut source_ids, mut ad_ids) = (HashMap::new(), HashMap::new());
    let (mut sources, mut ads) = (Missing::new(), Missing::new());
    for ((source_key, ad_key), (project, (source, ad))) in keys.iter().zip(wanted) {
        match known.source(*project, source) {
            Some(id) => drop(source_ids.insert(source_key.clone(), id)),
            None => drop(sources.insert(source_key.clone(), source)),
        }
        let (Some(key), Some((ad, _))) = (ad_key, ad) else { continue };
        match known.ad(*project, ad) {
            Some(id) => drop(ad_ids.insert(key.clone(), id)),
            None => drop(ads.insert(key.clone(), ad)),
        }
    }
    look_up(tx, known, (&mut sources, &mut source_ids), (&mut ads, &mut ad_ids), made_at).await?;
    make(tx, (&sources, &mut source_ids), (&ads, &mut ad_ids), (now, made_at)).await?;
    let ids = keys.iter().map(|(source, ad)| (source_ids[source], ad.as_ref().map(|ad| ad_ids[ad])));
    Ok(ids.collect())
}

/// Takes what is stored already out of what is missing.
async fn look_up(
    tx: &Tx,
    known: &KnownSources,
    (sources, source_ids): (&mut Missing<'_, Source>, &mut HashMap<(ProjectId, String), SourceId>),
    (ads, ad_ids): (&mut Missing<'_, Ad>, &mut HashMap<(ProjectId, String), AdId>),
    now: Timestamp,
) -> anyhow::Result<()> {
    let is_committed = |created_at: Timestamp| created_at < now - COMMITTED_AFTER;
    for Found { project, digest, id, created_at } in sources::find(tx, &names(sources)).await? {
        let key = (project, digest);
        if let Some(source) = sources.remove(&key).filter(|_| is_committed(created_at)) {
            known.know_source(project, source, id);
        }
        source_ids.insert(key, id);
    }
    for Found { project, digest, id, created_at } in sources::find_ads(tx, &names(ads)).await? {
        let key = (project, digest);
        if let Some(ad) = ads.remove(&key).filter(|_| is_committed(created_at)) {
            known.know_ad(project, ad, id);
        }
        ad_ids.insert(key, id);
    }
    Ok(())
}

/// Notes what ads are called, where that is new.
async fn note_names(
    tx: &Tx,
    known: &KnownSources,
    wanted: &[(ProjectId, Wanted)],
    ids: &[(SourceId, Option<AdId>)],
    (now, made_at): (Timestamp, Timestamp),
) -> anyhow::Result<()> {
    let mut seen = BTreeSet::new();
    for ((project, (_, ad)), (_, id)) in wanted.iter().zip(ids) {
        let (Some((_, names)), Some(id)) = (ad, id) else { continue };
        if *names == AdNames::default() || known.names.get(id).is_some_and(|last| last == *names) {
            continue;
        }
        if !seen.insert(*id) {
            continue;
        }
        let newest = sources::newest_names(tx, *project, *id).await?;
        match newest {
            Some((newest, since)) if newest == *names => {
                // What is late may be this transaction's own, though it says that it is old.
                if now >= made_at - COMMITTED_AFTER && since < made_at - COMMITTED_AFTER {
                    known.names.insert(*id, names.clone());
                }
            }
            // What a late click says of an older time changes nothing.
            Some((_, since)) if since >= now => {}
            _ => drop(sources::add_names(tx, *project, *id, names, now).await?),
        }
    }
    Ok(())
}

fn names<'a, T>(missing: &'a Missing<'_, T>) -> Vec<(ProjectId, &'a str)> {
    missing.keys().map(|(project, digest)| (*project, digest.as_str())).collect()
}

/// Makes what is missing, up to the bound of its project and day.
async fn make(
    tx: &Tx,
    (sources, source_ids): (&Missing<'_, Source>, &mut HashMap<(ProjectId, String), SourceId>),
    (ads, ad_ids): (&Missing<'_, Ad>, &mut HashMap<(ProjectId, String), AdId>),
    (now, made_at): (Timestamp, Timestamp),
) -> anyhow::Result<()> {
    let projects: BTreeSet<ProjectId> = sources.keys().chain(ads.keys()).map(|(project, _)| *project).collect();
    let day = day_of(now.to_zoned(jiff::tz::TimeZone::UTC).date());
    for project in projects {
        let of_project = |key: &&(ProjectId, String)| key.0 == project;
        let count = |keys: usize| i64::try_from(keys).unwrap_or(i64::MAX);
        let new = (count(sources.keys().filter(of_project).count()), count(ads.keys().filter(of_project).count()));
        let all = sources::note_new(tx, project, day, new).await?;
        let room = |all: i64, new: i64| usize::try_from(NEW_A_DAY_MAX - (all - new)).unwrap_or(0);
        for (nth, (key, source)) in sources.iter().filter(|(key, _)| key.0 == project).enumerate() {
            let folded = (nth >= room(all.0, new.0)).then(|| source.folded());
            let source = folded.as_ref().unwrap_or(source);
            let id = sources::make(tx, project, (source, &source.digest()), made_at).await?;
            source_ids.insert(key.clone(), id);
        }
        for (nth, (key, ad)) in ads.iter().filter(|(key, _)| key.0 == project).enumerate() {
            let folded = (nth >= room(all.1, new.1)).then(|| ad.folded());
            let ad = folded.as_ref().unwrap_or(ad);
            ad_ids.insert(key.clone(), sources::make_ad(tx, project, (ad, &ad.digest()), made_at).await?);
        }
    }
    Ok(())
}
