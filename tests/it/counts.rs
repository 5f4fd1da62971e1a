//! Counts of clicks and leads are those of the rows, whatever happens.

use aurix::clicks::writer::store_spooled;
use aurix::conversations::erase_person::erase_person;
use aurix::conversations::own_people::set_internal;
use aurix::conversations::rate_lead::rate_lead;
use aurix::core::Core;
use aurix::counts::ask::{Ask, Dimension, Filter, Period};
use aurix::counts::clicks::count_noted;
use aurix::counts::recount::{Compared, compare, go_on};
use aurix::counts::report::{Report, report};
use aurix::domain::ids::LeadId;
use aurix::domain::lead::{Quality, Stage};
use aurix::domain::random::Random;
use aurix::domain::retention::{Kind, Period as Kept};
use aurix::domain::time::SignedDuration;
use aurix::maintenance::retention::remove_expired;
use aurix::net::Resolver;
use aurix::projects::set_retention::set_retention;
use aurix::projects::update_project::{ProjectChanges, update_project};
use aurix::store::lead_rating::Rating;
use futures_util::future::{join, join4};
use jiff::civil::date;
use jiff::tz::TimeZone;
use serde_json::json;

use crate::support::{Person, Project, TestApp, message_of, operator};

/// Steps of one history.
const STEPS: usize = 70;

async fn compared(core: &Core, project: &Project) -> Compared {
    compare(core, project.id, false, |_, _, _| {}).await.expect("a comparison")
}

async fn assert_equal(app: &TestApp, project: &Project, when: &str) {
    let found = compared(&app.core, project).await;
    assert!(found.is_equal(), "{when}: {found:?}");
}

/// A history that a seed tells: what people, colleagues and operators may do, in any order.
struct History<'a> {
    app: &'a TestApp,
    project: &'a Project,
    random: Random,
    references: Vec<String>,
    messages: u64,
}

