//! No function of `store` reads or changes rows of conversations, messages and leads for a project that they are not of.

use aurix::db::Tx;
use aurix::domain::attributed::Reference;
use aurix::domain::channel::{MessageStatus, Person as Sender, PersonIds, Route};
use aurix::domain::ids::{ChannelId, ConversationId, MessageId, ProjectId, SessionId, UserId};
use aurix::domain::lead::{Handling, Quality};
use aurix::domain::lead_words::LeadQuery;
use aurix::domain::time::{SignedDuration, Timestamp};
use aurix::store::channel_accounts::{self, NewAccount};
use aurix::store::channel_troubles;
use aurix::store::charges;
use aurix::store::conversations::{self as conversation_rows, NewConversation, NewReferral};
use aurix::store::lead_pages::{self, Filters, View, start};
use aurix::store::lead_rating::{self, Rating};
use aurix::store::messages::{self, After};
use aurix::store::replies::{self, SettledReply};
use aurix::store::reply_pace;
use aurix::store::reply_status::{self, NamedReply, ToldStatus};
use aurix::store::turns::{self, SettledTurn, Silence, TurnLease};
use aurix::store::window::Position;
use aurix::store::{channels, clicks, erasure, handling, lead_counts, lead_fields, lead_view, talk};
use aurix::store::{leads, reply_log, silences};

use crate::support::{Person, TestApp};

/// A conversation with a click, a message and a reply, and all that functions need to name it.
#[derive(Clone, Copy)]
struct Rows {
    owner: ProjectId,
    channel: ChannelId,
    conversation: ConversationId,
    reply: MessageId,
    now: Timestamp,
}

impl Rows {
    /// A lease on the conversation's turn, as `project` claims to hold it.
    fn lease(self, project: ProjectId) -> TurnLease {
        TurnLease { project, conversation: self.conversation, number: 1, until: self.now }
    }
}

/// Stores a conversation of one project, and makes another project.
async fn stage(app: &TestApp) -> (Rows, ProjectId) {
    let (ours, theirs) = (app.project().await, app.project_named("Other", "222").await);
    let reference = app.click(&ours, "device_id=d1").await.reference();
    Person::new(app, &ours, "6587654321").writes(&format!("hello {reference}")).await;
    app.settle().await;
    let rows = Rows {
        owner: ours.id,
        channel: ChannelId(app.count("SELECT channel FROM conversations").await),
        conversation: ConversationId(app.count("SELECT id FROM conversations").await),
        reply: MessageId(app.count("SELECT id FROM messages WHERE direction = 'out'").await),
        now: app.core.clock.now(),
    };
    (rows, theirs.id)
}

/// What came of a call as the stranger and as the owner: nothing, then something.
fn only_for_the_owner(what: &str, is_owner: bool, found: bool) {
    assert_eq!(found, is_owner, "{what}, as the {}", if is_owner { "owner" } else { "stranger" });
}

