//! An object of the store as a source of the judge: read in blocks where it is asked, a few of which are held, never as a whole.
//!
//! Does not judge, does not know paths, does not read ahead and does not try again (the adapter does). Every block is of the body
//! whose ETag the first answer gave. What failed once stays failed: of an object that cannot be read nothing is said.

use std::collections::VecDeque;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::panic::resume_unwind;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::Builder;
use std::time::Duration;

use domain::model::Sha256;
use domain::ports::{Fault, Source, Unread};
use sha2::Digest as _;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

use crate::{Bucket, Part};

/// Bytes that are asked for at once. The first byte takes tens of milliseconds whatever is asked: smaller blocks make a pass over the
/// file slow, larger ones a look at a single object.
pub const BLOCK: usize = 4 << 20;
/// So many blocks are held where nothing else is in the way: 32 MiB. Beside them the judge has a window of at most 32 MiB.
pub const HELD: usize = 8;
/// Bytes that are hashed at once.
const PIECE: usize = 256 << 10;
/// Stack of the thread that reads: what the main thread has, on which a file that was sent is judged.
const STACK: usize = 8 << 20;

/// What gives parts of one object.
pub trait Parts: Send + Sync + 'static {
    /// Reads a range; with `etag` only of the body that has it. `None`: there is no such object.
    fn part(&self, range: Range<u64>, etag: Option<&str>) -> impl Future<Output = Result<Option<Part>, Fault>> + Send;
}

/// An object in the bucket.
#[derive(Clone, Debug)]
pub struct Object {
    /// The bucket.
    pub bucket: Bucket,
    /// Where in it.
    pub path: String,
}

impl Parts for Object {
    async fn part(&self, range: Range<u64>, etag: Option<&str>) -> Result<Option<Part>, Fault> {
        self.bucket.part(&self.path, range, etag).await
    }
}

/// How much of an object is read.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Most bytes. A longer object is a fault, of which one block was read.
    pub length: u64,
    /// Longest time from the opening to the last read: how often a file sends its reader to and fro is its maker's choice.
    pub time: Duration,
    /// So many blocks are held, the one on its way among them; at least one.
    pub blocks: usize,
}

/// A block and its place among the blocks.
struct Block {
    index: usize,
    bytes: Vec<u8>,
}

/// An object that was found. Its reads wait, so they may not be made where futures run: [`Ranged::ask`] makes them elsewhere.
pub struct Ranged<P> {
    parts: P,
    runtime: Handle,
    until: Instant,
    len: usize,
    blocks: usize,
    etag: String,
    first: Vec<u8>,
    /// Last used last.
    held: Mutex<VecDeque<Block>>,
    failed: OnceLock<Fault>,
}

impl<P: Parts> Ranged<P> {
    /// Reads the first block. `None`: there is no such object.
    ///
    /// # Errors
    /// No answer, or an object that is longer than it may be.
    pub async fn open(parts: P, bounds: Bounds) -> Result<Option<Arc<Self>>, Fault> {
        let until = Instant::now() + bounds.time;
        let Some(first) = within(until, parts.part(0..BLOCK as u64, None)).await? else { return Ok(None) };
        let Part { bytes, whole, etag } = first;
        let len = usize::try_from(whole).ok().filter(|_| whole <= bounds.length);
        let len = len.ok_or_else(|| Fault(format!("read an object: longer than {} bytes", bounds.length)))?;
        if bytes.len() != len.min(BLOCK) {
            return Err(Fault("read an object: its first block is not whole".into()));
        }
        let (runtime, first) = (Handle::current(), bytes.iter().take(4).copied().collect());
        let held = Mutex::new(VecDeque::from([Block { index: 0, bytes }]));
        let blocks = bounds.blocks.max(1);
        Ok(Some(Arc::new(Self { parts, runtime, until, len, blocks, etag, first, held, failed: OnceLock::new() })))
    }

    /// Its first bytes, at most four.
    pub fn first(&self) -> &[u8] {
        &self.first
    }

    /// Which body it is, as the store spells it; empty for an empty object.
    pub fn etag(&self) -> &str {
        &self.etag
    }

