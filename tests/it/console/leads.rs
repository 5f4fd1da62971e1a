//! The list of leads: views, search, pages and the file.

use aurix::conversations::found_by::index_old_leads;
use aurix::domain::account::Role;
use aurix::domain::ids::LeadId;
use aurix::domain::lead_words::LeadWords;
use aurix::domain::time::SignedDuration;
use aurix::store::lead_search::{self, Part};

use crate::support::console::Browser;
use crate::support::{Person, Project, TestApp};

/// The keys of the leads on a page, in its order.
fn listed(page: &str) -> Vec<i64> {
    let links = page.match_indices("/leads/").map(|(at, found)| &page[at + found.len()..]);
    links.filter_map(|rest| rest.split('"').next()?.parse().ok()).collect()
}

async fn list(browser: &Browser<'_>, project: &Project, query: &str) -> String {
    let page = browser.get(&format!("/p/{}/leads?{query}", project.public_id)).await;
    assert_eq!(page.status(), 200, "{query}");
    page.text()
}

/// A project with an owner who is signed in.
async fn owned<'a>(app: &'a TestApp) -> (Project, Browser<'a>) {
    let project = app.project().await;
    app.account("mei@example.com", Some((project.id, Role::Owner))).await;
    let browser = app.signed_in("mei@example.com").await;
    (project, browser)
}

