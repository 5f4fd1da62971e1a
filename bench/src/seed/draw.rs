//! Draws that a kind and a number decide: whoever goes on later draws the same again.

/// What is drawn for.
#[derive(Clone, Copy)]
pub enum For {
    /// A session of a visitor.
    Session = 1,
    /// A click.
    Click = 2,
    /// A lead with its conversation.
    Lead = 3,
    /// A delivery.
    Delivery = 4,
    /// When a visit begins.
    Visit = 5,
    /// Whether a browser came before.
    Device = 6,
    /// A browser.
    Browser = 7,
    /// Which page is asked for.
    Page = 8,
}

/// Numbers that look random (splitmix64).
pub struct Draw(u64);

impl Draw {
    /// The draws for one thing.
    pub fn new(what: For, number: u64) -> Self {
        let mut draw = Self(number.wrapping_mul(0x2545_f491_4f6c_dd1d) ^ ((what as u64) << 56));
        draw.bits();
        draw
    }

    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    /// A number below another one.
    pub fn below(&mut self, end: u64) -> u64 {
        ((u128::from(self.bits()) * u128::from(end)) >> 64) as u64
    }

    /// A number from one to another, both included.
    pub fn between(&mut self, least: i64, most: i64) -> i64 {
        least + self.below((most - least + 1) as u64) as i64
    }

    /// From 0 to 1, which it is not.
    pub fn fraction(&mut self) -> f64 {
        self.below(1 << 53) as f64 / (1_u64 << 53) as f64
    }

    /// True so often in a thousand times.
    pub fn is_one_of_thousand(&mut self, times: u64) -> bool {
        self.below(1000) < times
    }

    /// One of some.
    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len() as u64) as usize]
    }

    /// One of some, of which the first come up far more often.
    pub fn pick_skewed<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        let place = self.fraction().powi(3) * of.len() as f64;
        &of[(place as usize).min(of.len() - 1)]
    }

    /// A UUID as a browser makes it.
    pub fn uuid(&mut self) -> String {
        let (high, low) = (self.bits(), self.bits());
        let (first, second, third) = (high >> 32, high >> 16 & 0xffff, high & 0xfff);
        format!("{first:08x}-{second:04x}-4{third:03x}-8{:03x}-{:012x}", low >> 52, low & 0xffff_ffff_ffff)
    }
}

/// A prime: what it is multiplied by meets every remainder of a power of ten, or of 62, once.
const SCATTER: u128 = (1 << 61) - 1;

/// The place of a number among `of` (a power of 10 or 62), each once: its neighbours are far away.
pub fn scattered(number: u64, of: u64) -> u64 {
    (u128::from(number) * SCATTER % u128::from(of)) as u64
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_same_is_drawn_again_and_each_place_is_met_once() {
        let draws = |number| {
            let mut draw = Draw::new(For::Lead, number);
            (draw.below(1000), draw.between(-3, 3), draw.uuid())
        };
        assert_eq!(draws(7), draws(7));
        assert_ne!(draws(7), draws(8));
        let places: HashSet<u64> = (0..10_000).map(|number| scattered(number, 10_000)).collect();
        assert_eq!(places.len(), 10_000);
        let mut draw = Draw::new(For::Click, 1);
        let first = (0..1000).filter(|_| *draw.pick_skewed(&[0, 1, 2, 3, 4, 5, 6, 7]) == 0).count();
        assert!((450..550).contains(&first), "half are the first of eight: {first}");
    }
}
