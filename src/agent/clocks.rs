//! The grammar of times of day: what words from a token on mean a time, and which one.

use jiff::civil::{DateTime, Time};

use super::class::Class;
use super::days::{Hit, Meaning};
use super::lexer::{Kind, ReadsTokens, Token};
use super::numbers::{count_at, number_at};
use super::pack::packs;

/// Minutes of half a day.
const HALF_DAY: i32 = 12 * 60;

/// A time of day, with its day where the words have both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    Time(Time),
    /// "in an hour": a day and a time.
    At(DateTime),
}

/// What times are read with.
#[derive(Clone, Copy)]
pub(super) struct Clock<'a> {
    pub(super) tokens: &'a [Token],
    /// The person's own time, to the minute.
    pub(super) now: DateTime,
    /// Whether a time was asked for.
    pub(super) asked: bool,
    /// The part of the day that the words around decide, as in "tomorrow evening at 6".
    pub(super) part: Option<i16>,
}

/// An hour and a minute as said, before a.m. or p.m. is decided.
#[derive(Clone, Copy)]
pub(super) struct Said {
    /// Minutes since midnight, or since noon where that is open.
    pub(super) minutes: i32,
    /// Whether only a 24-hour clock says it like this: "15:00", "07:30".
    pub(super) is_whole_day: bool,
    pub(super) end: usize,
    /// Whether the number alone says no time: it needs something around it.
    pub(super) is_bare: bool,
}

impl ReadsTokens for Clock<'_> {
    fn tokens(&self) -> &[Token] {
        self.tokens
    }
}

