//! What the address of the list says: the view, the filters, what is looked for, and where the page begins.

use crate::domain::ids::{ProjectId, UserId};
use crate::domain::lead::{LeadStatus, Quality, WITHOUT_VALUE};
use crate::domain::lead_words::LeadQuery;
use crate::domain::time::{SignedDuration, Timestamp};
use crate::http::error::{ApiError, Result};
use crate::http::extract::Query;
use crate::http::partner::cursor;
use crate::store::lead_pages::{Filters, View, start};
use crate::store::window::Position;

/// Characters that are looked for.
const SEARCH_CHARS_MAX: usize = 200;

/// The views, by their word in the address, as the page names them.
pub const VIEWS: [(&str, &str); 6] = [
    ("all", "All"),
    ("talking", "Talking"),
    ("correlated", "Correlated"),
    ("complete", "Complete"),
    ("waiting", "Waiting for a person"),
    ("mine", "Mine"),
];
/// The stages to filter by.
pub const STAGE_FILTERS: [(&str, &str); 5] =
    [("open", "Open"), ("qualified", "Qualified"), ("won", "Won"), (WITHOUT_VALUE, "Won, no value"), ("lost", "Lost")];
/// The stages of a lead.
pub const STAGES: [(&str, &str); 4] = [("open", "Open"), ("qualified", "Qualified"), ("won", "Won"), ("lost", "Lost")];
/// The qualities to filter by.
pub const QUALITIES: [(&str, &str); 4] =
    [("unknown", "Not said"), ("good", "Good"), ("poor", "Poor"), ("not_a_lead", "Not a lead")];
/// Reasons for a quality that are proposed.
pub const QUALITY_REASONS: [&str; 8] =
    ["Spam", "Existing customer", "Supplier", "Looking for a job", "Wrong service", "Wrong area", "Test", "Duplicate"];
/// The periods to filter by, in days.
pub const PERIODS: [(&str, &str); 4] = [("1", "24 hours"), ("7", "7 days"), ("30", "30 days"), ("90", "90 days")];

/// What the address of the list says, as it was written.
#[derive(Clone, Debug, Default)]
pub struct LeadsQuery {
    /// A view of [`VIEWS`].
    pub view: String,
    /// What is looked for.
    pub q: String,
    /// Days, or empty.
    pub days: String,
    /// A stage, or empty.
    pub stage: String,
    /// A quality, or empty.
    pub quality: String,
    /// A campaign, or empty.
    pub campaign: String,
    /// A cursor, or empty.
    pub after: String,
}

impl LeadsQuery {
    /// Reads the address. What is not one of the choices counts as none: a link from yesterday still opens.
    pub fn parse(query: &Query) -> Result<Self> {
        let one = |name: &str| -> Result<String> {
            let value = query.one(name).map_err(|invalid| ApiError::Invalid(vec![invalid]))?;
            Ok(value.unwrap_or_default().trim().chars().take(SEARCH_CHARS_MAX).collect())
        };
        let choice = |value: String, choices: &[(&str, &str)]| {
            if choices.iter().any(|(word, _)| *word == value) { value } else { String::new() }
        };
        let view = choice(one("view")?, &VIEWS);
        Ok(Self {
            view: if view.is_empty() { "all".to_owned() } else { view },
            q: one("q")?,
            days: choice(one("days")?, &PERIODS),
            stage: choice(one("stage")?, &STAGE_FILTERS),
            quality: choice(one("quality")?, &QUALITIES),
            campaign: one("campaign")?,
            after: one("after")?,
        })
    }

    /// Whether rows are left out beyond what the view leaves out.
    pub fn is_filtered(&self) -> bool {
        [&self.days, &self.stage, &self.quality, &self.campaign].iter().any(|value| !value.is_empty())
    }

    /// The view, for that person. A search looks through all leads.
    pub fn view(&self, project: ProjectId, user: UserId) -> View {
        if let Some(query) = LeadQuery::parse(&self.q, project) {
            return View::Found(query);
        }
        match self.view.as_str() {
            "talking" => View::Status(LeadStatus::Active),
            "correlated" => View::Status(LeadStatus::Correlated),
            "complete" => View::Status(LeadStatus::Complete),
            "waiting" => View::Waiting,
            "mine" => View::Mine(user),
            _ => View::All,
        }
    }

    /// The filters at `now`.
    pub fn filters(&self, now: Timestamp) -> Filters {
        let days: Option<i64> = self.days.parse().ok();
        let stage = STAGE_FILTERS.iter().any(|(word, _)| *word == self.stage).then(|| self.stage.clone());
        let campaign = (!self.campaign.is_empty()).then(|| {
            let json = serde_json::Value::from(self.campaign.as_str()).to_string();
            format!("%\"utm_campaign\":{}%", json.replace('!', "!!").replace('%', "!%").replace('_', "!_"))
        });
        Filters {
            since: days.map(|days| now - SignedDuration::from_hours(24 * days)),
            stage,
            quality: Quality::parse(&self.quality),
            params_like: campaign.map(|like| like.replacen("utm_campaign", "utm!_campaign", 1)),
        }
    }

    /// Where the page begins.
    pub fn position(&self, view: &View) -> Position {
        cursor::decode(&self.after).unwrap_or_else(|| start(view))
    }

    fn all(&self) -> [(&'static str, &str); 6] {
        [
            ("view", &self.view),
            ("q", &self.q),
            ("days", &self.days),
            ("stage", &self.stage),
            ("quality", &self.quality),
            ("campaign", &self.campaign),
        ]
    }

    /// What the address says but for the cursor, as the fields of a form.
    pub fn pairs(&self) -> Vec<(&'static str, &str)> {
        self.all().into_iter().filter(|(_, value)| !value.is_empty()).collect()
    }

    /// The address of this very page.
    pub fn here(&self) -> String {
        if self.after.is_empty() { self.with(&[]) } else { self.with(&[("after", &self.after)]) }
    }

    /// The address of another part of the list: `changes` replace what the address says; without a cursor unless they name one.
    pub fn with(&self, changes: &[(&str, &str)]) -> String {
        let mut text = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in self.all() {
            let value = changes.iter().find(|(changed, _)| *changed == name).map_or(value, |(_, value)| value);
            let is_default = value.is_empty() || name == "view" && value == "all";
            if !is_default {
                text.append_pair(name, value);
            }
        }
        if let Some((_, after)) = changes.iter().find(|(name, _)| *name == "after") {
            text.append_pair("after", after);
        }
        let text = text.finish();
        if text.is_empty() { String::new() } else { format!("?{text}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> LeadsQuery {
        LeadsQuery::parse(&Query::parse(text).expect("few parameters")).expect("each given once")
    }

    #[test]
    fn an_address_leads_to_the_same_list_again() {
        let query = parse("view=complete&q=+mei+&days=30&stage=won&quality=nonsense&after=x");
        assert_eq!(query.with(&[]), "?view=complete&q=mei&days=30&stage=won");
        assert_eq!(query.with(&[("view", "all"), ("q", ""), ("after", "y")]), "?days=30&stage=won&after=y");
        assert_eq!(parse("view=none").with(&[]), "");
        assert!(query.is_filtered() && !parse("q=mei").is_filtered());
    }

    #[test]
    fn a_campaign_is_looked_for_as_it_is_stored() {
        let like = |text: &str| parse(text).filters(Timestamp::UNIX_EPOCH).params_like.unwrap_or_default();
        assert_eq!(like("campaign=winter_50%25"), "%\"utm!_campaign\":\"winter!_50!%\"%");
        assert_eq!(like("campaign="), "");
    }
}
