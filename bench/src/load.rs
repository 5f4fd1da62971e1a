//! Load: a number of connections, each with one request under way at any time.

use std::cell::Cell;
use std::net::SocketAddr;
use std::time::Duration;

use futures_util::future::try_join_all;

use crate::clock::moment;
use crate::tally::Slice;
use crate::wire::Wire;

/// Who sends what, and what must come back.
pub struct Load<'a> {
    addresses: Vec<SocketAddr>,
    connections: usize,
    expected: u16,
    write: &'a dyn Fn(u64, &mut Vec<u8>),
    next: Cell<u64>,
}

/// A connection of a load, with room for its request.
pub struct Sender<'a> {
    load: &'a Load<'a>,
    wire: Wire,
    request: Vec<u8>,
}

impl<'a> Load<'a> {
    /// `write` puts the request of a number into an empty buffer; each must be answered with the status `expected`. The
    /// connections are spread evenly over the addresses.
    pub fn new(
        addresses: Vec<SocketAddr>,
        connections: usize,
        expected: u16,
        write: &'a dyn Fn(u64, &mut Vec<u8>),
    ) -> Self {
        Self { addresses, connections, expected, write, next: Cell::new(0) }
    }

    /// Begins with the number `sent`: so many were sent by another load.
    pub fn after(self, sent: u64) -> Self {
        self.next.set(sent);
        self
    }

    /// Requests that were sent so far: the number of the next one.
    pub fn sent(&self) -> u64 {
        self.next.get()
    }

    /// Connects, no more than `most` times.
    pub async fn senders(&self, most: u64) -> anyhow::Result<Vec<Sender<'_>>> {
        let connections = self.connections.min(usize::try_from(most).unwrap_or(usize::MAX));
        try_join_all((0..connections.max(1)).map(async |number| {
            let wire = Wire::connect(self.addresses[number % self.addresses.len()]).await?;
            Ok(Sender { load: self, wire, request: Vec::new() })
        }))
        .await
    }

    /// Sends for so long, and then waits for the responses that are still to come.
    pub async fn slice(&self, length: Duration) -> anyhow::Result<Slice> {
        let senders = self.senders(u64::MAX).await?;
        let began = moment();
        let waits = try_join_all(senders.into_iter().map(|mut sender| async move {
            let mut waits_us = Vec::new();
            while began.elapsed() < length {
                let sent = moment();
                sender.exchange().await?;
                waits_us.push(u32::try_from(sent.elapsed().as_micros()).unwrap_or(u32::MAX));
            }
            anyhow::Ok(waits_us)
        }))
        .await?;
        let waits_us = waits.concat();
        Ok(Slice { operations: waits_us.len() as u64, elapsed: began.elapsed(), waits_us })
    }
}

impl Sender<'_> {
    /// Sends the next request, waits for its response, and returns its number.
    pub async fn exchange(&mut self) -> anyhow::Result<u64> {
        let number = self.load.next.replace(self.load.next.get() + 1);
        self.request.clear();
        (self.load.write)(number, &mut self.request);
        self.wire.exchange(&self.request, self.load.expected).await?;
        Ok(number)
    }
}
