//! Any answer of a language model's server: an envelope or none, and of what it proposes no more than is looked at.

use aurix::agent::Proposal;
use aurix::llm::answer;

/// Panics where it does not hold for this input.
pub fn check(body: &[u8]) {
    let wanted = ["act", "values", "options", "refused", "answer", "sources", "language"];
    if let Some(object) = answer::read(body, &wanted).and_then(|answer| answer.object) {
        let proposal = Proposal::read(&object);
        assert!(proposal.values.len() <= 10 && proposal.refused.len() <= 10 && proposal.sources.len() <= 10);
    }
}
