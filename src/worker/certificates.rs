//! The loop that looks after the certificate, where TLS is built in.

use std::time::Duration;

use tokio::sync::watch;

use crate::domain::time::Clock;
use crate::engines::Engines;

/// How often it is looked whether there is another certificate, and whether one is due.
const INTERVAL: Duration = Duration::from_secs(5);

/// Loads the certificate that another node got, and orders where one is due. An order that is under way at the stop is given up; its
/// lease keeps the next one off for some minutes.
pub(super) async fn run(engines: Engines, mut stop: watch::Receiver<bool>) {
    let Some(certificates) = engines.certificates.clone() else { return };
    let look = async || {
        if let Err(error) = certificates.look_after().await {
            tracing::warn!(error = %format!("{error:#}"), "certificate not looked after yet");
        }
        Clock::System.sleep(INTERVAL).await;
    };
    loop {
        tokio::select! {
            () = look() => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
    }
}
