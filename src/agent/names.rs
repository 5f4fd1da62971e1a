//! Finds a person's name in a text, and distinguishes first names from last names.

use super::asides::is_question;
use super::class::Class;
use super::fields::Part;
use super::lexer::{Kind, ReadsTokens as _, Token};
use super::name_runs::{Found, Run, Search};
use super::reader::Reader;

/// Tokens of an answer that is a name alone, at most.
const ANSWER_TOKENS_MAX: usize = 40;
/// Words before a name in a first piece, after which later pieces are not searched.
const HEAD_WORDS_MAX: usize = 8;

/// How reliably a lead is followed by a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Lead {
    /// "for": needs two capitalised words.
    Weak,
    /// "under", "I'm": needs one capitalised word.
    Fair,
    /// "my name is": takes words in any case.
    Strong,
}

/// Finds the names of a text, the most reliable first. `asked` also accepts an answer that is only a name.
pub(super) fn find(reader: &Reader<'_>, asked: bool) -> Vec<Found> {
    let tokens = &reader.tokens[..];
    let shouts = !reader.text.contains(char::is_lowercase);
    let search = Search { reader, tokens, asked, shouts };
    let mut found: Vec<(Lead, Found)> = Vec::new();
    let mut add = |lead: Lead, name: Found| {
        if !found.iter().any(|(_, other)| other.span.overlaps(name.span)) {
            found.push((lead, name));
        }
    };
    search.tails(&mut add);
    let leads = [Lead::Strong, Lead::Fair, Lead::Weak];
    for lead in leads.into_iter().filter(|lead| *lead != Lead::Weak || books(tokens)) {
        for at in 0..tokens.len() {
            if let Some(name) = search.after_lead(at, lead) {
                add(lead, name);
            }
        }
    }
    if found.is_empty() && asked {
        found.extend(search.answer().or_else(|| search.likely()).map(|name| (Lead::Strong, name)));
    }
    found.sort_by_key(|(lead, name)| (std::cmp::Reverse(*lead), name.span.start));
    found.into_iter().map(|(_, name)| name).collect()
}

/// Whether a text is about a booking, and does not ask for a place.
fn books(tokens: &[Token]) -> bool {
    tokens.iter().any(|token| token.is_any(&[Class::Booking, Class::Visit]) && !token.is(Class::Proposal))
        && !tokens.iter().any(|token| token.is_any(&[Class::Search, Class::Organisation]))
}

