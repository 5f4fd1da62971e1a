//! The operator's key: a database that was sealed with another is not opened, and a rotation seals everything anew.

use anyhow::{Context as _, bail, ensure};

use crate::config::Config;
use crate::core::Core;
use crate::db::{Db, Tx};
use crate::domain::actor::Actor;
use crate::domain::audit::{Action, Change, Object};
use crate::domain::ids::{ChannelId, MailId, WebhookId};
use crate::domain::random::Random;
use crate::domain::seal::{Place, SealKey};
use crate::store::{audit, certificates, channels, mails, projects, secret_key, users, webhooks};

/// What the canary says.
const CANARY: &str = "aurix";
/// Rows that are read at once.
const PAGE: u32 = 500;

/// The key that opens the database. A new database gets a canary, and a key where the operator gave none. An error where the
/// key was lost, or is another.
pub async fn unlock(config: &Config, db: &Db, random: &Random) -> anyhow::Result<SealKey> {
    let canary = async || db.read(async |conn| Ok(secret_key::canary(conn).await?)).await;
    let known = match canary().await? {
        Some(_) => config.known_secrets()?,
        None => {
            let secret = config.secret(random)?;
            let sealed = SealKey::new(&secret, random.clone()).seal(Place::Canary, CANARY);
            db.write(async move |tx| Ok(secret_key::insert(tx, &sealed).await?)).await?;
            vec![secret]
        }
    };
    // Read again: of two processes that start at once, one was first.
    let canary = canary().await?.context("the canary of the secret key is gone")?;
    ensure!(
        !known.is_empty(),
        "the secret key {} is missing: put it back from a backup, or give it as AURIX_SECRET_KEY",
        config.secret_file().display()
    );
    for (nth, secret) in known.iter().enumerate() {
        let key = SealKey::new(secret, random.clone());
        if key.open(Place::Canary, &canary).is_ok() {
            if nth > 0 {
                config.adopt_next_secret()?;
            }
            return Ok(key);
        }
    }
    if config.secret_key.is_some() {
        bail!("AURIX_SECRET_KEY is not the key that this database was sealed with: give that one");
    }
    bail!("{} is not the key that this database was sealed with: put that one back", config.secret_file().display())
}

/// Whether a database can be used with the key that there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyFit {
    /// It can.
    Fits,
    /// There is no key.
    Missing,
    /// The database was sealed with another one.
    Differs,
    /// The database knows no key yet.
    Unsealed,
}

impl KeyFit {
    /// As JSON has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fits => "fits",
            Self::Missing => "missing",
            Self::Differs => "differs",
            Self::Unsealed => "unsealed",
        }
    }
}

/// Looks whether the key of these settings opens a database. Makes none.
pub async fn fit(config: &Config, db: &Db, random: &Random) -> anyhow::Result<KeyFit> {
    let Some(canary) = db.read(async |conn| Ok(secret_key::canary(conn).await?)).await? else {
        return Ok(KeyFit::Unsealed);
    };
    let known = config.known_secrets()?;
    let opens = |secret: &String| SealKey::new(secret, random.clone()).open(Place::Canary, &canary).is_ok();
    Ok(match known.iter().any(opens) {
        true => KeyFit::Fits,
        false if known.is_empty() => KeyFit::Missing,
        false => KeyFit::Differs,
    })
}

/// Seals every secret with `new`, in one transaction, and gives how many rows had some. A server that runs meanwhile still
/// has the old key: it has to be stopped before.
pub async fn rotate_secret_key(core: &Core, actor: &Actor, new: &str) -> anyhow::Result<u64> {
    let keys = (core.seal.clone(), SealKey::new(new, core.random.clone()));
    let (actor, now) = (actor.clone(), core.clock.now());
    let sealed = core.db.write(async move |tx| {
        let before = secret_key::canary(tx).await?.context("the database has no canary")?;
        keys.0.open(Place::Canary, &before)?;
        ensure!(
            secret_key::replace(tx, &before, &keys.1.seal(Place::Canary, CANARY)).await?,
            "rotated by another command"
        );
        let sealed =
            seal_webhooks(tx, &keys).await? + seal_channels(tx, &keys).await? + seal_second_factors(tx, &keys).await?;
        let sealed = sealed + seal_letters(tx, &keys).await? + seal_certificates(tx, &keys).await?;
        for project in projects::list(tx, u32::MAX).await? {
            let change = Change::new(Action::RotateSecretKey, Object::Project(project.public_id));
            audit::record(tx, project.id, &actor, &change, now).await?;
        }
        Ok(sealed)
    });
    sealed.await
}

