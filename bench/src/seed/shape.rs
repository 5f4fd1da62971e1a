//! How clicks make sessions, and sessions conversations, for exactly the numbers that were asked for. Everything follows from a
//! visit's number, so that any part can be made alone.

/// Clicks of seven sessions that follow each other.
const CLICKS: [u64; 7] = [3, 2, 1, 1, 1, 1, 1];
/// All of these.
const CLICKS_OF_SEVEN: u64 = 10;
/// Of a hundred leads so many come from a click, where there are enough.
const LINKED_PERCENT: u64 = 95;
/// Visits that one transaction makes: at most, and at least where there are more.
const BLOCK_MAX: u64 = 50_000;
const BLOCK_MIN: u64 = 100;
/// Transactions of a small seed.
const BLOCKS: u64 = 100;

/// The numbers of a seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Clicks.
    pub clicks: u64,
    /// Leads.
    pub leads: u64,
    /// Sessions of these clicks.
    pub sessions: u64,
    /// Sessions, and conversations without one.
    pub visits: u64,
    /// Leads whose conversation is linked to a session.
    linked: u64,
}

/// Somebody comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Visit {
    /// From 0.
    pub number: u64,
    /// Their session; `None` where they write without a click.
    pub session: Option<Session>,
    /// The number of their lead, from 0; `None` where they do not write.
    pub lead: Option<u64>,
}

/// A session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    /// From 0.
    pub number: u64,
    /// The number of its first click, from 0.
    pub first_click: u64,
    /// How many it has.
    pub clicks: u64,
}

impl Shape {
    /// The shape of so many.
    pub fn new(clicks: u64, leads: u64) -> Self {
        let rest = clicks % CLICKS_OF_SEVEN;
        let begun = CLICKS.iter().scan(0, |sum, of| Some(std::mem::replace(sum, *sum + of)));
        let sessions =
            clicks / CLICKS_OF_SEVEN * CLICKS.len() as u64 + begun.filter(|first| *first < rest).count() as u64;
        let linked = (leads * LINKED_PERCENT / 100).min(sessions);
        Self { clicks, leads, sessions, visits: sessions + leads - linked, linked }
    }

    /// Visits of a block.
    pub fn block_visits(&self) -> u64 {
        (self.visits / BLOCKS).clamp(BLOCK_MIN, BLOCK_MAX)
    }

    /// How many blocks there are.
    pub fn blocks(&self) -> u64 {
        self.visits.div_ceil(self.block_visits())
    }

    /// The visits of a block.
    pub fn visits_of(&self, block: u64) -> impl Iterator<Item = Visit> {
        let first = block * self.block_visits();
        let shape = *self;
        (first..(first + self.block_visits()).min(self.visits)).map(move |number| shape.visit(number))
    }

    fn visit(&self, number: u64) -> Visit {
        let without_click = self.visits - self.sessions;
        let before = share(number, without_click, self.visits);
        if share(number + 1, without_click, self.visits) > before {
            let lead = before + share(number - before, self.linked, self.sessions);
            return Visit { number, session: None, lead: Some(lead) };
        }
        let session = number - before;
        let linked = share(session, self.linked, self.sessions);
        let is_linked = share(session + 1, self.linked, self.sessions) > linked;
        Visit { number, session: Some(self.session(session)), lead: is_linked.then_some(before + linked) }
    }

    fn session(&self, number: u64) -> Session {
        let (sevens, place) = (number / CLICKS.len() as u64, (number % CLICKS.len() as u64) as usize);
        let first_click = sevens * CLICKS_OF_SEVEN + CLICKS[..place].iter().sum::<u64>();
        Session { number, first_click, clicks: CLICKS[place].min(self.clicks - first_click) }
    }
}

/// Of `part` things that lie evenly among `of`, how many lie before a number.
fn share(number: u64, part: u64, of: u64) -> u64 {
    if of == 0 { 0 } else { (u128::from(number) * u128::from(part) / u128::from(of)) as u64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_click_and_lead_is_there_once_whatever_the_numbers() {
        for (clicks, leads) in [(0, 0), (1, 0), (0, 5), (7, 3), (10, 10), (1234, 100), (20, 900), (12_345, 1_000)] {
            let shape = Shape::new(clicks, leads);
            let visits: Vec<Visit> = (0..shape.blocks()).flat_map(|block| shape.visits_of(block)).collect();
            assert_eq!(visits.len() as u64, shape.visits, "{clicks} {leads}");
            let numbers = visits.iter().filter_map(|visit| visit.session);
            let clicked: Vec<u64> = numbers.flat_map(|one| one.first_click..one.first_click + one.clicks).collect();
            assert_eq!(clicked, (0..clicks).collect::<Vec<_>>(), "{clicks} {leads}");
            let led: Vec<u64> = visits.iter().filter_map(|visit| visit.lead).collect();
            assert_eq!(led, (0..leads).collect::<Vec<_>>(), "{clicks} {leads}");
        }
    }
}
