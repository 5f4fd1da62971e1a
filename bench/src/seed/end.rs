//! What is done once all visits are there: what the product keeps besides, and a few changes by its own use cases.

use anyhow::Context as _;

use super::calendar::{DAY, HOUR, SECOND};
use super::history::{PEOPLE, owner, set_clock};
use super::marks::Mark;
use super::world::World;
use aurix::accounts::Accounts;
use aurix::accounts::update_account::{AccountChanges, Theme};
use aurix::conversations::erase_person::{EraseRefused, erase_person};
use aurix::core::Core;
use aurix::db::{Conn, Tx};
use aurix::deliveries::log_filter::LogFilter;
use aurix::deliveries::resend_matching::{start_resend, stop_resend};
use aurix::domain::account::{Email, Role};
use aurix::domain::actor::Actor;
use aurix::domain::ids::LeadId;
use aurix::domain::retention::{Kind, Period};
use aurix::domain::time::from_microseconds;
use aurix::params;
use aurix::projects::create_key::create_key;
use aurix::projects::members::{MemberRefused, invite_member};
use aurix::projects::revoke_key::revoke_key;
use aurix::projects::rotate_secret::rotate_secret;
use aurix::projects::set_retention::set_retention;
use aurix::store::channels::{self, Sighting};
use aurix::store::clicks::{AutomatedRequestCounter, count_automated_requests};
use aurix::store::user_sessions::{self, Browser};
use aurix::store::users::{self, User};
use aurix::store::widgets::{self, RefusedOrigin};
use aurix::store::{handling, keys};

/// One lead in so many is erased, and at most so many.
const ERASED_OF: u64 = 500;
const ERASED_MAX: u64 = 40;
/// How long a message to somebody may stay unanswered: none of a seed is so old for a while.
const UNANSWERED_AFTER: i64 = 30 * DAY;
/// The service of a key that was revoked.
const OLD_PARTNER: &str = "old-partner";
/// What asks for links and is nobody.
const AUTOMATED: [(&str, i64); 3] = [("crawler", 214), ("prefetch", 1_320), ("head", 17)];

