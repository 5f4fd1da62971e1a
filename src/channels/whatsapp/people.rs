//! Who sent which message of a batch: the messages' own ids, and what `contacts` says of the people. Looked up by id, so that a
//! batch costs time in proportion to its size.

use std::collections::HashMap;

use super::message::Sender;

/// People by their ids.
pub(super) struct People {
    all: Vec<Sender>,
    by_user_id: HashMap<String, usize>,
    by_wa_id: HashMap<String, usize>,
    /// Those whose user id is not known.
    by_wa_id_alone: HashMap<String, usize>,
}

impl People {
    pub(super) fn new(all: Vec<Sender>) -> Self {
        let (mut by_user_id, mut by_wa_id, mut by_wa_id_alone) = (HashMap::new(), HashMap::new(), HashMap::new());
        for (at, one) in all.iter().enumerate() {
            if let Some(user_id) = &one.user_id {
                by_user_id.entry(user_id.clone()).or_insert(at);
            }
            if let Some(wa_id) = &one.wa_id {
                by_wa_id.entry(wa_id.clone()).or_insert(at);
                if one.user_id.is_none() {
                    by_wa_id_alone.entry(wa_id.clone()).or_insert(at);
                }
            }
        }
        Self { all, by_user_id, by_wa_id, by_wa_id_alone }
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn get(&self, at: usize) -> Option<&Sender> {
        self.all.get(at)
    }

    /// The first one who surely is `sender`: see [`Sender::is`].
    pub(super) fn find(&self, sender: &Sender) -> Option<&Sender> {
        let wa_id = sender.wa_id.as_ref();
        let places = match &sender.user_id {
            Some(user_id) => [self.by_user_id.get(user_id), wa_id.and_then(|id| self.by_wa_id_alone.get(id))],
            None => [None, wa_id.and_then(|id| self.by_wa_id.get(id))],
        };
        let first = places.into_iter().flatten().min()?;
        self.all.get(*first).filter(|found| sender.is(found))
    }
}

/// Messages of a batch that are looked at together.
pub(super) struct Batch<'a> {
    pub(super) senders: People,
    pub(super) contacts: &'a People,
    /// The place of the first sender among all messages of the change.
    pub(super) first: usize,
    /// All messages of the change.
    pub(super) messages: usize,
    are_one: bool,
}

impl<'a> Batch<'a> {
    pub(super) fn new(senders: Vec<Sender>, contacts: &'a People, first: usize, messages: usize) -> Self {
        let are_one = senders.windows(2).all(|two| two[0] == two[1]);
        Self { senders: People::new(senders), contacts, first, messages, are_one }
    }

    /// The sender of the `nth` message with what `contacts` says of them: the contact with an id of theirs, else the one in the
    /// same place, else the only one; but never one who is surely somebody else, or who sent another message.
    pub(super) fn sender(&self, nth: usize) -> Sender {
        let sender = self.senders.get(nth).cloned().unwrap_or_default();
        if let Some(contact) = self.contacts.find(&sender) {
            return sender.with(contact);
        }
        let has_places = self.contacts.len() == self.messages;
        let in_place = if has_places { self.contacts.get(self.first + nth) } else { None };
        let only = if self.contacts.len() == 1 && self.are_one { self.contacts.get(0) } else { None };
        let is_free = |contact: &&Sender| {
            let contradicts = contact.user_id.is_some() && sender.user_id.is_some();
            !contradicts && self.senders.find(contact).is_none()
        };
        match in_place.or(only).filter(is_free) {
            Some(contact) => sender.with(contact),
            None => sender,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::message::comparisons;
    use super::*;

    fn sender(wa_id: &str, user_id: &str) -> Sender {
        let some = |id: &str| (!id.is_empty()).then(|| id.to_owned());
        Sender { wa_id: some(wa_id), user_id: some(user_id), ..Sender::default() }
    }

    #[test]
    fn the_index_finds_whom_a_search_would_find() {
        let ids = ["", "1", "2", "3"];
        let everybody: Vec<Sender> = ids.iter().flat_map(|wa_id| ids.map(|user_id| sender(wa_id, user_id))).collect();
        for skipped in 0..everybody.len() {
            let people = People::new(everybody[skipped..].to_vec());
            for one in &everybody {
                let searched = everybody[skipped..].iter().find(|other| one.is(other));
                assert_eq!(people.find(one), searched, "{one:?} behind {skipped}");
            }
        }
    }

    #[test]
    fn a_wide_batch_takes_few_comparisons() {
        const MESSAGES: usize = 2_000;
        let senders: Vec<Sender> = (0..MESSAGES).map(|number| sender(&number.to_string(), "")).collect();
        let contacts = People::new((0..MESSAGES).map(|number| sender("", &format!("SG.{number}"))).collect());
        let before = comparisons();
        let batch = Batch::new(senders, &contacts, 0, MESSAGES);
        for nth in 0..MESSAGES {
            assert_eq!(batch.sender(nth).user_id, Some(format!("SG.{nth}")));
        }
        let taken = comparisons() - before;
        assert!(taken <= 4 * MESSAGES, "{taken} comparisons of {MESSAGES} messages");
    }
}
