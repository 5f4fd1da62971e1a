//! Finds how many people come: "8 people", "the 6 of us", "me, my wife and 2 kids", "a table for four".

use super::asides::is_question;
use super::class::Class;
use super::counted::{Counts, Party, Search};
use super::lexer::{Kind, ReadsTokens, Token};
use super::numbers::{is_pronoun, number_at, whole_at};
use super::open_numbers::{is_change, open_around};
use super::reader::{Found, Reader};

/// Members that are counted of one party.
const MEMBERS_MAX: usize = 16;

/// Finds the numbers of people in a text, in order. `asked` widens what counts.
pub(super) fn find(reader: &Reader<'_>, asked: bool) -> Vec<Found> {
    let tokens = &reader.tokens[..];
    let side = !asked && tokens.iter().any(|token| token.is(Class::SideMatter));
    let search = Search { reader, tokens, asked, side };
    let mut parties: Vec<Party> = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let members = search.party_at(at);
        let behind = members.as_ref().map_or(at + 1, |party| party.to);
        match members.filter(|party| search.is_party(party)).or_else(|| search.count_at(at)) {
            Some(party) => {
                at = party.to;
                parties.push(party);
            }
            None => at = behind,
        }
    }
    if asked {
        match search.first_of_several(&parties) {
            Some(open) => parties = vec![open],
            None if parties.is_empty() => parties.extend(search.last_bare()),
            None => {}
        }
    }
    let changes = is_change(tokens);
    parties.into_iter().map(|party| found(reader, &party, changes)).collect()
}

fn found(reader: &Reader<'_>, party: &Party, changes: bool) -> Found {
    let is_counted = (party.has_number || party.members == 1) && !party.has_self;
    let open = is_counted.then(|| open_around(reader, party.from, party.to, changes)).flatten();
    if let Some((from, to)) = open.or(party.is_open.then_some((party.from, party.to))) {
        return Found { span: reader.span(from, to), value: None, offer: None };
    }
    let span = reader.span(party.from, party.to);
    let words = span.words(reader.text).to_owned();
    let value = party.count.map_or(words, |count| count.to_string());
    Found { span, value: Some(value), offer: None }
}

