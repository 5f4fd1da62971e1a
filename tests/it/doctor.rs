//! What the doctor says of an installation.

use aurix::channels::FindingState;
use aurix::doctor::{Examined, examine};
use aurix::domain::time::SignedDuration;

use crate::support::TestApp;

/// The finding of that name.
fn of<'a>(found: &'a [Examined], about: &str, name: &str) -> &'a Examined {
    found
        .iter()
        .find(|one| one.about == about && one.finding.name == name)
        .unwrap_or_else(|| panic!("nothing of {about} {name}: {found:?}"))
}

both_engines! {
    async fn an_installation_is_looked_over(app: &TestApp) {
        // The clock of a test stands where the test wants it; the doctor compares it with others.
        let found = examine(&app.core, |_| {}).await.expect("it can look");
        assert_eq!(of(&found, "database", "writing").finding.state, FindingState::Fine);
        assert_eq!(of(&found, "database", "file").finding.state, FindingState::Fine);
        assert_eq!(of(&found, "reach", "answer").finding.state, FindingState::Fine);
        let clock = of(&found, "reach", "clock");
        assert_eq!(clock.finding.state, FindingState::Missing, "{clock:?}");
        assert!(clock.finding.said.contains("time server"), "{clock:?}");
        let url = of(&found, "settings", "base URL");
        assert_eq!(url.finding.state, FindingState::Attention, "{url:?}");
        assert!(url.finding.said.contains("this machine"), "{url:?}");
        assert!(found.iter().all(|one| one.about != "attention"), "{found:?}");
        if app.core.db.has_peers() {
            assert_eq!(of(&found, "database", "clock").finding.state, FindingState::Missing);
        }

        app.project().await;
        app.execute("UPDATE channels SET fault = 'The token is no good.', fault_since = 1").await;
        app.core.clock.advance(SignedDuration::from_secs(1));
        aurix::attention::look(&app.core).await.expect("a look");
        let found = examine(&app.core, |_| {}).await.expect("it can look");
        let channel = found.iter().find(|one| one.finding.name == "sending").expect("the channel's fault");
        assert!(channel.about.starts_with("WhatsApp") && channel.finding.said.contains("no good"), "{channel:?}");
        assert!(found.iter().any(|one| one.about == "attention"), "{found:?}");
        assert!(!found.iter().any(|one| one.finding.said.contains("the verify token")), "no secret is shown");
    }
}
