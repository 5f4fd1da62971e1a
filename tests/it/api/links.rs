//! Links without a site.

use aurix::domain::token::TokenScope::{Admin, Write};
use aurix::net::Method;
use serde_json::{Value, json};

use super::{Program, problem};
use crate::support::TestApp;

both_engines! {
    async fn a_link_is_made_followed_changed_paused_and_deleted(app: &TestApp) {
        let project = app.project().await;
        let program = Program::new(app, &project, Write).await;
        let channel = program.read("/channels").await["data"][0]["channel_id"].clone();
        let new = json!({"slug": "spring-poster", "channel_id": channel, "source": "poster", "campaign": "spring"});
        let made = program.does(Method::POST, "/links", &new).await;
        assert_eq!((&made["source"], &made["campaign"], &made["medium"]), (&json!("poster"), &json!("spring"), &json!("")));
        assert!(made["address"].as_str().is_some_and(|address| address.ends_with("/l/spring-poster")), "{made}");
        let path = format!("/links/{}", made["link_id"]);
        assert_eq!(program.read(&path).await, made);
        let follow = async || app.get("/l/spring-poster", &[("user-agent", "Mozilla/5.0 (X11) Firefox/140.0")]).await.status();
        assert_eq!(follow().await, 302);
        assert_eq!(app.count("SELECT COUNT(*) FROM clicks").await, 1);

        let drawn = program.does(Method::POST, "/links", &json!({"widget_id": made["widget_id"], "source": "instagram"})).await;
        let listed = program.read("/links?limit=1").await;
        assert_eq!(listed["data"], json!([drawn]));
        let next = listed["next_cursor"].as_str().expect("there are more");
        let rest = program.read(&format!("/links?limit=1&cursor={next}")).await;
        assert_eq!((&rest["data"], &rest["next_cursor"]), (&json!([made]), &Value::Null));

        let changed = program.does(Method::PATCH, &path, &json!({"medium": "print"})).await;
        assert_eq!((&changed["medium"], &changed["source"], &changed["slug"]), (&json!("print"), &json!("poster"), &json!("spring-poster")));
        for (call, status) in [("pause", "paused"), ("pause", "paused"), ("resume", "active")] {
            assert_eq!(program.does(Method::POST, &format!("{path}/{call}"), &json!({})).await["status"], status);
        }
        program.does(Method::DELETE, &path, &json!({})).await;
        assert_eq!(program.get(&path).await.status(), 404);
        assert_eq!(program.read("/links").await["data"], json!([drawn]));
    }

    async fn the_own_domain_of_links_is_set_and_cleared(app: &TestApp) {
        let (project, other) = (app.project().await, app.project_named("Other", "222").await);
        let (program, theirs) = (Program::new(app, &project, Admin).await, Program::new(app, &other, Admin).await);
        let channel = program.read("/channels").await["data"][0]["channel_id"].clone();
        let new = json!({"slug": "poster", "channel_id": channel, "source": "poster"});
        let path = format!("/links/{}", program.does(Method::POST, "/links", &new).await["link_id"]);
        let change = async |domain: Value| program.does(Method::PATCH, "", &json!({"links_domain": domain})).await;
        assert_eq!(change(json!("Bücher.example")).await["links_domain"], "xn--bcher-kva.example");
        assert_eq!(program.read(&path).await["address"], "https://xn--bcher-kva.example/poster");
        assert_eq!(program.does(Method::PATCH, "", &json!({"name": "Books"})).await["links_domain"], "xn--bcher-kva.example");
        for domain in ["bücher.example", "https://shop.example", "localhost", ""] {
            let body = json!({"links_domain": domain});
            assert_eq!(problem(&theirs.send(Method::PATCH, "", &body).await), (422, "links_domain".to_owned()), "{domain}");
        }
        assert_eq!(change(Value::Null).await["links_domain"], Value::Null);
        assert_eq!(program.read(&path).await["address"], format!("{}/l/poster", app.base_url));
    }

    async fn a_link_that_cannot_be_is_refused_by_its_field(app: &TestApp) {
        let (project, other) = (app.project().await, app.project_named("Other", "222").await);
        let program = Program::new(app, &project, Write).await;
        let theirs = Program::new(app, &other, Write).await;
        let channel = program.read("/channels").await["data"][0]["channel_id"].clone();
        let made = program.does(Method::POST, "/links", &json!({"slug": "poster", "channel_id": channel, "source": "poster"})).await;
        for (field, body) in [
            ("widget_id", json!({"source": "poster"})),
            ("channel_id", json!({"source": "poster", "channel_id": channel, "widget_id": made["widget_id"]})),
            ("widget_id", json!({"source": "poster", "channel_id": "222"})),
            ("slug", json!({"source": "poster", "channel_id": channel, "slug": "Poster"})),
            ("slug", json!({"source": "poster", "channel_id": channel, "slug": ""})),
            ("source", json!({"source": " ", "channel_id": channel})),
            ("medium", json!({"source": "poster", "channel_id": channel, "medium": "m".repeat(151)})),
            ("text", json!({"source": "poster", "channel_id": channel, "text": "t".repeat(501)})),
        ] {
            assert_eq!(problem(&program.send(Method::POST, "/links", &body).await), (422, field.to_owned()), "{body}");
        }
        let taken = json!({"slug": "poster", "source": "poster", "channel_id": "222"});
        assert_eq!(problem(&theirs.send(Method::POST, "/links", &taken).await), (409, String::new()));
        assert_eq!(theirs.get(&format!("/links/{}", made["link_id"])).await.status(), 404);
        assert_eq!(theirs.send(Method::DELETE, &format!("/links/{}", made["link_id"]), &json!({})).await.status(), 404);
        assert_eq!(theirs.read("/links").await["data"], json!([]));
    }
}
