//! Clicks and deliveries with several processes on one database.

use serde_json::{Value, json};

use crate::finding::{Finding, Row, round};
use crate::scene::Scene;
use crate::setting::Setting;
use crate::sink::HELD_PATH;
use crate::{clicks, deliveries};

/// Measures with each count of processes, each on a database of its own. The load is spread evenly over the processes.
pub async fn measure(setting: &Setting<'_>) -> anyhow::Result<Finding> {
    let mut finding = Finding::default();
    let (mut measured, mut first) = (Vec::<Value>::new(), None);
    for &count in &setting.plan.nodes {
        setting.progress.begin(format!("starting {count} processes"));
        let scene = Scene::with_nodes(setting.stage, &format!("nodes_{count}"), HELD_PATH, count).await?;
        let (click, recorded) = clicks::measure(setting, &scene).await?;
        let deliver = deliveries::measure(setting, &scene, recorded).await?;
        let rates = [click.aurix.per_second(), deliver.aurix.per_second()];
        let base = *first.get_or_insert(rates);
        let mut node = json!({"nodes": count});
        for (at, (name, outcome)) in [("click", click), ("deliver", deliver)].into_iter().enumerate() {
            let nodes = if count == 1 { "node" } else { "nodes" };
            outcome.rows(&format!("{name}, {count} {nodes}"), &mut finding);
            let gain = rates[at] / base[at].max(1e-9);
            finding.row("  beside the first count", &Row { ratio: Some(gain), ..Row::default() });
            node[name] = outcome.object();
            node[name]["ratio_to_first"] = round(gain, 3).into();
        }
        measured.push(node);
    }
    finding.member("by_count", measured.into());
    Ok(finding)
}