impl Search<'_> {
    /// The name after the words at a token, if they introduce one that reliably.
    pub(super) fn after_lead(&self, at: usize, lead: Lead) -> Option<Found> {
        match lead {
            Lead::Strong => self.after_intro(at),
            Lead::Fair => self.after_title(at).or_else(|| self.after_weak_intro(at)),
            Lead::Weak => self.after_joint(at),
        }
    }

    pub(super) fn is_negated(&self, at: usize) -> bool {
        at > 0
            && (self.is(at - 1, Class::Negation)
                || self.is(at - 1, Class::Question) && !self.is(at - 1, Class::Verb)
                || self.is(at - 1, Class::Organisation))
    }

    /// "My name is …", "under the name …".
    pub(super) fn after_intro(&self, at: usize) -> Option<Found> {
        let value = self.tokens[at].value(Class::NameIntro)?;
        if self.is_negated(at) || self.tokens[..at].iter().rev().take(4).any(|token| token.is(Class::Organisation)) {
            return None;
        }
        let mut start = self.skip_marks(at + 1);
        while self.is(start, Class::Article) || self.is(start, Class::The) || self.is(start, Class::Approx) {
            start += 1;
        }
        let under = self.is(at, Class::NameUnder);
        let run = self.run(start, true);
        let (first, _) = *run.words.first()?;
        let is_search = self.searches(at);
        if under && !self.tokens[first].capital
            || is_search
            || self.names_organisation(&run) && under
            || self.is_place(run.end)
        {
            return None;
        }
        let only_common = run.words.len() == 1 && self.is(first, Class::Common) && !self.tokens[first].capital;
        let mut found = self.found(&run, Part::of(value)).filter(|_| !only_common)?;
        if !self.tokens[first].capital && !self.ends_cleanly(&run) {
            found.is_open = true;
        }
        Some(found)
    }

    /// Whether a name in lower case ends where another clause begins.
    pub(super) fn ends_cleanly(&self, run: &Run) -> bool {
        self.tokens
            .get(run.end)
            .is_none_or(|next| next.kind != Kind::Word || next.is_known() || !self.reader.is_free_token(run.end))
    }

    pub(super) fn searches(&self, at: usize) -> bool {
        let before = &self.tokens[..at];
        before.iter().any(|token| token.is(Class::Search))
            && !before.iter().any(|token| token.is(Class::Booking) && token.text.starts_with(['b', 'r']))
    }

    /// "Chez Panisse restaurant", "Orchard area"
    pub(super) fn is_place(&self, at: usize) -> bool {
        self.is(at, Class::Organisation) && !self.is(at, Class::NameTail)
    }

    /// "Mr Tan", "under Tan".
    pub(super) fn after_title(&self, at: usize) -> Option<Found> {
        let title = self.is(at, Class::Honorific) && (at == 0 || !self.is(at - 1, Class::Honorific));
        let under = self.is(at, Class::NameUnder) && !self.is(at, Class::NameIntro);
        if !title && !under || self.is_negated(at) {
            return None;
        }
        let addressed = at.checked_sub(1).is_some_and(|before| {
            self.is(before, Class::Addressed)
                || self.tokens[before].is_mark(',') && before > 0 && self.is(before - 1, Class::Addressed)
        });
        if title && addressed {
            return None;
        }
        let start = if title { at } else { self.skip_marks(at + 1) };
        let run = self.run(start, false);
        let (first, _) = *run.words.first()?;
        let fits = self.tokens[first].capital
            && !self.all_plain(&run)
            && !self.names_organisation(&run)
            && !self.searches(at)
            && !self.is_place(run.end);
        let titled = title || self.is(start, Class::Honorific);
        let part = if run.words.len() == 1 && (titled || under) { Part::Last } else { Part::Whole };
        self.found(&run, part).filter(|_| fits)
    }

    /// "I'm Vashti", "this is …": also said before many other words.
    pub(super) fn after_weak_intro(&self, at: usize) -> Option<Found> {
        if !self.is(at, Class::NameIntroWeak) || self.is_negated(at) {
            return None;
        }
        // "Am I speaking to Maria?"
        if at > 1 && self.is(at - 1, Class::Myself) && self.is(at - 2, Class::Question) {
            return None;
        }
        let start = self.skip_marks(at + 1);
        let run = self.run(start, true);
        let (first, _) = *run.words.first()?;
        if self.all_plain(&run)
            || self.is(first, Class::SideMatter)
            || self.names_organisation(&run)
            || self.is_place(run.end)
        {
            return None;
        }
        let ends = self.tokens.get(run.end).is_none_or(|next| {
            next.kind == Kind::Mark
                || next.is_any(&[Class::And, Class::Article, Class::Myself, Class::NameTail, Class::Light])
                || !self.reader.is_free_token(run.end)
        });
        let rare = run.words.iter().filter(|(from, _)| !self.tokens[*from].is_known()).count();
        let is_name = match (
            self.tokens[first].capital && !self.shouts || self.tokens[first].kind == Kind::Ideograph,
            run.words.len(),
        ) {
            (true, 1) => {
                ends && self.tokens[first].kind != Kind::Ideograph
                    || self.tokens[first].kind == Kind::Ideograph && self.asked
            }
            (true, _) => true,
            // In lower case words are a name only where no language knows them.
            (false, count) => ends && rare == count && (self.asked || count > 1) && count <= 4,
        };
        self.found(&run, Part::Whole).filter(|_| is_name)
    }

    /// "for X Y" in a sentence about a booking, "X Y," at the start of one.
    pub(super) fn after_joint(&self, at: usize) -> Option<Found> {
        let joint = self.is(at, Class::NameFor);
        let mark =
            self.tokens[at].kind == Kind::Mark && matches!(self.tokens[at].text.as_str(), "," | ";" | "." | "!" | "-");
        let starts = at == 0 && !joint;
        let start = if starts { 0 } else { at + 1 };
        if !joint && !mark && !starts || self.is_negated(at) {
            return None;
        }
        let run = self.run(start, false);
        let fits = (2..=3).contains(&run.words.len()) && !self.all_plain(&run) && !self.names_organisation(&run);
        let alone = self.tokens.get(run.end).is_none_or(|next| next.kind == Kind::Mark);
        let opens = !self.tokens.first().is_some_and(|first| first.is(Class::Question));
        self.found(&run, Part::Whole).filter(|_| fits && (joint || alone && opens))
    }

    /// "Vashti Sampaia here", "Exie Bichoff is my name".
    pub(super) fn tails(&self, add: &mut impl FnMut(Lead, Found)) {
        let mut at = 0;
        while at < self.tokens.len() {
            let glued = self.tokens[at].glued && at > 0 && self.tokens[at - 1].kind != Kind::Mark;
            let run = if glued || !self.text(at).starts_with(char::is_uppercase) {
                Run::default()
            } else {
                self.run(at, false)
            };
            if run.words.is_empty() {
                at += 1;
                continue;
            }
            if let Some(found) = self.before_tail(&run) {
                add(Lead::Strong, found);
            }
            at = run.end.max(at + 1);
        }
    }

    pub(super) fn before_tail(&self, run: &Run) -> Option<Found> {
        let (first, _) = *run.words.first()?;
        if self.all_plain(run) || self.names_organisation(run) || self.tokens[first].kind == Kind::Ideograph {
            return None;
        }
        let tail = (run.end..run.end + 2).find(|at| {
            !self.tokens.get(*at).is_some_and(|token| matches!(token.text.as_str(), "," | "\"" | "'" | ")"))
        })?;
        let value = self.tokens.get(tail)?.value(Class::NameTail)?;
        if value == 4 && run.words.len() < 2
            || self.tokens[..first].iter().rev().take(3).any(|token| token.is_any(&[Class::Organisation]))
        {
            return None;
        }
        let party = value == 5 && run.words.len() == 1;
        self.found(run, if party { Part::Last } else { Part::of(value) })
    }

    /// A name that is the whole answer, or a piece of it.
    pub(super) fn answer(&self) -> Option<Found> {
        let asks = self.tokens.iter().any(|token| token.is_mark('?'));
        if self.tokens.len() > ANSWER_TOKENS_MAX || asks {
            return None;
        }
        let mut start = 0;
        for place in 0..5 {
            let is_end = |at: &usize| {
                let token = &self.tokens[*at];
                let initial = token.is_mark('.')
                    && token.glued
                    && *at > start
                    && self.tokens[at - 1].capital
                    && self.text(at - 1).chars().count() <= 2;
                let title = token.is_mark('.') && *at > 0 && self.is(at - 1, Class::Honorific);
                (token.is_break() || token.is_mark(',')) && !initial && !title
            };
            let end = (start..self.tokens.len()).find(is_end).unwrap_or(self.tokens.len());
            if let Some(found) = self.piece(start, end) {
                return Some(found);
            }
            // A name behind other words is part of what they say: "a hotel in Phoenix, AZ".
            let says_more = (start..end).any(|at| !self.leads(at));
            if end >= self.tokens.len() || says_more || place == 0 && end - start > HEAD_WORDS_MAX {
                return None;
            }
            start = end + 1;
        }
        None
    }

    /// The only words of an answer that look like a name, among others: "you can put Oliver Grant". They are offered back.
    fn likely(&self) -> Option<Found> {
        if self.shouts || self.tokens.len() > ANSWER_TOKENS_MAX || is_question(self.tokens) {
            return None;
        }
        let mut runs: Vec<Run> = Vec::new();
        let mut at = 0;
        while at < self.tokens.len() {
            let starts = self.text(at).starts_with(char::is_uppercase);
            let run = if starts { self.run(at, false) } else { Run::default() };
            at = run.end.max(at + 1);
            if run.words.len() > 1 && !self.all_plain(&run) && !self.names_organisation(&run) {
                runs.push(run);
            }
        }
        let [run] = runs.as_slice() else { return None };
        self.found(run, Part::Whole).map(|found| Found { is_open: true, ..found })
    }

    /// Whether a token may stand before the name of an answer: "yes, it's", or another value.
    fn leads(&self, at: usize) -> bool {
        let token = &self.tokens[at];
        let carries = [
            Class::Filler,
            Class::Yes,
            Class::Greeting,
            Class::Thanks,
            Class::NameIntroWeak,
            Class::NameIntro,
            Class::NameFor,
            Class::NameUnder,
            Class::Carrier,
            Class::Honorific,
        ];
        !self.reader.is_free_token(at)
            || token.kind == Kind::Mark
            || token.is_any(&carries) && !self.is_written_name(at)
    }

    /// A piece of an answer that is a name, with at most "yes, it's" before it, and "please" or another value after it.
    pub(super) fn piece(&self, from: usize, to: usize) -> Option<Found> {
        let is_value = |at: &usize| !self.reader.is_free_token(*at);
        let may_lead = |at: &usize| self.leads(*at);
        let start = (from..to).find(|at| !may_lead(at))?;
        let titled = start > from && self.is(start - 1, Class::Honorific);
        let run = self.run(if titled { start - 1 } else { start }, true);
        let run = if run.words.is_empty() { self.run_of_capitals(start) } else { run };
        let first = run.words.first()?.0;
        let shows = |at: &usize| {
            is_value(at)
                || self.tokens[*at].is_any(&[Class::Filler, Class::Thanks, Class::NameTail, Class::NameFor])
                || self.tokens[*at].kind == Kind::Mark
        };
        let trails = (run.end..to).all(|at| shows(&at))
            && (run.end >= to || !self.is(to - 1, Class::NameFor) || is_value(&(to - 1)));
        let dangles = run.end < to
            && self.tokens[to - 1].is_any(&[Class::DayOn, Class::ClockAt, Class::The, Class::NameFor])
            && !is_value(&(to - 1));
        // "hello everyone"
        let greeted = start > from && self.is(start - 1, Class::Greeting) && !self.tokens[first].capital;
        let dangles = dangles || greeted;
        let opens_question =
            dangles || !self.tokens[first].capital && is_question(&self.tokens[from..to]) && to > from + 1;
        let says_more = !self.all_plain(&run)
            || self.tokens[first].capital && self.is(first, Class::AlsoName) && !self.is(first, Class::Filler);
        let fits = trails && says_more && !opens_question && !run.is_open && !self.names_organisation(&run);
        self.found(&run, Part::Whole).filter(|_| fits)
    }
}