impl History<'_> {
    fn draw(&self, below: u64) -> u64 {
        let mut bytes = [0; 8];
        self.random.fill(&mut bytes);
        u64::from_le_bytes(bytes) % below
    }

    async fn click(&mut self) {
        let campaigns = [
            "",
            "utm_source=google&utm_medium=cpc&utm_campaign=spring",
            "gclid=G1",
            "utm_source=news&utm_medium=email",
        ];
        let campaign = campaigns[usize::try_from(self.draw(4)).expect("small")].replace('&', "%26").replace('=', "%3D");
        let (page, device) = (self.draw(3), self.draw(5));
        let query = format!("device_id=d{device}&click_url=https%3A%2F%2Fshop.example%2Fp{page}%3F{campaign}");
        let reference = self.app.click(self.project, &query).await.reference();
        self.references.push(reference);
    }

    /// Somebody writes, under one id of theirs, the other, or both: then two conversations may be one.
    async fn message(&mut self) {
        let person = self.draw(4);
        let contact = match self.draw(3) {
            0 => json!({"user_id": format!("SG.{person}")}),
            1 => json!({"wa_id": format!("659000000{person}")}),
            _ => json!({"user_id": format!("SG.{person}"), "wa_id": format!("659000000{person}")}),
        };
        let text = match (self.draw(4), self.references.pop()) {
            (0 | 1, Some(reference)) => format!("Reference: {reference}"),
            (2, _) => format!("I am Ann Lee{person}, ann{person}@example.com"),
            _ => "hello".to_owned(),
        };
        self.messages += 1;
        message_of(self.app, self.project, contact, &format!("wamid.{}", self.messages), &text).await;
        if self.draw(2) == 0 {
            self.app.settle().await;
        }
    }

    async fn rate(&self) {
        let Some(lead) = self.some_lead().await else { return };
        let stage = [None, Some(Stage::Qualified), Some(Stage::Won), Some(Stage::Lost)];
        let quality = [Quality::Unknown, Quality::Good, Quality::Poor, Quality::NotALead];
        let pick = |draw: u64| usize::try_from(draw).expect("small");
        let rating = Rating {
            stage: stage[pick(self.draw(4))],
            amount: None,
            quality: quality[pick(self.draw(4))],
            reason: None,
        };
        rate_lead(&self.app.core, &operator(), (self.project.id, lead), rating).await.expect("rated");
    }

    async fn some_lead(&self) -> Option<LeadId> {
        let leads = self.app.core.db.read(async |conn| {
            Ok(conn.query("SELECT id FROM leads ORDER BY id", &[], |row| row.get::<i64>(0)).await?)
        });
        let leads = leads.await.expect("leads");
        let nth = self.draw(leads.len().max(1) as u64);
        leads.get(usize::try_from(nth).expect("small")).map(|id| LeadId(*id))
    }

    /// A click that was spooled some hours ago is stored late.
    async fn late_click(&self) {
        let core = self.app.core.clone();
        let back = SignedDuration::from_mins(i64::try_from(self.draw(60 * 30)).expect("small"));
        let widget = self.app.count("SELECT MIN(id) FROM widgets").await;
        let number = self.draw(u64::MAX);
        let at = core.clock.now() - back;
        let line = json!({
            "id": core.row_keys.next::<aurix::domain::ids::ClickId>(at), "event_id": format!("evt_late{number}"),
            "correlation_id": aurix::clicks::click::draw_correlation_id(&core.random), "project": self.project.id,
            "widget": widget, "device_id": null, "click_url": "https://shop.example/late", "first_raw_url": null,
            "referrer": "https://www.google.com/", "parsed_params": "{}", "ip_address": null, "user_agent": null,
            "at": at.as_microsecond(),
        });
        let click = serde_json::from_value(line).expect("a spooled click");
        core.clone().db.write(async move |tx| store_spooled(tx, &core, &[click]).await).await.expect("stored");
    }

    async fn step(&mut self) {
        match self.draw(16) {
            0..5 => self.click().await,
            5..9 => self.message().await,
            9 => self.rate().await,
            10 => self.late_click().await,
            11 => self.app.settle().await,
            12 => {
                let minutes = i64::try_from(self.draw(60 * 40)).expect("small");
                self.app.advance(SignedDuration::from_mins(minutes));
                self.app.work().await;
            }
            13 => {
                if let Some(lead) = self.some_lead().await
                    && self.draw(4) == 0
                {
                    // Whoever is erased already stays so.
                    let _ = erase_person(&self.app.core, &operator(), self.project.id, lead).await;
                }
            }
            14 if self.draw(2) == 0 => {
                if let Some(lead) = self.some_lead().await {
                    let own = self.draw(2) == 0;
                    // Whoever was merged away since is nobody any more.
                    let _ = set_internal(&self.app.core, &operator(), (self.project.id, lead), own).await;
                }
            }
            14 => {
                remove_expired(&self.app.core, || false).await.expect("a run of the retention job");
            }
            _ => {
                let zones = ["Asia/Kathmandu", "America/New_York", "Asia/Singapore", "UTC"];
                let zone = zones[usize::try_from(self.draw(4)).expect("small")];
                let changes = ProjectChanges { time_zone: Some(zone.to_owned()), ..ProjectChanges::default() };
                update_project(&self.app.core, &operator(), self.project.id, changes).await.expect("changed");
                count_on(&self.app.core).await;
            }
        }
    }
}

async fn count_on(core: &Core) {
    while go_on(core).await.expect("a step of a recount") {}
}

async fn reported(app: &TestApp, project: &Project, by_click: bool, filter: Filter) -> Report {
    let ask = Ask {
        period: Period { first: date(2026, 1, 1), last: date(2026, 12, 31) },
        compared: None,
        by_click,
        filter,
        zone: TimeZone::get("Asia/Singapore").expect("a zone"),
    };
    app.count_clicks().await;
    let id = project.id;
    app.core.db.read(async move |conn| report(conn, id, &ask).await).await.expect("a report")
}

