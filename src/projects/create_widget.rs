//! Creates a widget: the button that a site shows.

use anyhow::{Context as _, ensure};
use serde_json::json;

use crate::core::Core;
use crate::db::Tx;
use crate::domain::actor::Actor;
use crate::domain::audit::{Action, Change, Object};
use crate::domain::channel::ChannelKind;
use crate::domain::ids::{ProjectId, WidgetId};
use crate::domain::origin::AllowedOrigin;
use crate::domain::time::Timestamp;
use crate::domain::widget::Look;
use crate::store::channels::{self, Channel};
use crate::store::{audit, widgets};

/// The default start of the prefilled text.
pub const GREETING: &str = "Hello! I have a question.";
/// Characters of a greeting: the prefilled text must fit into a link.
const GREETING_CHARS_MAX: usize = 500;
/// Sites that a widget may list.
pub(super) const ORIGINS_MAX: usize = 100;

/// What a widget starts with.
pub struct NewWidget {
    /// The channel's id at its platform.
    pub channel_id: String,
    /// The origins that may use the widget's JSON endpoint, as [`AllowedOrigin::parse`] reads them; all where it is empty.
    pub origins: Vec<String>,
    /// The start of the prefilled text; [`GREETING`] where there is none.
    pub greeting: Option<String>,
    /// How people call it, and how its button looks.
    pub look: Look,
}

/// A widget that was created.
pub struct CreatedWidget {
    /// The id in the tag.
    pub public_id: String,
    /// The tag for the site.
    pub snippet: String,
}

/// Creates a widget on a channel of the project.
pub async fn create_widget(
    core: &Core,
    actor: &Actor,
    project: ProjectId,
    new: NewWidget,
) -> anyhow::Result<CreatedWidget> {
    let checked = check(&new)?;
    let look = new.look.clone();
    let (actor, public_id, now) = (actor.clone(), core.random.token("w_", 12), core.clock.now());
    let id = public_id.clone();
    let kind = core
        .db
        .write(async move |tx| {
            let channel = get_channel(tx, project, &new.channel_id).await?;
            store(tx, (&channel, &id), (&checked, &new.look), (&actor, now)).await?;
            Ok(channel.kind)
        })
        .await?;
    Ok(CreatedWidget { snippet: snippet(&core.config.base_url, &public_id, &look, kind), public_id })
}

/// Stores a widget on a channel, with its line in the audit log; gives its row key.
pub(super) async fn store(
    tx: &Tx,
    (channel, public_id): (&Channel, &str),
    (CheckedWidget { greeting, origins }, look): (&CheckedWidget, &Look),
    (actor, now): (&Actor, Timestamp),
) -> anyhow::Result<WidgetId> {
    let new = widgets::NewWidget { public_id, channel: channel.id, greeting, origins, look };
    let id = widgets::insert(tx, channel.project, &new, now).await?;
    let change = Change::new(Action::CreateWidget, Object::Widget(public_id.to_owned()));
    let change = change.with(json!({"channel_id": &channel.external_id}));
    audit::record(tx, channel.project, actor, &change, now).await?;
    Ok(id)
}

/// What of a widget is stored, checked.
pub struct CheckedWidget {
    pub(super) greeting: String,
    /// A JSON list.
    pub(super) origins: String,
}

/// Checks all of a widget but its channel.
pub fn check(new: &NewWidget) -> anyhow::Result<CheckedWidget> {
    let greeting = new.greeting.as_deref().unwrap_or(GREETING).trim().replace('\0', "");
    ensure!(
        greeting.chars().count() <= GREETING_CHARS_MAX,
        "a greeting may have at most {GREETING_CHARS_MAX} characters"
    );
    ensure!(new.origins.len() <= ORIGINS_MAX, "a widget may list at most {ORIGINS_MAX} origins");
    new.look.check()?;
    let origins: Vec<_> = new.origins.iter().map(|text| AllowedOrigin::parse(text)).collect::<Result<_, _>>()?;
    Ok(CheckedWidget { greeting, origins: serde_json::to_string(&origins)? })
}

pub(super) async fn get_channel(tx: &Tx, project: ProjectId, channel_id: &str) -> anyhow::Result<Channel> {
    channels::find_in(tx, project, channel_id).await?.with_context(|| {
        format!("the project has no channel {channel_id:?}: `aurix channel list --project ID` lists its channels")
    })
}

/// The tag for the site, with a plain link for browsers without JavaScript. It says how the button looks where that is not as usual.
pub fn snippet(base_url: &str, public_id: &str, look: &Look, kind: ChannelKind) -> String {
    let usual = Look::default();
    let attribute = |name: &str, value: &str, usual: &str| match value == usual {
        true => String::new(),
        false => format!(" data-{name}=\"{}\"", value.replace('&', "&amp;").replace('"', "&quot;")),
    };
    let attributes = [
        attribute("label", &look.label, &usual.label),
        attribute("color", &look.color, &usual.color),
        attribute("position", look.side.as_str(), usual.side.as_str()),
        // The chat on the page has no number that a link of the site could lead to.
        attribute("links", if look.takes_links && !kind.is_fetched() { "all" } else { "" }, ""),
    ];
    if kind.is_fetched() {
        // Without JavaScript there is no chat on the page.
        return format!(
            "<script async src=\"{base_url}/widget.js\" data-widget=\"{public_id}\" data-chat{}></script>",
            attributes.concat()
        );
    }
    format!(
        "<script async src=\"{base_url}/widget.js\" data-widget=\"{public_id}\"{}></script>\n\
         <noscript><a href=\"{base_url}/c/{public_id}\">Chat with us on {}</a></noscript>",
        attributes.concat(),
        kind.name()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::widget::Side;

    #[test]
    fn a_tag_says_only_what_is_not_as_usual() {
        let all = |look: &Look, kind| snippet("https://aurix.example", "w_1", look, kind);
        let tag = |look: &Look| all(look, ChannelKind::WhatsApp).lines().next().unwrap_or_default().to_owned();
        assert!(all(&Look::default(), ChannelKind::Telegram).ends_with(">Chat with us on Telegram</a></noscript>"));
        let chat = r#"<script async src="https://aurix.example/widget.js" data-widget="w_1" data-chat></script>"#;
        assert_eq!(all(&Look::default(), ChannelKind::Web), chat);
        let plain = "<script async src=\"https://aurix.example/widget.js\" data-widget=\"w_1\"></script>";
        assert_eq!(tag(&Look::default()), plain);
        let look = Look { label: "Say \"hi\" & go".to_owned(), side: Side::Left, ..Look::default() };
        assert_eq!(
            tag(&look),
            plain.replace("></", " data-label=\"Say &quot;hi&quot; &amp; go\" data-position=\"left\"></")
        );
        let takes_links = Look { takes_links: true, ..Look::default() };
        assert_eq!(tag(&takes_links), plain.replace("></", " data-links=\"all\"></"));
        assert_eq!(all(&takes_links, ChannelKind::Web), chat, "no link of a site leads there");
    }
}