/// Ends a seed whose blocks are all there. What is done already is not done again.
pub async fn make(core: &Core, world: &World) -> anyhow::Result<()> {
    let owner = owner(core, world.project).await?;
    set_clock(core, world.calendar.now - HOUR);
    erase(core, world, &owner).await?;
    keep_events(core, world, &owner).await?;
    rotate(core, world, &owner).await?;
    resend(core, world, &owner).await?;
    let accounts = Accounts::new(core.clone());
    for (email, role) in [("ben@juniper.example", Role::Member), ("auditor@example.com", Role::Viewer)] {
        match invite_member(&accounts, &owner, world.project, &Email::parse(email)?, role).await {
            Ok(_) | Err(MemberRefused::AlreadyMember(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    accounts_of(&accounts, world, &owner).await?;
    set_clock(core, world.calendar.now);
    see(core, world).await
}

/// Somebody reads times of another place, and somebody forgot their password; a partner's key was revoked.
async fn accounts_of(accounts: &Accounts, world: &World, owner: &Actor) -> anyhow::Result<()> {
    let (core, project) = (&accounts.core, world.project);
    let [.., lukas, grace] = PEOPLE.map(|one| one.email);
    let user = user(core, lukas).await?;
    let changes = AccountChanges {
        name: user.name.clone(),
        theme: Theme::Dark,
        time_zone: Some("Europe/Berlin".to_owned()),
        hot_keys: false,
    };
    accounts.update_account(&user, changes).await?;
    let operator = Actor::Command { user: Some("root".to_owned()) };
    accounts.create_password_link(&operator, &self::user(core, grace).await?).await?;
    let keys = core.db.read(async move |conn| Ok(keys::list(conn, project, 10).await?)).await?;
    if keys.iter().all(|key| key.service_name != OLD_PARTNER) {
        let key = create_key(core, owner, project, OLD_PARTNER.to_owned()).await?.row;
        revoke_key(core, owner, project, &key.public_id).await?;
    }
    Ok(())
}

async fn user(core: &Core, email: &str) -> anyhow::Result<User> {
    let email = Email::parse(email)?;
    let found = core.db.read(async move |conn| Ok(users::find_by_email(conn, &email).await?)).await?;
    found.context("the seed's people")
}

async fn erase(core: &Core, world: &World, owner: &Actor) -> anyhow::Result<()> {
    for number in 0..(world.shape.leads / ERASED_OF).min(ERASED_MAX) {
        let lead = LeadId(world.first_lead + i64::try_from(number * ERASED_OF)?);
        match erase_person(core, owner, world.project, lead).await {
            Ok(_) | Err(EraseRefused::Erased) => {}
            Err(error) => return Err(error).with_context(|| format!("erasing the person of lead {lead}")),
        }
    }
    Ok(())
}

/// Events that are older than the first one were removed, as the project wishes; the next ones go when they are a week older.
async fn keep_events(core: &Core, world: &World, owner: &Actor) -> anyhow::Result<()> {
    let project = world.project;
    let first = async move |conn: &Conn| {
        let first =
            "SELECT created_at FROM events WHERE project_id = $1 AND created_at >= 0 ORDER BY created_at, id LIMIT 1";
        Ok(conn.find(first, params![project], |row| row.get::<i64>(0)).await?)
    };
    let Some(first) = core.db.read(first).await? else { return Ok(()) };
    let days = (world.calendar.now - first) / DAY + 8;
    let periods = vec![(Kind::Events, Some(Period::Days(u16::try_from(days)?)))];
    set_retention(core, owner, project, periods).await
}

/// The first webhook has a new secret since an hour: both sign.
async fn rotate(core: &Core, world: &World, owner: &Actor) -> anyhow::Result<()> {
    let (project, webhook) = (world.project, world.webhooks[0].id);
    let known = core.db.read(async move |conn| Ok(aurix::store::webhooks::get(conn, project, webhook).await?)).await?;
    if known.sealed_previous_secret.is_none() {
        rotate_secret(core, owner, project, webhook).await?;
    }
    Ok(())
}

/// Somebody began to resend what was refused, and stopped at once.
async fn resend(core: &Core, world: &World, owner: &Actor) -> anyhow::Result<()> {
    let project = world.project;
    let there = async move |conn: &Conn| {
        Ok(conn.exists("SELECT 1 FROM resend_jobs WHERE project_id = $1 LIMIT 1", params![project]).await?)
    };
    if core.db.read(there).await? {
        return Ok(());
    }
    let filter = LogFilter { answer: Some("401".to_owned()), ..LogFilter::default() };
    for job in start_resend(core, owner, project, &filter).await? {
        stop_resend(core, owner, project, job).await?;
    }
    Ok(())
}

/// What is noted as it is seen: sightings, requests that are no clicks, and browsers that people are signed in with.
async fn see(core: &Core, world: &World) -> anyhow::Result<()> {
    let (project, channel, now) = (world.project, world.channel, world.calendar.now);
    let widgets: Vec<_> = world.widgets.iter().map(|(id, _)| *id).collect();
    let people: Vec<_> = world.people.iter().map(|(id, _)| *id).collect();
    let names: Vec<_> = PEOPLE.iter().map(|one| one.email).collect();
    let at = move |before: i64| from_microseconds(now - before);
    let note = async move |tx: &Tx| {
        for (sighting, before) in
            [(Sighting::Verified, 89 * DAY), (Sighting::Received, HOUR), (Sighting::Refused, 60 * DAY)]
        {
            channels::note(tx, project, channel, sighting, at(before)).await?;
        }
        handling::set_rule(tx, project, UNANSWERED_AFTER, false).await?;
        for widget in widgets {
            widgets::note_click(tx, project, widget, Some("https://juniper.example/tune-up"), at(HOUR)).await?;
            widgets::forget_refused(tx, project, widget, "https://copy.example").await?;
            let refused =
                RefusedOrigin { origin: "https://copy.example".to_owned(), requests: 31, last_at: at(2 * DAY) };
            widgets::count_refused(tx, project, widget, &refused).await?;
            for day in 1..=84 {
                let date = at(day * DAY).to_string()[..10].to_owned();
                for (kind, requests) in AUTOMATED {
                    let counter = AutomatedRequestCounter { project, widget, day: date.clone(), kind };
                    tx.execute(
                        "DELETE FROM automated_requests WHERE project_id = $1 AND widget_id = $2 AND day = $3 AND kind = $4",
                        params![project, widget, &date, kind],
                    )
                    .await?;
                    count_automated_requests(tx, &counter, requests + day % 7).await?;
                }
            }
        }
        for key in keys::list(tx, project, 10).await? {
            keys::touch(tx, project, key.id, at(HOUR)).await?;
        }
        for (user, name) in people.into_iter().zip(names) {
            for browser in 0..3 {
                let token = format!("seed {name} {browser}");
                if user_sessions::find(tx, &token).await?.is_none() {
                    let from =
                        Browser { ip_address: Some("203.0.113.9".to_owned()), user_agent: Some("Firefox".to_owned()) };
                    user_sessions::insert(tx, user, &token, &from, at(browser * DAY + HOUR)).await?;
                }
            }
        }
        Mark::Steps.set(tx, ALL_STEPS).await
    };
    core.db.write(note).await
}

/// What [`Mark::Steps`] remembers of a seed that is whole.
pub const ALL_STEPS: i64 = 1_000 * SECOND;
