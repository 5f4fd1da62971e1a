//! The grammar of days: what words from a token on mean a day, and which one.

use jiff::Span as Duration;
use jiff::civil::{Date, Weekday};

use super::class::Class;
use super::lexer::{Kind, ReadsTokens, Token};
use super::numbers::{any_ordinal_at, count_at, ordinal_at};

/// What an expression means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning<T> {
    /// One value.
    Known(T),
    /// One of two values that people do not keep apart: it is kept in words.
    Words,
    /// No single value, or one that does not exist: it is asked for again.
    Open,
}

/// An expression: its tokens, and what they mean.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hit<T> {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) means: Meaning<T>,
}

impl<T> Hit<T> {
    pub(super) fn new(from: usize, to: usize, means: Meaning<T>) -> Self {
        Self { from, to, means }
    }
}

/// What days are relative to.
#[derive(Clone, Copy)]
pub(super) struct Calendar<'a> {
    pub(super) tokens: &'a [Token],
    pub(super) today: Date,
    /// Whether 4/5 is the fifth of April.
    pub(super) month_first: bool,
    /// Whether a day was asked for.
    pub(super) asked: bool,
}

pub(super) type Day = Hit<Date>;

impl ReadsTokens for Calendar<'_> {
    fn tokens(&self) -> &[Token] {
        self.tokens
    }
}

