//! Erasing a person: what goes, what stays, and who may.

use aurix::domain::account::Role;
use aurix::domain::time::SignedDuration;

use crate::support::{Person, Receiver, TestApp};

/// Where words of a person stand while they are known. `%1` stands for the words.
const PLACES: &[&str] = &[
    "SELECT COUNT(*) FROM messages WHERE COALESCE(text, '') || COALESCE(raw, '') || COALESCE(contact, '') LIKE '%zoe%' OR raw LIKE '%91234567%'",
    "SELECT COUNT(*) FROM messages WHERE external_id LIKE 'wamid.%' AND direction = 'in'",
    "SELECT COUNT(*) FROM leads WHERE fields LIKE '%zoe%' OR fields LIKE '%91234567%' OR announced_details LIKE '%zoe%'",
    "SELECT COUNT(*) FROM lead_field_values",
    "SELECT COUNT(*) FROM lead_activity WHERE text LIKE '%bells%'",
    "SELECT COUNT(*) FROM conversations WHERE external_phone_id IS NOT NULL OR phone IS NOT NULL OR profile_name IS NOT NULL",
    "SELECT COUNT(*) FROM events WHERE body LIKE '%zoe%' OR body LIKE '%91234567%' OR body LIKE '%d1d1%'",
    "SELECT COUNT(*) FROM attempts WHERE response_body LIKE '%zoe%'",
    "SELECT COUNT(*) FROM clicks WHERE ip_address IS NOT NULL OR user_agent IS NOT NULL OR click_url LIKE '%token%'",
    "SELECT COUNT(*) FROM sessions WHERE device_id IS NOT NULL",
];

const DEVICE: &str = "d1d1d1d1-2d08-49d4-852a-b48be43beb68";

both_engines! {
    async fn of_an_erased_person_only_the_numbers_stay(app: &TestApp) {
        let project = app.project().await;
        app.account("mei@example.com", Some((project.id, Role::Admin))).await;
        let browser = app.signed_in("mei@example.com").await;
        let receiver = Receiver::start().await;
        app.webhook(&project, &receiver).await;
        let url = "https%3A%2F%2Fshop.example%2F%3Futm_source%3Dgoogle%26gclid%3Dabc%26token%3Dsecret";
        let reference = app.click(&project, &format!("device_id={DEVICE}&click_url={url}")).await.reference();
        let person = Person::new(app, &project, "6591234567");
        person.writes(&format!("hello {reference}")).await;
        app.settle().await;
        person.writes("I am Zoe Tan, zoe@example.com").await;
        app.advance(SignedDuration::from_secs(2));
        receiver.respond_next(500);
        app.work().await;
        let lead = format!("/p/{}/leads/{}", project.public_id, app.count("SELECT id FROM leads").await);
        assert_eq!(browser.post(&format!("{lead}/note"), &[("note", "Likes bells")]).await.status(), 303);
        for (at, place) in PLACES.iter().enumerate().filter(|(at, _)| *at != 7) {
            assert!(app.count(place).await > 0, "{at}: {place} finds nothing to erase");
        }
        let waiting = "SELECT COUNT(*) FROM deliveries WHERE status = 'pending'";
        assert!(app.count(waiting).await > 0, "a delivery waits for its next attempt");
        let preview = browser.get(&format!("{lead}/erase")).await.text();
        assert!(preview.contains("the words of 4 messages") && preview.contains("1 click") && preview.contains("1 note"), "{preview}");
        let (leads, messages, clicks) = (
            app.count("SELECT COUNT(*) FROM leads").await,
            app.count("SELECT COUNT(*) FROM messages").await,
            app.count("SELECT COUNT(*) FROM clicks").await,
        );
        assert_eq!(browser.post(&format!("{lead}/erase"), &[("typed", "erase")]).await.status(), 422);
        assert!(app.count(PLACES[0]).await > 0, "not without the word");
        assert_eq!(browser.post(&format!("{lead}/erase"), &[("typed", "ERASE")]).await.status(), 303);
        for place in PLACES {
            assert_eq!(app.count(place).await, 0, "{place}");
        }
        assert_eq!(app.count(waiting).await, 0, "nothing more is told of them");
        assert_eq!(app.count("SELECT COUNT(*) FROM leads").await, leads);
        assert_eq!(app.count("SELECT COUNT(*) FROM messages").await, messages);
        assert_eq!(app.count("SELECT COUNT(*) FROM clicks WHERE parsed_params LIKE '%google%'").await, clicks, "the campaign stays");
        assert_eq!(app.count("SELECT COUNT(*) FROM clicks WHERE parsed_params LIKE '%gclid%'").await, 0);
        assert_eq!(app.count("SELECT COUNT(*) FROM audit WHERE action = 'person.erase' AND actor_kind = 'person'").await, 1);
        assert_eq!(app.count("SELECT COUNT(*) FROM audit WHERE detail LIKE '%zoe%'").await, 0);
        for query in ["zoe", "91234567", &reference] {
            let found = browser.get(&format!("/p/{}/leads?q={query}", project.public_id)).await.text();
            assert!(found.contains("Nobody found"), "{query}");
        }
        let page = browser.get(&lead).await.text();
        assert!(page.contains("Erased person") && page.contains("was erased") && !page.contains("Zoe"), "{page}");
        assert_eq!(browser.post(&format!("{lead}/erase"), &[("typed", "ERASE")]).await.status(), 422, "once");
        assert_eq!(browser.post(&format!("{lead}/reply"), &[("text", "hello")]).await.status(), 422);
        person.writes("hello again").await;
        app.settle().await;
        assert_eq!(app.count("SELECT COUNT(*) FROM leads").await, leads + 1, "who writes again is somebody new");
    }

    async fn whoever_erases_has_proved_who_they_are(app: &TestApp) {
        let project = app.project().await;
        app.account("mei@example.com", Some((project.id, Role::Owner))).await;
        let browser = app.signed_in("mei@example.com").await;
        Person::new(app, &project, "6591234567").writes("hello").await;
        app.settle().await;
        app.advance(SignedDuration::from_mins(11));
        let lead = format!("/p/{}/leads/{}", project.public_id, app.count("SELECT id FROM leads").await);
        let asked = browser.post(&format!("{lead}/erase"), &[("typed", "ERASE")]).await;
        assert!(asked.header("location").starts_with("/confirm"), "{}", asked.text());
        assert_eq!(app.count("SELECT COUNT(*) FROM leads WHERE erased_at IS NOT NULL").await, 0);
    }
}
