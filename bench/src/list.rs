//! Lists of leads: the first page and one deep down, and a stream of very many.

use anyhow::{Context as _, ensure};
use serde_json::json;

use crate::attach::Attached;
use crate::clock::moment;
use crate::download::{Downloaded, Partner};
use crate::fill;
use crate::finding::{Finding, Row, in_mb, round};
use crate::process::{most_resident, resident_bytes};
use crate::scene::Scene;
use crate::setting::Setting;
use crate::sink::OPEN_PATH;
use crate::steady::in_us;
use crate::tally::{Outcome, Slice, Tally};
use aurix::domain::actor::Actor;
use aurix::domain::ids::ProjectId;
use aurix::domain::time::{Clock, SignedDuration, with_microseconds};
use aurix::projects::create_key::create_key;
use aurix::store::lead_list;
use aurix::store::window::{Position, Window};

/// Rows of a page: what partners get who ask for no other number.
const PAGE_ROWS: u64 = 50;
/// The page far down.
const DEEP_PAGE: u64 = 10_000;
/// Rows of one response on the way there: the most that can be asked for.
const STEP_ROWS: u64 = 10_000;
/// The longest stream.
const STREAM_ROWS_MAX: u64 = 1_000_000;
/// Rows that the bare query reads at once, as the stream does.
const QUERY_ROWS: i64 = 251;
/// The partner. Any name but `external` gets all rows that it does not limit.
const SERVICE: &str = "bench";
/// Objects of a lead in JSON: for `external` its own, its fields and its click's parameters.
const EXTERNAL_OBJECTS: u64 = 3;
/// For every other service its own and its click's parameters.
const SERVICE_OBJECTS: u64 = 2;

/// Measures.
pub async fn measure(setting: &Setting<'_>) -> anyhow::Result<Finding> {
    let Setting { plan, stage, progress } = setting;
    progress.begin("list");
    let scene = Scene::open(stage, "list", OPEN_PATH).await?;
    let core = &scene.database.core;
    let key = create_key(core, &Actor::System, ProjectId(scene.project.id), SERVICE.to_owned()).await?.key;
    let newest = Clock::System.now();
    let since = newest.as_microsecond() - i64::try_from(plan.rows)? * fill::LEAD_EVERY_US;
    fill::leads(&core.db, &scene.project, plan.rows, since, progress).await?;
    progress.begin("letting the planner look at them");
    scene.database.analyze().await?;
    let mut partner = Partner::connect(scene.servers[0].address(), &key).await?;
    let mut finding = Finding::default();
    finding.member("rows", plan.rows.into());
    pages(setting, &scene, &mut partner, &mut finding).await?;

    let rows = plan.rows.min(STREAM_ROWS_MAX);
    let length = SignedDuration::from_micros(i64::try_from(rows - 1)? * fill::LEAD_EVERY_US);
    let from = newest.checked_sub(length).context("the time of the first lead")?;
    let path = format!("/integrations/{SERVICE}/leads?from_date={}", with_microseconds(from));
    stream(setting, &scene, &mut partner, (&path, from.as_microsecond(), rows), &mut finding).await?;
    Ok(finding)
}

/// The first page and the deep one, in turns with the same query without HTTP.
async fn pages(
    setting: &Setting<'_>,
    scene: &Scene,
    partner: &mut Partner,
    finding: &mut Finding,
) -> anyhow::Result<()> {
    let Setting { plan, progress, .. } = setting;
    let deep = DEEP_PAGE.min(plan.rows.div_ceil(PAGE_ROWS));
    progress.phase(format!("going to page {deep}"), (deep - 1) * PAGE_ROWS);
    let cursor = walk(setting, partner, (deep - 1) * PAGE_ROWS).await?;
    let first = format!("/integrations/external/leads?limit={PAGE_ROWS}");
    let cursor = cursor.map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
    let below = format!("{first}{cursor}");
    let (mut firsts, mut belows, mut queries) = (Tally::default(), Tally::default(), Tally::default());
    let attached = Attached::begin(plan, scene, "list").await?;
    progress.phase("list: pages", u64::from(plan.rounds()) * 3);
    for _ in 0..plan.rounds() {
        for (path, tally) in [(&first, &mut firsts), (&below, &mut belows)] {
            let (slice, cpu) = scene.meter.during(read_pages(setting, partner, path)).await?;
            tally.add_metered(slice, cpu);
            progress.step(1);
        }
        queries.add(query_pages(setting, scene).await?);
        progress.step(1);
    }
    attached.end().await?;
    let ratio = belows
        .waits()
        .zip(firsts.waits())
        .map_or(0.0, |(below, first)| f64::from(below.p50_us) / f64::from(first.p50_us.max(1)));
    let first = Outcome { aurix: firsts, ceilings: vec![("bare_query", queries)] };
    first.rows("list: page 1", finding);
    finding.row(&format!("list: page {deep}"), &belows.row());
    finding.row("  its p50 beside page 1's", &Row { ratio: Some(ratio), ..Row::default() });
    finding.member("page_1", first.object());
    finding.member("deep_page", deep.into());
    finding.member("page_deep", belows.object());
    finding.member("p50_ratio", round(ratio, 3).into());
    Ok(())
}

