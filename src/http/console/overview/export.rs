//! `/p/{project}/overview/export.csv`: a table of the overview whole, or its series.

use axum::extract::State;
use axum::response::Response;

use super::figures::FEW;
use super::panels::{PLACES, Tables, path};
use super::query::OverviewQuery;
use super::{names, zone_of};
use crate::counts::ask::Dimension;
use crate::counts::report::report;
use crate::engines::Engines;
use crate::http::console::csv::{self, Made};
use crate::http::console::who::Member;
use crate::http::error::{ApiError, Result};
use crate::http::extract::Query;
use crate::store::counts::Sums;

/// The columns of numbers, as [`PLACES`] has them.
const NUMBERS: [&str; 7] = ["clicks", "conversations", "leads", "complete", "qualified", "won", "good"];

pub async fn export(State(engines): State<Engines>, member: Member, query: Query) -> Result<Response> {
    let core = &engines.core;
    let panel = query.one("panel").map_err(|invalid| ApiError::Invalid(vec![invalid]))?.unwrap_or_default().to_owned();
    let query = OverviewQuery::parse(&query)?;
    let ask = query.ask(core.clock.now(), &zone_of(&member));
    let (project, asked) = (member.project.id, ask.clone());
    let report = core.db.read(async move |conn| report(conn, project, &asked).await).await?;
    let names = names(core, project).await?;
    let tables = Tables { base: "", query: &query, names: &names, is_alone: true };
    let dimension = Dimension::ALL.into_iter().find(|dimension| dimension.as_str() == panel);
    let (head, lines): (Vec<&str>, Vec<Vec<String>>) = match (panel.as_str(), dimension) {
        (_, Some(dimension)) => {
            let lines = report.panels.get(&dimension).into_iter().flatten();
            (
                vec![dimension.as_str()],
                lines.map(|line| cells([tables.label(dimension, &line.value)], &line.sums)).collect(),
            )
        }
        ("ad", None) => {
            let ad = |(ad, sums): &(_, Sums)| {
                let mut names = path(ad);
                names.resize(4, String::new());
                let ids = [&ad.ad.campaign_id, &ad.ad.adset_id, &ad.ad.ad_id].map(String::clone);
                cells(names.into_iter().chain(ids), sums)
            };
            let head = ["campaign", "ad_set", "ad", "keyword", "campaign_id", "ad_set_id", "ad_id"];
            (head.to_vec(), report.ads.iter().map(ad).collect())
        }
        _ => {
            let day = |(date, sums): &(jiff::civil::Date, Sums)| cells([date.to_string()], sums);
            (vec!["day"], report.series.iter().map(day).collect())
        }
    };
    let head: Vec<&str> = head.into_iter().chain(NUMBERS).chain(["too_few"]).collect();
    let text: String = lines.iter().map(csv::row).collect();
    let period = format!("{}_{}", ask.period.first, ask.period.last);
    let what = if panel.is_empty() { "days" } else { &panel };
    let name = csv::file_name(["overview", &member.project.name, what, &period, &query.by]);
    Ok(csv::streamed(&name, &csv::row(&head), Made::new(text)))
}

/// A line: what it is of, its numbers, and whether its complete leads are too few to say much.
fn cells(of: impl IntoIterator<Item = String>, sums: &Sums) -> Vec<String> {
    let numbers = PLACES.into_iter().map(|place| sums[place].to_string());
    let few = if sums[4] < FEW { "yes" } else { "" };
    of.into_iter().chain(numbers).chain([few.to_owned()]).collect()
}
