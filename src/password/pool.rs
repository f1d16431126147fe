//! A few threads that each keep one piece of memory, and a queue that is never longer than stated.

use crate::telemetry::Stopwatch;
use argon2::Block;
use std::collections::VecDeque;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use tokio::sync::oneshot;

/// A computation for a pool thread.
pub(super) trait Work<T>: FnOnce(&mut Memory) -> T + Send + 'static {}

impl<T, F: FnOnce(&mut Memory) -> T + Send + 'static> Work<T> for F {}

/// Argon2's memory, kept between hashes: taken anew each time, its page faults cost as much as the hash, and the allocator
/// keeps far more than it was asked for.
pub(super) struct Memory {
    blocks: Vec<Block>,
    keep: usize,
}

impl Memory {
    /// At least `count` blocks with whatever was in them; argon2 overwrites before it reads.
    pub(super) fn blocks(&mut self, count: usize) -> &mut [Block] {
        if self.blocks.len() < count {
            self.blocks.resize(count, Block::new());
        }
        &mut self.blocks
    }

    /// Gives back what a hash with larger parameters needed beyond the usual.
    fn shrink(&mut self) {
        if self.blocks.len() > self.keep {
            self.blocks.truncate(self.keep);
            self.blocks.shrink_to_fit();
        }
    }
}

/// Queue full.
#[derive(Debug)]
pub(super) struct Full;

pub(super) struct Pool {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

struct Shared {
    queue: Mutex<Queue>,
    filled: Condvar,
    busy: AtomicUsize,
    capacity: usize,
    deadline: Duration,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    closed: bool,
}

struct Job {
    waited: Stopwatch,
    task: Box<dyn Task>,
}

/// Work together with the place where its answer goes. Dropped undone it leaves the waiting side without an answer.
trait Task: Send {
    fn is_abandoned(&self) -> bool;
    fn run(self: Box<Self>, memory: &mut Memory);
}

/// For callers on async threads; a future that is dropped abandons its work.
struct Awaited<F, T> {
    work: F,
    answer: oneshot::Sender<T>,
}

impl<F: Work<T>, T: Send> Task for Awaited<F, T> {
    fn is_abandoned(&self) -> bool {
        self.answer.is_closed()
    }

    fn run(self: Box<Self>, memory: &mut Memory) {
        // Nobody may be there any more to take it.
        drop(self.answer.send((self.work)(memory)));
    }
}

/// For callers that block, who never leave.
struct Blocking<F, T> {
    work: F,
    answer: mpsc::Sender<T>,
}

impl<F: Work<T>, T: Send> Task for Blocking<F, T> {
    fn is_abandoned(&self) -> bool {
        false
    }

    fn run(self: Box<Self>, memory: &mut Memory) {
        drop(self.answer.send((self.work)(memory)));
    }
}

impl Pool {
    /// `keep` is the number of memory blocks that each thread keeps after its first hash.
    pub(super) fn new(threads: usize, capacity: usize, deadline: Duration, keep: usize) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            queue: Mutex::default(),
            filled: Condvar::new(),
            busy: AtomicUsize::new(0),
            capacity,
            deadline,
        });
        let mut pool = Self { shared, threads: Vec::with_capacity(threads) };
        for number in 0..threads {
            let shared = Arc::clone(&pool.shared);
            let memory = Memory { blocks: Vec::new(), keep };
            let thread =
                thread::Builder::new().name(format!("argon2-{number}")).spawn(move || shared.work(memory))?;
            pool.threads.push(thread);
        }
        Ok(pool)
    }

    /// Queues work whose answer is awaited. The answer is an error when the work was given up.
    pub(super) fn submit<T: Send + 'static>(&self, work: impl Work<T>) -> Result<oneshot::Receiver<T>, Full> {
        let (answer, waiting) = oneshot::channel();
        self.shared.push(Box::new(Awaited { work, answer }))?;
        Ok(waiting)
    }

    /// Queues work and waits for it. `None` when it was given up or there is no place for it.
    pub(super) fn run<T: Send + 'static>(&self, work: impl Work<T>) -> Option<T> {
        let (answer, waiting) = mpsc::channel();
        self.shared.push(Box::new(Blocking { work, answer })).ok()?;
        waiting.recv().ok()
    }

    pub(super) fn waiting(&self) -> usize {
        self.shared.lock().jobs.len()
    }

    pub(super) fn busy(&self) -> usize {
        self.shared.busy.load(Ordering::Relaxed)
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        let mut queue = self.shared.lock();
        queue.closed = true;
        queue.jobs.clear();
        drop(queue);
        self.shared.filled.notify_all();
        for thread in self.threads.drain(..) {
            // It cannot have panicked: work is run behind `catch_unwind`.
            drop(thread.join());
        }
    }
}

impl Shared {
    /// No code that can panic runs under the lock, so it is never left half changed.
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, task: Box<dyn Task>) -> Result<(), Full> {
        let mut queue = self.lock();
        if queue.jobs.len() >= self.capacity {
            queue.jobs.retain(|job| !job.task.is_abandoned());
        }
        if queue.jobs.len() >= self.capacity || queue.closed {
            return Err(Full);
        }
        queue.jobs.push_back(Job { waited: Stopwatch::start(), task });
        drop(queue);
        self.filled.notify_one();
        Ok(())
    }

    fn next(&self) -> Option<Job> {
        let mut queue = self.lock();
        loop {
            if queue.closed {
                return None;
            }
            if let Some(job) = queue.jobs.pop_front() {
                return Some(job);
            }
            queue = self.filled.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn work(&self, mut memory: Memory) {
        while let Some(Job { waited, task }) = self.next() {
            if task.is_abandoned() || waited.elapsed() > self.deadline {
                continue;
            }
            self.busy.fetch_add(1, Ordering::Relaxed);
            // A panic ends one hash, not the thread. The memory may be left in any state, as it is before every hash.
            if catch_unwind(AssertUnwindSafe(|| task.run(&mut memory))).is_err() {
                tracing::error!("hashing a password panicked");
            }
            memory.shrink();
            self.busy.fetch_sub(1, Ordering::Relaxed);
        }
    }
}
