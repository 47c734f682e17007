//! A stream that gives no more than a head's worth until the head is there: what hyper reads and throws
//! away on the way to it (interim responses, frames of HTTP/2) is bounded too.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::limits::{BEFORE_HEAD_BYTES, HEAD_BYTES};

/// How many bytes may still be read before the head is there.
#[derive(Debug, Clone, Default)]
pub(super) struct Allowance(Arc<AtomicUsize>);

impl Allowance {
    /// A request goes out: its head is waited for.
    pub(super) fn before_head(&self) {
        self.0.store(BEFORE_HEAD_BYTES, Relaxed);
    }

    /// The head is there; the body has limits of its own.
    pub(super) fn of_body(&self) {
        self.0.store(usize::MAX, Relaxed);
    }

    fn is_spent(&self) -> bool {
        self.0.load(Relaxed) == 0
    }

    fn spend(&self, bytes: usize) {
        // Of the body nothing is counted off: a request in between would be given too little.
        let spend = |left: usize| (left != usize::MAX).then(|| left.saturating_sub(bytes));
        let _unlimited = self.0.fetch_update(Relaxed, Relaxed, spend);
    }
}

/// A stream under an allowance.
#[derive(Debug)]
pub(super) struct Metered<S> {
    stream: S,
    allowance: Allowance,
}

impl<S> Metered<S> {
    pub(super) fn new(stream: S, allowance: Allowance) -> Self {
        Self { stream, allowance }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Metered<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.allowance.is_spent() {
            let why = format!("no response head within the first {HEAD_BYTES} bytes");
            return Poll::Ready(Err(io::Error::other(why)));
        }
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        self.allowance.spend(buffer.filled().len().saturating_sub(before));
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Metered<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