/// Seals with the second key what the first one opens.
async fn seal_webhooks(tx: &Tx, (old, new): &(SealKey, SealKey)) -> anyhow::Result<u64> {
    let (mut after, mut sealed) = (WebhookId(0), 0);
    loop {
        let page = webhooks::page_of_all(tx, after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(sealed) };
        after = last.id;
        for mut webhook in page {
            let again = |place: Place<'_>, text: &str| anyhow::Ok(new.seal(place, &old.open(place, text)?));
            let secret = again(webhook.secret_place(), &webhook.sealed_secret)?;
            let previous = webhook.sealed_previous_secret.as_deref().map(|text| again(webhook.secret_place(), text));
            let previous = previous.transpose()?;
            let headers = again(webhook.headers_place(), &webhook.sealed_headers)?;
            (webhook.sealed_secret, webhook.sealed_previous_secret, webhook.sealed_headers) =
                (secret, previous, headers);
            webhooks::set_sealed(tx, webhook.project, &webhook).await?;
            sealed += 1;
        }
    }
}

async fn seal_channels(tx: &Tx, (old, new): &(SealKey, SealKey)) -> anyhow::Result<u64> {
    let (mut after, mut sealed) = (ChannelId(0), 0);
    loop {
        let page = channels::page_of_all(tx, after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(sealed) };
        after = last.id;
        for channel in page {
            let credentials = new.seal(channel.place(), &old.open(channel.place(), &channel.sealed_credentials)?);
            channels::set_sealed(tx, channel.project, channel.id, &credentials).await?;
            sealed += 1;
        }
    }
}

async fn seal_letters(tx: &Tx, (old, new): &(SealKey, SealKey)) -> anyhow::Result<u64> {
    let (mut after, mut sealed) = (MailId(0), 0);
    loop {
        let page = mails::page_of_sealed(tx, after, PAGE).await?;
        let Some((last, ..)) = page.last() else { return Ok(sealed) };
        after = *last;
        for (mail, public_id, letter) in page {
            let place = Place::Letter(&public_id);
            mails::set_sealed(tx, mail, &new.seal(place, &old.open(place, &letter)?)).await?;
            sealed += 1;
        }
    }
}

async fn seal_certificates(tx: &Tx, (old, new): &(SealKey, SealKey)) -> anyhow::Result<u64> {
    let (accounts, keys) = (certificates::accounts(tx).await?, certificates::keys(tx).await?);
    for (directory, credentials) in &accounts {
        let place = Place::AcmeAccount(directory);
        certificates::reseal_account(tx, directory, &new.seal(place, &old.open(place, credentials)?)).await?;
    }
    for (names, key) in &keys {
        let place = Place::CertificateKey(names);
        certificates::reseal_key(tx, names, &new.seal(place, &old.open(place, key)?)).await?;
    }
    Ok((accounts.len() + keys.len()) as u64)
}

async fn seal_second_factors(tx: &Tx, (old, new): &(SealKey, SealKey)) -> anyhow::Result<u64> {
    let mut sealed = 0;
    for user in users::list(tx, u32::MAX).await? {
        let Some(secret) = &user.sealed_totp else { continue };
        let place = Place::SecondFactor(&user.public_id);
        users::reseal_totp(tx, user.id, &new.seal(place, &old.open(place, secret)?)).await?;
        sealed += 1;
    }
    Ok(sealed)
}
