//! The connection under all others: TCP, to one address.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpStream;

use crate::exchange::{Failure, FailureKind};

/// Where to connect to, and how long that may take, TLS included.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dial {
    pub(super) address: SocketAddr,
    pub(super) timeout: Duration,
}

impl Dial {
    pub(super) async fn connect(self) -> Result<TcpStream, Failure> {
        let Self { address, timeout } = self;
        let failure = |detail| Failure { kind: FailureKind::Connect, detail };
        let stream = tokio::time::timeout(timeout, TcpStream::connect(address))
            .await
            .map_err(|_elapsed| failure(format!("no connection within {timeout:?}")))?
            .map_err(|error| failure(error.to_string()))?;
        if let Err(error) = stream.set_nodelay(true) {
            tracing::trace!(%error, %address, "requests may wait for Nagle's algorithm");
        }
        Ok(stream)
    }
}
