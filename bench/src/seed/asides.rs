//! What is rare in a conversation: an ad that it came from, a reference of somebody else's, and notices of the platform.

use serde_json::json;

use super::block::{Block, Notice, Referral, Refused};
use super::draw::Draw;
use super::lead::Story;

/// Makes what there is of a conversation.
pub fn write(story: &Story<'_>, block: &mut Block, draw: &mut Draw) {
    let (first, conversation) = (&story.spoken[0], story.conversation);
    if story.correlation_id.is_none() && draw.is_one_of_thousand(600) {
        let ad = format!("AfZ{:016x}", draw.below(1 << 62));
        let raw = json!({"source_type": "ad", "source_id": "120212345678900", "ctwa_clid": ad}).to_string();
        block.referrals.push(Referral { conversation, message: first.id, ad, raw, at: first.at });
    }
    if draw.is_one_of_thousand(4) {
        let id = format!("O-{:07}", draw.below(10_000_000));
        block.refused.push(Refused { conversation, id, at: first.at });
    }
    if draw.is_one_of_thousand(2) {
        let raw = json!({"phone_number": "6580001234", "event": "QUALITY", "current_limit": "TIER_10K"}).to_string();
        block.notices.push(Notice { raw, at: story.ended_at() });
    }
}
