//! `aurix-bench seed`: plausible rows by the million, straight into a database, as the product would have written them.
//!
//! Everything follows from a number: the visit's, the lead's, the click's. Visits come in blocks, which are made on one thread while
//! the block before is stored on another, each in a transaction that also remembers how far the seed is. So a seed that was killed
//! goes on behind its last block. What people set up is done by the product's use cases, at the time of the blocks around it.

mod asides;
mod block;
pub mod calendar;
mod deliver;
pub mod draw;
mod end;
pub mod history;
mod keys;
mod lead;
mod lead_events;
mod marks;
mod messages;
mod person;
mod rows;
mod shape;
mod talk;
mod visit;
pub mod words;
mod work;
mod world;

use std::sync::Arc;

use anyhow::{Context as _, ensure};
use tokio::task::spawn_blocking;

use self::block::Block;
use self::calendar::{Calendar, DAY};
use self::history::STEPS;
use self::marks::{Mark, ensure_same};
use self::shape::Shape;
use self::world::World;
use crate::progress::Progress;
use aurix::config::Config;
use aurix::core::Core;
use aurix::counts::recount;
use aurix::db::{Db, Sql, Tx};
use aurix::domain::counts::Step;
use aurix::domain::random::Random;
use aurix::domain::time::{Clock, from_microseconds};
use aurix::maintenance::make_partitions::make_partitions;
use aurix::net::Resolver;
use aurix::store::counts::{self, Recount};

/// What of the database the engine may keep in memory while so much is written, in KiB.
const CACHE_KIB: Sql = Sql { sqlite: "PRAGMA cache_size = -524288", postgres: "" };
/// The most clicks.
pub const CLICKS_MAX: u64 = 100_000_000;
/// The most leads: as many numbers are there.
pub const LEADS_MAX: u64 = 10_000_000;

/// The numbers that are asked for.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    /// Clicks.
    pub clicks: u64,
    /// Leads.
    pub leads: u64,
    /// Deliveries: the newest ones; the rest were removed by age. As many as a quarter of the clicks where it is `None`.
    pub deliveries: Option<u64>,
}

/// Fills the database of these settings, or goes on with it.
pub async fn run(config: Config, asked: Asked) -> anyhow::Result<()> {
    ensure!(asked.clicks <= CLICKS_MAX, "--clicks: at most {CLICKS_MAX}");
    ensure!(asked.leads <= LEADS_MAX, "--leads: at most {LEADS_MAX}");
    let progress = Progress::new();
    progress.begin("opening the database");
    let begun = time_of(&config, &asked).await?;
    let clock = Clock::manual(from_microseconds(begun - STEPS[0].before));
    let core = aurix::serve::open_with(config, clock, Random::from_system(), Resolver::System).await?;
    core.db.write(async |tx| Ok(tx.query(CACHE_KIB, &[], |_| Ok(())).await?)).await?;
    let shape = Shape::new(asked.clicks, asked.leads);
    let calendar = Calendar::up_to(begun);
    begin(&core, &asked, begun).await?;
    let steps = core.db.read(async |conn| Mark::Steps.get(conn).await).await?;
    if steps < 1 {
        past_partitions(&core, &calendar).await?;
        history::make(&core, &calendar, 0).await?;
    }
    find_window(&core, shape, &asked, &progress).await?;
    let world = Arc::new(World::read(&core, shape).await?);
    blocks(&core, &world, &progress).await?;
    if core.db.read(async |conn| Mark::Steps.get(conn).await).await? < end::ALL_STEPS {
        progress.begin("what people did last");
        steps_before(&core, &world, world.calendar.now).await?;
        end::make(&core, &world).await?;
    }
    count(&core, &world, &progress).await?;
    progress.begin("letting the planner look at them");
    analyze(&core).await?;
    core.db.close().await;
    progress.end();
    Ok(())
}

/// Counts the clicks and leads, as after an upgrade. One that is broken off goes on.
async fn count(core: &Core, world: &World, progress: &Progress) -> anyhow::Result<()> {
    let project = world.project;
    let begin = async move |tx: &Tx| {
        if Mark::Counted.find(tx).await?.is_none() {
            let rated = "UPDATE leads
                SET qualified_at = CASE WHEN stage IN ('qualified', 'won') THEN updated_at END,
                    won_at = CASE WHEN stage = 'won' THEN updated_at END
                WHERE stage IS NOT NULL";
            tx.execute(rated, &[]).await?;
            let recount = Recount { project, step: Step::Sessions.as_str().to_owned(), done: 0, first: 0, last: 0 };
            counts::set_recount(tx, &recount).await?;
            Mark::Counted.set(tx, 1).await?;
        }
        Ok(())
    };
    core.db.write(begin).await?;
    let (mut last, mut at) = (None, 0);
    while recount::go_on(core).await? {
        let now = core.db.read(async move |conn| recount::progress(conn, project).await).await?;
        let Some((step, hundredths)) = now else { continue };
        if last != Some(step) {
            progress.phase(format!("counting: {}", step.as_str()), 100);
            (last, at) = (Some(step), 0);
        }
        progress.step(u64::from(hundredths).saturating_sub(at));
        at = at.max(hundredths.into());
    }
    Ok(())
}

