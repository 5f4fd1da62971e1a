//! What the command menu finds.

use aurix::domain::account::Role;

use crate::support::{Person, TestApp};

both_engines! {
    async fn the_command_menu_finds_people_of_the_own_project_and_events(app: &TestApp) {
        let project = app.project().await;
        let other = app.project_named("Other", "222").await;
        for (email, project) in [("mei@example.com", &project), ("eve@example.com", &other)] {
            app.account(email, Some((project.id, Role::Viewer))).await;
        }
        Person::new(app, &project, "6591234567").writes("My name is Zoë Tan, zoe.tan@example.com").await;
        app.settle().await;
        let (mei, eve) = (app.signed_in("mei@example.com").await, app.signed_in("eve@example.com").await);
        let found = async |query: &str| mei.get(&format!("/p/{}/search?q={query}", project.public_id)).await.text();
        for query in ["zo", "4567", "Tan"] {
            let json = found(query).await;
            assert!(json.contains("\"title\":\"Zoë Tan\"") && json.contains("/leads/1\""), "{query}: {json}");
        }
        assert_eq!(found("").await, "[]");
        assert_eq!(found("nobody").await, "[]");
        assert!(found("evt_019b7e0f4c0070008000000000000000").await.contains("/integrations/log?q=evt_019b7e0f4c0070008000000000000000"));
        assert_eq!(eve.get(&format!("/p/{}/search?q=zo", other.public_id)).await.text(), "[]");
        app.execute("UPDATE projects SET viewers_see_masked = TRUE").await;
        let masked = found("zo").await;
        assert!(!masked.contains("1234567") && !masked.contains("zoe.tan") && masked.contains("/leads/1\""), "{masked}");
    }
}
