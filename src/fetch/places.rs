//! Places for large bodies, so that memory is bounded by a few of them and not by one for each host that is asked.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::limits::LARGE_BODIES;

/// The places that there are.
#[derive(Debug)]
pub(super) struct Places(Arc<Semaphore>);

impl Default for Places {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(LARGE_BODIES)))
    }
}

impl Places {
    /// Waits for a place, unless one is taken.
    pub(super) async fn take(&self, place: &mut Place) {
        if place.0.is_none() {
            // Never closed.
            place.0 = Arc::clone(&self.0).acquire_owned().await.ok();
        }
    }
}

/// The place of a large body; a small one needs none. To be kept as long as what was made of the body is held
/// in memory.
#[derive(Debug, Default)]
#[must_use = "a place that is dropped lets another large body in"]
pub struct Place(Option<OwnedSemaphorePermit>);

impl Place {
    pub(super) fn is_taken(&self) -> bool {
        self.0.is_some()
    }
}
