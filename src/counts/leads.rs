//! Counts leads, in the transaction of what changes them: takes away what was counted of them, and adds what is true now.

use crate::core::Core;
use crate::counts::clicks::{slot, zone_of, zones};
use crate::counts::sources::{Wanted, find_or_make};
use crate::db::Tx;
use crate::domain::attributed::Attributed;
use crate::domain::counts::{Deltas, LeadSteps};
use crate::domain::ids::{ConversationId, LeadId, ProjectId};
use crate::domain::lead::Quality;
use crate::domain::source::{Ad, AdNames, Source};
use crate::domain::time::Timestamp;
use crate::store::counts;
use crate::store::lead_steps::{self, Facts};

/// Leads whose counts may have changed.
#[derive(Clone, Debug, Default)]
pub struct ChangedLeads {
    /// The conversations of leads that are there.
    pub conversations: Vec<(ProjectId, ConversationId)>,
    /// Leads that went: their people turned out to be others'.
    pub removed: Vec<(ProjectId, LeadId)>,
}

impl ChangedLeads {
    /// The lead of one conversation.
    pub fn of(project: ProjectId, conversation: ConversationId) -> Self {
        Self { conversations: vec![(project, conversation)], removed: Vec::new() }
    }
}

/// Counts leads as they are now. The last that a transaction does but for what waits for nothing.
pub async fn count_leads(tx: &Tx, core: &Core, mut changed: ChangedLeads, now: Timestamp) -> anyhow::Result<()> {
    changed.conversations.sort_unstable();
    changed.conversations.dedup();
    let facts = lead_steps::of_conversations(tx, &changed.conversations).await?;
    let mut gone = Vec::new();
    for (project, lead) in changed.removed {
        gone.extend(lead_steps::remove(tx, project, lead).await?.map(|steps| (project, steps)));
    }
    count(tx, core, &facts, gone, now).await.map(|_| ())
}

/// Counts leads by their facts, and no more what is gone. Gives how many were counted otherwise before.
pub(super) async fn count(
    tx: &Tx,
    core: &Core,
    facts: &[Facts],
    gone: Vec<(ProjectId, LeadSteps)>,
    now: Timestamp,
) -> anyhow::Result<usize> {
    let steps = steps(tx, core, facts, now).await?;
    let changed: Vec<_> = facts.iter().zip(steps).filter(|(facts, steps)| facts.counted != *steps).collect();
    if changed.is_empty() && gone.is_empty() {
        return Ok(0);
    }
    for (facts, steps) in &changed {
        match steps {
            Some(steps) => drop(lead_steps::put(tx, facts.project, facts.lead, steps).await?),
            None => drop(lead_steps::remove(tx, facts.project, facts.lead).await?),
        }
    }
    let projects = changed.iter().map(|(facts, _)| facts.project).chain(gone.iter().map(|(project, _)| *project));
    let zones = zones(tx, projects).await?;
    let mut deltas = Deltas::default();
    for (facts, steps) in &changed {
        let zone = zone_of(&zones, facts.project)?;
        facts.counted.iter().for_each(|before| deltas.add_lead(facts.project, before, zone, -1));
        steps.iter().for_each(|now| deltas.add_lead(facts.project, now, zone, 1));
    }
    for (project, before) in &gone {
        deltas.add_lead(*project, before, zone_of(&zones, *project)?, -1);
    }
    counts::add(tx, &deltas, slot(tx, core)).await?;
    Ok(changed.len() + gone.len())
}

/// Of how many leads something else is counted than their facts say.
pub(super) async fn differing(tx: &Tx, core: &Core, facts: &[Facts], now: Timestamp) -> anyhow::Result<usize> {
    let steps = steps(tx, core, facts, now).await?;
    Ok(facts.iter().zip(steps).filter(|(facts, steps)| facts.counted != *steps).count())
}

/// What is to be counted of each lead; `None`: nothing.
async fn steps(tx: &Tx, core: &Core, facts: &[Facts], now: Timestamp) -> anyhow::Result<Vec<Option<LeadSteps>>> {
    let mut of_channels: Vec<(ProjectId, Wanted)> = Vec::new();
    let needs_source = |facts: &Facts| is_counted(facts) && facts.session.is_none() && !keeps_source(facts);
    of_channels
        .extend(facts.iter().filter(|facts| needs_source(facts)).map(|facts| (facts.project, without_click(facts))));
    let mut found = find_or_make(tx, core, &of_channels, now).await?.into_iter();
    let mut wanted = of_channels.iter().map(|(_, (source, _))| source);
    let steps = facts.iter().map(|facts| {
        if !is_counted(facts) {
            return None;
        }
        let (source, ad, attributed) = match (&facts.session, &facts.counted) {
            (Some(session), _) => {
                let (source, word, trouble) = session.source.as_ref()?;
                (*source, session.ad, Attributed::of_click(word, *trouble, facts.reference))
            }
            (None, Some(counted)) if keeps_source(facts) => (counted.source, counted.ad, counted.attributed),
            (None, _) => {
                let wanted = wanted.next()?;
                let (source, ad) = found.next()?;
                (source, ad, Attributed::without_click(wanted, ad.is_some(), facts.reference))
            }
        };
        Some(LeadSteps {
            source,
            ad,
            clicked_at: facts.session.as_ref().map_or(facts.began_at, |session| session.started_at),
            began_at: facts.began_at,
            lead_at: facts.announced_at,
            complete_at: facts.completed_at,
            qualified_at: facts.qualified_at,
            won_at: facts.won_at,
            is_good: facts.quality == Quality::Good,
            attributed,
        })
    });
    Ok(steps.collect())
}

fn is_counted(facts: &Facts) -> bool {
    let is_internal = facts.is_internal || facts.session.as_ref().is_some_and(|session| session.is_internal);
    !is_internal && facts.quality != Quality::NotALead
}

/// Whether a lead without a session stays with the source that it has: where a referral was emptied with its person, what is counted
/// is all that tells of the ad.
fn keeps_source(facts: &Facts) -> bool {
    facts.counted.is_some() && facts.referral.as_deref().is_some_and(|raw| raw == "{}")
}

/// Where a person came from who wrote without a click of ours: by an ad inside the platform, or nobody knows.
fn without_click(facts: &Facts) -> Wanted {
    let Some(raw) = &facts.referral else { return (Source::without_click(facts.channel, false), None) };
    let referral: serde_json::Value = serde_json::from_str(raw).unwrap_or_default();
    let text = |name: &str| referral.get(name).and_then(serde_json::Value::as_str).unwrap_or_default().trim();
    let ad = (!text("source_id").is_empty()).then(|| {
        let names = AdNames { ad: text("headline").to_owned(), ..AdNames::default() };
        (Ad::in_platform(text("source_id")), names)
    });
    (Source::without_click(facts.channel, true), ad)
}
