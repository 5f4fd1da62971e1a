//! `/account`: a person's name, password, second factor, sessions, tokens, and how pages look to them.

mod browsers;
mod tokens;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use fast_qr::convert::svg::SvgBuilder;
use fast_qr::qr::QRBuilder;

use self::browsers::browser_name;
use super::api::TokenForm;
use super::form::{Form, Mistakes};
use super::frame::Frame;
use super::view::{Html, go, invalid, page};
use super::who::SignedIn;
use crate::accounts::second_factor::{NewSecret, second_factor_of};
use crate::accounts::update_account::{AccountChanges, Theme};
use crate::domain::account::{Email, NewPassword};
use crate::domain::actor::Scope;
use crate::domain::ids::UserSessionId;
use crate::domain::time::Timestamp;
use crate::domain::token::TokenOwner;
use crate::engines::Engines;
use crate::http::error::{Result, no_such_path};
use crate::http::routes::Routes;
use crate::store::tokens::{self as token_rows, Token};
use crate::store::user_sessions;
use crate::store::users::{self, User};

/// Sessions that are listed.
const LISTED_MAX: u32 = 100;

pub fn routes() -> Routes {
    Routes::default()
        .get("/account", show)
        .post("/account", update)
        .post("/account/password", change_password)
        .post("/account/second-factor", set_up_second_factor)
        .post("/account/second-factor/on", enable_second_factor)
        .post("/account/second-factor/off", disable_second_factor)
        .post("/account/sessions/end", end_session)
        .post("/account/sessions/end-others", end_other_sessions)
        .merge(tokens::routes())
}

#[derive(Template)]
#[template(path = "account/account.html")]
struct AccountPage {
    frame: Frame,
    mistakes: Mistakes,
    user: User,
    zone: String,
    sessions: Vec<SessionRow>,
    codes_left: i64,
    secret: Option<ShownSecret>,
    codes: Option<Vec<String>>,
    tokens: Vec<Token>,
    token: TokenForm,
    new_token: Option<String>,
}

struct SessionRow {
    id: UserSessionId,
    browser: String,
    ip: Option<String>,
    last_seen_at: Timestamp,
    created_at: Timestamp,
    is_this: bool,
}

/// A secret that is being set up.
struct ShownSecret {
    base32: String,
    spaced: String,
    qr: Html,
}

impl ShownSecret {
    fn new(secret: NewSecret) -> anyhow::Result<Self> {
        let code = QRBuilder::new(secret.url).build().map_err(|error| anyhow::anyhow!("the QR code: {error}"))?;
        let groups: Vec<&str> =
            secret.base32.as_bytes().chunks(4).filter_map(|group| std::str::from_utf8(group).ok()).collect();
        Ok(Self { spaced: groups.join(" "), qr: Html(SvgBuilder::default().to_str(&code)), base32: secret.base32 })
    }
}

async fn show(State(engines): State<Engines>, who: SignedIn) -> Result<Response> {
    page(&account_page(&engines, &who).await?)
}

async fn account_page(engines: &Engines, who: &SignedIn) -> Result<AccountPage> {
    let (id, this) = (who.user.id, who.session.as_ref().map(|session| session.id));
    let (user, sessions, codes_left, mut tokens) = engines
        .core
        .db
        .read(async move |conn| {
            let sessions = user_sessions::list(conn, id, LISTED_MAX).await?;
            let tokens = token_rows::list(conn, TokenOwner::Person(id), LISTED_MAX).await?;
            Ok((users::get(conn, id).await?, sessions, users::count_recovery_codes(conn, id).await?, tokens))
        })
        .await?;
    let now = engines.core.clock.now();
    tokens.retain(|token| token.is_valid(now));
    let row = |session: user_sessions::UserSession| SessionRow {
        browser: browser_name(session.user_agent.as_deref().unwrap_or_default()),
        ip: session.ip_address,
        last_seen_at: session.last_seen_at,
        created_at: session.created_at,
        is_this: Some(session.id) == this,
        id: session.id,
    };
    Ok(AccountPage {
        frame: Frame::of_person(&engines.core, who),
        mistakes: Mistakes::default(),
        zone: user.time_zone.clone().unwrap_or_default(),
        user,
        sessions: sessions.into_iter().map(row).collect(),
        codes_left,
        secret: None,
        codes: None,
        tokens,
        token: TokenForm::default(),
        new_token: None,
    })
}

