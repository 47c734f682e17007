//! Connections that may serve a second request: each for the destination that it was made for, closed when
//! nobody needed it for a while.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::connection::{Connection, Destination};
use super::limits::{IDLE, IDLE_CONNECTIONS};
use crate::clock::Stopwatch;

/// The idle connections. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(super) struct Pool(Arc<Mutex<Idle>>);

#[derive(Debug, Default)]
struct Idle {
    by_destination: HashMap<Destination, Vec<(Stopwatch, Connection)>>,
    count: usize,
    /// A task is there that closes what has been idle too long.
    is_swept: bool,
}

impl Pool {
    /// A connection to this destination that is still open, as far as one can know.
    pub(super) fn take(&self, to: &Destination) -> Option<Connection> {
        let mut idle = self.lock();
        let waiting = idle.by_destination.get_mut(to)?;
        let before = waiting.len();
        let mut found = None;
        while let (None, Some((since, connection))) = (&found, waiting.pop()) {
            let is_good = since.elapsed() < IDLE && !connection.is_closed();
            found = Some(connection).filter(|_| is_good);
        }
        let taken = before.saturating_sub(waiting.len());
        if waiting.is_empty() {
            idle.by_destination.remove(to);
        }
        idle.count = idle.count.saturating_sub(taken);
        found
    }

    /// Keeps a connection for a while, if there is room.
    pub(super) fn keep(&self, to: Destination, connection: Connection) {
        let mut idle = self.lock();
        if idle.count >= IDLE_CONNECTIONS || connection.is_closed() {
            return;
        }
        idle.by_destination.entry(to).or_default().push((Stopwatch::start(), connection));
        idle.count += 1;
        if !idle.is_swept {
            idle.is_swept = true;
            tokio::spawn(sweep(Arc::downgrade(&self.0)));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Idle> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Closes what has been idle too long, until nothing is idle.
async fn sweep(pool: std::sync::Weak<Mutex<Idle>>) {
    loop {
        tokio::time::sleep(IDLE / 4).await;
        let Some(pool) = pool.upgrade() else { return };
        let mut idle = pool.lock().unwrap_or_else(PoisonError::into_inner);
        let is_fresh = |(since, connection): &(Stopwatch, Connection)| {
            since.elapsed() < IDLE && !connection.is_closed()
        };
        idle.by_destination.retain(|_, waiting| {
            waiting.retain(is_fresh);
            !waiting.is_empty()
        });
        idle.count = idle.by_destination.values().map(Vec::len).sum();
        if idle.count == 0 {
            idle.is_swept = false;
            return;
        }
    }
}
