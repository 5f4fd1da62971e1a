//! The grammar of dates: a day of a month, in digits and in words.

use jiff::civil::Date;

use super::class::Class;
use super::days::{Calendar, Day, Meaning, date, known};
use super::lexer::{Kind, ReadsTokens};
use super::numbers::{any_ordinal_at, number_at};

/// Years ahead in which a year of two digits is one of these.
const SHORT_YEARS_MAX: i16 = 10;

impl Calendar<'_> {
    /// 2026-11-21, 21/11/2026, 21.11., 4/5.
    pub(super) fn numeric(&self, at: usize) -> Option<Day> {
        let tokens = self.tokens;
        let digits = |at: usize| tokens.get(at).filter(|token| token.kind == Kind::Digits && token.text.len() <= 4);
        let first = digits(at)?;
        let mark = tokens
            .get(at + 1)
            .filter(|mark| matches!(mark.text.as_str(), "/" | "." | "-") && mark.kind == Kind::Mark)?;
        let spaced = |place: usize| tokens.get(place).is_some_and(|token| !token.glued) && mark.text != "/";
        if spaced(at + 1) || spaced(at + 2) {
            return None;
        }
        let second = digits(at + 2).filter(|second| second.text.len() <= 2)?;
        let again = tokens.get(at + 3).is_some_and(|next| next.kind == Kind::Mark && next.text == mark.text);
        let third = digits(at + 4).filter(|third| again && (third.glued || mark.text == "/"));
        let (a, b) = (first.digits()?, second.digits()?);
        let Some(third) = third else {
            return self.numeric_pair(at, (a, b), first.text.len() <= 2, mark.text.as_str(), again);
        };
        if tokens.get(at + 5).is_some_and(|next| next.glued && next.kind != Kind::Mark) {
            return Some(Day::new(at, at + 6, Meaning::Open));
        }
        let c = third.digits()?;
        let (year, month, day) = match (first.text.len(), third.text.len()) {
            (4, 1..=2) => (a, b, c),
            (1..=2, 4) => self.in_order(a, b, c),
            (1..=2, 2) => self.in_order(a, b, 2000 + c),
            _ => return None,
        };
        let found = date(year, month, day);
        // "12/05/85" is no day of 2085, and in "01-02-03" the year may come first.
        let is_short = third.text.len() == 2 && first.text.len() <= 2;
        let is_near = found.is_some_and(|found| {
            found.year() <= self.today.year() + SHORT_YEARS_MAX && (c > 12 || found >= self.today)
        });
        Some(Day::new(at, at + 5, known(found.filter(|_| !is_short || is_near))))
    }

    pub(super) fn in_order(&self, first: u32, second: u32, year: u32) -> (u32, u32, u32) {
        let swaps = first <= 12 && (self.month_first || second > 12);
        if swaps { (year, first, second) } else { (year, second, first) }
    }

    /// A day and a month without a year; 24/7 and 8.30 are none, and 2-3 only where a day was asked for.
    pub(super) fn numeric_pair(
        &self,
        at: usize,
        pair: (u32, u32),
        is_short: bool,
        mark: &str,
        dotted: bool,
    ) -> Option<Day> {
        let (first, second) = pair;
        let end = at + 3 + usize::from(dotted && mark == ".");
        let is_date = is_short && first > 0 && second > 0 && first.max(second) <= 31 && first.min(second) <= 12;
        let is_written = match mark {
            "/" => (first, second) != (24, 7),
            "." => dotted || self.asked && second <= 12 && first > 12,
            _ => self.asked && first > 12,
        };
        let beyond =
            self.tokens.get(end).is_some_and(|next| next.glued && (next.kind != Kind::Mark || next.is_mark('/')));
        if !is_date || !is_written || beyond {
            return None;
        }
        let (_, month, day) = self.in_order(first, second, 0);
        if self.is(end, Class::This)
            && let Some((year, to)) = self.year(end)
        {
            return Some(Day::new(at, to, known(date(year, month, day))));
        }
        Some(Day::new(at, end, known(self.nearest(month, day))))
    }

    /// 2026年11月21日, 11月21日, 21号, "dia 5", "tanggal 5 Maret 2027".
    pub(super) fn by_marks(&self, at: usize) -> Option<Day> {
        let marked = |at: usize, class: Class| number_at(self.tokens, at).filter(|(_, end)| self.is(*end, class));
        let year = marked(at, Class::YearMark);
        let from = year.map_or(at, |(_, end)| end + 1);
        if let Some((month, end)) = marked(from, Class::MonthMark) {
            let Some((day, to)) = number_at(self.tokens, end + 1).filter(|(day, _)| *day <= 31) else {
                return Some(Day::new(at, end + 1, Meaning::Open));
            };
            let to = to + usize::from(self.is(to, Class::DayMark));
            let found = match year {
                Some((year, _)) => date(year, month, day),
                None => self.nearest(month, day),
            };
            return Some(Day::new(at, to, known(found)));
        }
        if year.is_some() {
            return Some(Day::new(at, from, Meaning::Open));
        }
        let (day, to) = if self.is(at, Class::DayMark) {
            any_ordinal_at(self.tokens, at + 1).or_else(|| number_at(self.tokens, at + 1))?
        } else {
            marked(at, Class::DayMark).map(|(day, end)| (day, end + 1))?
        };
        // "5 haribulan 3": the month as a number.
        let month = self.tokens[to - 1].kind == Kind::Word && self.is(to - 1, Class::DayMark);
        if let Some((month, end)) = number_at(self.tokens, to).filter(|(value, _)| month && (1..=12).contains(value)) {
            return Some(Day::new(at, end, known(self.nearest(month, day))));
        }
        let with_month = self.with_month(at, day, to);
        with_month.or_else(|| (1..=31).contains(&day).then(|| Day::new(at, to, known(self.next_of_month(day)))))
    }

    /// "5 March", "the 5th of March 2027", "March 5th, 2027", "March 2027".
    pub(super) fn named(&self, at: usize) -> Option<Day> {
        let start = self.skip_articles(at);
        if let Some((day, end)) = any_ordinal_at(self.tokens, start).or_else(|| self.day_number(start)) {
            return self.with_month(at, day, end);
        }
        // French "sept" is a number as well, and a month only behind a day.
        let month = self.tokens.get(start).filter(|token| !token.is(Class::Num))?.value(Class::Month)?;
        let month = u32::try_from(month).ok()?;
        let after = start + 1 + usize::from(self.is_mark(start + 1, '.'));
        let after = after + usize::from(self.is_mark(after, ','));
        let behind = self.skip_articles(after);
        let day = any_ordinal_at(self.tokens, behind).or_else(|| self.day_number(behind));
        if let Some((day, end)) = day.filter(|(_, end)| !self.counts_other(*end)) {
            let (year, to) = self.year(end).map_or((None, end), |(year, to)| (Some(year), to));
            return Some(Day::new(at, to, known(self.with_year(month, day, year))));
        }
        if let Some((_, to)) = self.year(start + 1) {
            return Some(Day::new(at, to, Meaning::Open));
        }
        let token = &self.tokens[start];
        let led = at > 0 && self.tokens[at - 1].is_any(&[Class::In, Class::This, Class::Next, Class::DayOn]);
        let is_month = led || !token.is(Class::Everyday) && !token.is(Class::AlsoName);
        (is_month && token.span.end - token.span.start > 3).then(|| Day::new(at, start + 1, Meaning::Open))
    }

    /// Whether the word after a number has it count something else: "March 5 people".
    pub(super) fn counts_other(&self, at: usize) -> bool {
        self.is(at, Class::People) || self.is(at, Class::Meridiem) || self.is_mark(at, ':') && self.tokens[at].glued
    }

    /// A number in digits or words that can be a day of the month; a full stop after it makes it an ordinal in German.
    pub(super) fn day_number(&self, at: usize) -> Option<(u32, usize)> {
        let (day, end) = number_at(self.tokens, at)?;
        let dotted = self.is_mark(end, '.') && self.tokens[end].glued && self.is(end + 1, Class::Month);
        (day <= 31 || self.is(end, Class::Month)).then_some((day, end + usize::from(dotted)))
    }

    /// The month, and perhaps the year, after the day of it.
    pub(super) fn with_month(&self, from: usize, day: u32, end: usize) -> Option<Day> {
        let mut at = end;
        let joins = |at: usize| self.is(at, Class::Of) && !self.is(at, Class::Month);
        while joins(at) || self.is_mark(at, ',') || self.is_mark(at, '-') {
            at += 1;
        }
        let month = u32::try_from(self.value(at, Class::Month)?).ok()?;
        let token = &self.tokens[at];
        let is_word = token.is(Class::Everyday) && !token.capital && at == end && !self.is_ordinal(from, end);
        if is_word && self.tokens.get(at + 1).is_some_and(|next| next.is_word() && !next.is(Class::ClockAt)) {
            return None;
        }
        let after = at + 1 + usize::from(self.is_mark(at + 1, '.'));
        let (year, to) = self.year(after).map_or((None, at + 1), |(year, to)| (Some(year), to));
        Some(Day::new(from, to, known(self.with_year(month, day, year))))
    }

    pub(super) fn is_ordinal(&self, from: usize, end: usize) -> bool {
        self.tokens[from..end].iter().any(|token| token.is(Class::OrdinalMark) || token.is(Class::Ordinal))
    }

    pub(super) fn year(&self, at: usize) -> Option<(u32, usize)> {
        let start = self.skip(at, &[Class::Of, Class::YearMark]);
        if self.is(start, Class::This) && self.value(start + 1, Class::Unit) == Some(6) {
            return u32::try_from(self.today.year()).ok().map(|year| (year, start + 2));
        }
        let token = self.tokens.get(start).filter(|token| token.kind == Kind::Digits && token.text.len() == 4);
        let year = match token {
            Some(token) => token.digits().map(|year| (year, start + 1)),
            None => number_at(self.tokens, start).filter(|(year, _)| *year > 1000),
        };
        let (year, end) = year.filter(|(year, _)| (1900..=2100).contains(year))?;
        Some((year, end + usize::from(self.is(end, Class::YearMark))))
    }

    pub(super) fn with_year(&self, month: u32, day: u32, year: Option<u32>) -> Option<Date> {
        match year {
            Some(year) => date(year, month, day),
            None => self.nearest(month, day),
        }
    }
}
