//! Links without a site, from the address on a poster to the conversation; and the texts that sites have in their own chat links.

use aurix::clicks::automated_requests;
use aurix::clicks::replay::replay;
use aurix::db::Conn;
use aurix::domain::ids::{LinkId, ProjectId};
use aurix::domain::link::{Campaign, LinkStatus};
use aurix::domain::time::SignedDuration;
use aurix::net::Method;
use aurix::projects::add_web::{WebChannel, add_web_channel};
use aurix::projects::links::{LinkRefused, NewLink, Opens, create_link, set_link_status, update_link};
use aurix::store::links::Link;
use aurix::store::source_counts;
use serde_json::{Value, json};

use crate::support::telegram::BOT_ID;
use crate::support::{HttpResponse, Person, Project, TestApp, operator};

const BROWSER: (&str, &str) = ("user-agent", "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Safari/604.1");
/// Local days around the start of the tests.
const DAYS: (i64, i64) = (20_400, 20_500);

fn poster() -> Campaign {
    let [source, medium, campaign, text] = ["poster", "print", "Spring 2026", "I saw your poster."].map(str::to_owned);
    Campaign { source, medium, campaign, text }
}

fn new(project: &Project, slug: &str, campaign: Campaign) -> NewLink {
    NewLink { slug: Some(slug.to_owned()), opens: Opens::Widget(project.widget_id.clone()), campaign }
}

/// A link of the project on a poster.
async fn made(app: &TestApp, project: &Project, slug: &str) -> Link {
    create_link(&app.core, &operator(), project.id, new(project, slug, poster())).await.expect("a link")
}

/// A person follows an address of this server.
async fn follow(app: &TestApp, path: &str) -> HttpResponse {
    app.get(path, &[BROWSER, ("accept", "text/html,*/*;q=0.8"), ("referer", "https://l.instagram.com/")]).await
}

async fn set(app: &TestApp, project: ProjectId, link: &Link, status: LinkStatus) -> bool {
    let set = set_link_status(&app.core, &operator(), project, link.id, status).await.expect("a write");
    // Every node looks again after half a second.
    app.advance(SignedDuration::from_secs(1));
    set
}

/// Clicks, conversations and leads that are counted of a link.
async fn came(app: &TestApp, project: ProjectId, link: LinkId) -> [i64; 3] {
    app.count_clicks().await;
    let read = async move |conn: &Conn| Ok(source_counts::of_links(conn, project, &[link], DAYS).await?);
    app.core.db.read(read).await.expect("sums").first().map(|(_, sums)| *sums).unwrap_or_default()
}

/// How the prefilled text of an address to WhatsApp begins.
fn text_of(response: &HttpResponse) -> String {
    let location = response.header("location");
    let text = location.strip_prefix("https://wa.me/6512345678?text=").unwrap_or_else(|| panic!("{location:?}"));
    percent_encoding::percent_decode_str(text).decode_utf8().expect("UTF-8").into_owned()
}

