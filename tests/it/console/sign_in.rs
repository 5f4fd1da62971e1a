//! Signing in: passwords, second factors, links, sessions, and what keeps strangers out without locking anybody in.

use aurix::domain::account::Role;
use aurix::domain::actor::{Actor, Person, Scope};
use aurix::domain::time::SignedDuration;

use crate::support::TestApp;
use crate::support::console::PASSWORD;

/// The ticket in the page that asks for the code.
fn ticket(page: &str) -> &str {
    page.split("name=\"ticket\" value=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a ticket")
}

/// The code that an authenticator app shows.
fn code(app: &TestApp, base32: &str) -> String {
    let secret = totp_rs::Secret::try_from_base32(base32).expect("base32");
    let totp = totp_rs::Builder::new().with_secret(secret).build().expect("a secret");
    totp.generate(u64::try_from(app.core.clock.now().as_second()).expect("after 1970")).to_string()
}

both_engines! {
    async fn the_first_account_is_made_by_a_link_that_is_good_once(app: &TestApp) {
        let link = app.engines.accounts.create_first_run_link().await.expect("made").expect("nobody has an account");
        let path = link.url.strip_prefix(&app.base_url).expect("of this server").to_owned();
        let browser = app.browser();
        assert_eq!(browser.get(&path).await.status(), 200);
        let refused = browser.post(&path, &[("name", "Mei"), ("email", "mei"), ("password", "short")]).await;
        assert_eq!(refused.status(), 422);
        assert!(refused.text().contains("Write an e-mail address"), "{}", refused.text());
        let fields = [("name", "Mei"), ("email", "mei@example.com"), ("password", PASSWORD)];
        assert_eq!(browser.post(&path, &fields).await.header("location"), "/projects");
        assert_eq!(browser.get("/projects").await.status(), 200);
        assert_eq!(app.browser().post(&path, &fields).await.status(), 422, "it is good once");
        assert!(app.engines.accounts.create_first_run_link().await.expect("asked").is_none());
        assert_eq!(app.count("SELECT COUNT(*) FROM users WHERE is_operator").await, 1);
        assert_eq!(app.count("SELECT COUNT(*) FROM audit WHERE action = 'user.create'").await, 1);
    }

    async fn the_first_link_is_good_for_an_hour(app: &TestApp) {
        let link = app.engines.accounts.create_first_run_link().await.expect("made").expect("a link");
        let path = link.url.strip_prefix(&app.base_url).expect("of this server").to_owned();
        app.advance(SignedDuration::from_secs(3_599));
        assert_eq!(app.browser().get(&path).await.status(), 200);
        app.advance(SignedDuration::from_secs(1));
        assert_eq!(app.browser().get(&path).await.status(), 422);
    }

    async fn whoever_is_not_signed_in_is_sent_to_sign_in_and_back(app: &TestApp) {
        app.operator_account("mei@example.com").await;
        let browser = app.browser();
        assert_eq!(browser.get("/account?a=1").await.header("location"), "/sign-in?next=%2Faccount%3Fa%3D1");
        let fields = [("email", "Mei@Example.com "), ("password", PASSWORD), ("next", "/account?a=1")];
        assert_eq!(browser.post("/sign-in", &fields).await.header("location"), "/account?a=1");
        assert_eq!(browser.get("/account").await.status(), 200);
        let elsewhere = [("email", "mei@example.com"), ("password", PASSWORD), ("next", "//evil.example")];
        assert_eq!(app.browser().post("/sign-in", &elsewhere).await.header("location"), "/");
        let program = app.get("/account", &[("accept", "application/json")]).await;
        assert_eq!(program.status(), 401);
        assert!(program.header("www-authenticate").is_empty());
    }

    async fn an_unknown_address_and_a_wrong_password_get_the_same_answer(app: &TestApp) {
        app.operator_account("mei@example.com").await;
        let wrong = app.browser().sign_in("mei@example.com", "wrong horse battery").await;
        let unknown = app.browser().sign_in("who@example.com", "wrong horse battery").await;
        assert_eq!((wrong.status(), unknown.status()), (422, 422));
        assert_eq!(wrong.text().replace("mei@", "who@"), unknown.text());
        assert!(wrong.text().contains("The e-mail address or the password is wrong."), "{}", wrong.text());
        assert!(app.browser().sign_in("mei@example.com", &"a".repeat(10_000)).await.status() == 422);
    }

    async fn who_guesses_has_to_wait_and_keeps_nobody_else_out(app: &TestApp) {
        app.operator_account("mei@example.com").await;
        let known = app.signed_in("mei@example.com").await.with_only("aurix-browser");
        for _ in 0..5 {
            assert_eq!(app.browser().sign_in("mei@example.com", "wrong horse battery").await.status(), 422);
        }
        let waits = app.browser().sign_in("mei@example.com", PASSWORD).await;
        assert!(waits.text().contains("After this many failed attempts, wait"), "{}", waits.text());
        assert_eq!(known.sign_in("mei@example.com", PASSWORD).await.status(), 303, "her own browser does not wait");
        app.advance(SignedDuration::from_secs(16));
        assert_eq!(app.browser().sign_in("mei@example.com", PASSWORD).await.status(), 303);
        // Counted anew after a success.
        assert_eq!(app.browser().sign_in("mei@example.com", "wrong horse battery").await.status(), 422);
        assert_eq!(app.browser().sign_in("mei@example.com", PASSWORD).await.status(), 303);
    }

    async fn a_known_browser_guesses_no_more_often_than_a_stranger(app: &TestApp) {
        app.operator_account("mei@example.com").await;
        let known = app.signed_in("mei@example.com").await.with_only("aurix-browser");
        for _ in 0..5 {
            known.sign_in("mei@example.com", "wrong horse battery").await;
        }
        let waits = known.sign_in("mei@example.com", PASSWORD).await;
        assert!(waits.text().contains("wait"), "{}", waits.text());
        app.account("ben@example.com", None).await;
        assert_eq!(known.sign_in("ben@example.com", PASSWORD).await.status(), 303, "known for one person alone");
    }

    async fn many_attempts_at_once_are_no_more_guesses(app: &TestApp) {
        app.operator_account("mei@example.com").await;
        let browsers: Vec<_> = (0..12).map(|_| app.browser()).collect();
        let attempts = browsers.iter().map(|browser| browser.sign_in("mei@example.com", "wrong horse battery"));
        let answers = futures_util::future::join_all(attempts).await;
        let guesses = answers.iter().filter(|answer| answer.text().contains("is wrong")).count();
        assert_eq!((guesses, answers.len() - guesses), (5, 7), "the others have to wait");
    }

    async fn the_right_password_makes_no_guess_at_the_code_free(app: &TestApp) {
        let user = app.operator_account("mei@example.com").await;
        let secret = app.engines.accounts.new_second_factor(&user).base32;
        app.engines.accounts.enable_second_factor(&user, &secret, &code(app, &secret)).await.expect("asked").expect("on");
        let browser = app.browser();
        for _ in 0..5 {
            let asked = browser.sign_in("mei@example.com", PASSWORD).await;
            let answer = browser.post("/sign-in/code", &[("ticket", ticket(&asked.text())), ("code", "000000")]).await;
            assert!(answer.text().contains("wrong"), "{}", answer.text());
        }
        let waits = browser.sign_in("mei@example.com", PASSWORD).await;
        assert!(waits.text().contains("After this many failed attempts, wait"), "{}", waits.text());
    }

    async fn an_address_that_tries_many_accounts_has_to_wait(app: &TestApp) {
        app.operator_account("mei@example.com").await;
        for nth in 0..30 {
            app.browser().sign_in(&format!("p{nth}@example.com"), "wrong horse battery").await;
        }
        let waits = app.browser().sign_in("mei@example.com", PASSWORD).await;
        assert!(waits.text().contains("wait"), "{}", waits.text());
    }

    async fn a_second_factor_asks_for_a_code_that_is_good_once(app: &TestApp) {
        let user = app.operator_account("mei@example.com").await;
        let secret = app.engines.accounts.new_second_factor(&user).base32;
        let accounts = &app.engines.accounts;
        assert!(accounts.enable_second_factor(&user, &secret, "000000").await.expect("asked").is_none());
        let codes = accounts.enable_second_factor(&user, &secret, &code(app, &secret)).await.expect("asked");
        let codes = codes.expect("the code is right");
        assert_eq!(codes.len(), 10);
        assert!(!app.text("SELECT sealed_totp FROM users").await.expect("sealed").contains(&secret));

        let browser = app.browser();
        let asked = browser.sign_in("mei@example.com", PASSWORD).await;
        assert_eq!(asked.status(), 200);
        assert!(browser.cookie("aurix").is_none(), "the password alone signs nobody in");
        let page = asked.text();
        let ticket = ticket(&page);
        let used = browser.post("/sign-in/code", &[("ticket", ticket), ("code", &code(app, &secret))]).await;
        assert_eq!(used.status(), 422, "the code that turned it on was used");
        app.advance(SignedDuration::from_secs(30));
        let now = code(app, &secret);
        assert_eq!(browser.post("/sign-in/code", &[("ticket", ticket), ("code", &now)]).await.status(), 303);
        assert_eq!(app.browser().post("/sign-in/code", &[("ticket", ticket), ("code", &now)]).await.status(), 422);
        let recovery = [("ticket", ticket), ("code", codes[3].as_str())];
        assert_eq!(app.browser().post("/sign-in/code", &recovery).await.status(), 303);
        assert_eq!(app.browser().post("/sign-in/code", &recovery).await.status(), 422, "good once");
        let forged = [("ticket", "bm8gdGlja2V0"), ("code", codes[4].as_str())];
        assert_eq!(app.browser().post("/sign-in/code", &forged).await.status(), 422);
        app.advance(SignedDuration::from_mins(11));
        let late = [("ticket", ticket), ("code", codes[5].as_str())];
        assert!(app.browser().post("/sign-in/code", &late).await.text().contains("This took too long"));
    }

    async fn a_session_ends_with_time_and_by_signing_out(app: &TestApp) {
        app.operator_account("mei@example.com").await;
        let browser = app.signed_in("mei@example.com").await;
        let day = SignedDuration::from_hours(24);
        for _ in 0..3 {
            app.advance(day * 29);
            assert_eq!(browser.get("/account").await.status(), 200, "it is used");
        }
        app.advance(day * 4);
        assert_eq!(browser.get("/account").await.status(), 303, "91 days in all");
        let idle = app.signed_in("mei@example.com").await;
        app.advance(day * 30 + SignedDuration::from_secs(1));
        assert_eq!(idle.get("/account").await.status(), 303, "30 days without a use");
        app.engines.accounts.remove_expired().await.expect("removed");
        assert_eq!(app.count("SELECT COUNT(*) FROM user_sessions").await, 0);

        let one = app.signed_in("mei@example.com").await;
        let token = one.with_only("aurix");
        assert_eq!(one.post("/sign-out", &[]).await.header("location"), "/sign-in");
        assert_eq!(token.get("/account").await.status(), 303, "the token is no good any more");
    }

    async fn another_password_signs_other_browsers_out(app: &TestApp) {
        app.operator_account("mei@example.com").await;
        let (one, other) = (app.signed_in("mei@example.com").await, app.signed_in("mei@example.com").await);
        assert_eq!(one.post("/account/password", &[("password", "qwerty123456")]).await.status(), 422);
        let new = "a bicycle made for two";
        assert_eq!(one.post("/account/password", &[("password", new)]).await.status(), 303);
        assert_eq!((one.get("/account").await.status(), other.get("/account").await.status()), (200, 303));
        assert_eq!(app.browser().sign_in("mei@example.com", PASSWORD).await.status(), 422);
        assert_eq!(app.browser().sign_in("mei@example.com", new).await.status(), 303);
    }

    async fn secrets_want_the_password_again_after_ten_minutes(app: &TestApp) {
        app.operator_account("mei@example.com").await;
        let browser = app.signed_in("mei@example.com").await;
        app.advance(SignedDuration::from_mins(10));
        let new = [("password", "a bicycle made for two")];
        let asked = browser.post("/account/password", &new).await;
        assert!(asked.header("location").starts_with("/confirm"), "{}", asked.header("location"));
        assert_eq!(browser.post("/confirm", &[("password", "wrong horse battery")]).await.status(), 422);
        let confirmed = browser.post("/confirm", &[("password", PASSWORD), ("next", "/account")]).await;
        assert_eq!(confirmed.header("location"), "/account");
        assert_eq!(browser.post("/account/password", &new).await.header("location"), "/account");
    }

    async fn a_link_sets_a_password_once_and_keeps_the_second_factor(app: &TestApp) {
        let user = app.operator_account("mei@example.com").await;
        let old = app.signed_in("mei@example.com").await;
        let actor = Actor::Person(Person { user: user.id, email: user.email.clone(), scope: Scope::Account });
        let before = app.engines.accounts.create_password_link(&actor, &user).await.expect("a link").url;
        let link = app.engines.accounts.create_password_link(&actor, &user).await.expect("a link").url;
        let path = |link: &str| link.strip_prefix(&app.base_url).expect("of this server").to_owned();
        assert_eq!(app.browser().get(&path(&before)).await.status(), 422, "a new one takes its place");
        let fields = [("password", "a bicycle made for two")];
        let browser = app.browser();
        assert_eq!(browser.post(&path(&link), &fields).await.status(), 303);
        assert_eq!(browser.get("/account").await.status(), 200);
        assert_eq!(old.get("/account").await.status(), 303);
        assert_eq!(app.browser().post(&path(&link), &fields).await.status(), 422);

        let secret = app.engines.accounts.new_second_factor(&user).base32;
        let right = code(app, &secret);
        app.engines.accounts.enable_second_factor(&user, &secret, &right).await.expect("asked").expect("right");
        let link = app.engines.accounts.create_password_link(&actor, &user).await.expect("a link").url;
        let browser = app.browser();
        assert_eq!(browser.post(&path(&link), &fields).await.header("location"), "/sign-in");
        assert!(browser.cookie("aurix").is_none());
    }

    async fn only_the_hash_of_a_token_is_stored(app: &TestApp) {
        app.operator_account("mei@example.com").await;
        let token = app.signed_in("mei@example.com").await.cookie("aurix").expect("signed in");
        let stored = app.text("SELECT token_hash FROM user_sessions").await.expect("a session");
        assert!(stored.len() == 64 && stored != token, "{stored}");
        let password = app.text("SELECT password_hash FROM users").await.expect("a hash");
        assert!(password.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{password}");
    }

    async fn a_removed_person_is_signed_out(app: &TestApp) {
        let project = app.project().await;
        app.operator_account("mei@example.com").await;
        let user = app.account("ben@example.com", Some((project.id, Role::Admin))).await;
        let browser = app.signed_in("ben@example.com").await;
        let actor = crate::support::operator();
        app.engines.accounts.remove_user(&actor, &user).await.expect("removed");
        assert_eq!(browser.get("/account").await.status(), 303);
        let mei = app.core.db.read(async |conn| Ok(aurix::store::users::list(conn, 1).await?)).await.expect("read");
        app.engines.accounts.remove_user(&actor, &mei[0]).await.expect_err("the only operator stays");
    }
}