async fn update(State(engines): State<Engines>, who: SignedIn, form: Form) -> Result<Response> {
    let mut mistakes = Mistakes::default();
    let (name, zone) = (form.text("name").to_owned(), form.text("timezone").to_owned());
    if name.is_empty() || name.chars().count() > crate::accounts::NAME_CHARS_MAX {
        mistakes.add("name", "write a name of 1 to 100 characters");
    }
    if !zone.is_empty() && jiff::tz::TimeZone::get(&zone).is_err() {
        mistakes.add("timezone", "this is no time zone: write an IANA name, for example Asia/Singapore");
    }
    if !mistakes.is_empty() {
        let shown = account_page(&engines, &who).await?;
        let user = User { name, ..shown.user.clone() };
        return invalid(&AccountPage { mistakes, zone, user, ..shown });
    }
    let changes = AccountChanges {
        name,
        theme: Theme::parse(form.text("theme")).unwrap_or(Theme::System),
        time_zone: (!zone.is_empty()).then_some(zone),
        hot_keys: form.has("hot_keys"),
    };
    engines.accounts.update_account(&who.user, changes).await?;
    Ok(go("/account"))
}

async fn change_password(State(engines): State<Engines>, who: SignedIn, form: Form) -> Result<Response> {
    who.confirmed(&engines.core)?;
    let email = Email::parse(&who.user.email).map_err(anyhow::Error::from)?;
    let mut mistakes = Mistakes::default();
    let Some(password) = mistakes.check("password", NewPassword::parse(form.raw("password"), &email)) else {
        return invalid(&AccountPage { mistakes, ..account_page(&engines, &who).await? });
    };
    let kept = who.session.as_ref().map_or(UserSessionId(0), |session| session.id);
    engines.accounts.change_password(&who.user, kept, password).await?;
    Ok(go("/account"))
}

async fn set_up_second_factor(State(engines): State<Engines>, who: SignedIn) -> Result<Response> {
    who.confirmed(&engines.core)?;
    let secret = ShownSecret::new(engines.accounts.new_second_factor(&who.user))?;
    page(&AccountPage { secret: Some(secret), ..account_page(&engines, &who).await? })
}

async fn enable_second_factor(State(engines): State<Engines>, who: SignedIn, form: Form) -> Result<Response> {
    who.confirmed(&engines.core)?;
    let base32 = form.text("secret");
    if let Some(codes) = engines.accounts.enable_second_factor(&who.user, base32, form.text("code")).await? {
        return page(&AccountPage { codes: Some(codes), ..account_page(&engines, &who).await? });
    }
    let mistakes = Mistakes::one("code", "this code is wrong: write the one that the app shows now");
    let secret = Some(ShownSecret::new(second_factor_of(&who.user, base32))?);
    invalid(&AccountPage { mistakes, secret, ..account_page(&engines, &who).await? })
}

async fn disable_second_factor(State(engines): State<Engines>, who: SignedIn) -> Result<Response> {
    who.confirmed(&engines.core)?;
    engines.accounts.disable_second_factor(&who.actor(Scope::Account), &who.user).await?;
    Ok(go("/account"))
}

async fn end_session(State(engines): State<Engines>, who: SignedIn, form: Form) -> Result<Response> {
    let Ok(session) = form.text("session").parse() else { return Err(no_such_path().await) };
    if !engines.accounts.end_session(&who.user, session).await? {
        return Err(no_such_path().await);
    }
    Ok(go("/account"))
}

async fn end_other_sessions(State(engines): State<Engines>, who: SignedIn) -> Result<Response> {
    let kept = who.session.as_ref().map_or(UserSessionId(0), |session| session.id);
    engines.accounts.end_other_sessions(&who.user, kept).await?;
    Ok(go("/account"))
}