/// The time of the seed, in microseconds since 1970: that of its beginning, where it was begun before.
async fn time_of(config: &Config, asked: &Asked) -> anyhow::Result<i64> {
    config.make_data_dir()?;
    let db = Db::open(&config.database).await.context("opening the database")?;
    let asked = *asked;
    let begun = db.read(async move |conn| {
        ensure_same(conn, &asked).await?;
        Mark::Now.find(conn).await
    });
    let begun = begun.await?;
    db.close().await;
    Ok(begun.unwrap_or_else(|| Clock::System.now().as_microsecond() / 1_000 * 1_000))
}

/// Remembers what was asked for, unless this seed was begun before.
async fn begin(core: &Core, asked: &Asked, now: i64) -> anyhow::Result<()> {
    let asked = *asked;
    core.db
        .write(async move |tx| {
            if Mark::Now.find(tx).await?.is_some() {
                return Ok(());
            }
            let newest = "SELECT COALESCE(MAX(id), 0) FROM conversations";
            let newest: i64 = tx.get(newest, &[], |row| row.get(0)).await?;
            Mark::FirstLead.set(tx, newest + 1).await?;
            Mark::Clicks.set(tx, i64::try_from(asked.clicks)?).await?;
            Mark::Leads.set(tx, i64::try_from(asked.leads)?).await?;
            Mark::Deliveries.set(tx, i64::try_from(asked.deliveries.unwrap_or(asked.clicks / 4))?).await?;
            Mark::Now.set(tx, now).await
        })
        .await
}

/// Makes the partitions of the weeks that have visits, on PostgreSQL.
async fn past_partitions(core: &Core, calendar: &Calendar) -> anyhow::Result<()> {
    let mut at = calendar.starts;
    while at < calendar.now {
        history::set_clock(core, at);
        make_partitions(core).await?;
        at += 7 * DAY;
    }
    history::set_clock(core, calendar.now);
    make_partitions(core).await
}

/// Looks from the last block back where the newest deliveries begin, and remembers it.
async fn find_window(core: &Core, shape: Shape, asked: &Asked, progress: &Progress) -> anyhow::Result<()> {
    if core.db.read(async |conn| Mark::WindowBlock.find(conn).await).await?.is_some() {
        return Ok(());
    }
    let wanted = asked.deliveries.unwrap_or(asked.clicks / 4);
    progress.phase("finding the time of the first delivery", wanted);
    let world = Arc::new(World::read(core, shape).await?);
    let (mut block, mut found) = (shape.blocks(), 0);
    while found < wanted {
        ensure!(
            block > 0,
            "--deliveries: {} clicks and {} leads have {found} deliveries, not {wanted}: ask for fewer, in a new folder or \
             database",
            shape.clicks,
            shape.leads
        );
        block -= 1;
        let inside = world.clone();
        let more = spawn_blocking(move || Block::count_deliveries(&inside, block)).await?;
        found += more;
        progress.step(more);
    }
    let (first, skipped) = (i64::try_from(block)?, i64::try_from(found - wanted)?);
    core.db
        .write(async move |tx| {
            Mark::WindowBlock.set(tx, first).await?;
            Mark::WindowSkipped.set(tx, skipped).await
        })
        .await
}

/// Makes all blocks that are still to be made, with what people did meanwhile.
async fn blocks(core: &Core, world: &Arc<World>, progress: &Progress) -> anyhow::Result<()> {
    let made = core.db.read(async |conn| Mark::Blocks.get(conn).await).await?;
    let (made, all) = (u64::try_from(made)?, world.shape.blocks());
    progress.phase("writing visits, conversations and deliveries", world.shape.visits);
    progress.step(made * world.shape.block_visits());
    let make = |number: u64| {
        let world = world.clone();
        (number < all).then(|| spawn_blocking(move || Block::make(&world, number)))
    };
    let mut next = make(made);
    for number in made..all {
        let block = next.context("a block that is there")?.await?;
        next = make(number + 1);
        if let Some(began_at) = block.began_at() {
            steps_before(core, world, began_at).await?;
        }
        let inside = world.clone();
        core.db.write(async move |tx| block.store(tx, &inside, number).await).await?;
        progress.step(world.shape.block_visits());
    }
    Ok(())
}

/// What people did before a time, and is still to be done.
async fn steps_before(core: &Core, world: &World, at: i64) -> anyhow::Result<()> {
    let made = core.db.read(async |conn| Mark::Steps.get(conn).await).await?;
    let first = usize::try_from(made)?.min(STEPS.len());
    for (number, step) in STEPS.iter().enumerate().skip(first) {
        if world.calendar.now - step.before <= at {
            history::make(core, &world.calendar, number).await?;
        }
    }
    Ok(())
}

/// Shows the planner what is in the tables, as the database's own maintenance does some time later.
async fn analyze(core: &Core) -> anyhow::Result<()> {
    match &core.config.database {
        aurix::db::Location::Postgres(url) => crate::stage::run(url, "VACUUM (ANALYZE)").await,
        aurix::db::Location::Sqlite(_) => Ok(()),
    }
}
