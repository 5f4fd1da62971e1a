//! Notifications between the nodes of one database. One that is lost costs a tick.

use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use super::TICK;
use crate::core::Core;
use crate::notifier::Work;

/// How long between two notifications of one kind of work at least.
const NOTIFY_EVERY: Duration = Duration::from_millis(50);

/// Runs until `stop` says so.
pub async fn run(core: Core, mut stop: watch::Receiver<bool>) {
    let mut tasks = JoinSet::new();
    if core.db.has_peers() {
        let name = core.random.uuid().simple().to_string();
        for work in Work::ALL {
            tasks.spawn(notify(core.clone(), name.clone(), work));
        }
        tasks.spawn(listen(core, name));
    }
    // An error says that the sender is gone, which is a stop as well.
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Notifies the other nodes of work that this one made.
async fn notify(core: Core, name: String, work: Work) {
    let mut notifications = core.notifier.subscribe_own(work);
    let mut interval = tokio::time::interval(NOTIFY_EVERY);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        notifications.notified().await;
        interval.tick().await;
        if let Err(error) = core.db.notify(format!("{name} {}", work.as_str())).await {
            tracing::debug!(error = %format!("{error:#}"), "other nodes not notified");
        }
    }
}

/// Notifies the loops of this node of work that others made.
async fn listen(core: Core, name: String) {
    let mut retry = tokio::time::interval(TICK);
    retry.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        retry.tick().await;
        let listening = core.db.listen(|text| match text.split_once(' ') {
            Some((from, work)) if from != name => {
                Work::parse(work).into_iter().for_each(|work| core.notifier.notify_local(work));
            }
            _ => {}
        });
        if let Err(error) = listening.await {
            tracing::warn!(error = %format!("{error:#}"), "not listening to other nodes; it is tried again");
        }
    }
}
