//! Looks at what the figures of a process need besides what it counts: queues, the database, the process itself.

use crate::core::Core;
use crate::domain::time::{SignedDuration, Timestamp};
use crate::metrics::Process;
use crate::store::deliveries;
use crate::store::queues::{self, Queue};

/// Sets the figures that are looked at, not counted.
pub async fn measure(core: &Core) -> anyhow::Result<()> {
    let now = core.clock.now();
    let queues = core.db.read(async move |conn| {
        let earliest = deliveries::waiting(conn).await?.into_iter().map(|(_, due_at)| due_at).min();
        let mut queues = queues::due(conn, now).await?;
        queues.push(Queue { name: "deliveries", due_since: earliest });
        Ok(queues)
    });
    for Queue { name, due_since } in queues.await? {
        let late = due_since.map_or(SignedDuration::ZERO, |since: Timestamp| now.duration_since(since));
        core.metrics.set_late(name, late.max(SignedDuration::ZERO).as_secs_f64());
    }
    core.metrics.set_state(core.db.waiting(), Process::look());
    Ok(())
}
