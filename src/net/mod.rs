//! Floor 2: one HTTP request to another machine, within limits and past the address guard.