impl Search<'_> {
    pub(super) fn is_free(&self, from: usize, to: usize) -> bool {
        (from..to).all(|at| self.reader.is_free_token(at))
    }

    /// Members in a row: "me, my wife and 2 kids".
    pub(super) fn party_at(&self, from: usize) -> Option<Party> {
        let (mut at, mut party) = self.member_at(from, true, true)?;
        let mut total = party.count;
        while party.members < MEMBERS_MAX {
            let mut next = at;
            let comma = self.tokens.get(next).is_some_and(|token| token.is_mark(','));
            next += usize::from(comma);
            let joint = self.tokens.get(next).is_some_and(|token| {
                token.is_any(&[Class::And, Class::Plus]) || token.is_mark('&') || token.is_mark('+')
            });
            next += usize::from(joint);
            let bare = joint && (party.has_self || !comma);
            let adjacent = !comma && !joint;
            // "4 adults 2 kids", but "lima enam orang" is five or six.
            let counted = self.tokens[at - 1].is_any(&[Class::People, Class::Kin, Class::Child]);
            // Arabic writes its "and" with the word that follows.
            let prefixed = adjacent && self.tokens.get(next).is_some_and(|token| token.text.starts_with('و'));
            let Some((to, member)) = self.member_at(next, bare, comma || joint || prefixed).filter(|(to, member)| {
                self.is_free(next, *to) && (!adjacent || prefixed || member.has_number && counted)
            }) else {
                break;
            };
            // "5 people and I need": the last word begins another clause.
            let is_clause = member.has_self
                && !party.has_kin(self.tokens)
                && self.tokens.get(to).is_some_and(Token::is_word)
                && self.tokens[next].text.starts_with('i');
            if is_clause {
                break;
            }
            total = total.zip(member.count).and_then(|(total, more)| total.checked_add(more));
            party.members += 1;
            party.has_self |= member.has_self;
            party.has_number |= member.has_number;
            at = to;
        }
        party.to = at;
        party.count = total;
        let adds = self.tokens[from..at].iter().any(|token| token.is(Class::Plus));
        let says = adds || !self.is_lone_number(&party);
        (says && self.is_free(from, at)).then_some(party)
    }

    pub(super) fn is_lone_number(&self, party: &Party) -> bool {
        !self.tokens[party.from..party.to]
            .iter()
            .any(|token| token.is_any(&[Class::People, Class::Kin, Class::Myself, Class::Alone]))
    }

    /// One member. A number alone counts where `bare` allows it.
    pub(super) fn member_at(&self, at: usize, bare: bool, listed: bool) -> Option<(usize, Party)> {
        let party = |to: usize, count: Option<u32>, has_self: bool, has_number: bool| {
            Some((to, Party { has_self, has_number, count, ..Party::number(at, to, 0) }))
        };
        let first = self.tokens.get(at)?;
        if first.is(Class::Alone) {
            return party(at + 1, Some(1), true, false);
        }
        if first.is(Class::Myself) {
            let end = at + 1 + usize::from(self.is(at + 1, Class::Alone));
            return party(end, Some(1), true, false);
        }
        let owned = first.is_any(&[Class::Possessive, Class::Article, Class::The]) && !first.is(Class::People);
        let mut place = at + usize::from(owned);
        let number = number_at(self.tokens, place)
            .filter(|(count, end)| *count <= 9_999 && self.tokens[place].span.end <= self.tokens[end - 1].span.end);
        place = number.map_or(place, |(_, end)| end);
        // "two of my friends", "3 little kids"
        let mut noun = place;
        if number.is_some() && self.is(noun, Class::Of) && self.is(noun + 1, Class::Possessive) {
            noun += 2;
        }
        noun += usize::from(self.tokens.get(noun).is_some_and(|token| token.is_mark('-') && token.glued));
        let adjective = self.tokens.get(noun + 1).is_some_and(|next| next.is_any(&[Class::Kin, Class::People]))
            && self.tokens.get(noun).is_some_and(|token| token.is(Class::Common) && !token.is(Class::Kin));
        noun += usize::from(adjective && (owned || number.is_some()));
        let each =
            self.tokens.get(noun).and_then(|token| token.value(Class::People).or_else(|| token.value(Class::Kin)));
        match (number, each.and_then(|each| u32::try_from(each).ok())) {
            (Some((count, _)), Some(each)) => party(noun + 1, count.checked_mul(each.max(1)), false, true),
            (Some((count, end)), None) if bare && at != place && !self.is_other_thing(self.tokens.get(end)) => {
                party(end, Some(count), false, true)
            }
            (None, Some(each))
                if owned
                    || listed
                        && (self.is(noun, Class::Kin)
                            || self.is(noun, Class::Child)
                            || self.is(noun, Class::People) && at > 0 && self.is(at - 1, Class::And)) =>
            {
                party(noun + 1, (each > 0).then_some(each), false, false)
            }
            _ => None,
        }
    }

    /// A number without a noun where only a number of people makes sense.
    pub(super) fn count_at(&self, from: usize) -> Option<Party> {
        let article =
            usize::from(self.tokens[from].is_any(&[Class::Article, Class::The]) && !self.is(from, Class::Num));
        let start = from + article;
        let (count, to) = number_at(self.tokens, start).filter(|(_, to)| self.is_free(from, *to))?;
        let approx = |mut at: usize| {
            while at > 0 && self.is(at - 1, Class::Approx) {
                at -= 1;
            }
            at
        };
        let lead = approx(from);
        let before = lead.checked_sub(1).map(|at| &self.tokens[at]);
        let dash = to + usize::from(self.tokens.get(to).is_some_and(|token| token.is_mark('-')));
        let led = (before.is_some_and(|before| before.is(Class::SizeBefore))
            || self.tokens[lead..from].iter().any(|token| token.is(Class::SizeBefore)))
            && !before.is_some_and(|before| before.is(Class::Negation));
        let followed = self.is(dash, Class::SizeAfter);
        let around_time = self.tokens.get(to).is_some_and(|joint| joint.is_any(&[Class::ClockAt, Class::DayOn]))
            && self
                .tokens
                .get(to + 1)
                .is_some_and(|next| !self.reader.is_free_token(to + 1) && next.kind != Kind::Mark);
        let changed = before.is_some_and(|before| before.is(Class::RangeTo))
            && self.tokens[..from].iter().any(|token| token.is(Class::Change));
        let labelled = before.is_some_and(|before| before.is(Class::Verb))
            && self.tokens[..from].iter().any(|token| token.is(Class::SizeLabel));
        let corrected = self.follows_denial(from) || labelled;
        let the_one = article > 0 && count == 1;
        let article_fits = (article == 0 || followed || led) && !the_one;
        let party = Party::number(from, to, count);
        ((led || followed || around_time || changed || corrected) && article_fits && self.is_count(&party, led))
            .then_some(party)
    }

    /// Whether a run of members is the party and not, say, "one of my friends" or "for me".
    pub(super) fn is_party(&self, party: &Party) -> bool {
        let words = &self.tokens[party.from..party.to];
        let says = |class: Class| words.iter().any(|token| token.is(class));
        let before = party.from.checked_sub(1).map(|at| &self.tokens[at]);
        let led = |class: Class| before.is_some_and(|before| before.is(class));
        let after = &self.tokens[party.to..];
        let next = after.first();
        let is_single = party.members < 2;
        let side_follows = next.is_some_and(|next| next.is(Class::Verb))
            && after.iter().take(5).any(|token| token.is(Class::SideMatter));
        let side_leads = led(Class::SizeBefore)
            && party.from >= 2
            && self.tokens[..party.from - 1].iter().rev().take(2).any(|token| token.is(Class::SideMatter));
        let owned = led(Class::Owns) && is_single && says(Class::Child);
        let more = next.is_some_and(|next| next.is(Class::Extra)) || led(Class::Extra) && !led(Class::Or);
        let possessed =
            words.last().is_some_and(|last| self.reader.text[last.span.start..last.span.end].ends_with("'s"));
        let pronoun = !party.has_number && next.is_some_and(|next| next.is(Class::Num));
        if pronoun
            || side_follows
            || side_leads
            || owned
            || more
            || possessed
            || next.is_some_and(|next| next.is(Class::Report) && !party.has_self)
        {
            return false;
        }
        let partly = says(Class::Of) && words.iter().any(|token| token.is(Class::Possessive));
        let some = self.side && is_single && (!party.has_number || self.is_subset(party));
        if some || !party.has_self && partly {
            return false;
        }
        let spoken_of =
            next.is_some_and(|next| next.is_any(&[Class::Verb, Class::Negation, Class::Report, Class::PastEvent]));
        if !party.has_self && is_single && !party.has_number && spoken_of {
            return false;
        }
        match (party.has_self, is_single) {
            (true, false) => true,
            (true, true) => {
                let alone = says(Class::Alone)
                    || before.is_some_and(|before| {
                        before.is(Class::Approx)
                            || before.is(Class::SizeBefore)
                                && party.from >= 2
                                && self.tokens[party.from - 2].is(Class::Approx)
                    });
                let named = words.len() == 1 && words[0].text == "myself" && led(Class::SizeBefore);
                let is_i = words[0].text == "i";
                !is_i && (alone || named || self.asked && self.is_only_me())
            }
            (false, false) => party.has_number || self.asked || led(Class::SizeBefore),
            (false, true) => party.has_number || self.asked && words.len() > 1 && !words[0].is(Class::Negation),
        }
    }

    /// Whether a text says only that one person comes: "me", "it's for me please".
    pub(super) fn is_only_me(&self) -> bool {
        let carries = [
            Class::Myself,
            Class::Filler,
            Class::Light,
            Class::SizeBefore,
            Class::Article,
            Class::Thanks,
            Class::Yes,
            Class::Approx,
            Class::Carrier,
        ];
        let rest = self.tokens.iter().filter(|token| token.kind != Kind::Mark && !token.is_any(&carries));
        !is_question(self.tokens)
            && rest.count() == 0
            && !self.tokens.iter().any(|token| token.is_any(&[Class::Callback, Class::Reach]))
    }

    /// The last number that is an answer as it stands. None of the words of a longer one is.
    fn last_bare(&self) -> Option<Party> {
        let (mut at, mut starts) = (0, Vec::new());
        while at < self.tokens.len() {
            starts.push(at);
            at = number_at(self.tokens, at).map_or(at + 1, |(_, to)| to);
        }
        starts.into_iter().rev().find_map(|at| self.bare_at(at))
    }

    /// "4, of which 2 kids", "5 if my sister comes": an answer that begins with one number and goes on with another one.
    fn first_of_several(&self, parties: &[Party]) -> Option<Party> {
        let changes = [Class::Negation, Class::Change, Class::Correction, Class::Past, Class::Or];
        let [party] = parties else { return None };
        let (count, to) = number_at(self.tokens, 0).filter(|(_, to)| *to <= party.from && self.is_free(0, *to))?;
        // "Una mesa para cuatro" begins with no number.
        let is_article = count == 1 && self.tokens[0].kind != Kind::Digits;
        let counts = !is_article
            && match self.counts(0, to) {
                Counts::Alone | Counts::People => true,
                // "4 including 2 kids", but "4 courses, 8 people"
                Counts::Unknown => party.from == to + 1,
                Counts::Thing => false,
            }
            && !self.is_other_thing(self.tokens.get(to));
        let is_open = counts && Some(count) != party.count && !self.tokens.iter().any(|token| token.is_any(&changes));
        is_open.then(|| Party { is_open, ..Party::number(0, party.to, count) })
    }

    /// A number alone as an answer.
    pub(super) fn bare_at(&self, at: usize) -> Option<Party> {
        if self.is(at, Class::Alone) {
            return Some(Party { has_self: true, has_number: false, ..Party::number(at, at + 1, 1) });
        }
        let couple = self.tokens.get(at).filter(|token| token.value(Class::People) == Some(2));
        if couple.is_some() && self.is_free(at, at + 1) {
            let from = at - usize::from(at > 0 && self.is(at - 1, Class::Article));
            return Some(Party::number(from, at + 1, 2));
        }
        if at > 0 && self.tokens[at].glued && self.tokens[at - 1].kind != Kind::Mark {
            return None;
        }
        let (count, to) = whole_at(self.tokens, at).filter(|(count, to)| *count <= 9_999 && self.is_free(at, *to))?;
        let words = self.tokens.iter().filter(|token| token.kind != Kind::Mark).count();
        let stands = match self.counts(at, to) {
            Counts::Alone | Counts::People => true,
            Counts::Unknown => words <= 3,
            Counts::Thing => false,
        };
        let fits = stands && !self.is_other_thing(self.tokens.get(to)) && !is_pronoun(self.tokens, at);
        fits.then(|| Party::number(at, to, count))
    }
}

impl Party {
    /// A number of people, and nothing with it.
    fn number(from: usize, to: usize, count: u32) -> Self {
        Self { from, to, members: 1, is_open: false, has_self: false, has_number: true, count: Some(count) }
    }

    pub(super) fn has_kin(&self, tokens: &[Token]) -> bool {
        tokens[self.from..self.to].iter().any(|token| token.is_any(&[Class::Kin, Class::Possessive]))
    }
}
