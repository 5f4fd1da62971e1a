//! The operator's key: a wrong or lost one stops the start, and it can be rotated.

use aurix::config::Config;
use aurix::core::Core;
use aurix::projects::secret_key::rotate_secret_key;
use aurix::store::webhooks;
use secrecy::SecretString;

use crate::support::{Project, Receiver, TestApp, operator};

const NEW: &str = "a new key for everything";

/// Opens the database of the test as another process would, with a key of the operator's where one is given.
async fn open(app: &TestApp, key: Option<&str>) -> Result<Core, String> {
    let config = Config { secret_key: key.map(SecretString::from), ..app.core.config.clone() };
    aurix::serve::open(config).await.map_err(|error| format!("{error:#}"))
}

/// The error of an opening that must fail.
async fn refused(app: &TestApp, key: Option<&str>) -> String {
    open(app, key).await.err().expect("it is refused")
}

/// The secret of the project's first webhook, as a process opens it.
async fn secret(core: &Core, project: &Project) -> anyhow::Result<String> {
    let id = project.id;
    let webhook = core.db.read(async move |conn| Ok(webhooks::list(conn, id).await?.remove(0))).await?;
    core.seal.open(webhook.headers_place(), &webhook.sealed_headers)?;
    Ok(core.seal.open(webhook.secret_place(), &webhook.sealed_secret)?)
}

async fn run(app: &TestApp, sql: &'static str) {
    app.core.db.write(async move |tx| Ok(tx.execute(sql, &[]).await?)).await.expect("a statement of the test");
}

both_engines! {
    async fn another_key_stops_the_start(app: &TestApp) {
        let error = refused(app, Some("another key, long enough")).await;
        assert!(error.starts_with("AURIX_SECRET_KEY is not the key that this database was sealed with"), "{error}");
        std::fs::write(app.core.config.secret_file(), "another key, long enough").expect("written");
        let error = refused(app, None).await;
        assert!(error.contains("secret.key is not the key that this database was sealed with"), "{error}");
    }

    async fn a_lost_key_is_not_replaced(app: &TestApp) {
        let file = app.core.config.secret_file();
        std::fs::remove_file(&file).expect("there was one");
        let error = refused(app, None).await;
        assert!(error.contains("secret.key is missing: put it back"), "{error}");
        assert!(!file.exists(), "a new one would look like the right one");
    }

    async fn a_rotation_seals_everything_with_the_new_key(app: &TestApp) {
        let project = app.project().await;
        let receiver = Receiver::start().await;
        let before = app.webhook(&project, &receiver).await;
        assert_eq!(rotate_secret_key(&app.core, &operator(), NEW).await.expect("rotated"), 2);
        assert!(refused(app, None).await.contains("is not the key"));
        let core = open(app, Some(NEW)).await.expect("the new key opens it");
        assert_eq!(secret(&core, &project).await.expect("sealed anew"), before);
        let channel = core.db.read(async move |conn| Ok(aurix::store::channels::list(conn, project.id, 1).await?.remove(0)));
        let channel = channel.await.expect("a channel");
        core.seal.open(channel.place(), &channel.sealed_credentials).expect("sealed anew");
        let action = app.text("SELECT action FROM audit ORDER BY id DESC LIMIT 1").await;
        assert_eq!(action.as_deref(), Some("secret-key.rotate"));
        rotate_secret_key(&app.core, &operator(), "yet another key").await.expect_err("this process has the old key");
    }

    async fn a_process_with_the_old_key_rotates_nothing(app: &TestApp) {
        // Nothing but the canary is sealed.
        assert_eq!(rotate_secret_key(&app.core, &operator(), NEW).await.expect("rotated"), 0);
        rotate_secret_key(&app.core, &operator(), "yet another key").await.expect_err("this process has the old key");
        open(app, Some(NEW)).await.expect("it is still the new one");
    }

    async fn a_rotation_that_was_cut_off_is_completed_by_the_next_start(app: &TestApp) {
        let config = &app.core.config;
        config.write_next_secret(NEW).expect("written");
        open(app, None).await.expect("not rotated yet: the old key is the one");
        rotate_secret_key(&app.core, &operator(), NEW).await.expect("rotated");
        open(app, None).await.expect("the next key is the one");
        assert_eq!(std::fs::read_to_string(config.secret_file()).expect("the key"), NEW);
    }

    async fn a_secret_in_another_row_is_not_opened(app: &TestApp) {
        let project = app.project().await;
        let receiver = Receiver::start().await;
        app.webhook(&project, &receiver).await;
        app.webhook(&project, &receiver).await;
        secret(&app.core, &project).await.expect("its own");
        run(app, "UPDATE webhooks SET sealed_secret = (SELECT sealed_secret FROM webhooks WHERE id = 2) WHERE id = 1").await;
        secret(&app.core, &project).await.expect_err("that of another webhook");
        let canary = app.text("SELECT canary FROM secret_key").await;
        rotate_secret_key(&app.core, &operator(), NEW).await.expect_err("one cannot be opened");
        assert_eq!(app.text("SELECT canary FROM secret_key").await, canary, "all or nothing");
    }

    async fn what_is_made_is_its_owners_alone(app: &TestApp) {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |name: &str| std::fs::metadata(app.core.config.data_dir.join(name)).map(|file| file.permissions().mode() & 0o777).ok();
        assert_eq!(mode("secret.key"), Some(0o600));
        app.core.config.write_next_secret(NEW).expect("written");
        assert_eq!(mode("secret.key.next"), Some(0o600));
        for file in ["aurix.db", "aurix.db-wal", "aurix.db-shm"] {
            assert_eq!(mode(file), (app.core.db.engine() == "sqlite").then_some(0o600), "{file}");
        }
    }
}
