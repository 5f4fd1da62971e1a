//! Where the log looks for what a filter matches: each delivery is found once, however many others there are.

use aurix::domain::account::Role;
use aurix::domain::attempt_result::{AttemptResult, ResultRange};
use aurix::domain::delivery::DeliveryStatus;
use aurix::domain::event::{Event, EventType};
use aurix::domain::ids::{ConversationId, DeliveryId, ProjectId, WebhookId};
use aurix::domain::time::{SignedDuration, Timestamp};
use aurix::store::deliveries::{self, NewDelivery, Settlement};
use aurix::store::delivery_filter::Filter;
use aurix::store::delivery_list;
use aurix::store::window::Position;
use aurix::store::{events, failed_deliveries};

use super::log::{path, signed_in};
use crate::support::{Person, Receiver, TestApp};

/// More than a page looks at of one webhook.
const MANY: i64 = 2_100;

/// A project with a webhook and a conversation.
struct Stage<'a> {
    app: &'a TestApp,
    project: ProjectId,
    webhook: WebhookId,
}

impl<'a> Stage<'a> {
    async fn new(app: &'a TestApp) -> Self {
        let project = app.project().await;
        Person::new(app, &project, "6587654321").writes("hello").await;
        app.settle().await;
        app.webhook(&project, &Receiver::start().await).await;
        app.advance(SignedDuration::from_hours(1));
        let webhook = WebhookId(app.count("SELECT id FROM webhooks").await);
        Self { app, project: project.id, webhook }
    }

    /// Stores an event for each of these moments, each with a delivery that waits.
    async fn events(&self, event_type: EventType, times: Vec<Timestamp>) -> Vec<DeliveryId> {
        let (project, webhook, keys) = (self.project, self.webhook, self.app.core.row_keys.clone());
        let conversation = event_type.is_of_conversation().then_some(ConversationId(1));
        let event = |at: &Timestamp| {
            let (id, event_id) = (keys.next(*at), format!("evt_{:032x}", keys.next::<DeliveryId>(*at).0));
            let (body, created_at) = ("{}".to_owned(), *at);
            (
                project,
                id,
                Event { event_id, event_type, conversation_id: conversation, body, body_external: None, created_at },
            )
        };
        let new_events: Vec<_> = times.iter().map(event).collect();
        let delivery = |(_, event, of): &(ProjectId, aurix::domain::ids::EventId, Event)| {
            let (id, created_at) = (keys.next(of.created_at), of.created_at);
            NewDelivery { id, webhook, event: *event, conversation, created_at, lease_until: None }
        };
        let new_deliveries: Vec<_> = new_events.iter().map(delivery).collect();
        let ids = new_deliveries.iter().map(|new| new.id).collect();
        let store = async move |tx: &aurix::db::Tx| {
            let rows: Vec<_> = new_events.iter().map(|(project, id, event)| (*project, *id, event)).collect();
            events::insert(tx, &rows).await?;
            deliveries::insert(tx, &new_deliveries).await?;
            Ok(())
        };
        self.app.core.db.write(store).await.expect("rows");
        ids
    }

    /// So many moments before now, a millisecond apart.
    fn times(&self, count: i64) -> Vec<Timestamp> {
        let now = self.app.core.clock.now();
        (0..count).map(|number| now - SignedDuration::from_millis(count - number)).collect()
    }

    /// Ends the first attempts of deliveries.
    async fn settle(&self, ids: &[DeliveryId], status: DeliveryStatus, result: u16) {
        let settlement = |id: &DeliveryId| {
            let due_at = (status == DeliveryStatus::Pending).then(|| self.app.core.clock.now());
            Settlement { id: *id, attempt: 1, status, due_at, result: AttemptResult::Status(result) }
        };
        let settlements: Vec<_> = ids.iter().map(settlement).collect();
        self.app.execute("UPDATE deliveries SET attempts = 1 WHERE attempts = 0").await;
        let settled = self.app.core.db.write(async move |tx| Ok(deliveries::settle(tx, &settlements).await?)).await;
        assert_eq!(settled.expect("settled"), ids.len() as u64);
    }

