//! Every conversation has an origin or a named reason, and what lowers the share is seen.

use aurix::attention::look;
use aurix::conversations::own_people::set_internal;
use aurix::counts::ask::Period;
use aurix::counts::attributed::{Known, attributed};
use aurix::counts::recount::compare;
use aurix::domain::account::Role;
use aurix::domain::attributed::Attributed;
use aurix::domain::ids::LeadId;
use aurix::domain::link::Campaign;
use aurix::domain::time::SignedDuration;
use aurix::projects::links::{NewLink, Opens, create_link};
use jiff::civil::date;
use serde_json::{Value, json};

use crate::partner::Partner;
use crate::support::console::Browser;
use crate::support::{Person, Project, TestApp, operator};

/// What is counted of the newest lead.
async fn newest(app: &TestApp) -> Option<String> {
    app.text("SELECT attributed FROM lead_steps ORDER BY lead_id DESC LIMIT 1").await
}

/// A click on a page, and the reference of its visitor.
async fn click(app: &TestApp, project: &Project, device: &str, page: &str, more: &str) -> String {
    let page = page.replace('%', "%25").replace('&', "%26").replace('=', "%3D").replace('{', "%7B").replace('}', "%7D");
    app.click(project, &format!("device_id={device}&click_url=https%3A%2F%2Fshop.example%2F{page}{more}"))
        .await
        .reference()
}

async fn writes(app: &TestApp, project: &Project, phone: &str, text: &str) -> Option<String> {
    Person::new(app, project, phone).writes(text).await;
    app.settle().await;
    newest(app).await
}

async fn assert_counted(app: &TestApp, project: &Project) {
    let found = compare(&app.core, project.id, false, |_, _, _| {}).await.expect("a comparison");
    assert!(found.is_equal(), "{found:?}");
}

async fn page(browser: &Browser<'_>, path: &str) -> String {
    let answer = browser.get(path).await;
    assert_eq!(answer.status(), 200, "{path}");
    answer.text()
}

