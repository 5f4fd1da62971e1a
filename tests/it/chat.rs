//! The chat on the page, as its panel uses it.

mod choices;
mod flow;
mod limits;
mod numbers;
mod stream;