    /// All that a filter matches, page by page of 50, and how many pages ended before they had seen everything.
    async fn all(&self, filter: &Filter) -> (Vec<Position>, usize) {
        let (mut found, mut cuts, mut before) = (Vec::new(), 0, Position::NEWEST);
        loop {
            let (project, webhooks, wanted) = (self.project, vec![self.webhook], filter.clone());
            let read = async move |conn: &aurix::db::Conn| {
                Ok(delivery_list::page(conn, project, &webhooks, &wanted, (before, 50)).await?)
            };
            let page = self.app.core.db.read(read).await.expect("a page");
            assert!(page.positions.len() <= 50);
            found.extend(page.positions);
            let Some((next, is_cut)) = page.next else { break };
            assert!(next < before, "the next page begins where this one began");
            cuts += usize::from(is_cut);
            before = next;
        }
        assert!(found.is_sorted_by(|one, next| one > next), "newest first, and none twice");
        (found, cuts)
    }
}

both_engines! {
    async fn events_of_the_same_moment_are_all_listed(app: &TestApp) {
        let stage = Stage::new(app).await;
        let now = app.core.clock.now();
        stage.events(EventType::LeadUpdated, vec![now; 130]).await;
        stage.events(EventType::LeadComplete, vec![now; 30]).await;
        let filter = Filter { event_type: Some(EventType::LeadUpdated), ..Filter::default() };
        assert_eq!(stage.all(&filter).await.0.len(), 130);
    }

    async fn a_type_of_event_is_found_among_many_others(app: &TestApp) {
        let stage = Stage::new(app).await;
        let times = stage.times(MANY + 60);
        let first = stage.events(EventType::LeadUpdated, times[..60].to_vec()).await;
        stage.events(EventType::WidgetClick, times[60..].to_vec()).await;
        let of_type = |event_type| Filter { event_type: Some(event_type), ..Filter::default() };
        let (found, cuts) = stage.all(&of_type(EventType::LeadUpdated)).await;
        assert_eq!((found.len(), cuts), (60, 0), "from the events on, no other delivery is looked at");
        assert_eq!(stage.all(&of_type(EventType::WidgetClick)).await.0.len(), MANY as usize);
        let conversations = vec![ConversationId(1)];
        let of_conversation = Filter { conversations, ..of_type(EventType::LeadUpdated) };
        assert_eq!(stage.all(&of_conversation).await.0.len(), 60);
        stage.settle(&first[..2], DeliveryStatus::Failed, 422).await;
        let failed = Filter { status: Some(DeliveryStatus::Failed), ..of_type(EventType::LeadUpdated) };
        assert_eq!(stage.all(&failed).await.0.len(), 2);
        assert_eq!(stage.all(&Filter { conversations: vec![ConversationId(1)], ..failed }).await.0.len(), 2);
        let unknown = Filter { conversations: vec![ConversationId(2)], ..Filter::default() };
        assert_eq!(stage.all(&unknown).await.0.len(), 0);
    }

    async fn of_much_that_waits_the_newest_is_listed_first(app: &TestApp) {
        let stage = Stage::new(app).await;
        let ids = stage.events(EventType::WidgetClick, stage.times(MANY)).await;
        let filter = Filter { status: Some(DeliveryStatus::Pending), ..Filter::default() };
        let (found, _) = stage.all(&filter).await;
        assert_eq!((found.len(), found[0].id), (ids.len(), ids[ids.len() - 1].0));
        stage.settle(&ids[10..], DeliveryStatus::Delivered, 200).await;
        assert_eq!(stage.all(&filter).await.0.len(), 10, "what little waits is found by what it is due at");
    }

    async fn a_search_that_ends_early_goes_on_where_it_ended(app: &TestApp) {
        let stage = Stage::new(app).await;
        let ids = stage.events(EventType::WidgetClick, stage.times(MANY)).await;
        stage.settle(&ids[..3], DeliveryStatus::Delivered, 200).await;
        let filter = Filter { status: Some(DeliveryStatus::Delivered), ..Filter::default() };
        let (found, cuts) = stage.all(&filter).await;
        assert_eq!((found.len(), cuts), (3, 1));
    }

    async fn a_failure_is_found_wherever_its_delivery_is_by_now(app: &TestApp) {
        let stage = Stage::new(app).await;
        let ids = stage.events(EventType::WidgetClick, stage.times(MANY)).await;
        stage.settle(&ids[..2], DeliveryStatus::Failed, 503).await;
        stage.settle(&ids[2..5], DeliveryStatus::Pending, 503).await;
        stage.settle(&ids[5..6], DeliveryStatus::Cancelled, 503).await;
        stage.settle(&ids[6..], DeliveryStatus::Delivered, 200).await;
        let of = |answer: &str| Filter { results: ResultRange::parse(answer).expect("an answer"), ..Filter::default() };
        let (found, cuts) = stage.all(&of("5xx")).await;
        assert_eq!((found.len(), cuts), (6, 0));
        assert_eq!(stage.all(&of("4xx")).await, (Vec::new(), 0));
        assert_eq!(stage.all(&of("2xx")).await.0.len(), ids.len() - 6);
        let cancelled = Filter { status: Some(DeliveryStatus::Cancelled), ..Filter::default() };
        assert_eq!(stage.all(&cancelled).await.0.len(), 1);
    }

    async fn what_failed_is_counted_up_to_a_number(app: &TestApp) {
        let stage = Stage::new(app).await;
        let clicks = stage.events(EventType::WidgetClick, stage.times(7)).await;
        let leads = stage.events(EventType::LeadCreated, stage.times(5)).await;
        stage.settle(&[clicks, leads].concat(), DeliveryStatus::Failed, 500).await;
        let count = async |filter: Filter, most| {
            let (project, webhook) = (stage.project, stage.webhook);
            let read = async move |conn: &aurix::db::Conn| {
                let behind = (Position::before(filter.from), 100);
                let behind = failed_deliveries::behind(conn, project, webhook, &filter, behind).await?.len();
                Ok((failed_deliveries::count(conn, project, webhook, &filter, most).await?, behind))
            };
            app.core.db.read(read).await.expect("a count")
        };
        let of_type = |event_type| Filter { event_type: Some(event_type), ..Filter::default() };
        assert_eq!(count(Filter::default(), i64::MAX).await, (12, 12));
        assert_eq!(count(Filter::default(), 10).await.0, 10);
        assert_eq!(count(of_type(EventType::WidgetClick), 9).await, (7, 7));
        assert_eq!(count(of_type(EventType::LeadCreated), 4).await, (4, 5));
        assert_eq!(count(Filter { conversations: vec![ConversationId(1)], ..Filter::default() }, 9).await, (5, 5));
    }

    async fn a_delivery_says_what_is_new_since_the_event_before(app: &TestApp) {
        let project = app.project().await;
        let other = app.project_named("Other", "222").await;
        app.webhook(&project, &Receiver::start().await).await;
        for (project, name) in [(&other, "Eve Foreign"), (&project, "Jonas Weber"), (&project, "Kavita Menon")] {
            let person = Person::new(app, project, "6587654321");
            let person = if name == "Jonas Weber" { Person::new(app, project, "6581112222") } else { person };
            person.writes(&format!("My name is {name}")).await;
            app.settle().await;
            person.writes("me@example.com").await;
            app.settle().await;
        }
        let browser = signed_in(app, &project, Role::Viewer).await;
        let page_of = async |event: &str| {
            let list = browser.get(&path(&project, &format!("?q=kavita&event={event}"))).await.text();
            let address = list.split("class=\"w\"><a href=\"").nth(1).and_then(|rest| rest.split('"').next());
            browser.get(address.expect("a row")).await.text()
        };
        let created = page_of("lead.created").await;
        assert!(!created.contains("New in this event"), "it is the first: {created}");
        let complete = page_of("lead.complete").await;
        let new = complete.split_once("New in this event").expect("a panel").1.split_once("</section>").expect("its end").0;
        assert!(new.contains("Since New Lead") && new.contains(">lead status</th>") && new.contains("<td>complete</td>"), "{new}");
        for stranger in ["Jonas", "Foreign"] {
            assert!(!complete.contains(stranger));
        }
        app.execute("UPDATE projects SET viewers_see_masked = TRUE").await;
        assert!(!page_of("lead.complete").await.contains("New in this event"));
    }
}
