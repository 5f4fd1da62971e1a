//! What people set up before the visits, and changed meanwhile, in the order of time: by the product's own use cases, so that the
//! audit log tells of it. Each step does nothing that is done already: one that was killed is made again.

use anyhow::Context as _;

use super::calendar::{Calendar, DAY, HOUR};
use super::marks::Mark;
use aurix::accounts::Accounts;
use aurix::accounts::create_user::{NewUser, UserRefused};
use aurix::core::Core;
use aurix::domain::account::{Email, NewPassword, Role};
use aurix::domain::actor::{Actor, KeyHolder, Person, Scope};
use aurix::domain::audit::{Action, Change, Object};
use aurix::domain::channel::ChannelKind;
use aurix::domain::delivery::Policy;
use aurix::domain::event::EventType;
use aurix::domain::form::Form;
use aurix::domain::ids::{ProjectId, WebhookId};
use aurix::domain::lead::CreatedWhen;
use aurix::domain::link::Campaign;
use aurix::domain::rate_limit::Limits;
use aurix::domain::time::SignedDuration;
use aurix::domain::visitor::IpPolicy;
use aurix::domain::widget::{Look, Side};
use aurix::projects::add_channel::{WhatsAppChannel, add_whatsapp_channel};
use aurix::projects::add_webhook::{NewWebhook, add_webhook};
use aurix::projects::configure_webhook::configure_webhook;
use aurix::projects::create_key::create_key;
use aurix::projects::create_project::{NewProject, create_project};
use aurix::projects::create_widget::{NewWidget, create_widget};
use aurix::projects::links::{NewLink, Opens, create_link};
use aurix::projects::pause_webhook::pause_webhook;
use aurix::projects::remove_webhook::remove_webhook;
use aurix::projects::set_form::set_form;
use aurix::projects::update_project::{ProjectChanges, update_project};
use aurix::store::{audit, channels, keys, links, projects, webhooks, widgets};

/// The project's name.
pub const PROJECT: &str = "Juniper Cycles";
/// The id of its number at the platform: finds the seed again.
pub const CHANNEL: &str = "100000000000731";
/// What everybody signs in with.
pub const PASSWORD: &str = "juniper seed 2026";
/// The service of the partner's key.
const PARTNER: &str = "external";
/// The lead form.
const FORM: &str = include_str!("form.json");
/// Its links.
const LINKS: u32 = 50;
/// Characters of a secret of the platform.
const SECRET_CHARS: usize = 40;
/// How long before the seed the project was made.
const AGE: i64 = 90 * DAY;

/// Somebody who works there.
pub struct Colleague {
    /// Signs in with it.
    pub email: &'static str,
    name: &'static str,
    role: Role,
    is_operator: bool,
}

/// All who do. The first one looks at the pages.
pub const PEOPLE: [Colleague; 5] = [
    Colleague { email: "mei@juniper.example", name: "Mei Tan", role: Role::Owner, is_operator: true },
    Colleague { email: "arjun@juniper.example", name: "Arjun Nair", role: Role::Admin, is_operator: false },
    Colleague { email: "siti@juniper.example", name: "Siti Rahman", role: Role::Member, is_operator: false },
    Colleague { email: "lukas@juniper.example", name: "Lukas Brandt", role: Role::Member, is_operator: false },
    Colleague { email: "grace@juniper.example", name: "Grace Lim", role: Role::Viewer, is_operator: false },
];

/// How a webhook fared, and before what time of the seed: in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It answers.
    Answers,
    /// It is paused since then.
    PausedFor(i64),
    /// Its deliveries are refused since then.
    FailsFor(i64),
    /// It answered 410 then.
    OffFor(i64),
    /// It was removed then.
    RemovedFor(i64),
}

