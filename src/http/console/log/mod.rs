//! `/p/{project}/integrations/log`: every delivery over all webhooks, one delivery with its attempts, and resending.

mod curl;
mod delivery;
mod difference;
mod export;
mod list;
mod resend;
mod row;
mod snippets;

use super::who::{Member, Needs};
use crate::deliveries::log_filter::LogFilter;
use crate::domain::account::Role;
use crate::http::extract::Query;
use crate::http::routes::Routes;

pub fn routes() -> Routes {
    Routes::default()
        .get("/p/{project}/integrations/log", list::show)
        .get("/p/{project}/integrations/log/fresh", list::fresh)
        .get("/p/{project}/integrations/log/export.csv", export::export)
        .get("/p/{project}/integrations/log/jobs", resend::jobs)
        .post("/p/{project}/integrations/log/jobs/{job}/stop", resend::stop)
        .get("/p/{project}/integrations/log/resend", resend::ask)
        .post("/p/{project}/integrations/log/resend", resend::start)
        .get("/p/{project}/integrations/log/{delivery}", delivery::show)
        .post("/p/{project}/integrations/log/{delivery}/resend", delivery::resend)
}

/// The page of the log.
fn log_path<N: Needs>(member: &Member<N>) -> String {
    format!("{}/integrations/log", member.path())
}

/// Whether who looks sees people without their names and numbers.
fn sees_masked<N: Needs>(member: &Member<N>) -> bool {
    member.role == Role::Viewer && member.project.viewers_see_masked
}

/// Reads the filter of an address.
pub fn read_filter(query: &Query) -> LogFilter {
    LogFilter::read(|name| query.one(name).ok().flatten())
}