both_engines! {
    async fn counts_are_those_of_the_rows_after_any_history(app: &TestApp) {
        let project = app.project().await;
        set_retention(&app.core, &operator(), project.id, vec![(Kind::Clicks, Some(Kept::Days(6)))]).await.expect("set");
        for seed in [1, 2, 3] {
            let mut history =
                History { app, project: &project, random: Random::seeded(seed), references: Vec::new(), messages: seed * 1_000 };
            for step in 0..STEPS {
                history.step().await;
                if step % 10 == 9 {
                    assert_equal(app, &project, &format!("seed {seed}, step {step}")).await;
                }
            }
        }
        assert!(app.count("SELECT COUNT(*) FROM conversations WHERE merged_into IS NOT NULL").await > 0, "some were merged");
        app.advance(SignedDuration::from_hours(24 * 20));
        remove_expired(&app.core, || false).await.expect("a run of the retention job");
        assert_equal(app, &project, "what was clicked is removed").await;
        assert!(app.count("SELECT CAST(SUM(clicks) AS BIGINT) FROM counts WHERE series = 1").await > app.count("SELECT COUNT(*) FROM clicks").await, "what retention removed stays counted");
    }

    async fn what_is_older_than_counts_is_counted_after_an_upgrade(app: &TestApp) {
        let project = app.project().await;
        let mut history = History { app, project: &project, random: Random::seeded(9), references: Vec::new(), messages: 0 };
        for _ in 0..40 {
            history.click().await;
            history.message().await;
            app.advance(SignedDuration::from_hours(1));
        }
        app.settle().await;
        let before = reported(app, &project, true, Filter::default()).await;
        assert!(before.total[0] == 40 && before.total[2] > 0, "{:?}", before.total);
        for sql in ["DELETE FROM counts", "DELETE FROM lead_steps", "UPDATE sessions SET source_id = NULL, ad = NULL"] {
            app.execute(sql).await;
        }
        app.execute("UPDATE projects SET recount_step = 'sessions', recount_done = 0, recount_first = 0, recount_last = 0").await;
        // People go on clicking meanwhile.
        let mut steps = 0;
        while go_on(&app.core).await.expect("a step of a recount") {
            steps += 1;
            if steps == 2 {
                history.click().await;
            }
        }
        assert_equal(app, &project, "after the upgrade").await;
        let after = reported(app, &project, true, Filter::default()).await;
        assert_eq!((after.total[0], after.total[2..].to_vec()), (41, before.total[2..].to_vec()));
        assert_eq!(app.count("SELECT COUNT(*) FROM projects WHERE recount_step IS NOT NULL").await, 0);
    }

    async fn what_differs_is_found_and_mended(app: &TestApp) {
        let project = app.project().await;
        let reference = app.click(&project, "device_id=d1").await.reference();
        Person::new(app, &project, "6591234567").writes(&reference).await;
        app.settle().await;
        app.execute("UPDATE counts SET clicks = clicks + 1 WHERE series = 1").await;
        app.execute("DELETE FROM counts WHERE series = 2").await;
        app.execute("DELETE FROM lead_steps").await;
        let found = compared(&app.core, &project).await;
        assert_eq!((found.leads, found.days.1, found.months.1), ((1, 1), 1, 1), "{found:?}");
        assert_eq!(compared(&app.core, &project).await, found, "looking changes nothing");
        compare(&app.core, project.id, true, |_, _, _| {}).await.expect("mended");
        assert_equal(app, &project, "mended").await;
    }

    async fn more_sources_than_a_day_may_bring_are_counted_as_one(app: &TestApp) {
        let project = app.project().await;
        let click = async |name: &str| {
            let url = format!("https%3A%2F%2Fshop.example%2F{name}%3Futm_source%3D{name}%26utm_medium%3Dcpc%26utm_campaign%3D{name}");
            app.click(&project, &format!("click_url={url}")).await;
        };
        click("first").await;
        app.execute("UPDATE new_sources SET sources = 4999, ads = 4999").await;
        for name in ["second", "third", "fourth", "first"] {
            click(name).await;
        }
        let report = reported(app, &project, true, Filter::default()).await;
        let sources: Vec<_> = report.panels[&Dimension::Source].iter().map(|line| (line.value.as_str(), line.sums[0])).collect();
        assert_eq!(sources, [("(other) / (other)", 2), ("first / cpc", 2), ("second / cpc", 1)]);
        let ads: Vec<_> = report.ads.iter().map(|(ad, sums)| (ad.ad.campaign_id.as_str(), sums[0])).collect();
        assert_eq!(ads, [("first", 2), ("(other)", 2), ("second", 1)]);
        app.advance(SignedDuration::from_hours(24));
        click("third").await;
        let report = reported(app, &project, true, Filter::default()).await;
        assert!(report.panels[&Dimension::Source].iter().any(|line| line.value == "third / cpc"), "the next day has room");
        assert_equal(app, &project, "a full day").await;
    }

    async fn an_ad_inside_the_app_is_a_source_and_stays_one(app: &TestApp) {
        let project = app.project().await;
        let person = Person::new(app, &project, "6591234567");
        let mut message = person.text_message("wamid.ad", "hello");
        message["referral"] = json!({"source_type": "ad", "source_id": "1201", "headline": "Wheels trued"});
        assert_eq!(person.sends(&[message]).await.status(), 200);
        Person::new(app, &project, "6598765432").writes("hello").await;
        app.settle().await;
        let sources = async || {
            let report = reported(app, &project, false, Filter::default()).await;
            let lines = report.panels[&Dimension::Source].iter().map(|line| (line.value.clone(), line.sums[2]));
            let ads: Vec<_> = report.ads.iter().map(|(ad, sums)| (ad.names.ad.clone(), sums[2])).collect();
            (lines.collect::<Vec<_>>(), ads)
        };
        let before = sources().await;
        assert_eq!(before.0, [("(ad)".to_owned(), 1), ("(no click)".to_owned(), 1)]);
        assert_eq!(before.1, [("Wheels trued".to_owned(), 1)]);
        let lead = LeadId(app.count("SELECT MIN(id) FROM leads").await);
        erase_person(&app.core, &operator(), project.id, lead).await.expect("erased");
        compare(&app.core, project.id, true, |_, _, _| {}).await.expect("compared");
        assert_eq!(sources().await, before, "erasing empties the referral, and the numbers stay");
    }

    async fn an_ad_keeps_its_row_when_it_is_renamed(app: &TestApp) {
        let project = app.project().await;
        let click = async |device: &str, name: &str| {
            let url = format!("https%3A%2F%2Fshop.example%2F%3Futm_source%3Dfacebook%26utm_medium%3Dpaid%26campaign_id%3D1%26ad_id%3D7%26ad_name%3D{name}");
            app.click(&project, &format!("device_id={device}&click_url={url}")).await
        };
        click("d1", "Old").await;
        app.advance(SignedDuration::from_hours(1));
        click("d2", "New").await;
        app.advance(SignedDuration::from_hours(1));
        click("d3", "New").await;
        let report = reported(app, &project, true, Filter::default()).await;
        let ads: Vec<_> = report.ads.iter().map(|(ad, sums)| (ad.ad.ad_id.as_str(), ad.names.ad.as_str(), sums[0])).collect();
        assert_eq!(ads, [("7", "New", 3)]);
        assert_eq!(app.count("SELECT COUNT(*) FROM ad_names").await, 2, "both names are dated");
    }

    async fn a_report_sums_what_its_filter_admits(app: &TestApp) {
        let project = app.project().await;
        let click = async |device: &str, query: &str| {
            let url = format!("https%3A%2F%2Fshop.example%2F%3F{query}");
            app.click(&project, &format!("device_id={device}&click_url={url}")).await.reference()
        };
        let reference = click("d1", "utm_source%3DGoogle%26utm_medium%3Dcpc%26utm_campaign%3Dspring").await;
        click("d2", "utm_source%3Dgoogle%26utm_medium%3Dcpc%26utm_campaign%3Dautumn").await;
        click("d3", "").await;
        app.advance(SignedDuration::from_hours(30));
        Person::new(app, &project, "6591234567").writes(&format!("{reference} I am Ann Lee, ann@example.com")).await;
        app.settle().await;
        let all = reported(app, &project, true, Filter::default()).await;
        let sources: Vec<_> = all.panels[&Dimension::Source].iter().map(|line| (line.value.as_str(), line.sums[0], line.sums[3])).collect();
        assert_eq!(sources, [("google / cpc", 2, 1), ("direct", 1, 0)], "of one name in any case");
        for lines in all.panels.values() {
            let clicks: i64 = lines.iter().map(|line| line.sums[0]).sum();
            assert_eq!(clicks, all.total[0], "every panel sums to the total");
        }
        let mut filter = Filter::default();
        filter.0.entry(Dimension::Campaign).or_default().insert("spring".to_owned());
        let spring = reported(app, &project, true, filter.clone()).await;
        assert_eq!(spring.total[..4], [1, 1, 1, 1]);
        let day = |report: &Report, nth: usize| -> Vec<i64> { report.series.iter().map(|(_, sums)| sums[nth]).collect() };
        assert_eq!(day(&spring, 2), day(&all, 2), "a year month by month");
        let by_event = reported(app, &project, false, filter).await;
        assert_eq!(by_event.total, spring.total);
    }
}