/// A webhook as it was set up.
pub struct WebhookPlan {
    /// What people call it; empty: it belongs to the partner's key.
    pub name: &'static str,
    /// Where it leads.
    pub url: &'static str,
    /// What it gets.
    pub events: &'static [EventType],
    /// What happens when an attempt fails.
    pub policy: Policy,
    /// How it fared.
    pub fate: Fate,
}

use EventType::{LeadComplete, LeadCorrelated, LeadCreated, LeadStageChanged, LeadUpdated, WidgetClick};

/// All webhooks, one to each URL.
pub const WEBHOOKS: [WebhookPlan; 6] = [
    WebhookPlan {
        name: "CRM",
        url: "https://crm.juniper.example/hooks/aurix",
        events: &[LeadCorrelated, LeadCreated, LeadUpdated, LeadComplete, LeadStageChanged],
        policy: Policy::Retry,
        fate: Fate::Answers,
    },
    WebhookPlan {
        name: "",
        url: "https://partner.example/aurix",
        events: &[WidgetClick, LeadCorrelated, LeadComplete],
        policy: Policy::Retry,
        fate: Fate::Answers,
    },
    WebhookPlan {
        name: "Booking system",
        url: "https://booking.juniper.example/api/leads",
        events: &[LeadCreated, LeadComplete],
        policy: Policy::None,
        fate: Fate::FailsFor(70 * HOUR),
    },
    WebhookPlan {
        name: "Sheet of the workshop",
        url: "https://sheets.example/append/7f3a",
        events: &[LeadCreated],
        policy: Policy::Retry,
        fate: Fate::PausedFor(40 * HOUR),
    },
    WebhookPlan {
        name: "Newsletter",
        url: "https://mail.example/lists/42/subscribe",
        events: &[LeadComplete],
        policy: Policy::Retry,
        fate: Fate::OffFor(50 * HOUR),
    },
    WebhookPlan {
        name: "Old CRM",
        url: "https://old-crm.juniper.example/in.php",
        events: &[LeadCreated],
        policy: Policy::Retry,
        fate: Fate::RemovedFor(4 * DAY),
    },
];

/// Something that was done, and how long before the seed.
pub struct Step {
    /// Microseconds before the seed.
    pub before: i64,
    what: What,
}

#[derive(Clone, Copy)]
enum What {
    SetUp,
    /// What became of the webhook at that place.
    Webhook(usize),
}

/// All that was done, in order.
pub const STEPS: [Step; 5] = [
    Step { before: AGE, what: What::SetUp },
    Step { before: 4 * DAY, what: What::Webhook(5) },
    Step { before: 70 * HOUR, what: What::Webhook(2) },
    Step { before: 50 * HOUR, what: What::Webhook(4) },
    Step { before: 40 * HOUR, what: What::Webhook(3) },
];

/// Makes a step, and remembers that it was made. `core` has a clock that is moved by hand.
pub async fn make(core: &Core, calendar: &Calendar, number: usize) -> anyhow::Result<()> {
    let step = &STEPS[number];
    set_clock(core, calendar.now - step.before);
    match step.what {
        What::SetUp => set_up(core).await.context("setting the project up")?,
        What::Webhook(place) => befall(core, &WEBHOOKS[place]).await.context("changing a webhook")?,
    }
    let made = i64::try_from(number + 1)?;
    core.db.write(async move |tx| Mark::Steps.set(tx, made).await).await
}

/// Moves the clock to a time, in microseconds since 1970.
pub fn set_clock(core: &Core, at: i64) {
    core.clock.advance(SignedDuration::from_micros(at - core.clock.now().as_microsecond()));
}