    /// How many blocks are held.
    pub fn held(&self) -> usize {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Does what reads, on a thread of its own that may wait. A panic there goes on here.
    ///
    /// # Errors
    /// Some of the object could not be read, whatever `work` made of that.
    pub async fn ask<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Arc<Self>) -> Result<T, Unread> + Send + 'static,
    ) -> Result<T, Fault> {
        let (sender, receiver) = oneshot::channel();
        let source = Arc::clone(self);
        // Not of the runtime's threads: their stack is a quarter of the main thread's, and the judge goes down into what strangers wrote.
        let thread = Builder::new().name("judge".into()).stack_size(STACK).spawn(move || {
            // Nobody listens any more: there is nobody to tell.
            drop(sender.send(work(&source)));
        });
        let thread = thread.map_err(|error| Fault(format!("read an object: no thread: {error}")))?;
        let done = match receiver.await {
            Ok(done) => done,
            // The sender is gone without a word only when the work panicked, so the thread has all but ended.
            Err(_) => match thread.join() {
                Err(panic) => resume_unwind(panic),
                Ok(()) => return Err(Fault("read an object: the reader gave no answer".into())),
            },
        };
        match self.failed.get() {
            Some(fault) => Err(fault.clone()),
            None => done.map_err(|Unread(why)| Fault(format!("read an object: {why}"))),
        }
    }

    /// SHA-256 of all bytes.
    ///
    /// # Errors
    /// Some of them could not be read.
    pub async fn sha256(self: &Arc<Self>) -> Result<Sha256, Fault> {
        let hash = |source: &Arc<Self>| {
            let (mut state, mut piece, mut at) = (sha2::Sha256::new(), vec![0; PIECE], 0);
            while at < source.len {
                let read = source.read_at(at, &mut piece)?;
                state.update(piece.get(..read).unwrap_or_default());
                at += read;
            }
            Ok(state.finalize().into())
        };
        self.ask(hash).await
    }

    /// The block with this index, which exists, as the last one of those that are held.
    fn block<'h>(&self, held: &'h mut VecDeque<Block>, index: usize) -> Result<&'h [u8], Fault> {
        let block = match held.iter().position(|block| block.index == index).and_then(|at| held.remove(at)) {
            Some(block) => block,
            None => {
                // Room is made before, so that the one on its way counts.
                held.drain(..(held.len() + 1).saturating_sub(self.blocks));
                Block { index, bytes: self.fetch(index)? }
            }
        };
        held.push_back(block);
        Ok(held.back().map(|block| block.bytes.as_slice()).unwrap_or_default())
    }

    fn fetch(&self, index: usize) -> Result<Vec<u8>, Fault> {
        let start = index * BLOCK;
        let end = start.saturating_add(BLOCK).min(self.len);
        let asked = self.parts.part(start as u64..end as u64, Some(&self.etag));
        // `timeout_at` has to find the clock of the runtime.
        let given = self.runtime.block_on(async { within(self.until, asked).await })?;
        let part = given.ok_or_else(|| Fault("read an object: it is gone".into()))?;
        // The store was told which body; a store that overlooks that is noticed.
        if part.etag != self.etag || part.whole != self.len as u64 {
            return Err(Fault("read an object: it is another one meanwhile".into()));
        }
        if part.bytes.len() != end - start {
            return Err(Fault("read an object: a block is not whole".into()));
        }
        Ok(part.bytes)
    }
}

impl<P: Parts> Source for Ranged<P> {
    fn len(&self) -> usize {
        self.len
    }

    fn read_at(&self, offset: usize, into: &mut [u8]) -> Result<usize, Unread> {
        if offset >= self.len {
            return Ok(0);
        }
        let unread = |fault: &Fault| Unread(fault.0.clone());
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(fault) = self.failed.get() {
            return Err(unread(fault));
        }
        let block = self.block(&mut held, offset / BLOCK);
        let block = block.map_err(|fault| unread(self.failed.get_or_init(|| fault)))?;
        let rest = block.get(offset % BLOCK..).unwrap_or_default();
        let count = rest.len().min(into.len());
        into[..count].copy_from_slice(&rest[..count]);
        Ok(count)
    }
}

/// An answer that comes in time.
async fn within<T>(until: Instant, answer: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
    let late = |_| Fault("read an object: it takes too long".into());
    timeout_at(until, answer).await.map_err(late)?
}

/// An object read in order, for what unpacks archives.
pub struct Reader<P> {
    source: Arc<Ranged<P>>,
    at: u64,
}

impl<P: Parts> Reader<P> {
    /// At its beginning.
    pub fn new(source: Arc<Ranged<P>>) -> Self {
        Self { source, at: 0 }
    }
}

impl<P: Parts> Read for Reader<P> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let at = usize::try_from(self.at).unwrap_or(usize::MAX);
        let read = self.source.read_at(at, into).map_err(|unread| io::Error::other(unread.to_string()))?;
        self.at += read as u64;
        Ok(read)
    }
}

impl<P: Parts> Seek for Reader<P> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => (self.source.len as u64).checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = at.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}
