//! Makes a widget: the button that a site shows.

use anyhow::{Context as _, bail, ensure};

use crate::core::Core;
use crate::domain::ids::ProjectId;
use crate::store::{channels, widgets};

/// What the prefilled text begins with where nobody said otherwise.
pub const GREETING: &str = "Hello! I have a question.";
/// Characters of a greeting: the prefilled text must fit into a link.
const GREETING_CHARS_MAX: usize = 500;
/// Sites that a widget may list.
const ORIGINS_MAX: usize = 100;

/// What a widget is made of.
pub struct NewWidget {
    /// The channel's id at its platform.
    pub channel_id: String,
    /// The sites that may press; all where it is empty.
    pub origins: Vec<String>,
    /// What the prefilled text begins with.
    pub greeting: Option<String>,
}

/// A widget that was made.
pub struct MadeWidget {
    /// The id in the tag.
    pub public_id: String,
    /// The tag for the site.
    pub snippet: String,
}

/// Makes a widget.
pub async fn create_widget(core: &Core, project: ProjectId, new: NewWidget) -> anyhow::Result<MadeWidget> {
    let greeting = new.greeting.unwrap_or_else(|| GREETING.to_owned()).trim().replace('\0', "");
    ensure!(greeting.chars().count() <= GREETING_CHARS_MAX, "a greeting has at most {GREETING_CHARS_MAX} characters");
    ensure!(new.origins.len() <= ORIGINS_MAX, "a widget lists at most {ORIGINS_MAX} origins");
    let origins: Vec<String> = new.origins.iter().map(|text| origin(text)).collect::<anyhow::Result<_>>()?;
    let origins = serde_json::to_string(&origins)?;
    let (public_id, now) = (core.random.token("w_", 12), core.clock.now());
    let id = public_id.clone();
    core.db
        .write(async move |tx| {
            let channel = channels::find_in(tx, project, &new.channel_id).await?.with_context(|| {
                format!(
                    "the project has no channel {:?}: aurix channel list --project ID shows those that it has",
                    new.channel_id
                )
            })?;
            let new =
                widgets::NewWidget { public_id: &id, channel: channel.id.0, greeting: &greeting, origins: &origins };
            Ok(widgets::insert(tx, project, &new, now).await?)
        })
        .await?;
    Ok(MadeWidget { snippet: snippet(&core.config.base_url, &public_id), public_id })
}

/// The tag for the site, with a plain link for browsers without JavaScript.
pub fn snippet(base_url: &str, public_id: &str) -> String {
    format!(
        "<script async src=\"{base_url}/widget.js\" data-widget=\"{public_id}\"></script>\n\
         <noscript><a href=\"{base_url}/c/{public_id}\">Chat with us on WhatsApp</a></noscript>"
    )
}

/// An origin as browsers write it: scheme, host, and a port that is not the scheme's own.
fn origin(text: &str) -> anyhow::Result<String> {
    let fault = || format!("{text:?} is no origin: write it like https://www.example.com");
    let url = url::Url::parse(text.trim()).with_context(fault)?;
    if !matches!(url.scheme(), "http" | "https") {
        bail!(fault());
    }
    Ok(url.origin().ascii_serialization())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_written_as_browsers_write_them() {
        for (text, expected) in [
            ("https://www.example.com", Some("https://www.example.com")),
            (" HTTPS://Www.Example.com:443/shop?a=b ", Some("https://www.example.com")),
            ("http://localhost:3000/", Some("http://localhost:3000")),
            ("https://münchen.example", Some("https://xn--mnchen-3ya.example")),
            ("www.example.com", None),
            ("ftp://example.com", None),
            ("*", None),
            ("null", None),
        ] {
            assert_eq!(origin(text).ok().as_deref(), expected, "{text:?}");
        }
    }
}
