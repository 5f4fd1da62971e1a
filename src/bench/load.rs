//! Load: a number of connections, each with one request under way at any time.

use std::cell::Cell;
use std::net::SocketAddr;
use std::time::Duration;

use futures_util::future::try_join_all;

use super::moment;
use super::tally::Slice;
use super::wire::Wire;

/// Who sends what, and what must come back.
pub struct Load<'a> {
    address: SocketAddr,
    connections: usize,
    expected: u16,
    write: &'a dyn Fn(u64, &mut Vec<u8>),
    next: Cell<u64>,
}

impl<'a> Load<'a> {
    /// `write` puts the request of a number into an empty buffer; each must be answered with the status `expected`.
    pub fn new(address: SocketAddr, connections: usize, expected: u16, write: &'a dyn Fn(u64, &mut Vec<u8>)) -> Self {
        Self { address, connections, expected, write, next: Cell::new(0) }
    }

    /// Sends for so long, and then waits for the answers that are still to come.
    pub async fn slice(&self, length: Duration) -> anyhow::Result<Slice> {
        let wires = try_join_all((0..self.connections).map(|_| Wire::connect(self.address))).await?;
        let began = moment();
        let waits = try_join_all(wires.into_iter().map(|mut wire| async move {
            let (mut request, mut waits_us) = (Vec::new(), Vec::new());
            while began.elapsed() < length {
                let number = self.next.replace(self.next.get() + 1);
                request.clear();
                (self.write)(number, &mut request);
                let sent = moment();
                wire.exchange(&request, self.expected).await?;
                waits_us.push(u32::try_from(sent.elapsed().as_micros()).unwrap_or(u32::MAX));
            }
            anyhow::Ok(waits_us)
        }))
        .await?;
        let waits_us = waits.concat();
        Ok(Slice { operations: waits_us.len() as u64, elapsed: began.elapsed(), waits_us })
    }
}
