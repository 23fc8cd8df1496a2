//! Follows the stream and puts each record into the queues whose filters it passes.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use super::record::{Page, Record, Streams};
use super::{Ledger, Pattern, Sequence};
use crate::error::Result;
use crate::serve::Stop;

/// The pause after a page that had records: more of them come soon.
const BUSY: Duration = Duration::from_millis(3);
/// The longest pause. It bounds how late an event is; at 25 ms an idle stack costs a few percent of one core.
const IDLE: Duration = Duration::from_millis(25);
/// The pause after an error.
const TROUBLE: Duration = Duration::from_millis(500);
/// Positions that moved without work are written this often.
const SAVE: Duration = Duration::from_secs(2);

/// The queue of one source.
pub(super) struct Lane {
    pub(super) patterns: Vec<Pattern>,
    pub(super) sender: mpsc::UnboundedSender<Record>,
    /// What is not behind this was done before the start.
    pub(super) after: Sequence,
}

impl Lane {
    fn takes(&self, record: &Record) -> bool {
        let wanted = self.patterns.is_empty() || self.patterns.iter().any(|pattern| pattern.matches(&record.event));
        wanted && record.sequence > self.after
    }
}

/// The task that reads.
pub(super) struct Reader {
    pub(super) streams: Streams,
    pub(super) lanes: Vec<Lane>,
    pub(super) ledger: Arc<Ledger>,
    pub(super) stop: Stop,
}

impl Reader {
    pub(super) async fn run(mut self) {
        let mut iterator = None;
        let mut pause = BUSY;
        let mut saved = Instant::now();
        let mut moved = false;
        while !self.stop.asked() {
            match self.next(iterator.as_deref()).await {
                Ok(page) if page.records.is_empty() => {
                    iterator = Some(page.next);
                    pause = (pause * 3 / 2).min(IDLE);
                    if moved && saved.elapsed() > SAVE {
                        self.ledger.save().await;
                        (moved, saved) = (false, Instant::now());
                    }
                }
                Ok(page) => {
                    iterator = Some(page.next);
                    pause = BUSY;
                    moved = true;
                    self.distribute(page.records);
                }
                Err(error) => {
                    tracing::warn!(%error, "streams: the stream could not be read");
                    iterator = None;
                    pause = TROUBLE;
                }
            }
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.stop.wait() => {}
            }
        }
    }

    async fn next(&self, iterator: Option<&str>) -> Result<Page> {
        match iterator {
            Some(iterator) => self.streams.page(iterator).await,
            None => self.streams.page(&self.streams.iterator(self.ledger.scanned()).await?).await,
        }
    }

    fn distribute(&self, records: Vec<Record>) {
        let Some(last) = records.last().map(|record| record.sequence) else { return };
        let taken = |lane: &Lane| records.iter().filter(|record| lane.takes(record)).cloned().collect::<Vec<_>>();
        let queues: Vec<Vec<Record>> = self.lanes.iter().map(taken).collect();
        // counted before they are sent: a worker must not finish what is not yet counted
        self.ledger.queued(&queues.iter().map(Vec::len).collect::<Vec<_>>(), last);
        for (lane, records) in self.lanes.iter().zip(queues) {
            for record in records {
                // a worker that is gone was stopped; its position stays where it is
                let _ = lane.sender.send(record);
            }
        }
    }
}