impl Clock<'_> {
    /// The time that begins at a token.
    pub(super) fn clock_at(&self, at: usize) -> Option<Hit<Moment>> {
        if let Some(hit) = self.soon(at) {
            return Some(hit);
        }
        // "night at 8:15", 下午3点, "kol 5 petang": a part of the day before the time.
        let part = self
            .value(at, Class::DayPart)
            .filter(|_| !self.is(at, Class::Relative) || self.is(at.wrapping_sub(1), Class::PartIn));
        let part = part.filter(|_| !self.is(at, Class::Noon));
        let (part, start) = match part {
            Some(part) => (Some(part), self.skip_approx(at + 1)),
            None => (None, at),
        };
        let marked = self.is(start, Class::ClockAt) || self.is(start, Class::ClockOn);
        if part.is_some() && start == at + 1 && !marked && !self.follows_at_once(at) {
            return None;
        }
        let start = if part.is_some() && marked { self.skip_approx(start + 1) } else { start };
        let only = self.is(start.wrapping_sub(1), Class::ClockOn);
        let said = self.said(start, only || part.is_some())?;
        let at = at + usize::from(self.is(at, Class::Article) && self.is(at + 1, Class::Quarter));
        self.completed(at, said, part, only || marked && part.is_some())
    }

    /// Whether a part of the day stands right before its hour, as Chinese has it.
    pub(super) fn follows_at_once(&self, at: usize) -> bool {
        self.tokens[at].kind == Kind::Ideograph || self.is(at + 1, Class::ClockOn)
    }

    pub(super) fn skip_approx(&self, mut at: usize) -> usize {
        while self.is(at, Class::Approx) && number_at(self.tokens, at).is_none() {
            at += 1;
        }
        at
    }

    /// "in an hour", "in 20 minutes", "half an hour from now", "now".
    pub(super) fn soon(&self, at: usize) -> Option<Hit<Moment>> {
        if self.is(at, Class::Now) {
            let is_answer = self.asked || at > 0 && self.tokens[at - 1].is(Class::Free);
            return is_answer.then(|| Hit::new(at, at + 1, Meaning::Known(Moment::At(self.now))));
        }
        let opens = self.is(at, Class::In);
        let start = self.skip_approx(at + usize::from(opens));
        let (minutes, mut end, is_open) = self.minutes(start)?;
        let later = self.is(end, Class::Later);
        if !opens && !later || self.is(end, Class::Ago) {
            return None;
        }
        end += usize::from(later);
        let then = self.now.checked_add(jiff::Span::new().try_minutes(i64::from(minutes)).ok()?).ok();
        let means = then.filter(|_| !is_open).map_or(Meaning::Open, |then| Meaning::Known(Moment::At(then)));
        // "in a minute" and "give me a second" are no times.
        (is_open || minutes > 1).then(|| Hit::new(at, end, means))
    }

    /// An amount of hours and minutes, and whether it is left open.
    pub(super) fn minutes(&self, at: usize) -> Option<(i32, usize, bool)> {
        if self.is(at, Class::Half) {
            let end = at + 1 + usize::from(self.is(at + 1, Class::Article));
            return (self.value(end, Class::Unit) == Some(2)).then_some((30, end + 1, false));
        }
        let (count, end, is_open) = match count_at(self.tokens, at) {
            Some((count, end)) => (i32::try_from(count).ok()?, end, false),
            None if self.is(at, Class::Few) => (1, at + 1, true),
            None if self.is(at.wrapping_sub(1), Class::In) => (1, at, false),
            None => return None,
        };
        let end = end + usize::from(self.is(end, Class::Of));
        let (mut total, mut end) = match self.value(end, Class::Unit) {
            Some(1) => (count, end + 1),
            Some(2) => (count.checked_mul(60)?, end + 1),
            _ => return None,
        };
        if self.is(end, Class::And) {
            let half = end + 1 + usize::from(self.is(end + 1, Class::Article));
            if self.is(half, Class::Half) {
                (total, end) = (total + 30, half + 1);
            } else if let Some((more, behind)) = number_at(self.tokens, end + 1)
                && self.value(behind, Class::Unit) == Some(1)
            {
                (total, end) = (total + i32::try_from(more).ok()?, behind + 1);
            }
        }
        Some((total, end, is_open))
    }

    /// What follows the hour: "ish", a.m. or p.m., the part of the day.
    pub(super) fn completed(&self, from: usize, said: Said, lead: Option<i16>, marked: bool) -> Option<Hit<Moment>> {
        let mut end = said.end;
        let dash = usize::from(self.is_mark(end, '-') && self.is(end + 1, Class::Approx));
        let ish = self.is(end + dash, Class::Approx) && self.tokens[end + dash].text == "ish";
        if ish && self.tokens[end].glued {
            end += dash + 1;
        }
        let mut half = self.value(end, Class::Meridiem);
        let mut part = lead;
        if half.is_some() {
            end += 1;
        }
        let (behind, follows) = self.part_after(end);
        if let Some(found) = follows {
            if part.is_some_and(|part| part != found) {
                return Some(Hit::new(from, behind, Meaning::Open));
            }
            part = Some(found);
            end = behind;
        }
        let says = half.is_some() || follows.is_some();
        // "fifteen" and "13" may be hours after a question, with nothing around them.
        if said.is_bare && !says && !ish && !marked && !self.asked && !self.follows_at(from) {
            return None;
        }
        if half.is_none() && part.is_none() {
            part = self.part;
        }
        if said.is_whole_day && half == Some(1) && said.minutes >= HALF_DAY {
            return Some(Hit::new(from, end, Meaning::Open));
        }
        half = half.or_else(|| part.map(|part| half_of(part, said.minutes)));
        Some(Hit::new(from, end, means(said, half)))
    }

    /// "in the evening", "de la tarde", "дня", "sore", "tonight".
    pub(super) fn part_after(&self, at: usize) -> (usize, Option<i16>) {
        let start = at + usize::from(self.is_mark(at, ','));
        let is_in = self.is(start, Class::PartIn) || self.is(start, Class::This);
        if is_in && let Some(part) = self.value(start + 1, Class::DayPart) {
            return (start + 2, Some(part));
        }
        if let Some(part) = self.value(at, Class::Tonight).filter(|_| self.is(at, Class::PartIn)) {
            return (at + 1, Some(part));
        }
        let bare = self.tokens.get(at).and_then(|token| token.sense(Class::DayPart)).filter(|sense| {
            let own = self.tokens[at].sense(Class::PartIn).is_some();
            own || sense.languages.places().any(|place| packs()[place].about.code != "en")
        });
        let is_day = self.is(at, Class::Relative);
        match bare.filter(|_| !is_day) {
            Some(sense) => (at + 1, Some(sense.value)),
            None => (at, None),
        }
    }
}

/// Which half of the day a part decides for an hour: 1 before, 2 after midday.
fn half_of(part: i16, minutes: i32) -> i16 {
    let hour = minutes / 60 % 12;
    match part {
        1 => 1,
        2 if hour >= 10 => 1,
        5 if hour <= 4 => 1,
        _ => 2,
    }
}

/// The time of day, once a.m. or p.m. is known; in words where it is open.
fn means(said: Said, half: Option<i16>) -> Meaning<Moment> {
    let minutes = match half {
        _ if said.is_whole_day && said.minutes >= 13 * 60 => said.minutes,
        Some(1) if said.minutes >= HALF_DAY && said.minutes < HALF_DAY + 60 => said.minutes - HALF_DAY,
        Some(2) if said.minutes < HALF_DAY => said.minutes + HALF_DAY,
        None if !said.is_whole_day && said.minutes < HALF_DAY => return Meaning::Words,
        _ => said.minutes,
    };
    let minutes = minutes % (24 * 60);
    let (Ok(hour), Ok(minute)) = (i8::try_from(minutes / 60), i8::try_from(minutes % 60)) else { return Meaning::Open };
    Time::new(hour, minute, 0, 0).map_or(Meaning::Open, |time| Meaning::Known(Moment::Time(time)))
}
