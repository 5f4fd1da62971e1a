//! Receives what a chat platform brings: messages, statuses, and what is neither. The platform gets its response after the
//! commit. How one item is stored is `store_inbound`.

use std::sync::Arc;
use std::time::Duration;

use anyhow::anyhow;

use super::Conversations;
use super::gestures::{Due, make_all};
use super::store_inbound::StoreInbound;
use crate::channels::Inbound;
use crate::clicks::replay::replay;
use crate::conversations::open_channel::OpenChannel;
use crate::core::Core;
use crate::db::{Batch, Error, Tx};
use crate::domain::channel::MessageKind;
use crate::notifier::Work;
use crate::store::channels::Channel;
use crate::store::messages::{self, NewNotice};

/// How long a platform's request waits for the replay of spooled clicks.
const REPLAY_TIMEOUT: Duration = Duration::from_secs(5);
/// Items of one transaction at most: those of a large call do not keep everybody else's writes waiting.
const STORED_AT_ONCE_MAX: usize = 100;

/// All that one request of a platform brought.
pub struct Received {
    channel: Arc<Channel>,
    inbound: Arc<Vec<Inbound>>,
}

/// Stores what requests of platforms bring, many in one transaction.
pub struct StoreReceived {
    /// The shared parts.
    pub core: Core,
}

impl Batch for StoreReceived {
    type Item = Received;
    /// What is to be done at the platforms now: with the first of a batch, all of it.
    type Output = Vec<Due>;

    fn size(received: &Received) -> usize {
        received.inbound.len()
    }

    async fn write(&self, tx: &Tx, received: &[Received]) -> anyhow::Result<Vec<Vec<Due>>> {
        let items = received.iter().flat_map(|one| one.inbound.iter().map(|inbound| (one.channel.clone(), inbound)));
        let due = StoreInbound::new(self.core.clone(), self.core.clock.now()).store_all(tx, items).await?;
        let mut outputs: Vec<Vec<Due>> = received.iter().map(|_| Vec::new()).collect();
        if let Some(first) = outputs.first_mut() {
            *first = due;
        }
        Ok(outputs)
    }
}

/// Stores all that one request of the platform brought. One that cannot be stored harms no other.
pub async fn receive(engine: &Conversations, channel: &OpenChannel, inbound: Vec<Inbound>) -> anyhow::Result<()> {
    replay_clicks(engine).await?;
    let has_media = inbound.iter().any(|one| one.content().is_some_and(|content| content.kind() == MessageKind::Media));
    for part in inbound.chunks(STORED_AT_ONCE_MAX) {
        store_part(engine, channel.row.clone(), Arc::new(part.to_vec())).await?;
    }
    engine.core.notifier.notify(Work::Turns);
    if has_media {
        engine.core.notifier.notify(Work::Media);
    }
    engine.core.notifier.notify(Work::Deliveries);
    if channel.row.kind.is_fetched() {
        engine.core.notifier.notify(Work::Chats);
    }
    Ok(())
}

async fn store_part(engine: &Conversations, channel: Arc<Channel>, inbound: Arc<Vec<Inbound>>) -> anyhow::Result<()> {
    match engine.inbound.write(Received { channel: channel.clone(), inbound: inbound.clone() }).await {
        Err(error) if !Error::is_unavailable(&error) => {
            let error = format!("{error:#}");
            tracing::error!(channel = channel.external_id, error, "batch not stored; storing its items one by one");
            store_one_by_one(engine, &channel, &inbound).await
        }
        Ok(due) => {
            let messages = inbound.iter().filter(|one| one.content().is_some()).count();
            engine.core.metrics.received(channel.kind.as_str(), messages as u64);
            make_all(engine, due);
            Ok(())
        }
        Err(error) => Err(error),
    }
}

/// A correlation id that was given while the database was unavailable has to be stored before a message brings it. Where that
/// takes long the platform sends its request again.
async fn replay_clicks(engine: &Conversations) -> anyhow::Result<()> {
    let late = || Error::Unavailable(anyhow!("spooled clicks are not replayed within {REPLAY_TIMEOUT:?}"));
    match tokio::time::timeout(REPLAY_TIMEOUT, replay(&engine.clicks)).await.unwrap_or_else(|_| Err(late().into())) {
        Err(error) if Error::is_unavailable(&error) => Err(error),
        Err(error) => {
            tracing::error!(error = %format!("{error:#}"), "spooled clicks not replayed");
            Ok(())
        }
        Ok(_) => Ok(()),
    }
}

async fn store_one_by_one(engine: &Conversations, channel: &Arc<Channel>, inbound: &[Inbound]) -> anyhow::Result<()> {
    let now = engine.core.clock.now();
    for one in inbound {
        let alone = Received { channel: channel.clone(), inbound: Arc::new(vec![one.clone()]) };
        let error = match engine.inbound.write(alone).await {
            Ok(due) => {
                make_all(engine, due);
                continue;
            }
            Err(error) => error,
        };
        if Error::is_unavailable(&error) {
            return Err(error);
        }
        let error = format!("{error:#}");
        tracing::error!(channel = channel.external_id, error, "item not stored; kept as a notice");
        let (project, channel, raw) = (channel.project, channel.id, one.raw().to_owned());
        let keep = async move |tx: &Tx| {
            let notice = NewNotice { channel, external_id: None, kind: "unreadable", raw: &raw };
            Ok(messages::insert_notice(tx, project, &notice, now).await?)
        };
        engine.core.db.write(keep).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::channel::ChannelKind;
    use crate::domain::ids::{ChannelId, ProjectId};

    #[test]
    fn a_request_counts_as_many_writes_as_it_brings_items() {
        let channel = Channel {
            id: ChannelId(1),
            project: ProjectId(1),
            kind: ChannelKind::WhatsApp,
            external_id: String::new(),
            number: None,
            link_base: String::new(),
            api_base: String::new(),
            sealed_credentials: String::new(),
            fault: None,
            handle: None,
            title: None,
            inbound_fault: None,
            quiet_until: None,
            leaves_groups: false,
        };
        let item = Inbound::Other { external_id: None, kind: "any".to_owned(), raw: "{}".to_owned() };
        let received = Received { channel: Arc::new(channel), inbound: Arc::new(vec![item; 3]) };
        assert_eq!(StoreReceived::size(&received), 3);
    }
}
