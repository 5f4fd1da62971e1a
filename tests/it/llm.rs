//! The language model: whatever its server does, no value is invented, and nobody gets less than from the built-in agent.

mod behaviours;
mod bodies;
mod hostile;
mod kept;
mod limits;
mod turns;
