//! The filter of the log, as it stands in the address of a page: read, written, and turned into what the database is asked.

use crate::db::Conn;
use crate::domain::attempt_result::ResultRange;
use crate::domain::closed_set::closed_set;
use crate::domain::correlation::CorrelationId;
use crate::domain::delivery::DeliveryStatus;
use crate::domain::event::EventType;
use crate::domain::ids::ProjectId;
use crate::domain::lead_words::LeadQuery;
use crate::domain::time::{SignedDuration, Timestamp, with_microseconds};
use crate::store::delivery_filter::Filter;
use crate::store::delivery_list;
use crate::store::delivery_rows;
use crate::store::lead_pages::{self, Filters, View};
use crate::store::window::Position;

/// Clicks of one session whose deliveries are looked for.
const CLICKS_MAX: u32 = 200;
/// People whom a search by name, address or number is about: the newest.
pub const PEOPLE_MAX: u32 = 50;
/// Characters of a search.
const SEARCH_CHARS_MAX: usize = 100;

closed_set! {
    /// A period up to now.
    pub enum Period {
        /// The last hour.
        Hour = "hour",
        /// The last 24 hours.
        Day = "day",
        /// The last 7 days.
        Week = "week",
        /// The last 30 days.
        Month = "month",
    }
}

impl Period {
    fn length(self) -> SignedDuration {
        match self {
            Self::Hour => SignedDuration::from_hours(1),
            Self::Day => SignedDuration::from_hours(24),
            Self::Week => SignedDuration::from_hours(7 * 24),
            Self::Month => SignedDuration::from_hours(30 * 24),
        }
    }
}

/// The filter of the log. What is not known of an address is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogFilter {
    /// The webhook's UUID.
    pub webhook: Option<String>,
    /// The status of deliveries.
    pub state: Option<DeliveryStatus>,
    /// The type of events.
    pub event: Option<EventType>,
    /// `2xx`, `none`, or one result by its number.
    pub answer: Option<String>,
    /// Up to now.
    pub period: Option<Period>,
    /// From this time on: of the API and the commands.
    pub since: Option<Timestamp>,
    /// A reference, the id of an event, or what a person is found by: a name, an e-mail address, a number.
    pub search: Option<String>,
}

impl LogFilter {
    /// The names of its parameters.
    pub const NAMES: [&str; 7] = ["webhook", "state", "event", "answer", "period", "since", "q"];

    /// Reads it from parameters.
    pub fn read<'a>(of: impl Fn(&str) -> Option<&'a str>) -> Self {
        let given = |name: &str| of(name).map(str::trim).filter(|value| !value.is_empty());
        Self {
            webhook: given("webhook").map(str::to_owned),
            state: given("state").and_then(DeliveryStatus::parse),
            event: given("event").and_then(EventType::parse),
            answer: given("answer").filter(|word| ResultRange::parse(word).is_some()).map(str::to_owned),
            period: given("period").and_then(Period::parse),
            since: given("since").and_then(|text| text.parse().ok()),
            search: given("q").map(|text| text.chars().take(SEARCH_CHARS_MAX).collect()),
        }
    }

    /// Its parameters that say something.
    pub fn pairs(&self) -> Vec<(&'static str, String)> {
        let values = [
            self.webhook.clone(),
            self.state.map(|state| state.as_str().to_owned()),
            self.event.map(|event| event.as_str().to_owned()),
            self.answer.clone(),
            self.period.map(|period| period.as_str().to_owned()),
            self.since.map(with_microseconds),
            self.search.clone(),
        ];
        Self::NAMES.into_iter().zip(values).filter_map(|(name, value)| Some((name, value?))).collect()
    }

    /// As it stands in an address, without the parameter `without`: empty where nothing is filtered.
    pub fn query_without(&self, without: &str) -> String {
        let pairs = self.pairs().into_iter().filter(|(name, _)| *name != without);
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
    }

    /// As it stands in an address.
    pub fn query(&self) -> String {
        self.query_without("")
    }

    /// What the database is asked; `None` where nothing can match, since a webhook or what is searched for is not there.
    pub async fn resolve(&self, conn: &Conn, project: ProjectId, now: Timestamp) -> anyhow::Result<Option<Filter>> {
        let mut filter = Filter { status: self.state, event_type: self.event, ..Filter::default() };
        if let Some(public_id) = &self.webhook {
            let webhooks = delivery_list::webhooks(conn, project).await?;
            let Some(webhook) = webhooks.into_iter().find(|webhook| webhook.public_id == *public_id) else {
                return Ok(None);
            };
            filter.webhook = Some(webhook.id);
        }
        if let Some(range) = self.answer.as_deref().and_then(ResultRange::parse) {
            filter.results = range;
        }
        if let Some(period) = self.period {
            filter.from = now - period.length();
        }
        filter.from = filter.from.max(self.since.unwrap_or(filter.from));
        match &self.search {
            Some(text) => search(conn, project, text, filter).await,
            None => Ok(Some(filter)),
        }
    }
}

