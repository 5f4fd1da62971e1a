//! The overview: its numbers, the rows behind them, its files, and who sees them.

use aurix::domain::account::Role;
use aurix::domain::time::SignedDuration;

use crate::support::console::Browser;
use crate::support::{Person, Project, TestApp};

/// A project with an owner who is signed in, three visits by two campaigns, and one lead.
async fn visited<'a>(app: &'a TestApp) -> (Project, Browser<'a>) {
    let project = app.project().await;
    app.account("mei@example.com", Some((project.id, Role::Owner))).await;
    let click = async |device: &str, campaign: &str| {
        let url = format!(
            "https%3A%2F%2Fshop.example%2Fp%3Futm_source%3Dgoogle%26utm_medium%3Dcpc%26utm_campaign%3D{campaign}"
        );
        app.click(&project, &format!("device_id={device}&click_url={url}")).await.reference()
    };
    let reference = click("d1", "spring").await;
    click("d2", "%253Cscript%253Ealert(1)%253C%252Fscript%253E").await;
    click("d3", "spring").await;
    app.advance(SignedDuration::from_mins(9));
    Person::new(app, &project, "6591234567").writes(&format!("{reference} I am Ann Lee, ann@example.com")).await;
    app.settle().await;
    let browser = app.signed_in("mei@example.com").await;
    (project, browser)
}

/// The addresses of a page's links that contain a text.
fn links<'p>(page: &'p str, part: &str) -> Vec<String> {
    let hrefs = page.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
    hrefs.map(|href: &'p str| href.replace("&#38;", "&")).filter(|href| href.contains(part)).collect()
}

async fn text(browser: &Browser<'_>, path: &str) -> String {
    let page = browser.get(path).await;
    assert_eq!(page.status(), 200, "{path}");
    page.text()
}

both_engines! {
    async fn each_number_leads_to_its_rows(app: &TestApp) {
        let (project, browser) = visited(app).await;
        let page = text(&browser, &format!("/p/{}/overview", project.public_id)).await;
        assert!(page.contains("google / cpc") && page.contains("spring"), "{page}");
        for (step, rows) in [("clicks", 3), ("conversations", 1), ("leads", 1), ("won", 0)] {
            let funnel = links(&page, &format!("rows?step={step}"));
            assert_eq!(funnel.len(), 1, "{step}");
            let listed = text(&browser, &funnel[0]).await;
            let found = listed.matches("<tr><th scope=\"row\"").count();
            assert_eq!(found, rows, "{step}: {listed}");
        }
        let of_campaign = links(&page, "campaign=spring&step=clicks");
        let listed = text(&browser, of_campaign.first().expect("a number of the campaign")).await;
        assert_eq!(listed.matches("<tr><th scope=\"row\"").count(), 2, "{listed}");
    }

    async fn a_list_goes_on_behind_leads_that_it_does_not_show(app: &TestApp) {
        let (project, browser) = visited(app).await;
        // Good leads, the newest and the oldest, with more between them than one read has.
        app.execute("INSERT INTO lead_steps (lead_id, project_id, source_id, clicked_at, began_at, lead_at, is_good, attributed)
            WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 1200)
            SELECT 1000 + n, k.project_id, k.source_id, k.clicked_at, k.began_at, k.lead_at + n, FALSE, k.attributed
            FROM lead_steps AS k, numbers").await;
        app.execute("UPDATE lead_steps SET is_good = TRUE WHERE lead_id < 1000").await;
        let page = text(&browser, &format!("/p/{}/overview/rows?step=good&by=event", project.public_id)).await;
        assert!(page.contains("Ann Lee"), "the oldest is found behind the others: {page}");
        app.execute("DELETE FROM lead_steps WHERE lead_id > 1000").await;
        app.execute("UPDATE lead_steps SET is_good = FALSE").await;
    }

    async fn what_visitors_write_into_addresses_is_shown_and_does_nothing(app: &TestApp) {
        let (project, browser) = visited(app).await;
        let path = format!("/p/{}/overview", project.public_id);
        for address in [path.clone(), format!("{path}?panel=campaign"), format!("{path}/rows?step=clicks"), format!("{path}?campaign=%3Cscript%3Ealert(1)%3C/script%3E")] {
            let page = text(&browser, &address).await;
            assert!(page.contains("alert(1)"), "{address}");
            assert!(!page.contains("<script>alert"), "{address}");
        }
    }

    async fn a_filter_and_a_period_stand_in_the_address(app: &TestApp) {
        let (project, browser) = visited(app).await;
        let path = format!("/p/{}/overview", project.public_id);
        let file = text(&browser, &format!("{path}/export.csv?panel=campaign&campaign=spring")).await;
        let lines: Vec<&str> = file.trim_start_matches('\u{feff}').trim_end().split("\r\n").collect();
        assert_eq!(lines, ["campaign,clicks,conversations,leads,complete,qualified,won,good,too_few", "spring,2,1,1,1,0,0,0,yes"]);
        let long_ago = text(&browser, &format!("{path}/rows?step=clicks&from=2020-01-01&to=2020-12-31")).await;
        assert!(long_ago.contains("None in this period"), "{long_ago}");
        assert_eq!(browser.get(&format!("{path}?from=2020-99-99&to=x&period=12&by=moon&compare=mars")).await.status(), 200);
    }

    async fn another_project_sees_nothing_of_it(app: &TestApp) {
        let (project, browser) = visited(app).await;
        let other = app.project_named("Other", "222").await;
        app.account("eve@example.com", Some((other.id, Role::Owner))).await;
        let eve = app.signed_in("eve@example.com").await;
        for page in ["overview", "overview/rows?step=clicks", "overview/export.csv"] {
            assert_eq!(eve.get(&format!("/p/{}/{page}", project.public_id)).await.status(), 404, "{page}");
            assert_eq!(browser.get(&format!("/p/{}/{page}", project.public_id)).await.status(), 200, "{page}");
        }
        let own = text(&eve, &format!("/p/{}/overview", other.public_id)).await;
        assert!(own.contains("Nothing was clicked yet") && !own.contains("spring"), "{own}");
    }
}
