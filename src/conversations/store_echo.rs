//! Stores what a person of the business wrote in an app of the platform's: the conversation is theirs from then on.

use super::store_inbound::StoreInbound;
use crate::agent::{Paused, State};
use crate::channels::{Content, Echo};
use crate::db::Tx;
use crate::domain::ids::{ConversationId, MessageId, ProjectId};
use crate::domain::lead::Handling;
use crate::domain::time::Timestamp;
use crate::store::channels::Channel;
use crate::store::conversations::{self, Conversation, NewConversation};
use crate::store::messages::{self, NewMessage, Origin};
use crate::store::{answers, handling, replies, turns};

/// Why a reply that waits is not sent any more.
const TAKEN_OVER: &str = "A person of the business wrote to the customer before the reply was sent.";

impl StoreInbound {
    /// Stores an echo: its conversation is with a person from then on. Whoever it went to has not written by that: a conversation that
    /// begins with it has no lead.
    pub(super) async fn store_echo(&self, tx: &Tx, channel: &Channel, echo: &Echo) -> anyhow::Result<()> {
        let project = channel.project;
        if echo.to.ids.is_empty() {
            return self.notice(tx, channel, "echo to nobody", &echo.raw).await;
        }
        if messages::exists(tx, project, channel.id, &echo.external_id).await? {
            return Ok(());
        }
        let known = conversations::of_person(tx, project, channel.id, &echo.to.ids).await?;
        let mut asked_at = None;
        let conversation = match known.into_iter().next() {
            Some(conversation) => {
                asked_at = answers::asked_at(tx, conversation.project, conversation.id).await?;
                silence_agent(tx, conversation.project, conversation.id, conversation.has_lead.then_some(self.now))
                    .await?;
                handling::set(tx, project, conversation.id, (Handling::With, None), self.now).await?;
                conversation
            }
            None => self.begin_paused(tx, channel, echo).await?,
        };
        let new = NewMessage {
            id: self.core.row_keys.next_above(self.now, conversation.newest_message.unwrap_or(MessageId(0))),
            channel: channel.id,
            conversation: conversation.id,
            origin: Origin::Business,
            external_id: &echo.external_id,
            original_id: echo.content.original(),
            kind: echo.content.kind(),
            text: echo.text.as_deref(),
            contact: None,
            answers: None,
            raw: &echo.raw,
            sent_at: echo.sent_at,
        };
        if !messages::insert(tx, project, &new, self.now).await? {
            return Ok(());
        }
        answers::note(tx, project, new.id, asked_at, self.now).await?;
        self.note_medium(tx, channel, &echo.content, (conversation.id, new.id)).await?;
        if let Content::Revoke { external_id } = &echo.content {
            messages::revoke(tx, project, channel.id, conversation.id, external_id, self.now).await?;
        }
        Ok(())
    }

    async fn begin_paused(&self, tx: &Tx, channel: &Channel, echo: &Echo) -> anyhow::Result<Conversation> {
        let (public_id, state) = (self.core.random.uuid().to_string(), paused(State::default()));
        let new = NewConversation {
            public_id: &public_id,
            channel: channel.id,
            person: &echo.to,
            route: &echo.route,
            agent_state: &serde_json::to_string(&state)?,
            told_at: echo.sent_at.map_or(self.now, |sent_at| sent_at.min(self.now)),
        };
        let conversation = conversations::insert(tx, channel.project, &new, self.now).await?;
        handling::set(tx, channel.project, conversation.id, (Handling::With, None), self.now).await?;
        Ok(conversation)
    }
}

/// Keeps the agent from saying what it is about to say. With `due_at`, what the customer wrote meanwhile is still read.
pub(super) async fn silence_agent(
    tx: &Tx,
    project: ProjectId,
    conversation: ConversationId,
    due_at: Option<Timestamp>,
) -> anyhow::Result<()> {
    let state = turns::interrupt(tx, project, conversation, due_at).await?;
    let state = paused(serde_json::from_str(&state)?);
    turns::set_agent_state(tx, project, conversation, &serde_json::to_string(&state)?).await?;
    replies::cancel(tx, project, conversation, TAKEN_OVER).await?;
    Ok(())
}

/// The state with the agent paused, and without a nudge even if it is given back. "stop" stays: the customer's word counts more.
fn paused(state: State) -> State {
    State { paused: Some(state.paused.unwrap_or(Paused::HandedOver)), no_nudge: true, ..state }
}
