//! The steps in which a project is set up.

use super::closed_set::closed_set;

closed_set! {
    /// A step, in the order in which people take them.
    pub enum Step {
        /// Somewhere to write to.
        Channel = "channel",
        /// A button on the site, a link or a printed code.
        Button = "button",
        /// Addresses of ads that tell the campaign.
        Ads = "ads",
        /// The first message with a reference.
        Try = "try",
        /// What the agent asks for.
        Form = "form",
        /// Where leads go.
        Systems = "systems",
        /// What became of them.
        Sales = "sales",
    }
}

/// The steps of a stored list; a word that this program does not know is left out.
pub fn steps_of(words: &str) -> Vec<Step> {
    words.split(' ').filter_map(Step::parse).collect()
}

/// A list with a step put in or taken out, in the order of [`Step::ALL`].
pub fn with_step(words: &str, step: Step, is_in: bool) -> String {
    let mut steps = steps_of(words);
    steps.retain(|one| *one != step);
    steps.extend(is_in.then_some(step));
    let kept = Step::ALL.into_iter().filter(|one| steps.contains(one));
    kept.map(Step::as_str).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_skipped_once() {
        let skipped = with_step("", Step::Sales, true);
        let skipped = with_step(&skipped, Step::Ads, true);
        assert_eq!(with_step(&skipped, Step::Ads, true), "ads sales");
        assert_eq!(with_step("ads later sales", Step::Ads, false), "sales");
        assert_eq!(steps_of("ads later"), [Step::Ads]);
    }
}