async fn set_up(core: &Core) -> anyhow::Result<()> {
    let operator = Actor::Command { user: Some("root".to_owned()) };
    let project = project(core, &operator).await?;
    let accounts = Accounts::new(core.clone());
    for one in &PEOPLE {
        let email = Email::parse(one.email)?;
        let password = Some(NewPassword::parse(PASSWORD, &email)?);
        let (name, is_operator, member) = (one.name.to_owned(), one.is_operator, Some((project, one.role)));
        match accounts.create_user(&operator, NewUser { email, name, password, is_operator, member }).await {
            Ok(_) | Err(UserRefused::Exists(_)) => {}
            Err(UserRefused::Failed(error)) => return Err(error),
        }
        core.clock.advance(SignedDuration::from_mins(3));
    }
    let owner = owner(core, project).await?;
    if core.db.read(async move |conn| Ok(projects::get(conn, project).await?)).await?.form.is_none() {
        set_form(core, &owner, project, &Form::default_form()).await?;
        core.clock.advance(SignedDuration::from_mins(20));
        set_form(core, &owner, project, &Form::parse(FORM)?).await?;
    }
    let rules =
        ProjectChanges { members_may_export: Some(true), viewers_see_masked: Some(true), ..ProjectChanges::default() };
    update_project(core, &owner, project, rules).await?;
    make_widgets(core, &owner, project).await?;
    make_links(core, &owner, project).await?;
    make_webhooks(core, &owner, project).await
}

/// The project with its channel, which finds it again.
async fn project(core: &Core, operator: &Actor) -> anyhow::Result<ProjectId> {
    let known = core.db.read(async |conn| Ok(channels::find(conn, ChannelKind::WhatsApp, CHANNEL).await?)).await?;
    if let Some(channel) = known {
        return Ok(channel.project);
    }
    let new = NewProject {
        name: PROJECT.to_owned(),
        region: "SG".to_owned(),
        time_zone: "Asia/Singapore".to_owned(),
        ip_policy: IpPolicy::Full,
        lead_created: CreatedWhen::Details,
    };
    let project = create_project(core, operator, new).await?.id;
    let secret = || core.random.token("", SECRET_CHARS);
    let channel = WhatsAppChannel {
        phone_number_id: CHANNEL.to_owned(),
        number: "+6580001234".to_owned(),
        access_token: secret(),
        app_secret: secret(),
        verify_token: secret(),
        // Nobody is called by the server of a seed.
        api_base: Some("https://graph.juniper.example".to_owned()),
        link_base: None,
    };
    add_whatsapp_channel(core, operator, project, channel).await?;
    Ok(project)
}

/// The first of the people, as who changes the project.
pub async fn owner(core: &Core, project: ProjectId) -> anyhow::Result<Actor> {
    let email = Email::parse(PEOPLE[0].email)?;
    let user = core.db.read(async move |conn| Ok(aurix::store::users::find_by_email(conn, &email).await?)).await?;
    let user = user.context("the owner of the seed's project")?;
    Ok(Actor::Person(Person { user: user.id, email: user.email, scope: Scope::Project(project) }))
}

async fn make_widgets(core: &Core, owner: &Actor, project: ProjectId) -> anyhow::Result<()> {
    let looks = [("Shop", "Chat with us", "#12813f", Side::Right), ("Blog", "Ask a mechanic", "#b8460b", Side::Left)];
    let there = core.db.read(async move |conn| Ok(widgets::list(conn, project, 10).await?)).await?.len();
    for (name, label, color, side) in looks.into_iter().skip(there) {
        let (name, label, color) = (name.to_owned(), label.to_owned(), color.to_owned());
        let look = Look { name, label, color, side, takes_links: side == Side::Left };
        let widget = NewWidget {
            channel_id: CHANNEL.to_owned(),
            origins: vec!["https://juniper.example".to_owned()],
            greeting: Some("Hello Juniper Cycles, I have a question.".to_owned()),
            look,
        };
        create_widget(core, owner, project, widget).await?;
    }
    Ok(())
}

