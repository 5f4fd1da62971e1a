//! Aurix under requests, in turns with its two ceilings: the same requests to a server without work, and the same rows
//! without requests.

use crate::attach::Attached;
use crate::bare::Bare;
use crate::load::Load;
use crate::project::Project;
use crate::roles::Redirect;
use crate::rows::BareRow;
use crate::scene::Scene;
use crate::setting::Setting;
use crate::sink::OPEN_PATH;
use crate::tally::{Outcome, Tally};
use aurix::domain::time::Clock;

/// The requests, and what each of them stores.
pub struct Requests<'a> {
    /// What the phase and the database of the bare rows are called.
    pub name: &'static str,
    /// Writes a request.
    pub write: &'a dyn Fn(u64, &mut Vec<u8>),
    /// The rows of one, of a project, with the texts that Aurix stored and the time.
    pub rows: fn(&Project, Vec<String>, i64) -> Vec<BareRow>,
    /// These texts.
    pub texts: Vec<String>,
}

/// Measures. `ended` waits for the work that follows the responses; its processor time counts as Aurix's.
pub async fn take(
    setting: &Setting<'_>,
    scene: &Scene,
    load: &Load<'_>,
    requests: Requests<'_>,
    ended: impl AsyncFn() -> anyhow::Result<()>,
) -> anyhow::Result<Outcome> {
    let Setting { plan, stage, progress } = setting;
    let redirect = Redirect::start().await?;
    let idle = Load::new(vec![redirect.address()], plan.connections, 302, requests.write);
    idle.slice(plan.slice()).await?;
    let database = stage.database(&format!("{}_bare_{}", scene.name, requests.name)).await?;
    let project = Project::make(&database.core, 1, scene.sink.address, &[scene.sink.url(OPEN_PATH)]).await?;
    let rows = (requests.rows)(&project, requests.texts, Clock::System.now().as_microsecond());
    let mut bare = Bare::open(&database, rows, plan.connections).await?;
    let (mut aurix, mut redirects, mut inserts) = (Tally::default(), Tally::default(), Tally::default());
    ended().await?;
    let attached = Attached::begin(plan, scene, requests.name).await?;
    progress.phase(requests.name, u64::from(plan.rounds()) * 3);
    for _ in 0..plan.rounds() {
        let work = async {
            let slice = load.slice(plan.slice()).await?;
            ended().await?;
            Ok(slice)
        };
        let (slice, cpu) = scene.meter.during(work).await?;
        aurix.add_metered(slice, cpu);
        progress.step(1);
        redirects.add(idle.slice(plan.slice()).await?);
        progress.step(1);
        inserts.add(bare.slice(plan.slice()).await?);
        progress.step(1);
    }
    attached.end().await?;
    Ok(Outcome { aurix, ceilings: vec![("bare_rows", inserts), ("redirect", redirects)] })
}
