//! Links without a site in the console: made, changed, paused and deleted; their numbers and QR codes; and the links of ads.

use aurix::domain::account::Role;
use aurix::domain::time::SignedDuration;

use crate::support::console::Browser;
use crate::support::{Person, Project, TestApp};

const PERSON: (&str, &str) = ("user-agent", "Mozilla/5.0 (Android 15; Mobile) Firefox/140.0");

/// A form, what is wrong with it, and where that stands.
type Refusal<'a> = (&'a [(&'a str, &'a str)], &'a str, &'a str);

/// An admin of the project.
async fn admin<'a>(app: &'a TestApp, project: &Project) -> Browser<'a> {
    app.account("ada@example.com", Some((project.id, Role::Admin))).await;
    app.signed_in("ada@example.com").await
}

fn links(project: &Project) -> String {
    format!("/p/{}/links", project.public_id)
}

/// Makes a link; gives its page.
async fn made(browser: &Browser<'_>, project: &Project, slug: &str) -> String {
    let opens = format!("widget:{}", project.widget_id);
    let fields = [
        ("slug", slug),
        ("opens", &opens),
        ("source", "poster"),
        ("medium", "print"),
        ("campaign", "Spring <b>"),
        ("text", "Hi!"),
    ];
    let response = browser.post(&format!("{}/new", links(project)), &fields).await;
    assert_eq!(response.status(), 303, "{}", response.text());
    response.header("location").to_owned()
}

/// What a reader of QR codes reads in a PNG.
fn read_png(png: &[u8]) -> String {
    let mut decoder = png::Decoder::new(std::io::Cursor::new(png));
    decoder.set_transformations(png::Transformations::EXPAND);
    let mut reader = decoder.read_info().expect("a PNG");
    let mut pixels = vec![0; reader.output_buffer_size().expect("a small one")];
    let info = reader.next_frame(&mut pixels).expect("its pixels");
    let (width, height) = (info.width as usize, info.height as usize);
    let mut picture = rqrr::PreparedImage::prepare_from_greyscale(width, height, |x, y| pixels[y * info.line_size + x]);
    picture.detect_grids().first().expect("a code").decode().expect("a code that can be read").1
}