/// Links on posters: as many as a list shows at once.
async fn make_links(core: &Core, owner: &Actor, project: ProjectId) -> anyhow::Result<()> {
    let there = core.db.read(async move |conn| Ok(links::slugs(conn, project, LINKS).await?)).await?.len();
    for number in there + 1..=LINKS as usize {
        let [source, medium, campaign] = ["poster", "print", "Spring"].map(str::to_owned);
        let text = "Hello Juniper Cycles, I saw your poster.".to_owned();
        let campaign = Campaign { source, medium, campaign, text };
        let opens = Opens::Channel(CHANNEL.to_owned());
        create_link(core, owner, project, NewLink { slug: Some(format!("poster-{number}")), opens, campaign }).await?;
    }
    Ok(())
}

async fn make_webhooks(core: &Core, owner: &Actor, project: ProjectId) -> anyhow::Result<()> {
    let there = core.db.read(async move |conn| Ok(webhooks::list(conn, project).await?)).await?;
    for plan in WEBHOOKS.iter().filter(|plan| there.iter().all(|webhook| webhook.url != plan.url)) {
        core.clock.advance(SignedDuration::from_mins(5));
        if plan.name.is_empty() {
            let known = core.db.read(async move |conn| Ok(keys::list(conn, project, 10).await?)).await?;
            let key = match known.into_iter().find(|key| key.service_name == PARTNER) {
                Some(key) => key,
                None => create_key(core, owner, project, PARTNER.to_owned()).await?.row,
            };
            let partner = KeyHolder { key_id: key.id, project, service_name: PARTNER.to_owned() };
            configure_webhook(core, &partner, plan.url.to_owned()).await?;
            continue;
        }
        let is_crm = plan.fate == Fate::Answers;
        let new = NewWebhook {
            url: plan.url.to_owned(),
            events: plan.events.iter().map(|event| event.as_str().to_owned()).collect(),
            headers: if is_crm { vec![("X-Tenant".to_owned(), "juniper".to_owned())] } else { Vec::new() },
            policy: plan.policy,
            limits: if is_crm { Limits { rate_per_second: Some(50), concurrency: Some(8) } } else { Limits::default() },
            name: plan.name.to_owned(),
        };
        add_webhook(core, owner, project, new).await?;
    }
    Ok(())
}

/// What became of a webhook.
async fn befall(core: &Core, plan: &WebhookPlan) -> anyhow::Result<()> {
    let channel = core.db.read(async |conn| Ok(channels::find(conn, ChannelKind::WhatsApp, CHANNEL).await?)).await?;
    let project = channel.context("the seed's channel")?.project;
    let all = core.db.read(async move |conn| Ok(webhooks::list(conn, project).await?)).await?;
    let Some(webhook) = all.into_iter().find(|webhook| webhook.url == plan.url) else { return Ok(()) };
    let (id, owner, now) = (webhook.id, owner(core, project).await?, core.clock.now());
    match plan.fate {
        Fate::Answers => {}
        Fate::PausedFor(_) => drop(pause_webhook(core, &owner, project, id).await?),
        Fate::FailsFor(_) => {
            core.db.write(async move |tx| Ok(webhooks::set_failing_since(tx, project, id, Some(now)).await?)).await?;
        }
        Fate::OffFor(_) => turn_off(core, project, id, webhook.public_id).await?,
        Fate::RemovedFor(_) => drop(remove_webhook(core, &owner, project, id).await?),
    }
    Ok(())
}

/// As the settlement of its last attempt does it.
async fn turn_off(core: &Core, project: ProjectId, id: WebhookId, public_id: String) -> anyhow::Result<()> {
    const REASON: &str = "It answered 410 Gone: the endpoint asks not to be called any more.";
    let now = core.clock.now();
    core.db
        .write(async move |tx| {
            if webhooks::turn_off(tx, project, id, REASON, now).await? {
                let change = Change::new(Action::DisableWebhook, Object::Webhook(public_id));
                let change = change.with(serde_json::json!({"reason": REASON}));
                audit::record(tx, project, &Actor::System, &change, now).await?;
            }
            Ok(())
        })
        .await
}