impl Calendar<'_> {
    /// The first token from `at` on that is of none of the classes, nor a comma.
    pub(super) fn skip(&self, mut at: usize, classes: &[Class]) -> usize {
        while self.tokens.get(at).is_some_and(|token| token.is_any(classes) || token.is_mark(',')) {
            at += 1;
        }
        at
    }

    /// The day that begins at a token.
    pub(super) fn day_at(&self, at: usize) -> Option<Day> {
        let hit =
            self.dated(at).or_else(|| self.week(at)).or_else(|| self.relative(at)).or_else(|| self.duration(at))?;
        let from = if self.is(at, Class::The) && hit.from == at { at + 1 } else { hit.from };
        Some(Day { from, ..hit })
    }

    /// A date with its month, or a day of the month, with or without a weekday around it.
    pub(super) fn dated(&self, at: usize) -> Option<Day> {
        let weekday = self.value(at, Class::Weekday).and_then(weekday);
        let start = if weekday.is_some() { self.skip_dot(at + 1) } else { at };
        let mut hit = self.numeric(start).or_else(|| self.by_marks(start)).or_else(|| self.named(start));
        if hit.is_none() {
            hit = self.of_month(start, weekday.is_some());
        }
        let mut hit = hit?;
        let behind = self.skip(hit.to, &[Class::DayOn, Class::The]);
        let trailing = self.value(behind, Class::Weekday).filter(|_| weekday.is_none() && behind <= hit.to + 2);
        let is_apart = trailing.is_some() && self.dated(behind).is_some_and(|next| next.to > behind + 1);
        let mut said = weekday;
        if let Some(day) = trailing.filter(|_| !is_apart) {
            said = self::weekday(day);
            hit.to = behind + 1;
        }
        // "Monday, 5 March" where that is a Tuesday: one of the two is wrong, and it stays in words.
        if let (Meaning::Known(date), Some(said)) = (hit.means, said)
            && date.weekday() != said
            && self.has_no_year(at, hit.to)
        {
            hit.means = Meaning::Words;
        }
        if weekday.is_some() {
            hit.from = at;
        }
        Some(hit)
    }

    /// Behind the full stop of an abbreviated weekday, and what joins it to its date.
    pub(super) fn skip_dot(&self, at: usize) -> usize {
        self.skip(at + usize::from(self.is_mark(at, '.')), &[Class::DayOn, Class::Of, Class::The])
    }

    pub(super) fn has_no_year(&self, from: usize, to: usize) -> bool {
        !self.tokens[from..to].iter().any(|token| token.kind == Kind::Digits && token.text.len() == 4)
    }

    pub(super) fn skip_articles(&self, at: usize) -> usize {
        let mut at = at;
        while self.is(at, Class::The) && !self.is(at, Class::Month) {
            at += 1;
        }
        at
    }

    /// "the 5th", "the 20th of next month", "Friday the 13th".
    pub(super) fn of_month(&self, at: usize, follows_weekday: bool) -> Option<Day> {
        let start = self.skip_articles(at);
        let marked = ordinal_at(self.tokens, start);
        let found = marked.or_else(|| any_ordinal_at(self.tokens, start))?;
        let (day, end) = found;
        let behind = self.skip(end, &[Class::Of, Class::DayOn, Class::The]);
        if self.value(behind, Class::Weekday).is_some() && day <= 5 && marked.is_none() && behind == end {
            return self.nth_weekday(at, behind, i8::try_from(day).ok()?);
        }
        if self.is(behind, Class::Next) && self.value(behind + 1, Class::Unit) == Some(5) {
            let first = self.today.first_of_month().checked_add(Duration::new().months(1)).ok()?;
            return Some(Day::new(at, behind + 2, known(date_in(first, day))));
        }
        if self.is(behind, Class::This) && self.value(behind + 1, Class::Unit) == Some(5) {
            return Some(Day::new(at, behind + 2, known(date_in(self.today.first_of_month(), day))));
        }
        let fits = (1..=31).contains(&day) && (marked.is_some() || follows_weekday || self.asked || start > at);
        let year = self.year(end).filter(|_| follows_weekday);
        if let Some((_, to)) = year.filter(|_| fits) {
            return Some(Day::new(at, to, Meaning::Open));
        }
        fits.then(|| Day::new(at, end, known(self.next_of_month(day))))
    }

    /// "the last Friday of this month", "the first Monday in May".
    pub(super) fn nth_weekday(&self, from: usize, at: usize, nth: i8) -> Option<Day> {
        let weekday = weekday(self.value(at, Class::Weekday)?)?;
        let behind = self.skip(at + 1, &[Class::Of, Class::In, Class::DayOn, Class::The]);
        let (first, to) = if self.value(behind + 1, Class::Unit) == Some(5)
            && (self.is(behind, Class::This) || self.is(behind, Class::Next))
        {
            let months = i64::from(self.is(behind, Class::Next));
            (self.today.first_of_month().checked_add(Duration::new().months(months)).ok()?, behind + 2)
        } else {
            let month = self.value(behind, Class::Month)?;
            let month = u32::try_from(month).ok()?;
            let (year, to) = self.year(behind + 1).map_or((None, behind + 1), |(year, to)| (Some(year), to));
            (self.with_year(month, 28, year)?.first_of_month(), to)
        };
        Some(Day::new(from, to, known(first.nth_weekday_of_month(nth, weekday).ok())))
    }

    /// Weekdays, weeks and months relative to this one.
    pub(super) fn week(&self, at: usize) -> Option<Day> {
        if self.is(at, Class::Last) && self.value(at + 1, Class::Weekday).is_some() {
            return self.nth_weekday(at, at + 1, -1);
        }
        // "la semana que viene", "minggu depan": the unit comes first.
        let after = self.skip_articles(at);
        if self.value(after, Class::Unit).is_some_and(|unit| unit >= 4)
            && (self.is(after + 1, Class::Next) || self.is(after + 1, Class::This))
        {
            let behind = self.skip(after + 2, &[Class::DayOn, Class::The]);
            let weekday = self
                .value(behind, Class::Weekday)
                .and_then(weekday)
                .filter(|_| self.value(after, Class::Unit) == Some(4));
            let weeks = i32::from(self.is(after + 1, Class::Next));
            return Some(match weekday {
                Some(weekday) => Day::new(at, behind + 1, known(self.of_week(weeks, weekday))),
                None => Day::new(at, after + 2, Meaning::Open),
            });
        }
        let lead = self.is(at, Class::Next) || self.is(at, Class::This);
        let next = self.is(at, Class::Next);
        let place = at + usize::from(lead);
        // "the following Sunday, September 2"
        if let Some(hit) = self.dated(place).filter(|hit| lead && hit.to > place + 1) {
            return Some(hit);
        }
        if let Some(weekday) = self.value(place, Class::Weekday).and_then(weekday) {
            let behind = self.skip(place + 1, &[Class::DayOn]);
            if self.is(behind, Class::Next) && self.value(behind + 1, Class::Unit) == Some(4) {
                return Some(Day::new(at, behind + 2, known(self.of_week(1, weekday))));
            }
            if self.is(behind, Class::This) && self.value(behind + 1, Class::Unit) == Some(4) {
                return Some(Day::new(at, behind + 2, known(self.of_week(0, weekday))));
            }
            if self.is(place + 1, Class::Next) {
                return Some(Day::new(at, place + 2, self.next_weekday(weekday)));
            }
            let means = if next { self.next_weekday(weekday) } else { known(self.today.nth_weekday(1, weekday).ok()) };
            return Some(Day::new(at, place + 1, means));
        }
        if !lead {
            return None;
        }
        let unit = self.value(place, Class::Unit).filter(|unit| *unit >= 4);
        if unit == Some(4) {
            let behind = self.skip(place + 1, &[Class::DayOn]);
            if let Some(weekday) = self.value(behind, Class::Weekday).and_then(weekday) {
                return Some(Day::new(at, behind + 1, known(self.of_week(i32::from(next), weekday))));
            }
        }
        (unit.is_some() || self.is(place, Class::Weekend)).then(|| Day::new(at, place + 1, Meaning::Open))
    }

    /// "Next Friday": that of next week, if no Friday comes before it; otherwise people do not agree.
    pub(super) fn next_weekday(&self, weekday: Weekday) -> Meaning<Date> {
        let soonest = self.today.nth_weekday(1, weekday).ok();
        if soonest == self.of_week(1, weekday) { known(soonest) } else { Meaning::Words }
    }

    /// That day of the week that begins so many weeks after this one's Monday.
    pub(super) fn of_week(&self, weeks: i32, weekday: Weekday) -> Option<Date> {
        let since = i32::from(self.today.weekday().to_monday_zero_offset());
        let days = weeks * 7 + i32::from(weekday.to_monday_zero_offset()) - since;
        self.today.checked_add(Duration::new().days(days)).ok()
    }

    /// Today, tomorrow, tonight, Christmas.
    pub(super) fn relative(&self, at: usize) -> Option<Day> {
        let token = self.tokens.get(at)?;
        let later = |days: i16| self.today.checked_add(Duration::new().days(days)).ok();
        // "por la mañana": in the morning, not tomorrow.
        let is_part = token.is(Class::DayPart) && at > 0 && self.is(at - 1, Class::PartIn);
        if let Some(days) = token.value(Class::Relative).filter(|_| !is_part) {
            return Some(Day::new(at, at + 1, known(later(days))));
        }
        if token.is(Class::Tonight) {
            return Some(Day::new(at, at + 1, Meaning::Known(self.today)));
        }
        if self.is(at, Class::This) && self.is(at + 1, Class::DayPart) {
            return Some(Day::new(at, at + 2, Meaning::Known(self.today)));
        }
        if let Some(day) = token.value(Class::Holiday) {
            let (month, day) = (u32::try_from(day / 100).ok()?, u32::try_from(day % 100).ok()?);
            return Some(Day::new(at, at + 1, known(self.nearest(month, day))));
        }
        None
    }

    /// "in 3 days", "two weeks from tomorrow", "三天后"; days, weeks, months and years.
    pub(super) fn duration(&self, at: usize) -> Option<Day> {
        let opens = self.is(at, Class::In);
        let start = self.skip(at + usize::from(opens), &[Class::Approx]);
        let (days, months, mut end, is_open) = self.amount(start, opens)?;
        let (from, to) = if self.is(end, Class::Later) {
            end += 1;
            (Some(self.today), end)
        } else if self.is(end, Class::From) {
            let day = self.dated(end + 1).or_else(|| self.week(end + 1)).or_else(|| self.relative(end + 1))?;
            let Meaning::Known(date) = day.means else { return Some(Day::new(at, day.to, Meaning::Open)) };
            (Some(date), day.to)
        } else {
            (opens.then_some(self.today), end)
        };
        let ago = self.is(end, Class::Ago);
        let from = from.filter(|_| !ago)?;
        let span = Duration::new().try_months(i64::from(months)).ok()?.try_days(i64::from(days)).ok()?;
        let means = if is_open { Meaning::Open } else { known(from.checked_add(span).ok()) };
        Some(Day::new(if opens { at } else { start }, to, means))
    }

    /// An amount of time in days and months: its end, and whether it is left open.
    pub(super) fn amount(&self, start: usize, opens: bool) -> Option<(u32, u32, usize, bool)> {
        let (mut days, mut months, mut at, mut is_open) = (0_u32, 0_u32, start, false);
        loop {
            let mut from = at;
            if at > start {
                if !self.is(at, Class::And) {
                    break;
                }
                from += 1;
            }
            let (count, end) = match count_at(self.tokens, from) {
                Some(found) => found,
                None if self.is(from, Class::Few) => {
                    is_open = true;
                    (1, from + 1)
                }
                None if opens && at == start => (1, from),
                None => break,
            };
            let end = self.skip_of(end);
            if let Some(each) = self.value(end, Class::Days).and_then(|days| u32::try_from(days).ok()) {
                days = days.checked_add(count.checked_mul(each)?)?;
            } else {
                match self.value(end, Class::Unit) {
                    Some(3) => days = days.checked_add(count)?,
                    Some(4) => days = days.checked_add(count.checked_mul(7)?)?,
                    Some(5) => months = months.checked_add(count)?,
                    Some(6) => months = months.checked_add(count.checked_mul(12)?)?,
                    _ => break,
                }
            }
            at = end + 1;
        }
        (at > start).then_some((days, months, at, is_open))
    }

    /// "a couple of days", "3 more days".
    pub(super) fn skip_of(&self, at: usize) -> usize {
        self.skip(at, &[Class::Of])
    }

    /// That day of this year, or of the next year if it is past.
    pub(super) fn nearest(&self, month: u32, day: u32) -> Option<Date> {
        let year = u32::try_from(self.today.year()).ok()?;
        match date(year, month, day) {
            Some(found) if found >= self.today => Some(found),
            _ => date(year + 1, month, day),
        }
    }

    /// The next date with that day of the month: of this month or the next.
    pub(super) fn next_of_month(&self, day: u32) -> Option<Date> {
        let first = self.today.first_of_month();
        let next = first.checked_add(Duration::new().months(1)).ok()?;
        date_in(first, day).filter(|found| *found >= self.today).or_else(|| date_in(next, day))
    }
}

pub(super) fn known(found: Option<Date>) -> Meaning<Date> {
    found.map_or(Meaning::Open, Meaning::Known)
}

pub(super) fn date(year: u32, month: u32, day: u32) -> Option<Date> {
    Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

fn date_in(month: Date, day: u32) -> Option<Date> {
    Date::new(month.year(), month.month(), i8::try_from(day).ok()?).ok()
}

fn weekday(value: i16) -> Option<Weekday> {
    Weekday::from_monday_one_offset(i8::try_from(value).ok()?).ok()
}