both_engines! {
    async fn a_click_by_a_link_comes_from_where_the_link_says(app: &TestApp) {
        let project = app.project().await;
        let link = made(app, &project, "spring-poster").await;
        let query = "utm_source=theirs&utm_medium=x&utm_content=tram&gclid=G1&ad_id=7&device_id=d1&first_raw_url=https://evil.example";
        let response = follow(app, &format!("/l/Spring-Poster?{query}")).await;
        assert_eq!((response.status(), response.header("cache-control")), (302, "no-store"));
        let reference = response.reference();
        assert!(text_of(&response).starts_with(&format!("I saw your poster.\nReference: {reference}")));
        let click = "SELECT click_url || ' ' || COALESCE(referrer, '') || ' ' || COALESCE(first_raw_url, '-') FROM clicks";
        let expected = format!("{}/l/spring-poster?{query} https://l.instagram.com/ -", app.base_url);
        assert_eq!(app.text(click).await, Some(expected));
        let params: Value = serde_json::from_str(&app.text("SELECT parsed_params FROM clicks").await.expect("a click")).expect("JSON");
        let expected = json!({"utm_source": "poster", "utm_medium": "print", "utm_campaign": "Spring 2026", "utm_content": "tram", "gclid": "G1", "ad_id": "7"});
        assert_eq!(params, expected, "the link's own words stand, the address adds ids");
        let source = "SELECT source || '|' || medium || '|' || campaign || '|' || landing || '|' || device FROM sources WHERE link_id IS NOT NULL";
        assert_eq!(app.text(source).await.as_deref(), Some("poster|print|Spring 2026||phone"));
        assert_eq!(app.count("SELECT COUNT(*) FROM sessions WHERE device_id IS NOT NULL").await, 0, "many share an address");
        assert_ne!(follow(app, "/l/spring-poster").await.reference(), reference);
        assert_eq!(came(app, project.id, link.id).await, [2, 0, 0]);
        // The link is no sign of the button on its site.
        aurix::clicks::widget_sightings::store(&app.engines.clicks).await.expect("stored");
        assert_eq!(app.count("SELECT COUNT(*) FROM widgets WHERE clicked_at IS NOT NULL").await, 0);
    }

    async fn a_message_with_the_reference_is_counted_by_its_link(app: &TestApp) {
        let project = app.project().await;
        let (link, other) = (made(app, &project, "spring-poster").await, made(app, &project, "autumn-poster").await);
        let reference = follow(app, "/l/spring-poster").await.reference();
        follow(app, "/l/autumn-poster").await;
        let said = format!("I saw your poster.\nReference: {reference}\nI am Ann Lee, ann@example.com");
        Person::new(app, &project, "6591234567").writes(&said).await;
        app.settle().await;
        assert_eq!(came(app, project.id, link.id).await, [1, 1, 1]);
        assert_eq!(came(app, project.id, other.id).await, [1, 0, 0]);
        let linked = "SELECT COUNT(*) FROM leads AS l JOIN sessions AS s ON s.id = l.session_id JOIN sources AS o ON o.id = s.source_id WHERE o.link_id IS NOT NULL";
        assert_eq!(app.count(linked).await, 1);
    }

    async fn the_text_of_a_link_is_not_what_the_person_says(app: &TestApp) {
        let project = app.project().await;
        let said = "I would like to book a fitting of a racing bike.";
        let campaign = Campaign { text: said.to_owned(), ..poster() };
        create_link(&app.core, &operator(), project.id, new(&project, "fitting", campaign)).await.expect("a link");
        let reference = follow(app, "/l/fitting").await.reference();
        Person::new(app, &project, "6591234567").writes(&format!("{said}\nReference: {reference}")).await;
        app.settle().await;
        let intents = "SELECT COUNT(*) FROM leads WHERE intent LIKE '%racing bike%'";
        assert_eq!(app.count(intents).await, 0, "the business wrote that");
        Person::new(app, &project, "6591234568").writes(said).await;
        app.settle().await;
        assert_eq!(app.count(intents).await, 1, "here a person did");
    }

    async fn a_paused_link_leads_to_the_chat_and_counts_no_click(app: &TestApp) {
        let project = app.project().await;
        let link = made(app, &project, "spring-poster").await;
        assert!(set(app, project.id, &link, LinkStatus::Paused).await);
        assert!(!set(app, project.id, &link, LinkStatus::Paused).await, "it is so already");
        let response = follow(app, "/l/spring-poster").await;
        assert_eq!((response.status(), text_of(&response).as_str()), (302, "I saw your poster."));
        automated_requests::store(&app.engines.clicks).await.expect("stored");
        assert_eq!(app.count("SELECT COUNT(*) FROM clicks").await, 0);
        assert_eq!(app.count("SELECT requests FROM automated_requests WHERE kind = 'paused'").await, 1);
        assert!(set(app, project.id, &link, LinkStatus::Active).await);
        follow(app, "/l/spring-poster").await.reference();
        assert_eq!(came(app, project.id, link.id).await, [1, 0, 0]);
    }

    async fn a_deleted_link_still_leads_to_the_chat(app: &TestApp) {
        let project = app.project().await;
        let other = app.project_named("Other", "222").await;
        let link = made(app, &project, "spring-poster").await;
        follow(app, "/l/spring-poster").await.reference();
        assert!(set(app, project.id, &link, LinkStatus::Removed).await);
        for status in LinkStatus::ALL {
            assert!(!set(app, project.id, &link, status).await, "{status:?}: it is gone");
        }
        let response = follow(app, "/l/spring-poster").await;
        assert_eq!((response.status(), text_of(&response).as_str()), (302, "Hello!"), "with the widget's greeting");
        assert_eq!(app.count("SELECT COUNT(*) FROM clicks").await, 1);
        let taken = create_link(&app.core, &operator(), other.id, new(&other, "spring-poster", poster())).await;
        assert!(matches!(taken, Err(LinkRefused::Taken(_))), "a printed address is nobody else's: {taken:?}");
        let again = made(app, &project, "spring-poster").await;
        assert_eq!((again.id, again.status), (link.id, LinkStatus::Active), "its own project brings it back");
        app.advance(SignedDuration::from_secs(1));
        follow(app, "/l/spring-poster").await.reference();
        assert_eq!(came(app, project.id, link.id).await, [2, 0, 0]);
    }

    async fn in_place_of_a_link_that_nobody_made_there_is_a_friendly_page(app: &TestApp) {
        let project = app.project().await;
        made(app, &project, "spring-poster").await;
        for slug in ["nothing", "ab", "%20", "%ff", "..%2f..%2fetc", "spring-poster%0d%0aset-cookie:a=b", "https:%2f%2fevil.example", "%3Cscript%3E", "spring-poster.", &"a".repeat(1_000)] {
            let response = follow(app, &format!("/l/{slug}")).await;
            assert_eq!((response.status(), response.header("location")), (404, ""), "{slug}");
            assert_eq!(response.header("content-type"), "text/html; charset=utf-8");
            let page = response.text();
            assert!(page.contains("This link leads to no chat") && !page.to_lowercase().contains("error"), "{page}");
            assert!(!page.contains("<script") && !page.contains("evil"), "{page}");
            assert!(response.header("content-security-policy").starts_with("default-src 'none'"));
        }
        assert_eq!(app.count("SELECT COUNT(*) FROM clicks").await, 0);
    }

    async fn a_link_leads_to_its_own_channel_and_nowhere_else(app: &TestApp) {
        let project = app.project().await;
        let text = "?text=x&url=https://evil.example\r\n#<script>//evil.example/%0d%0a";
        let campaign = Campaign { text: text.to_owned(), ..poster() };
        create_link(&app.core, &operator(), project.id, new(&project, "hostile", campaign)).await.expect("a link");
        let response = follow(app, "/l/hostile?url=https://evil.example&redirect_url=//evil.example&text=theirs&number=1").await;
        let kept = text.replace("\r\n", "\n");
        assert!(text_of(&response).starts_with(&kept), "{}", response.header("location"));
        assert_eq!(response.header("location").matches(['&', '#', '<', '\n']).count(), 0, "it is all one parameter");
    }

    async fn crawlers_previews_and_head_follow_a_link_without_a_click(app: &TestApp) {
        let project = app.project().await;
        made(app, &project, "spring-poster").await;
        let visits: [(Method, &[(&str, &str)]); 3] = [
            (Method::GET, &[("user-agent", "WhatsApp/2.23.20.0")]),
            (Method::HEAD, &[BROWSER]),
            (Method::GET, &[BROWSER, ("sec-purpose", "prefetch")]),
        ];
        for (method, headers) in visits {
            let response = app.send(method, "/l/spring-poster", headers, "").await;
            assert_eq!((response.status(), text_of(&response).as_str()), (302, "I saw your poster."));
        }
        automated_requests::store(&app.engines.clicks).await.expect("stored");
        assert_eq!(app.count("SELECT COUNT(*) FROM clicks").await, 0);
        assert_eq!(app.count("SELECT CAST(SUM(requests) AS BIGINT) FROM automated_requests").await, 3);
    }

    async fn clicks_by_a_link_are_spooled_while_the_database_is_away(app: &TestApp) {
        let project = app.project().await;
        let link = made(app, &project, "spring-poster").await;
        aurix::clicks::find_widget::preload(&app.engines.clicks).await.expect("widgets");
        aurix::clicks::find_link::preload(&app.engines.clicks).await.expect("links");
        app.advance(SignedDuration::from_secs(60));
        app.engines.clicks.breaker.record_failure(app.core.clock.now());
        let response = follow(app, "/l/spring-poster?gclid=G1").await;
        let reference = response.reference();
        assert!(text_of(&response).starts_with("I saw your poster."));
        assert_eq!(app.count("SELECT COUNT(*) FROM clicks").await, 0);
        assert_eq!(replay(&app.engines.clicks).await.expect("it is there again"), 1);
        let stored = app.text("SELECT s.correlation_id || ' ' || o.source FROM sessions AS s JOIN sources AS o ON o.id = s.source_id WHERE o.link_id IS NOT NULL").await;
        assert_eq!(stored, Some(format!("{reference} poster")));
        assert_eq!(came(app, project.id, link.id).await, [1, 0, 0]);
    }

    async fn links_of_another_project_are_out_of_reach(app: &TestApp) {
        let (project, other) = (app.project().await, app.project_named("Other", "222").await);
        let link = made(app, &project, "spring-poster").await;
        follow(app, "/l/spring-poster").await.reference();
        for status in [LinkStatus::Paused, LinkStatus::Removed] {
            assert!(!set(app, other.id, &link, status).await);
        }
        let changed = (Opens::Widget(other.widget_id.clone()), Campaign { source: "theirs".to_owned(), ..poster() });
        assert!(!update_link(&app.core, &operator(), other.id, link.id, changed.clone()).await.expect("no such link there"));
        let stolen = update_link(&app.core, &operator(), project.id, link.id, changed).await;
        assert!(matches!(stolen, Err(LinkRefused::Opens)), "a widget of another project: {stolen:?}");
        let foreign = NewLink { slug: None, opens: Opens::Channel("222".to_owned()), campaign: poster() };
        let refused = create_link(&app.core, &operator(), project.id, foreign).await;
        assert!(matches!(refused, Err(LinkRefused::Opens)), "a channel of another project: {refused:?}");
        assert_eq!(came(app, other.id, link.id).await, [0, 0, 0]);
        assert_eq!(app.text("SELECT source || ' ' || status FROM links").await.as_deref(), Some("poster active"));
    }

    async fn a_channel_without_a_widget_gets_one_with_its_first_link(app: &TestApp) {
        let project = app.project().await;
        app.execute("DELETE FROM widgets").await;
        let open = || NewLink { slug: None, opens: Opens::Channel(project.phone_number_id.clone()), campaign: Campaign { text: String::new(), ..poster() } };
        let first = create_link(&app.core, &operator(), project.id, open()).await.expect("a link");
        let second = create_link(&app.core, &operator(), project.id, open()).await.expect("another link");
        assert_eq!((first.widget == second.widget, first.slug == second.slug), (true, false));
        assert_eq!(app.text("SELECT name FROM widgets").await.as_deref(), Some("Links to WhatsApp +6512345678"));
        assert!(text_of(&follow(app, &format!("/l/{}", first.slug)).await).starts_with("Hello! I have a question.\nReference: O-"));
        let audited = "SELECT COUNT(*) FROM audit WHERE action IN ('widget.create', 'link.create')";
        assert_eq!(app.count(audited).await, 4, "the project's own, and these");
    }

    async fn a_link_opens_a_bot_or_the_chat_on_the_page(app: &TestApp) {
        let bot = app.bot().await;
        let open = async |channel: &str, slug: &str| {
            let opens = Opens::Channel(channel.to_owned());
            let new = NewLink { slug: Some(slug.to_owned()), opens, campaign: poster() };
            create_link(&app.core, &operator(), bot.project, new).await.expect("a link");
            follow(app, &format!("/l/{slug}")).await.header("location").to_owned()
        };
        let location = open(BOT_ID, "bot").await;
        assert!(location.starts_with("https://t.me/juniper_bot?start=O-"), "{location}");
        let window = [BROWSER, ("sec-fetch-dest", "document"), ("sec-fetch-mode", "navigate")];
        let page = app.get("/l/bot", &window).await;
        assert!(page.status() == 200 && page.text().contains("Your reference"), "{}", page.text());
        let page = app.get("/l/bot", &[&window[..], &[("accept-language", "ar-EG,en;q=0.5")]].concat()).await.text();
        assert!(page.contains("<html lang=\"ar\" dir=\"rtl\">") && page.contains("رقمك المرجعي") && !page.contains("{{"), "{page}");
        let chat = add_web_channel(&app.core, &operator(), bot.project, WebChannel::default()).await.expect("a chat");
        let location = open(&chat.external_id, "chat").await;
        assert!(location.starts_with(&format!("{}/chat/w_", app.base_url)) && location.contains("#O-"), "{location}");
    }

    async fn a_changed_source_counts_as_it_says_from_then_on(app: &TestApp) {
        let project = app.project().await;
        let link = made(app, &project, "bio").await;
        follow(app, "/l/bio").await.reference();
        let changed = (Opens::Widget(project.widget_id.clone()), Campaign { source: "instagram".to_owned(), ..Campaign::default() });
        assert!(update_link(&app.core, &operator(), project.id, link.id, changed).await.expect("changed"));
        app.advance(SignedDuration::from_secs(1));
        assert!(text_of(&follow(app, "/l/bio").await).starts_with("Hello!\nReference: O-"), "without a text the widget's greeting");
        assert_eq!(came(app, project.id, link.id).await, [2, 0, 0]);
        assert_eq!(app.count("SELECT COUNT(DISTINCT source) FROM sources WHERE link_id IS NOT NULL").await, 2);
        let changes = "SELECT COUNT(*) FROM audit WHERE action = 'link.set' AND object_id = 'bio'";
        assert_eq!(app.count(changes).await, 1);
    }

    async fn a_sites_own_link_keeps_its_text(app: &TestApp) {
        let project = app.project().await;
        let click = async |text: &str| {
            let query: String = url::form_urlencoded::Serializer::new(String::new()).append_pair("text", text).finish();
            text_of(&app.click(&project, &format!("device_id=d1&{query}")).await)
        };
        let reference = click("").await;
        let reference = reference.split("Reference: ").nth(1).expect("a reference").split(' ').next().expect("it").to_owned();
        let note = "(Please send this reference number so that we can help you faster)";
        assert_eq!(click("Is the *Red Bike* there? é&#?").await, format!("Is the *Red Bike* there? é&#?\nReference: {reference} {note}"));
        assert_eq!(click(&format!("Hi\nReference: O-zzzzzzz {note}")).await, format!("Hi\nReference: {reference} {note}"));
        assert!(click("\u{202e}\u{0}\u{200b} ").await.starts_with("Hello!\nReference: "), "nothing that a person would see");
        assert!(click(&"a".repeat(1_000)).await.starts_with(&format!("{}\nReference: ", "a".repeat(500))));
        let json = [("content-type", "application/json")];
        let posted = app.send(Method::POST, &format!("/c/{}", project.widget_id), &json, r#"{"text":"From a form"}"#).await.json();
        assert!(posted["redirect_url"].as_str().expect("an address").starts_with("https://wa.me/6512345678?text=From%20a%20form%0A"));
    }

    async fn a_site_can_ask_which_number_a_widget_opens(app: &TestApp) {
        let project = app.project().await;
        let response = app.get(&format!("/c/{}/channel", project.widget_id), &[("origin", "https://shop.example")]).await;
        assert_eq!(response.json(), json!({"kind": "whatsapp", "address": "6512345678"}));
        assert_eq!((response.header("access-control-allow-origin"), response.header("cache-control")), ("*", "public, max-age=300"));
        assert_eq!(app.count("SELECT COUNT(*) FROM clicks").await, 0);
        let bot = app.bot().await;
        let response = app.get(&format!("/c/{}/channel", bot.widget_id), &[]).await;
        assert_eq!(response.json(), json!({"kind": "telegram", "address": "juniper_bot"}));
    }
}
