//! What a first message that names no click says of the correlation id: why it is not known where the person came from.

use crate::channels::InboundMessage;
use crate::conversations::link_click::Linked;
use crate::db::Conn;
use crate::domain::attributed::Reference;
use crate::domain::correlation::{REFERENCE_LABEL, REFERENCE_NOTE};
use crate::store::channels::Channel;
use crate::store::{links, sources, widgets};

/// Widgets of a channel whose greetings are compared, and as many links with a text of their own.
const GREETINGS: u32 = 20;
/// Letters of a greeting that nobody writes by chance.
const GREETING_CHARS_MIN: usize = 12;

/// What a first message without a click says.
pub(super) async fn said(
    conn: &Conn,
    channel: &Channel,
    message: &InboundMessage,
    linked: Linked,
) -> crate::db::Result<Reference> {
    let text = plain(message.text.as_deref().unwrap_or_default());
    let names = |id: &str| message.text.as_deref().is_some_and(|text| text.contains(id));
    let is_named = message.references.iter().filter_map(|one| one.exact.as_ref()).any(|id| names(id.as_str()));
    if linked == Linked::AnotherPerson {
        return Ok(Reference::AnotherPerson);
    }
    if is_named {
        return Ok(Reference::Unknown);
    }
    if [REFERENCE_LABEL, REFERENCE_NOTE].iter().any(|words| text.contains(plain(words).trim_matches(['(', ')']))) {
        return Ok(Reference::Altered);
    }
    if text.chars().count() >= GREETING_CHARS_MIN {
        let mut greetings = widgets::greetings_of_channel(conn, channel.project, channel.id, GREETINGS).await?;
        greetings.extend(links::texts_of_channel(conn, channel.project, channel.id, GREETINGS).await?);
        let stands_there = |greeting: &String| {
            let greeting = plain(greeting);
            greeting.chars().count() >= GREETING_CHARS_MIN && text.starts_with(&greeting)
        };
        if greetings.iter().any(stands_there) {
            return Ok(Reference::Removed);
        }
    }
    Ok(if sources::has_click(conn, channel.project).await? { Reference::None } else { Reference::BeforeSetUp })
}

/// Lower case, with single spaces.
fn plain(text: &str) -> String {
    text.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>().join(" ")
}