/// Reads so many rows, and gives the cursor of what comes next.
async fn walk(setting: &Setting<'_>, partner: &mut Partner, rows: u64) -> anyhow::Result<Option<String>> {
    let (mut left, mut cursor) = (rows, None::<String>);
    while left > 0 {
        let step = left.min(STEP_ROWS);
        let from = cursor.as_ref().map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
        let read = partner.read(&format!("/integrations/external/leads?limit={step}{from}")).await?;
        ensure_rows(&read, step, EXTERNAL_OBJECTS)?;
        cursor = Some(read.next_cursor().context("a page without a cursor")?.to_owned());
        left -= step;
        setting.progress.step(step);
    }
    Ok(cursor)
}

fn ensure_rows(read: &Downloaded, rows: u64, objects_per_row: u64) -> anyhow::Result<()> {
    let found = read.objects.saturating_sub(1) / objects_per_row;
    ensure!(read.objects == 1 + rows * objects_per_row, "{rows} leads were expected and about {found} came");
    Ok(())
}

async fn read_pages(setting: &Setting<'_>, partner: &mut Partner, path: &str) -> anyhow::Result<Slice> {
    let (began, mut waits_us) = (moment(), Vec::new());
    while began.elapsed() < setting.plan.slice() {
        let asked = moment();
        let read = partner.read(path).await?;
        ensure!(read.objects > 1, "a page without rows");
        waits_us.push(in_us(asked.elapsed()));
    }
    Ok(Slice { operations: waits_us.len() as u64, elapsed: began.elapsed(), waits_us })
}

/// The statement of the first page alone.
async fn query_pages(setting: &Setting<'_>, scene: &Scene) -> anyhow::Result<Slice> {
    let (project, rows) = (ProjectId(scene.project.id), i64::try_from(PAGE_ROWS)? + 1);
    let window = Window { from: i64::MIN, before: Position::NEWEST, skip: 0, rows };
    let (began, mut operations) = (moment(), 0);
    while began.elapsed() < setting.plan.slice() {
        let read = async move |conn: &aurix::db::Conn| Ok(lead_list::external(conn, project, &window).await?);
        ensure!(!scene.database.core.db.read(read).await?.is_empty(), "a page without rows");
        operations += 1;
    }
    Ok(Slice { operations, elapsed: began.elapsed(), waits_us: Vec::new() })
}

/// Streams `rows` leads from a moment on, then reads the same rows without HTTP and JSON.
async fn stream(
    setting: &Setting<'_>,
    scene: &Scene,
    partner: &mut Partner,
    (path, from, rows): (&str, i64, u64),
    finding: &mut Finding,
) -> anyhow::Result<()> {
    let progress = setting.progress;
    progress.phase(format!("streaming {rows} leads"), rows * SERVICE_OBJECTS);
    let before_bytes = resident_bytes(scene.pid())?;
    let began = moment();
    let read = partner.read_reporting(path, |objects| progress.step(objects));
    let work = scene.meter.during(most_resident(scene.pid(), read));
    let ((read, most_bytes), cpu) = work.await?;
    let elapsed = began.elapsed();
    ensure_rows(&read, rows, SERVICE_OBJECTS)?;
    let after_bytes = resident_bytes(scene.pid())?;
    progress.phase("reading the same rows bare", rows);
    let mut aurix = Tally::default();
    aurix.add_metered(Slice { operations: rows, elapsed, waits_us: Vec::new() }, cpu);
    let mut bare = Tally::default();
    bare.add(query_all(setting, scene, from, rows).await?);
    let outcome = Outcome { aurix, ceilings: vec![("bare_query", bare)] };
    let mb_per_second = in_mb(read.bytes) / elapsed.as_secs_f64();
    outcome.rows(&format!("list: stream of {rows} leads"), finding);
    finding.fact("  streamed", mb_per_second, "MB per second");
    for (name, bytes) in [("before", before_bytes), ("at most", most_bytes), ("after", after_bytes)] {
        finding.fact(&format!("  memory {name}"), in_mb(bytes), "MB");
    }
    let mut object = outcome.object();
    object["bytes"] = read.bytes.into();
    object["mb_per_second"] = round(mb_per_second, 1).into();
    object["rss_bytes"] = json!({"before": before_bytes, "most": most_bytes, "after": after_bytes});
    finding.member("stream", object);
    Ok(())
}

async fn query_all(setting: &Setting<'_>, scene: &Scene, from: i64, rows: u64) -> anyhow::Result<Slice> {
    let project = ProjectId(scene.project.id);
    let (began, mut operations, mut before) = (moment(), 0, Position::NEWEST);
    loop {
        let window = Window { from, before, skip: 0, rows: QUERY_ROWS };
        let read = async move |conn: &aurix::db::Conn| Ok(lead_list::service(conn, project, &window).await?);
        let page = scene.database.core.db.read(read).await?;
        let Some(last) = page.last() else { break };
        before = Position::of(last.created_at, last.id);
        operations += page.len() as u64;
        setting.progress.step(page.len() as u64);
    }
    ensure!(operations == rows, "the query found {operations} leads of {rows}");
    Ok(Slice { operations, elapsed: began.elapsed(), waits_us: Vec::new() })
}