/// Narrows a filter to what a search means.
async fn search(conn: &Conn, project: ProjectId, text: &str, filter: Filter) -> anyhow::Result<Option<Filter>> {
    if let Some(ms) = event_ms(text) {
        let found = delivery_rows::find_event(conn, project, text, ms).await?;
        return Ok(found.map(|(event, at)| Filter { events: vec![Position::of(at, event)], ..filter }));
    }
    let by_reference = match CorrelationId::parse(text) {
        Ok(reference) => of_reference(conn, project, &reference, &filter).await?,
        Err(_) => None,
    };
    match by_reference {
        Some(filter) => Ok(Some(filter)),
        None => of_people(conn, project, text, filter).await,
    }
}

/// What was sent of the session with a reference; `None` where there is none.
async fn of_reference(
    conn: &Conn,
    project: ProjectId,
    reference: &CorrelationId,
    filter: &Filter,
) -> anyhow::Result<Option<Filter>> {
    let (folded, id) = (reference.folded(), reference.as_str());
    match delivery_rows::find_session(conn, project, &folded, id).await? {
        None => Ok(None),
        Some(Some(conversation)) => Ok(Some(Filter { conversations: vec![conversation], ..filter.clone() })),
        // Nobody has written: there are clicks alone.
        Some(None) => {
            let events = delivery_rows::events_of_clicks(conn, project, (&folded, id), CLICKS_MAX).await?;
            Ok((!events.is_empty()).then(|| Filter { events, ..filter.clone() }))
        }
    }
}

/// What was sent of the people whom a search of the leads finds: of the newest [`PEOPLE_MAX`].
async fn of_people(conn: &Conn, project: ProjectId, text: &str, filter: Filter) -> anyhow::Result<Option<Filter>> {
    let Some(query) = LeadQuery::parse(text, project) else { return Ok(None) };
    let of_all = (&View::Found(query), &Filters::default());
    let found = lead_pages::page(conn, project, of_all, Position::NEWEST, PEOPLE_MAX).await?;
    let conversations: Vec<_> = found.rows.iter().map(|lead| lead.conversation).collect();
    Ok((!conversations.is_empty()).then_some(Filter { conversations, ..filter }))
}

/// The milliseconds since 1970 that the id of an event tells: `evt_` and a UUID that sorts by time.
pub fn event_ms(text: &str) -> Option<i64> {
    let uuid = text.strip_prefix("evt_").filter(|uuid| uuid.len() == 32)?;
    i64::from_str_radix(uuid.get(..12)?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_as_it_is_written() {
        let filter = LogFilter {
            webhook: Some("5b1f".to_owned()),
            state: Some(DeliveryStatus::Failed),
            event: Some(EventType::LeadCreated),
            answer: Some("4xx".to_owned()),
            period: Some(Period::Day),
            since: Some("2026-01-02T10:00:00Z".parse().expect("a time")),
            search: Some("O-4Kx9aQe & co".to_owned()),
        };
        let pairs: Vec<_> = url::form_urlencoded::parse(filter.query().as_bytes()).into_owned().collect();
        let of = |name: &str| pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        assert_eq!(LogFilter::read(of), filter);
        assert_eq!(filter.query_without("q").matches('=').count(), 6);
        let nonsense = |name: &str| Some(if name == "webhook" { " " } else { "nonsense" });
        let read = LogFilter::read(nonsense);
        assert_eq!(read.query(), "q=nonsense");
        assert_eq!(LogFilter::default().query(), "");
    }

    #[test]
    fn the_id_of_an_event_tells_its_time() {
        assert_eq!(event_ms("evt_019b7e0f4c0070008000000000000000"), Some(0x019b_7e0f_4c00));
        for text in ["evt_", "evt_zz9b7e0f4c0070008000000000000000", "019b7e0f4c0070008000000000000000", "O-4Kx9aQe"] {
            assert_eq!(event_ms(text), None, "{text}");
        }
    }
}
