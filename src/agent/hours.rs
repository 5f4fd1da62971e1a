//! The grammar of hours: the hour and minute that words name, before a.m. or p.m. is decided.

use super::class::Class;
use super::clocks::{Clock, Said};
use super::lexer::{Kind, ReadsTokens};
use super::numbers::{count_at, number_at};
use super::pack::{HalfHour, packs};

impl Clock<'_> {
    /// The hour and minute that begin at a token. `marked` where the words before say that it is a time.
    pub(super) fn said(&self, at: usize, marked: bool) -> Option<Said> {
        if let Some(hour) = self.value(at, Class::Noon) {
            return Some(Said { minutes: i32::from(hour) * 60, is_whole_day: true, end: at + 1, is_bare: false });
        }
        self.shifted(at).or_else(|| self.digital(at)).or_else(|| self.spoken(at, marked))
    }

    /// "quarter to 8", "half past seven", "10 minutes before noon", "halb vier", "без четверти три", 差一刻三点.
    pub(super) fn shifted(&self, at: usize) -> Option<Said> {
        let less = self.is(at, Class::Less);
        let start = at + usize::from(less);
        let article = usize::from(self.is(start, Class::Article));
        let (amount, end) = if self.is(start + article, Class::Quarter) {
            (15, start + article + 1)
        } else if self.is(start, Class::Half) {
            let behind = start + 1 + usize::from(self.is(start + 1, Class::Article));
            if self.value(behind, Class::Unit) == Some(2) { (30, behind + 1) } else { (30, start + 1) }
        } else {
            let (count, end) = count_at(self.tokens, start)?;
            match self.value(end, Class::Unit) {
                Some(1) => (i32::try_from(count).ok()?, end + 1),
                Some(2) => (i32::try_from(count).ok()?.checked_mul(60)?, end + 1),
                _ => (i32::try_from(count).ok()?, end),
            }
        };
        let end = if self.is_mark(end, '-') { end + 1 } else { end };
        let says_unit = end > start + 1 + article && !self.is_mark(end - 1, '-');
        let (sign, from) = if less {
            (-1, end)
        } else if self.is(end, Class::To) {
            // "5 to 6" is a range or a score as well.
            let is_plain = !says_unit && amount % 5 != 0 || amount == 0;
            if is_plain || self.is(start.wrapping_sub(1), Class::RangeFrom) {
                return None;
            }
            (-1, end + 1)
        } else if self.is(end, Class::Past) {
            (1, end + 1)
        } else if self.is(start, Class::Half) && end == start + 1 {
            let to = self.tokens[start].sense(Class::Half).is_some_and(|sense| {
                sense.languages.places().any(|place| packs()[place].about.half_hour == HalfHour::To)
            });
            (if to { -1 } else { 1 }, end)
        } else {
            return None;
        };
        let hour = self.hour(from)?;
        let minutes = hour.minutes + sign * amount;
        (minutes >= 0 && amount < 24 * 60).then_some(Said { minutes, is_bare: false, ..hour })
    }

    /// The hour that a shift counts from; it may have minutes and "o'clock".
    pub(super) fn hour(&self, at: usize) -> Option<Said> {
        if let Some(hour) = self.value(at, Class::Noon) {
            return Some(Said { minutes: i32::from(hour) * 60, is_whole_day: true, end: at + 1, is_bare: false });
        }
        let at = at + usize::from(self.is(at, Class::ClockAt));
        self.digital(at).or_else(|| {
            let (hour, end) = self.hour_number(at)?;
            let end = end + usize::from(self.is(end, Class::Oclock));
            Some(Said { minutes: hour * 60, is_whole_day: hour > 12, end, is_bare: false })
        })
    }

    /// A number that can be an hour; Russian and Arabic have words of their own for some.
    pub(super) fn hour_number(&self, at: usize) -> Option<(i32, usize)> {
        let ordinal = || Some((u32::try_from(self.value(at, Class::Hour)?).ok()?, at + 1));
        let (hour, end) = number_at(self.tokens, at).or_else(ordinal)?;
        let hour = i32::try_from(hour).ok().filter(|hour| *hour <= 24)?;
        Some((hour, end))
    }

    /// 8:30, 8.30, 15h30, 1815.
    pub(super) fn digital(&self, at: usize) -> Option<Said> {
        let first = self.tokens.get(at).filter(|token| token.kind == Kind::Digits)?;
        let hour = i32::try_from(first.digits()?).ok()?;
        let mark = self.tokens.get(at + 1).filter(|mark| mark.glued);
        let second =
            self.tokens.get(at + 2).filter(|token| token.glued && token.kind == Kind::Digits && token.text.len() == 2);
        if let (Some(mark), Some(second)) = (mark, second) {
            let minute = i32::try_from(second.digits()?).ok()?;
            let joins = mark.is_mark(':') || mark.is_mark('.') || matches!(mark.text.as_str(), "h" | "u");
            let beyond = self.tokens.get(at + 3).is_some_and(|next| {
                let more = self.tokens.get(at + 4).is_some_and(|token| token.glued && token.kind == Kind::Digits);
                next.glued && (next.kind == Kind::Digits || next.is_mark('.') && more || next.is_mark('%'))
            });
            let is_money = at > 0 && matches!(self.tokens[at - 1].text.as_str(), "$" | "€" | "£" | "¥");
            if joins && first.text.len() <= 2 && hour <= 24 && minute < 60 && !beyond && !is_money {
                let is_whole_day = hour > 12 || hour == 0 || first.text.len() == 2 && first.text.starts_with('0');
                return Some(Said { minutes: hour * 60 + minute, is_whole_day, end: at + 3, is_bare: false });
            }
        }
        let is_whole = matches!(first.text.len(), 3 | 4) && hour / 100 <= 24 && hour % 100 < 60;
        let is_said = self.is(at + 1, Class::Meridiem)
            || self.is(at + 1, Class::Oclock)
            || self.follows_at(at)
            || self.asked && first.text.len() == 4;
        (is_whole && is_said && !self.is(at + 1, Class::People)).then(|| Said {
            minutes: hour / 100 * 60 + hour % 100,
            is_whole_day: first.text.len() == 4,
            end: at + 1 + usize::from(self.is(at + 1, Class::Oclock)),
            is_bare: false,
        })
    }

    pub(super) fn follows_at(&self, at: usize) -> bool {
        at > 0 && (self.is(at - 1, Class::ClockAt) || self.is(at - 1, Class::ClockOn))
    }

    /// An hour in digits or words, with "o'clock", a half, a quarter or minutes after it.
    pub(super) fn spoken(&self, at: usize, marked: bool) -> Option<Said> {
        let (hour, mut end) = self.hour_number(at).filter(|(_, end)| *end > at)?;
        let is_word = self.tokens[at].kind != Kind::Digits;
        // "una cita para el jueves": an article, not one o'clock.
        if is_word && end == at + 1 && self.is(at, Class::Article) && !marked && !self.follows_at(at) {
            return None;
        }
        let mut minutes = hour * 60;
        let mut is_bare = true;
        if self.is(end, Class::Oclock) {
            end += 1;
            is_bare = false;
        }
        if let Some((shift, behind)) = self.trailing(end, is_bare && !marked) {
            (minutes, end, is_bare) = (minutes + shift, behind, false);
        } else if !is_bare || marked || is_word && hour <= 12 {
            // 三点十分, "8 Uhr 30", "six thirty"
            let dash = usize::from(is_word && self.is_mark(end, '-') && self.tokens[end].glued);
            let minute = number_at(self.tokens, end + dash).filter(|(minute, behind)| {
                let joined = !is_word || self.tokens[end + dash].kind != Kind::Digits;
                let fits = *minute < 60 && (*minute >= 10 || !is_bare) && self.is_minute(end + dash, *behind, !is_bare);
                joined && fits
            });
            if let Some((minute, behind)) = minute {
                minutes += i32::try_from(minute).ok()?;
                end = behind + usize::from(self.value(behind, Class::Unit) == Some(1));
                is_bare = false;
            }
        }
        if is_bare && self.is(end, Class::Oclock) {
            end += 1;
            is_bare = false;
        }
        Some(Said { minutes, is_whole_day: hour > 12 || hour == 0, end, is_bare: is_bare && !marked })
    }

    /// Whether a number after an hour can be its minutes: nothing is counted by it.
    pub(super) fn is_minute(&self, from: usize, to: usize, is_marked: bool) -> bool {
        let digits = self.tokens[from].kind == Kind::Digits;
        let counts = self.tokens.get(to).is_some_and(|next| {
            next.is_any(&[Class::People, Class::Kin, Class::Thing, Class::SizeAfter, Class::Month])
        });
        !counts && (!digits || is_marked && self.tokens[from].text.len() == 2)
    }

    /// "5 y media", "5 menos cuarto", "tiga setengah", 三点半: minutes after or before the hour.
    pub(super) fn trailing(&self, at: usize, needs_joint: bool) -> Option<(i32, usize)> {
        let amount = |at: usize| {
            if self.is(at, Class::Quarter) {
                return Some((15, at + 1));
            }
            if self.is(at, Class::Half) {
                return Some((30, at + 1));
            }
            None
        };
        if self.is(at, Class::Less) {
            let start = at + 1 + usize::from(self.is(at + 1, Class::Article));
            let (minutes, end) = amount(start).or_else(|| {
                number_at(self.tokens, start).and_then(|(count, end)| Some((i32::try_from(count).ok()?, end)))
            })?;
            return (minutes < 60).then_some((-minutes, end));
        }
        if self.is(at, Class::And) {
            let start = at + 1 + usize::from(self.is(at + 1, Class::Article));
            if let Some(found) = amount(start) {
                return Some(found);
            }
            let (count, end) = number_at(self.tokens, at + 1)?;
            let unit = self.value(end, Class::Unit) == Some(1);
            let counts =
                self.tokens.get(end).is_some_and(|next| next.is_any(&[Class::People, Class::Kin, Class::Thing]));
            return ((5..60).contains(&count) && (unit || !needs_joint) && !counts)
                .then(|| (i32::try_from(count).unwrap_or(0), end + usize::from(unit)));
        }
        let (minutes, end) = amount(at)?;
        // "half" after an English hour belongs to what follows.
        let to = self.tokens[at].sense(Class::Half).is_some_and(|sense| {
            sense.languages.places().any(|place| packs()[place].about.code != "en")
                || self.tokens[at].kind == Kind::Ideograph
        });
        (minutes == 15 || to).then_some((minutes, end))
    }
}
