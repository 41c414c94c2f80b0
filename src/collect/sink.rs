//! Where collectors put what they read. Bounded: a fast collector waits for a slow reader.

use tokio::sync::mpsc;
use tokio::time::Instant;

use super::CollectError;
use crate::model::Record;

/// The sending end, one a target.
#[derive(Clone)]
pub struct Sink {
    sender: mpsc::Sender<Record>,
    until: Option<Instant>,
}

impl Sink {
    /// A sink and the end that reads it, with room for `capacity` records between them.
    pub fn channel(capacity: usize) -> (Self, mpsc::Receiver<Record>) {
        let (sender, receiver) = mpsc::channel(capacity);
        (Self { sender, until: None }, receiver)
    }

    /// Says when the time of the target is over.
    #[must_use]
    pub fn until(self, until: Instant) -> Self {
        Self { until: Some(until), ..self }
    }

    /// Waits until the time is over. A collector that keeps records back has a moment then to send what it has.
    pub async fn late(&self) {
        match self.until {
            Some(until) => tokio::time::sleep_until(until).await,
            None => std::future::pending().await,
        }
    }

    /// Sends one record.
    ///
    /// # Errors
    /// [`CollectError::Stopped`] when the scan is over.
    pub async fn send(&self, record: Record) -> Result<(), CollectError> {
        self.sender.send(record).await.map_err(|_| CollectError::Stopped)
    }

    /// Sends one record from a thread that is not part of the async runtime.
    ///
    /// # Errors
    /// [`CollectError::Stopped`] when the scan is over.
    pub fn send_blocking(&self, record: Record) -> Result<(), CollectError> {
        self.sender.blocking_send(record).map_err(|_| CollectError::Stopped)
    }

    /// Whether the scan is over and further work is in vain.
    pub fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }
}
