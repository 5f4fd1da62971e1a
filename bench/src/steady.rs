//! Load at a fixed rate: the schedule does not wait for responses, and every wait counts from the scheduled moment, so that a
//! server that stops for a while is charged with all that came meanwhile.

use std::time::{Duration, Instant};

use futures_util::future::try_join_all;
use tokio::sync::{Mutex, mpsc};

use crate::clock::moment;
use crate::load::Load;
use crate::progress::Progress;

/// A request and its moments.
#[derive(Clone, Copy)]
pub struct Timed {
    /// The request's number.
    pub number: u64,
    /// When it should have been sent.
    pub scheduled: Instant,
    /// When it was answered.
    pub answered: Instant,
}

impl Timed {
    /// From its scheduled moment to its response.
    pub fn answer_us(&self) -> u32 {
        in_us(self.answered - self.scheduled)
    }
}

/// A wait as it is recorded.
pub fn in_us(wait: Duration) -> u32 {
    u32::try_from(wait.as_micros()).unwrap_or(u32::MAX)
}

impl Load<'_> {
    /// Sends `count` requests, `rate` a second, each as soon as it is due and a connection is free.
    pub async fn steady(&self, rate: u64, count: u64, progress: &Progress) -> anyhow::Result<Vec<Timed>> {
        let senders = self.senders(rate.min(count)).await?;
        let due = &Mutex::new(schedule(rate, count));
        let timed = try_join_all(senders.into_iter().map(|mut sender| async move {
            let mut timed = Vec::new();
            loop {
                let next = due.lock().await.recv().await;
                let Some(scheduled) = next else { return anyhow::Ok(timed) };
                let number = sender.exchange().await?;
                timed.push(Timed { number, scheduled, answered: moment() });
                progress.step(1);
            }
        }))
        .await?;
        Ok(timed.concat())
    }
}

/// Sends each scheduled moment when it has come. A thread of its own keeps the time: the runtime's timers are a millisecond
/// coarse.
#[expect(clippy::disallowed_methods, reason = "a schedule waits for nothing but time")]
fn schedule(rate: u64, count: u64) -> mpsc::UnboundedReceiver<Instant> {
    let (send, due) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        let began = moment();
        for number in 0..count {
            let scheduled = began + Duration::from_secs_f64(number as f64 / rate as f64);
            std::thread::sleep(scheduled.saturating_duration_since(moment()));
            if send.send(scheduled).is_err() {
                return;
            }
        }
    });
    due
}