both_engines! {
    async fn a_lead_is_found_by_number_name_address_and_reference_of_its_own_project(app: &TestApp) {
        let (project, browser) = owned(app).await;
        let other = app.project_named("Other", "222").await;
        app.account("eve@example.com", Some((other.id, Role::Owner))).await;
        let reference = app.click(&project, "device_id=d1").await.reference();
        let person = Person::new(app, &project, "6591234567");
        person.writes(&format!("Hello! Reference: {reference}")).await;
        app.settle().await;
        person.writes("My name is Zoë Tan, zoe.tan@example.com").await;
        app.settle().await;
        Person::new(app, &project, "6598765432").writes("hello").await;
        app.settle().await;
        let eve = app.signed_in("eve@example.com").await;
        for query in ["9123+4567", "%2B65+9123+4567", "006591234567", "4567", "zoe", "Zo%C3%AB+tan", "zoe.tan%40example", &reference, &reference[2..]] {
            assert_eq!(listed(&list(&browser, &project, &format!("q={query}")).await).len(), 1, "{query}");
            assert_eq!(listed(&list(&eve, &other, &format!("q={query}")).await), [0_i64; 0], "{query}");
        }
        for query in ["9999", "ben", "tan+ben", "O-aaaaaaa"] {
            assert!(list(&browser, &project, &format!("q={query}")).await.contains("Nobody found"), "{query}");
        }
        assert_eq!(listed(&list(&browser, &project, "q=visitor").await).len(), 2, "by the name at the platform");
    }

    async fn leads_from_before_the_search_are_found_after_a_while(app: &TestApp) {
        let (project, browser) = owned(app).await;
        for number in ["6591234567", "6598765432"] {
            Person::new(app, &project, number).writes("hello").await;
        }
        app.settle().await;
        app.execute("DELETE FROM lead_search").await;
        app.execute("UPDATE counters SET value = (SELECT MAX(id) FROM leads) WHERE name = 'leads_to_index'").await;
        assert!(list(&browser, &project, "q=4567").await.contains("Nobody found"));
        while index_old_leads(&app.core).await.expect("indexed") {}
        assert_eq!(listed(&list(&browser, &project, "q=4567").await).len(), 1);
        assert_eq!(listed(&list(&browser, &project, "q=visitor").await).len(), 2);
    }

    async fn views_have_counts_and_pages_of_fifty(app: &TestApp) {
        let (project, browser) = owned(app).await;
        for number in 0..53 {
            Person::new(app, &project, &format!("65912345{number:02}")).writes("hello").await;
            app.advance(SignedDuration::from_millis(10));
        }
        app.settle().await;
        let reference = app.click(&project, "device_id=d1").await.reference();
        Person::new(app, &project, "6591234500").writes(&reference).await;
        app.settle().await;
        let first = list(&browser, &project, "").await;
        assert!(first.contains("All <small>53</small>") && first.contains("Talking <small>52</small>"), "{first}");
        assert!(first.contains("Correlated <small>1</small>") && first.contains("50 of 53"));
        let older = first.split("href=\"").filter(|part| part.contains(">Older<")).last().expect("a link");
        let older = older.split('"').next().expect("its end").replace("&#38;", "&");
        let second = browser.get(&older).await.text();
        let (mut all, rest) = (listed(&first), listed(&second));
        assert_eq!((all.len(), rest.len()), (50, 3));
        let newest = app.count("SELECT id FROM leads ORDER BY last_message_at DESC LIMIT 1").await;
        assert_eq!(all[0], newest, "the newest message comes first");
        all.extend(rest);
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 53, "nobody twice, nobody left out");
        assert_eq!(listed(&list(&browser, &project, "view=correlated").await), [newest]);
        assert!(list(&browser, &project, "view=waiting").await.contains("Nobody waits"));
    }

    async fn of_many_that_a_search_finds_the_newest_are_listed(app: &TestApp) {
        const CONVERSATIONS: &str = "INSERT INTO conversations (public_id, project_id, channel, agent_state, answered_up_to, created_at)
            WITH RECURSIVE numbers (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM numbers WHERE number < 1001)
            SELECT 'many-' || CAST(number AS TEXT), project_id, channel, '{}', 0, created_at + number FROM conversations, numbers";
        const LEADS: &str = "INSERT INTO leads (project_id, conversation_id, status, fields, created_at, updated_at, last_message_at)
            SELECT project_id, id, 'active', '{}', created_at, created_at, created_at
            FROM conversations
            WHERE public_id LIKE 'many-%'";
        let (project, browser) = owned(app).await;
        Person::new(app, &project, "6591234567").writes("hello").await;
        app.settle().await;
        app.execute(CONVERSATIONS).await;
        app.execute(LEADS).await;
        app.count_rows().await;
        let words = {
            let mut words = LeadWords::default();
            words.add_text("Tan");
            words.of(project.id)
        };
        let all = app.core.db.read(async |conn| {
            Ok(conn.query("SELECT id FROM leads ORDER BY id", &[], |row| row.get::<i64>(0)).await?)
        });
        let all = all.await.expect("leads");
        // Each is found by two of its parts.
        let parts: Vec<_> = all.iter().flat_map(|id| [Part::Fields, Part::Profile].map(|part| (LeadId(*id), part))).collect();
        let of_project = project.id;
        let put = app.core.db.write(async move |tx| {
            let parts: Vec<_> = parts.iter().map(|(id, part)| (of_project, *id, *part, words.as_str())).collect();
            Ok(lead_search::put(tx, &parts).await?)
        });
        put.await.expect("words");
        let page = list(&browser, &project, "q=tan").await;
        assert!(page.contains("50 of 500") && page.contains("the newest 500 that were found"), "{page}");
        assert_eq!(listed(&page)[0], all[all.len() - 1], "the newest first");
    }

    async fn filters_stand_in_the_address(app: &TestApp) {
        let (project, browser) = owned(app).await;
        let url = "click_url=https%3A%2F%2Fshop.example%2F%3Futm_source%3Dgoogle%26utm_campaign%3Dwinter_50";
        let reference = app.click(&project, url).await.reference();
        Person::new(app, &project, "6591234567").writes(&reference).await;
        Person::new(app, &project, "6598765432").writes("hello").await;
        app.settle().await;
        app.advance(SignedDuration::from_hours(48));
        Person::new(app, &project, "6590000000").writes("hello").await;
        app.settle().await;
        let count = async |query: &str| listed(&list(&browser, &project, query).await).len();
        assert_eq!(count("").await, 3);
        assert_eq!(count("campaign=winter_50").await, 1);
        assert_eq!(count("campaign=winter_5").await, 0, "the whole name");
        assert_eq!(count("campaign=winter%25").await, 0, "no pattern");
        assert_eq!((count("days=1").await, count("days=7").await), (1, 3));
        app.execute("UPDATE leads SET stage = 'won', quality = 'good' WHERE session_id IS NOT NULL").await;
        app.count_rows().await;
        assert_eq!((count("stage=won").await, count("stage=open").await, count("quality=good&stage=won").await), (1, 2, 1));
        let page = list(&browser, &project, "stage=won").await;
        assert!(page.contains("google") && page.contains("winter_50") && page.contains("Stage: Won"), "{page}");
    }

    async fn a_file_has_the_rows_of_the_screen_and_no_formulas(app: &TestApp) {
        let (project, browser) = owned(app).await;
        let person = Person::new(app, &project, "6591234567");
        person.writes("hello").await;
        Person::new(app, &project, "6598765432").writes("hello").await;
        app.settle().await;
        let lead = app.count("SELECT MIN(id) FROM leads").await;
        let field = format!("/p/{}/leads/{lead}/field", project.public_id);
        assert_eq!(browser.post(&field, &[("key", "name"), ("value", "=1+1")]).await.status(), 303);
        let export = format!("/p/{}/leads/export.csv", project.public_id);
        let file = browser.get(&format!("{export}?q=4567")).await;
        assert_eq!(file.header("content-type"), "text/csv; charset=utf-8");
        assert_eq!(file.header("content-disposition"), "attachment; filename=\"leads_a-shop_search-4567_Asia-Singapore.csv\"");
        let text = file.text();
        let lines: Vec<&str> = text.trim_end().split("\r\n").collect();
        assert!(lines[0].starts_with("\u{feff}name,phone,email,intent,status"), "{text}");
        assert!(lines[1].starts_with("'=1+1,+6591234567,,") && lines[1].ends_with("+08:00"), "{text}");
        assert_eq!(lines.len(), 2, "only who was searched for: {text}");
        assert_eq!(browser.get(&export).await.text().trim_end().split("\r\n").count(), 3);
        app.account("ben@example.com", Some((project.id, Role::Member))).await;
        let ben = app.signed_in("ben@example.com").await;
        assert_eq!(ben.get(&export).await.status(), 403);
        app.execute("UPDATE projects SET members_may_export = TRUE").await;
        assert_eq!(ben.get(&export).await.status(), 200);
    }

    async fn viewers_see_masked_numbers_and_addresses_where_the_project_says_so(app: &TestApp) {
        let (project, _) = owned(app).await;
        app.account("ben@example.com", Some((project.id, Role::Viewer))).await;
        let ben = app.signed_in("ben@example.com").await;
        let person = Person::new(app, &project, "6591234567");
        person.writes("I am Zoe Tan, zoe@example.com, or call 9123 4567").await;
        app.settle().await;
        let lead = app.count("SELECT id FROM leads").await;
        let pages = ["leads".to_owned(), format!("leads/{lead}"), format!("inbox/{lead}")];
        let shows = async |path: &str| ben.get(&format!("/p/{}/{path}", project.public_id)).await.text();
        assert!(shows("leads").await.contains("+6591234567"));
        app.execute("UPDATE projects SET viewers_see_masked = TRUE").await;
        for path in &pages {
            let page = shows(path).await;
            assert!(page.contains("Zoe Tan"), "{path}");
            for secret in ["91234567", "9123 4567", "zoe@example.com"] {
                assert!(!page.contains(secret), "{path} shows {secret}: {page}");
            }
        }
    }

    async fn what_strangers_write_is_shown_harmlessly(app: &TestApp) {
        let (project, browser) = owned(app).await;
        let hostile = "<img src=x onerror=alert(1) hx-get=\"/x\">\"'{{7*7}}";
        Person::new(app, &project, "6591234567").writes(hostile).await;
        app.settle().await;
        let lead = app.count("SELECT id FROM leads").await;
        for path in ["leads".to_owned(), format!("leads/{lead}"), format!("inbox/{lead}"), "inbox".to_owned()] {
            let page = browser.get(&format!("/p/{}/{path}", project.public_id)).await.text();
            assert!(!page.contains("<img src=x") && !page.contains("49"), "{path}");
        }
    }
}