both_engines! {
    async fn only_its_own_project_reads_a_conversation(app: &TestApp) {
        let (rows, stranger) = stage(app).await;
        let read = async move |tx: &Tx| {
            let Rows { channel, conversation, .. } = rows;
            let sender = PersonIds { external_phone_id: Some("6587654321".to_owned()), ..PersonIds::default() };
            let stored = tx.get("SELECT external_id FROM messages WHERE direction = 'in'", &[], |row| row.get::<String>(0)).await?;
            for (project, is_owner) in [(stranger, false), (rows.owner, true)] {
                let check = |what: &str, found: bool| only_for_the_owner(what, is_owner, found);
                let person = conversation_rows::of_person(tx, project, channel, &sender).await?;
                check("conversations::of_person", !person.is_empty());
                check("messages::exists", messages::exists(tx, project, channel, &stored).await?);
                let after = After { project, conversation, message: MessageId(0) };
                check("messages::unread", !messages::unread(tx, &[after], 10).await?.is_empty());
                check("messages::first_of_person", messages::first_of_person(tx, project, conversation).await?.is_some());
                check("messages::last_of_person", messages::last_of_person(tx, project, conversation).await?.is_some());
                check("channels::find_by_id", channels::find_by_id(tx, project, channel).await?.is_some());
                tx.execute("UPDATE clicks SET linked = FALSE", &[]).await?;
                check("clicks::has_unlinked", clicks::has_unlinked(tx, project, channel, Timestamp::UNIX_EPOCH).await?);
                tx.execute("UPDATE clicks SET linked = TRUE", &[]).await?;
                check("leads::of_conversations", !leads::of_conversations(tx, &[(project, conversation)]).await?.is_empty());
                check("leads::correlation_ids", !leads::correlation_ids(tx, &[(project, conversation)]).await?.is_empty());
                check("turns::lock_free", !turns::lock_free(tx, &[rows.lease(project)]).await?.is_empty());
                check("turns::lock", turns::lock(tx, rows.lease(project)).await?);
            }
            Ok(())
        };
        app.core.db.write(read).await.expect("read");
    }

    async fn only_its_own_project_changes_a_conversation(app: &TestApp) {
        let (rows, stranger) = stage(app).await;
        let change = async move |tx: &Tx| {
            let Rows { conversation, now, .. } = rows;
            let sender = Sender { username: Some("mei".to_owned()), ..Sender::default() };
            for (project, is_owner) in [(stranger, false), (rows.owner, true)] {
                let check = |what: &str, found: bool| only_for_the_owner(what, is_owner, found);
                check("conversations::learn", conversation_rows::learn(tx, project, conversation, (&sender, &Route::default()), now).await.is_ok());
                check("conversations::change_ids", conversation_rows::change_ids(tx, project, conversation, &sender, now).await? > 0);
                check("conversations::release_phone_id", conversation_rows::release_phone_id(tx, project, conversation).await? > 0);
                check("conversations::set_unreachable", conversation_rows::set_unreachable(tx, project, conversation, Some(now)).await? > 0);
                check("conversations::note_gone", conversation_rows::note_gone(tx, project, conversation, (rows.reply, 1), now).await?);
                check("turns::call_agent", turns::call_agent(tx, project, conversation, now, now).await? > 0);
                let lease = rows.lease(project);
                check("turns::retry", turns::retry(tx, lease, now).await? > 0);
                check("turns::give_up", turns::give_up(tx, lease, MessageId(0), now).await? > 0);
                let turn = SettledTurn { lease, agent_state: "{}", handling: Handling::Agent, now, answered_up_to: MessageId(0), goes_on_at: None, silence: Silence::default() };
                check("turns::settle", turns::settle(tx, &[turn]).await? > 0);
                check("turns::interrupt", turns::interrupt(tx, project, conversation, Some(now)).await.is_ok());
                check("turns::set_agent_state", turns::set_agent_state(tx, project, conversation, "{}").await? > 0);
                check("silences::set_nudge", silences::set_nudge(tx, project, conversation, None).await? > 0);
                check("silences::settle_abandoned", silences::settle_abandoned(tx, project, conversation, None).await? > 0);
                let stored: String = tx.get("SELECT external_id FROM messages WHERE direction = 'in'", &[], |row| row.get(0)).await?;
                check("messages::revoke", messages::revoke(tx, project, rows.channel, conversation, &stored, now).await? > 0);
                let session = SessionId(tx.get("SELECT id FROM sessions", &[], |row| row.get(0)).await?);
                tx.execute("UPDATE clicks SET linked = FALSE", &[]).await?;
                let day = SignedDuration::from_hours(24);
                check("clicks::link", clicks::link(tx, project, session, now - day, now + day).await? > 0);
                check("leads::correlate", leads::correlate(tx, project, conversation, (session, Reference::Exact), now).await?.is_some());
                let lead = leads::of_conversations(tx, &[(rows.owner, conversation)]).await?.remove(0).1;
                check("leads::settle", leads::settle(tx, &[(project, &lead)], now).await? > 0);
                check("leads::update_merged", leads::update_merged(tx, project, &lead, now).await? > 0);
                let (public_id, person) = (&format!("other-{is_owner}"), &Sender::default());
                let route = &Route::default();
                let new =
                    NewConversation { public_id, channel: rows.channel, person, route, agent_state: "{}", told_at: now };
                let other = conversation_rows::insert(tx, rows.owner, &new, now).await?.id;
                let referral = NewReferral { conversation, message: rows.reply, ad_click_id: None, raw: "{}", seen_at: now };
                conversation_rows::insert_referral(tx, rows.owner, &referral).await?;
                conversation_rows::merge_into(tx, project, conversation, other).await?;
                for table in ["messages", "sessions", "referrals", "conversations"] {
                    let moved = match table {
                        "messages" => "SELECT COUNT(*) FROM messages WHERE conversation_id = $1",
                        "sessions" => "SELECT COUNT(*) FROM sessions WHERE conversation_id = $1",
                        "referrals" => "SELECT COUNT(*) FROM referrals WHERE conversation_id = $1",
                        _ => "SELECT COUNT(*) FROM conversations WHERE merged_into = $1",
                    };
                    let moved: i64 = tx.get(moved, aurix::params![other], |row| row.get(0)).await?;
                    check(table, moved > 0);
                }
                for sql in ["DELETE FROM lead_field_values", "DELETE FROM lead_steps", "DELETE FROM counts"] {
                    tx.execute(sql, &[]).await?;
                }
                check("leads::remove", leads::remove(tx, project, conversation).await? > 0);
            }
            Ok(())
        };
        app.core.db.write(change).await.expect("changed");
    }

    async fn only_its_own_project_looks_after_a_lead(app: &TestApp) {
        let (rows, stranger) = stage(app).await;
        let change = async move |tx: &Tx| {
            let Rows { conversation, now, .. } = rows;
            let lead = leads::of_conversations(tx, &[(rows.owner, conversation)]).await?.remove(0).1.id;
            let user = UserId(1);
            for (project, is_owner) in [(stranger, false), (rows.owner, true)] {
                let check = |what: &str, found: bool| only_for_the_owner(what, is_owner, found);
                check("handling::lock", handling::lock(tx, project, lead).await?.is_some());
                check("handling::find", handling::find(tx, project, lead).await?.is_some());
                check("handling::public_id", handling::public_id(tx, project, conversation).await.is_ok());
                check("handling::set", handling::set(tx, project, conversation, (Handling::With, Some(user)), now).await? > 0);
                check("handling::unread_unanswered", handling::unread_unanswered(tx, project, conversation).await? > 0);
                check("handling::wait_again", handling::wait_again(tx, project, conversation, now).await? > 0);
                check("talk::page", !talk::page(tx, project, conversation, MessageId(i64::MAX), 10).await?.is_empty());
                check("talk::sent_after", !talk::sent_after(tx, project, conversation, MessageId(0), 10).await?.is_empty());
                check("lead_view::find", lead_view::find(tx, project, lead).await?.is_some());
                check("lead_view::clicks", !lead_view::clicks(tx, project, conversation, 10).await?.is_empty());
                check("lead_view::events", !lead_view::events(tx, project, conversation, 10).await?.is_empty());
                check("lead_fields::of_lead", !lead_fields::of_lead(tx, project, lead, 10).await?.is_empty());
                check("lead_counts::count", lead_counts::count(tx, project, &View::All).await? > 0);
                check("lead_counts::count, waiting", lead_counts::count(tx, project, &View::Waiting).await? > 0);
                let page = lead_pages::page(tx, project, (&View::Waiting, &Filters::default()), start(&View::Waiting), 10).await?;
                check("lead_pages::page", !page.rows.is_empty());
                let query = LeadQuery::parse("87654321", rows.owner).expect("a number");
                let page = lead_pages::page(tx, project, (&View::Found(query.clone()), &Filters::default()), Position::NEWEST, 10).await?;
                check("lead_pages::page, found", !page.rows.is_empty());
                check("lead_counts::count, found", lead_counts::count(tx, project, &View::Found(query)).await? > 0);
                check("leads::touch", leads::touch(tx, project, lead, now + SignedDuration::from_secs(9)).await? > 0);
                let rating = Rating { stage: None, amount: None, quality: Quality::Good, reason: None };
                check("lead_rating::set", lead_rating::set(tx, project, lead, &rating, now).await? > 0);
                check("erasure::clicks", !erasure::clicks(tx, project, conversation).await?.is_empty());
                check("erasure::events", !erasure::events(tx, project, conversation).await?.is_empty());
                let click = erasure::clicks(tx, rows.owner, conversation).await?.remove(0);
                check("erasure::event_of_click", !erasure::event_of_click(tx, project, &click).await?.is_empty());
                check("erasure::empty_click", erasure::empty_click(tx, project, &click).await? > 0);
                check("erasure::empty_messages", erasure::empty_messages(tx, project, conversation).await? > 0);
                check("erasure::empty_conversation", erasure::empty_conversation(tx, project, conversation).await? > 0);
                for event in erasure::events(tx, rows.owner, conversation).await? {
                    erasure::empty_event(tx, project, event).await?;
                }
                erasure::empty_lead(tx, project, (lead, conversation), now).await?;
                let emptied: i64 = tx.get("SELECT COUNT(*) FROM leads WHERE fields = '{}'", &[], |row| row.get(0)).await?;
                check("erasure::empty_lead", emptied > 0);
                let emptied: i64 = tx.get("SELECT COUNT(*) FROM events WHERE body = '{}'", &[], |row| row.get(0)).await?;
                check("erasure::empty_event", emptied > 0);
            }
            Ok(())
        };
        app.core.db.write(change).await.expect("changed");
        app.count_rows().await;
    }

    async fn only_its_own_project_changes_a_reply(app: &TestApp) {
        let (rows, stranger) = stage(app).await;
        let change = async move |tx: &Tx| {
            let Rows { channel, reply, .. } = rows;
            tx.execute("UPDATE messages SET status = 'queued', external_id = NULL WHERE direction = 'out'", &[]).await?;
            let reply_id: String = tx.get("SELECT reply_id FROM messages WHERE direction = 'out'", &[], |row| row.get(0)).await?;
            for (project, is_owner) in [(stranger, false), (rows.owner, true)] {
                let check = |what: &str, found: bool| only_for_the_owner(what, is_owner, found);
                tx.execute("UPDATE messages SET status = 'queued' WHERE direction = 'out'", &[]).await?;
                let settled = SettledReply {
                    id: reply, project, channel, conversation: rows.conversation, health: replies::ChannelHealth::Unchanged,
                    reached: replies::Reached::Unchanged, attempt: 1, status: MessageStatus::Sent, external_id: None, error: None, due_at: None, refused: None,
                };
                check("replies::settle", replies::settle(tx, &[settled]).await? > 0);
                let named = NamedReply { project, channel, external_id: "wamid.x", reply_id: Some(&reply_id) };
                let told = ToldStatus { status: MessageStatus::Read, error: None, price: Some(("utility", true)) };
                check("reply_status::advance", reply_status::advance(tx, &named, told).await? > 0);
                let learned: i64 = tx.get("SELECT COUNT(*) FROM messages WHERE external_id = 'wamid.x'", &[], |row| row.get(0)).await?;
                check("reply_status::advance, by our id", learned > 0);
                check("charges::of_conversation", !charges::of_conversation(tx, project, rows.conversation).await?.is_empty());
                tx.execute("UPDATE messages SET due_at = 1 WHERE direction = 'out'", &[]).await?;
                tx.execute("UPDATE messages SET error = 'why', due_at = 9000000000000000, status = 'queued' WHERE direction = 'out'", &[]).await?;
                check("replies::release", replies::release(tx, project, channel, rows.now).await? > 0);
                check("channels::set_fault", channels::set_fault(tx, project, channel, Some("why"), rows.now).await? > 0);
                check("channels::set_inbound_fault", channels::set_inbound_fault(tx, project, channel, Some("why"), rows.now).await? > 0);
                check("channels::slow_down", channels::slow_down(tx, project, channel, (rows.conversation, rows.now), rows.now).await? > 0);
                check("reply_pace::lock", reply_pace::lock(tx, project, channel).await?.is_some());
                check("reply_pace::advance", reply_pace::advance(tx, project, channel, rows.now, None).await? > 0);
                check("reply_pace::hold", reply_pace::hold(tx, project, channel, rows.now, Some(rows.now)).await? > 0);
                check("reply_pace::set_rate", reply_pace::set_rate(tx, project, channel, Some(20)).await?);
                check("channels::set_token_expiry", channels::set_token_expiry(tx, project, channel, Some(rows.now)).await? > 0);
                check("channels::set_leaves_groups", channels::set_leaves_groups(tx, project, channel, true).await?);
                check("conversations::address", conversation_rows::address(tx, project, rows.conversation).await?.is_some());
                check("channel_troubles::set_no_marketing", channel_troubles::set_no_marketing(tx, project, rows.conversation, Some(rows.now)).await? > 0);
                channel_troubles::begin(tx, rows.owner, channel, ("quality", "why"), (rows.now, None)).await?;
                check("channel_troubles::begin", channel_troubles::begin(tx, project, channel, ("quality", "why"), (rows.now, None)).await? > 0);
                check("channel_troubles::end", channel_troubles::end(tx, project, channel, "quality").await? > 0);
                check("reply_pace::note_in_app", reply_pace::note_in_app(tx, project, channel, rows.now).await? > 0);
                let account = NewAccount { channel, external_id: "b1", username: None, may_reply: true };
                channel_accounts::put(tx, rows.owner, &account, rows.now).await?;
                check("channel_accounts::put", channel_accounts::put(tx, project, &account, rows.now).await? > 0);
                check("channel_accounts::may_reply", channel_accounts::may_reply(tx, project, channel, "b1").await?.is_some());
                check("channel_accounts::list", !channel_accounts::list(tx, project, channel, 10).await?.is_empty());
                let listed = reply_log::list(tx, project, None, (Timestamp::UNIX_EPOCH, Position::NEWEST), 10).await?;
                check("reply_log::list", !listed.is_empty());
                tx.execute("UPDATE messages SET status = 'failed' WHERE direction = 'out'", &[]).await?;
                check("reply_log::resend", reply_log::resend(tx, project, &reply_id, rows.now).await?);
                tx.execute("UPDATE messages SET status = 'failed' WHERE direction = 'out'", &[]).await?;
                check("reply_log::resend_failed", reply_log::resend_failed(tx, project, Timestamp::UNIX_EPOCH, rows.now, 10).await? > 0);
                check("replies::cancel", replies::cancel(tx, project, rows.conversation, "why").await? > 0);
                tx.execute("UPDATE messages SET due_at = 1 WHERE direction = 'out'", &[]).await?;
                check("replies::fail_waiting", replies::fail_waiting(tx, project, rows.conversation, None, "why").await? > 0);
            }
            Ok(())
        };
        app.core.db.write(change).await.expect("changed");
    }
}