/// Two nodes count in rows of their own, and together they are right.
#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_count_together() {
    let app = TestApp::on_postgres().await;
    let project = app.project().await;
    let (config, clock) = (app.core.config.clone(), app.core.clock.clone());
    let other =
        aurix::serve::open_with(config, clock, Random::seeded(8), Resolver::System).await.expect("a second node");
    let clicks = async {
        for number in 0..60 {
            app.click(&project, &format!("device_id=a{}", number % 7)).await;
        }
    };
    let late = async {
        for number in 0..30_i64 {
            let at = other.clock.now() - SignedDuration::from_mins(number);
            let line = json!({
                "id": other.row_keys.next::<aurix::domain::ids::ClickId>(at), "event_id": format!("evt_n{number}"),
                "correlation_id": aurix::clicks::click::draw_correlation_id(&other.random), "project": project.id, "widget": 1,
                "parsed_params": "{}", "at": at.as_microsecond(),
            });
            let (core, click) = (other.clone(), serde_json::from_value(line).expect("a click"));
            other.db.write(async move |tx| store_spooled(tx, &core, &[click]).await).await.expect("stored");
        }
    };
    let again = async {
        for _ in 0..10 {
            compare(&app.core, project.id, true, |_, _, _| {}).await.expect("mended while others count");
        }
    };
    // Each node counts what any of them noted, while both go on noting.
    let counting = async |core: &Core| {
        for _ in 0..100 {
            count_noted(core).await.expect("counted");
        }
    };
    let both = join(counting(&app.core), counting(&other));
    join4(clicks, late, again, both).await;
    assert_equal(&app, &project, "two nodes, some clicks noted").await;
    join(counting(&app.core), counting(&other)).await;
    assert_equal(&app, &project, "two nodes").await;
    assert_eq!(app.count("SELECT CAST(SUM(clicks) AS BIGINT) FROM counts WHERE series = 5").await, 90);
    for (core, device) in [(&app.core, "b0"), (&other, "b1")] {
        app.click(&project, &format!("device_id={device}")).await;
        count_noted(core).await.expect("counted");
    }
    assert_equal(&app, &project, "each node, one after the other").await;
    let slots = app.count("SELECT COUNT(DISTINCT slot) FROM counts").await;
    assert!(slots >= 2, "each node adds to rows of its own: {slots}");
    app.end().await;
}