both_engines! {
    async fn each_reason_is_named(app: &TestApp) {
        let project = app.project().await;
        assert_eq!(writes(app, &project, "6590000001", "Hello there").await.as_deref(), Some("before_set_up"));
        let ad = "?utm_source=google&utm_medium=cpc&utm_campaign=spring";
        let reference = click(app, &project, "d1", ad, "").await;
        assert_eq!(writes(app, &project, "6590000002", &format!("Hi. Reference: {reference}")).await.as_deref(), Some("reference"));
        let said = writes(app, &project, "6590000003", &format!("Hi. Reference: {reference}")).await;
        assert_eq!(said.as_deref(), Some("another_person"), "somebody forwarded it");
        let mistyped = click(app, &project, "d2", ad, "").await.to_lowercase();
        assert_eq!(writes(app, &project, "6590000004", &mistyped).await.as_deref(), Some("repaired"));
        assert_eq!(writes(app, &project, "6590000005", "Reference: O-zzzzzzz").await.as_deref(), Some("unknown_reference"));
        assert_eq!(writes(app, &project, "6590000006", "Hi. Reference: O-1 (Please send this").await.as_deref(), Some("altered_reference"));
        assert_eq!(writes(app, &project, "6590000007", "Hello there, do you open today?").await.as_deref(), Some("no_reference"));
        app.execute("UPDATE widgets SET greeting = 'Hello, I would like to know more.'").await;
        let said = writes(app, &project, "6590000008", "hello, I would  like to know more. Do you open today?").await;
        assert_eq!(said.as_deref(), Some("removed_reference"), "the greeting stands without its line");
        let campaign = Campaign { source: "poster".to_owned(), text: "I saw your poster.".to_owned(), ..Campaign::default() };
        let opens = Opens::Widget(project.widget_id.clone());
        let link = NewLink { slug: None, opens, campaign };
        create_link(&app.core, &operator(), project.id, link).await.expect("a link");
        let said = writes(app, &project, "6590000013", "I saw your poster. Are you open?").await;
        assert_eq!(said.as_deref(), Some("removed_reference"), "so does a link's own text");

        let reference = click(app, &project, "d3", "", "").await;
        assert_eq!(writes(app, &project, "6590000009", &reference).await.as_deref(), Some("page_without_parameters"));
        let reference = click(app, &project, "d4", "?utm_campaign={{campaign.name}}", "").await;
        assert_eq!(writes(app, &project, "6590000010", &reference).await.as_deref(), Some("unexpanded_macro"));
        let reference = click(app, &project, "d5", "prices", "&referrer=https%3A%2F%2Fwww.shop.example%2F").await;
        assert_eq!(writes(app, &project, "6590000011", &reference).await.as_deref(), Some("untagged_landing"));
        let reference = click(app, &project, "d6", "prices", "&referrer=https%3A%2F%2Fchatgpt.com%2F").await;
        assert_eq!(writes(app, &project, "6590000012", &reference).await.as_deref(), Some("reference"), "the site before is known");
        assert_counted(app, &project).await;
        let partner = Partner::new(app, &project, "external").await;
        let listed = partner.get("/integrations/external/leads").await.json();
        let of = |row: &Value| row["attribution"].as_str().map(str::to_owned);
        let told: Vec<_> = listed["data"].as_array().expect("leads").iter().filter_map(of).collect();
        let last = ["reference", "untagged_landing", "unexpanded_macro", "page_without_parameters"];
        assert_eq!((told.len(), &told[..4]), (13, &last.map(str::to_owned)[..]), "the partner is told the same");
    }

    async fn an_ad_inside_the_app_is_an_origin_and_without_an_id_a_reason(app: &TestApp) {
        let project = app.project().await;
        for (phone, referral, reason) in [
            ("6590000001", json!({"source_type": "ad", "source_id": "1201"}), "referral"),
            ("6590000002", json!({"source_type": "ad", "headline": "Wheels trued"}), "ad_without_id"),
        ] {
            let person = Person::new(app, &project, phone);
            let mut said = person.text_message(&format!("wamid.{phone}"), "Hello");
            said["referral"] = referral;
            assert_eq!(person.sends(&[said]).await.status(), 200);
            app.settle().await;
            assert_eq!(newest(app).await.as_deref(), Some(reason));
        }
        assert_counted(app, &project).await;
    }

    async fn a_reference_that_comes_later_counts(app: &TestApp) {
        let project = app.project().await;
        let reference = click(app, &project, "d1", "?utm_source=google&utm_medium=cpc", "").await;
        let mei = Person::new(app, &project, "6590000001");
        mei.writes("Hello").await;
        app.settle().await;
        assert_eq!(newest(app).await.as_deref(), Some("no_reference"));
        mei.writes(&format!("It says {reference}")).await;
        app.settle().await;
        assert_eq!(newest(app).await.as_deref(), Some("reference"));
        assert_counted(app, &project).await;
    }

    async fn what_is_older_has_a_reason_of_its_own(app: &TestApp) {
        let project = app.project().await;
        writes(app, &project, "6590000001", "Hello").await;
        app.execute("UPDATE leads SET reference = NULL").await;
        let mended = compare(&app.core, project.id, true, |_, _, _| {}).await.expect("a comparison");
        assert_eq!((mended.leads, newest(app).await.as_deref()), ((1, 1), Some("not_noted")));
        assert_counted(app, &project).await;
    }

    async fn the_page_shows_shares_weeks_and_rows(app: &TestApp) {
        let project = app.project().await;
        app.account("mei@example.com", Some((project.id, Role::Owner))).await;
        let reference = click(app, &project, "d1", "?utm_source=google&utm_medium=cpc", "").await;
        writes(app, &project, "6590000001", &format!("{reference} I am Ann Lee, ann@example.com")).await;
        app.advance(SignedDuration::from_hours(24 * 8));
        writes(app, &project, "6590000002", "I am Bo Tan, bo@example.com").await;
        let (id, today) = (project.id, app.core.clock.now().to_zoned(jiff::tz::TimeZone::UTC).date());
        let period = Period { first: date(2026, 1, 1), last: today.saturating_add(jiff::Span::new().days(1)) };
        let report = app.core.db.read(async move |conn| attributed(conn, id, &period, None).await).await.expect("a report");
        assert_eq!(report.total, Known { all: 2, known: 1 });
        assert_eq!(report.weeks.iter().map(|(_, week)| week.all).collect::<Vec<_>>().iter().sum::<i64>(), 2);
        assert_eq!(report.weeks.iter().filter(|(_, week)| week.all == 1).count(), 2, "each in its week");
        assert_eq!(report.sums[&Attributed::NoReference.code()][2], 1);

        let browser = app.signed_in("mei@example.com").await;
        let path = format!("/p/{}/attribution", project.public_id);
        let shown = page(&browser, &path).await;
        assert!(shown.contains("<b>50.0 %</b> of 2 conversations") && shown.contains("Wrote by themselves"), "{shown}");
        let rows = shown.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
        let rows: Vec<_> = rows.filter(|href| href.contains("attributed=no_reference")).collect();
        let listed = page(&browser, &rows[0].replace("&#38;", "&")).await;
        assert!(listed.contains("Bo Tan") && !listed.contains("Ann Lee"), "{listed}");
        let file = page(&browser, &format!("{path}/export.csv")).await;
        assert!(file.contains("no_reference,Wrote by themselves,no,1,1,"), "{file}");
        let file = page(&browser, &format!("{path}/export.csv?panel=weeks")).await;
        assert_eq!(file.lines().skip(1).filter(|line| line.contains(",1,")).count(), 2, "{file}");
    }

    async fn addresses_that_tell_nothing_need_a_person(app: &TestApp) {
        let project = app.project().await;
        let open = async || {
            let sql = "SELECT COALESCE(MIN(title), '') FROM attention WHERE closed_at IS NULL AND kind LIKE 'address.%'";
            app.count_clicks().await;
            look(&app.core).await.expect("a look");
            app.text(sql).await.unwrap_or_default()
        };
        for nth in 0..4 {
            click(app, &project, &format!("d{nth}"), "?utm_campaign={{campaign.name}}", "").await;
        }
        assert_eq!(open().await, "", "four may be a test");
        click(app, &project, "d9", "?utm_campaign={{campaign.name}}", "").await;
        assert_eq!(open().await, "Ad platforms leave placeholders in addresses");
        app.advance(SignedDuration::from_hours(24 * 4));
        assert_eq!(open().await, "", "no such click for days");
        for nth in 0..20 {
            let before = "&referrer=https%3A%2F%2Fshop.example%2F";
            click(app, &project, &format!("e{nth}"), "prices", before).await;
        }
        assert_eq!(open().await, "Visits begin on pages without the tag");
        for nth in 0..100 {
            click(app, &project, &format!("f{nth}"), "?utm_source=google", "").await;
        }
        assert_eq!(open().await, "", "less than a fifth");
    }

    async fn own_people_leave_the_numbers_and_come_back(app: &TestApp) {
        let project = app.project().await;
        let sums = async || {
            let sql = "SELECT CAST(SUM(clicks) * 10000 + SUM(sessions) * 100 + SUM(conversations) AS BIGINT) FROM counts WHERE series = 1";
            app.count_clicks().await;
            app.count(sql).await
        };
        let reference = click(app, &project, "d1", "?utm_source=google", "").await;
        click(app, &project, "d1", "?utm_source=google", "").await;
        click(app, &project, "d2", "?utm_source=google", "").await;
        writes(app, &project, "6590000001", &format!("{reference} I am Ann Lee, ann@example.com")).await;
        let lead = LeadId(app.count("SELECT MAX(id) FROM leads").await);
        assert_eq!(sums().await, 3_02_01);

        set_internal(&app.core, &operator(), (project.id, lead), true).await.expect("set");
        assert_eq!(sums().await, 1_01_00, "the person, and what the browser clicked");
        app.advance(SignedDuration::from_hours(13));
        click(app, &project, "d1", "?utm_source=google", "").await;
        assert_eq!(sums().await, 1_01_00, "the browser is known");
        assert_counted(app, &project).await;

        set_internal(&app.core, &operator(), (project.id, lead), false).await.expect("set");
        assert_eq!(sums().await, 4_03_01, "what happened meanwhile, too");
        click(app, &project, "d1", "?utm_source=google", "").await;
        assert_eq!(sums().await, 5_03_01);
        assert_counted(app, &project).await;
        let changes = "SELECT COUNT(*) FROM audit WHERE action = 'lead.own-people'";
        assert_eq!(app.count(changes).await, 2);
    }

    async fn one_press_rates_a_lead_and_another_takes_it_back(app: &TestApp) {
        let project = app.project().await;
        app.account("mei@example.com", Some((project.id, Role::Member))).await;
        writes(app, &project, "6590000001", "I am Ann Lee, ann@example.com").await;
        let lead = app.count("SELECT MAX(id) FROM leads").await.to_string();
        let browser = app.signed_in("mei@example.com").await;
        let leads = format!("/p/{}/leads", project.public_id);
        let list = page(&browser, &leads).await;
        assert!(list.contains(&format!("name=\"not_a_lead\" value=\"{lead}\" aria-pressed=\"false\"")), "{list}");
        let press = async |quality: &str| {
            let answer = browser.post(&format!("{leads}/quality"), &[(quality, lead.as_str()), ("back", "view=complete")]).await;
            assert_eq!(answer.status(), 303);
            assert_eq!(answer.header("location"), format!("{leads}?view=complete"));
            app.text("SELECT quality FROM leads").await.unwrap_or_default()
        };
        assert_eq!(press("not_a_lead").await, "not_a_lead");
        assert_eq!(app.count("SELECT COUNT(*) FROM lead_steps").await, 0, "it leaves the numbers");
        assert!(page(&browser, &leads).await.contains(&format!("name=\"unknown\" value=\"{lead}\" aria-pressed=\"true\"")));
        assert_eq!(press("unknown").await, "unknown");
        assert_eq!(app.count("SELECT COUNT(*) FROM lead_steps").await, 1);

        let path = format!("{leads}/{lead}");
        assert_eq!(browser.post(&format!("{path}/own-people"), &[("own", "yes")]).await.status(), 303);
        assert!(page(&browser, &path).await.contains("One of your own people."));
        assert!(page(&browser, &format!("/p/{}/attribution", project.public_id)).await.contains("Ann Lee"));
        assert_eq!(app.count("SELECT COUNT(*) FROM lead_steps").await, 0);
    }
}
