//! Floor 3: one signed POST of an event to a webhook, and what its answer means.