both_engines! {
    async fn a_link_is_made_with_words_of_ones_own_or_a_short_one(app: &TestApp) {
        let project = app.project().await;
        let browser = admin(app, &project).await;
        let list = links(&project);
        assert!(browser.get(&list).await.text().contains("No link yet"));
        let form = browser.get(&format!("{list}/new")).await.text();
        assert!(form.contains(&format!("{}/l/", app.base_url)) && form.contains("WhatsApp +6512345678"), "{form}");
        let page = made(&browser, &project, "Spring-Poster").await;
        let shown = browser.get(&page).await.text();
        assert!(shown.contains(&format!("<code id=\"address\">{}/l/spring-poster</code>", app.base_url)), "{shown}");
        assert!(shown.contains("Spring &#60;b&#62;") && !shown.contains("Spring <b>"), "{shown}");
        let short = made(&browser, &project, "").await;
        assert_ne!(short, page);
        let opens = format!("widget:{}", project.widget_id);
        let refusals: [Refusal<'_>; 5] = [
            (&[("slug", "a/b"), ("opens", &opens), ("source", "x")], "letters a to z", "slug-mistake"),
            (&[("slug", "spring-poster"), ("opens", &opens), ("source", "x")], "is taken", "slug-mistake"),
            (&[("opens", &opens)], "Write where its visitors come from", "source-mistake"),
            (&[("opens", "widget:w_none"), ("source", "x")], "no such widget or channel", "opens-mistake"),
            (&[("opens", ""), ("source", "x")], "no such widget or channel", "opens-mistake"),
        ];
        for (fields, said, field) in refusals {
            let refused = browser.post(&format!("{list}/new"), fields).await;
            let text = refused.text();
            assert!(refused.status() == 422 && text.contains(said) && text.contains(field), "{fields:?}: {text}");
        }
        assert_eq!(app.count("SELECT COUNT(*) FROM links").await, 2);
    }

    async fn the_list_shows_what_came_of_each_link_and_leads_to_the_rows(app: &TestApp) {
        let project = app.project().await;
        let browser = admin(app, &project).await;
        let page = made(&browser, &project, "spring-poster").await;
        made(&browser, &project, "bio").await;
        let reference = app.get("/l/spring-poster", &[PERSON]).await.reference();
        app.get("/l/spring-poster?utm_content=b", &[PERSON]).await;
        app.click(&project, "device_id=d1").await;
        Person::new(app, &project, "6591234567").writes(&format!("{reference} I am Ann Lee, ann@example.com")).await;
        app.settle().await;
        let list = browser.get(&links(&project)).await.text();
        let row = |slug: &str| list.split("<tr>").find(|row| row.contains(&format!("/l/{slug}</a>"))).expect("a row").to_owned();
        let id = page.rsplit('/').next().expect("a number");
        let rows = format!("/p/{}/overview/rows?widget=l{id}&#38;step=", project.public_id);
        for (step, count) in [("clicks", 2), ("conversations", 1), ("leads", 1)] {
            assert!(row("spring-poster").contains(&format!("<a class=\"quiet\" href=\"{rows}{step}\">{count}</a>")), "{}", row("spring-poster"));
            let listed = browser.get(&format!("{}{step}", rows.replace("&#38;", "&"))).await.text();
            assert_eq!(listed.matches("<tr><th scope=\"row\"").count(), count, "{step}: {listed}");
            assert!(listed.contains("Widget or link: /l/spring-poster"), "{listed}");
        }
        assert!(!row("bio").contains("overview/rows"), "{}", row("bio"));
        let overview = browser.get(&format!("/p/{}/overview", project.public_id)).await.text();
        assert!(overview.contains("Widget or link") && overview.contains(">/l/spring-poster</a>"), "{overview}");
        app.advance(SignedDuration::from_hours(24 * 31));
        let later = browser.get(&links(&project)).await.text();
        assert!(!later.contains("overview/rows"), "that is longer ago than 30 days: {later}");
    }

    async fn a_link_is_changed_paused_and_deleted(app: &TestApp) {
        let project = app.project().await;
        let browser = admin(app, &project).await;
        let page = made(&browser, &project, "spring-poster").await;
        let channel = format!("channel:{}", project.phone_number_id);
        let saved = browser.post(&page, &[("slug", "other"), ("opens", &channel), ("source", "tram"), ("text", "")]).await;
        assert_eq!(saved.header("location"), page);
        let kept = app.text("SELECT slug || ' ' || source || ' ' || medium || text FROM links").await;
        assert_eq!(kept.as_deref(), Some("spring-poster tram "), "the address stays");
        assert_eq!(browser.post(&page, &[("opens", &channel), ("source", "")]).await.status(), 422);
        assert_eq!(browser.post(&format!("{page}/pause"), &[]).await.header("location"), page);
        assert!(browser.get(&page).await.text().contains("still reaches the chat"));
        assert!(browser.get(&links(&project)).await.text().contains("Paused"));
        browser.post(&format!("{page}/resume"), &[]).await;
        assert!(!browser.get(&page).await.text().contains("id=\"paused\""));
        assert_eq!(browser.post(&format!("{page}/delete"), &[]).await.header("location"), links(&project));
        assert_eq!(browser.get(&page).await.status(), 404);
        assert!(browser.get(&links(&project)).await.text().contains("No link yet"));
        let other = app.project_named("Other", "222").await;
        let foreign = page.replace(&project.public_id, &other.public_id);
        app.account("eve@example.com", Some((other.id, Role::Owner))).await;
        let stranger = app.signed_in("eve@example.com").await;
        let page = made(&browser, &project, "spring-poster").await;
        assert!(foreign.ends_with(page.rsplit('/').next().expect("a number")), "the same row");
        for (path, is_post) in [("", false), ("", true), ("/pause", true), ("/delete", true), ("/qr.svg", false), ("/qr.png", false)] {
            let path = format!("{foreign}{path}");
            let fields = [("opens", channel.as_str()), ("source", "theirs")];
            let response = if is_post { stranger.post(&path, &fields).await } else { stranger.get(&path).await };
            assert_eq!(response.status(), 404, "{path}");
        }
        assert_eq!(app.text("SELECT source || status FROM links").await.as_deref(), Some("posteractive"));
    }

    async fn a_link_has_its_qr_code_as_files(app: &TestApp) {
        let project = app.project().await;
        app.account("vic@example.com", Some((project.id, Role::Viewer))).await;
        let page = made(&admin(app, &project).await, &project, "spring-poster").await;
        let viewer = app.signed_in("vic@example.com").await;
        assert!(viewer.get(&page).await.text().contains(&format!("src=\"{page}/qr.svg\"")));
        let svg = viewer.get(&format!("{page}/qr.svg")).await;
        assert_eq!((svg.header("content-type"), svg.header("content-disposition")), ("image/svg+xml", "attachment; filename=\"spring-poster.svg\""));
        assert!(svg.text().starts_with("<svg viewBox=") && !svg.text().contains("<script"));
        let png = viewer.get(&format!("{page}/qr.png")).await;
        assert_eq!((png.header("content-type"), png.header("content-disposition")), ("image/png", "attachment; filename=\"spring-poster.png\""));
        assert_eq!(read_png(&png.0.body), format!("{}/l/spring-poster", app.base_url));
    }

    async fn the_own_domain_of_links_is_set_and_shown(app: &TestApp) {
        let (project, other) = (app.project().await, app.project_named("Other", "222").await);
        let browser = admin(app, &project).await;
        let page = made(&browser, &project, "spring-poster").await;
        let settings = |project: &Project| format!("/p/{}/settings", project.public_id);
        let fields = [("name", "Bikes"), ("region", "SG"), ("timezone", "Asia/Singapore")];
        let with = |domain: &'static str| [&fields[..], &[("links_domain", domain)]].concat();
        let refused = browser.post(&settings(&project), &with("https://go.shop.example")).await;
        assert!(refused.status() == 422 && refused.text().contains("is no host name: write go.shop.example"), "{}", refused.text());
        assert_eq!(browser.post(&settings(&project), &with("Go.Shop.example")).await.status(), 303);
        assert!(browser.get(&settings(&project)).await.text().contains("value=\"go.shop.example\""));
        let address = "https://go.shop.example/spring-poster";
        for shown in [page.clone(), links(&project)] {
            assert!(browser.get(&shown).await.text().contains(&format!(">{address}<")), "{shown}");
        }
        assert!(browser.get(&format!("{}/new", links(&project))).await.text().contains(">https://go.shop.example/<"));
        assert_eq!(read_png(&browser.get(&format!("{page}/qr.png")).await.0.body), address);

        app.account("bob@example.com", Some((other.id, Role::Owner))).await;
        let theirs = app.signed_in("bob@example.com").await;
        let taken = theirs.post(&settings(&other), &with("go.shop.example")).await;
        assert!(taken.status() == 422 && taken.text().contains("is the domain of another project"), "{}", taken.text());
        assert_eq!(browser.post(&settings(&project), &with("")).await.status(), 303);
        assert!(browser.get(&page).await.text().contains(&format!(">{}/l/spring-poster<", app.base_url)));
    }

    async fn older_links_are_on_the_next_page(app: &TestApp) {
        let project = app.project().await;
        let browser = admin(app, &project).await;
        for number in 0..51 {
            made(&browser, &project, &format!("poster-{number}")).await;
        }
        let first = browser.get(&links(&project)).await.text();
        assert_eq!(first.matches("<copy-button").count(), 50);
        assert!(first.contains("/l/poster-50<") && !first.contains("/l/poster-0<"));
        let older = first.split("href=\"").filter_map(|rest| rest.split('"').next()).find(|href| href.contains("before=")).expect("more");
        let second = browser.get(older).await.text();
        assert!(second.contains("/l/poster-0<") && !second.contains("before="), "{second}");
        assert!(browser.get(&format!("{}?before=1", links(&project))).await.text().contains("No older link"));
    }

    async fn the_links_of_ads_are_there_to_copy_and_an_address_is_checked(app: &TestApp) {
        let project = app.project().await;
        let browser = admin(app, &project).await;
        let ads = format!("{}/ads", links(&project));
        let page = browser.get(&ads).await.text();
        for said in ["Meta: Facebook and Instagram", "campaign_id={{campaign.id}}", "campaign_id={campaignid}", "campaign_id=__CAMPAIGN_ID__", "campaign_id={CampaignId}", "ad_id={{CREATIVE_ID}}"] {
            assert!(page.contains(said), "{said} in {page}");
        }
        assert!(!page.contains("id=\"tried\""));
        let address = "https://shop.example/?utm_source=tiktok&utm_campaign=Spring%3Cb%3E&ad_id=__CID__&ttclid=T";
        let query: String = url::form_urlencoded::Serializer::new(String::new()).append_pair("address", address).finish();
        let checked = browser.get(&format!("{ads}?{query}")).await.text();
        assert!(checked.contains("<dt>Source</dt><dd>tiktok</dd>") && checked.contains("<dd>Spring&#60;b&#62;</dd>"), "{checked}");
        assert!(checked.contains("<dd>ttclid</dd>") && checked.contains("<code>__CID__</code>"), "{checked}");
    }
}
