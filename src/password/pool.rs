//! A few threads that each keep one piece of memory, and a queue that is never longer than stated.

use crate::domain::throttle::Network;
use crate::telemetry::Stopwatch;
use argon2::Block;
use std::collections::{HashMap, VecDeque};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use tokio::sync::oneshot;

/// Of so many hashes one is taken from the line, however many others come first: nobody waits for ever.
const LINE_SHARE: usize = 4;

/// When a hash is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Before the others: for whoever is known, so that a flood of guesses does not keep them waiting.
    First,
    /// In line, as a guess from a network may be. When the line is full, whoever has most in it gives up a place.
    InLine(Option<Network>),
}

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
    first: VecDeque<Job>,
    line: VecDeque<Job>,
    /// Jobs taken so far.
    taken: usize,
    closed: bool,
}

impl Queue {
    fn pop(&mut self) -> Option<Job> {
        let (one, other) = if self.taken % LINE_SHARE == LINE_SHARE - 1 {
            (&mut self.line, &mut self.first)
        } else {
            (&mut self.first, &mut self.line)
        };
        let job = one.pop_front().or_else(|| other.pop_front());
        self.taken = self.taken.wrapping_add(usize::from(job.is_some()));
        job
    }
}

struct Job {
    waited: Stopwatch,
    network: Option<Network>,
    task: Box<dyn Task>,
}

/// Takes the last job of whoever has most in a full line, for somebody who would still have fewer with one more.
fn give_up(line: &mut VecDeque<Job>, newcomer: Option<Network>) -> Option<Job> {
    let mut counts: HashMap<Option<Network>, usize> = HashMap::new();
    for job in line.iter() {
        *counts.entry(job.network).or_default() += 1;
    }
    let own = counts.get(&newcomer).copied().unwrap_or_default();
    let (greediest, most) = counts.into_iter().max_by_key(|(_, count)| *count)?;
    if most <= own + 1 {
        return None;
    }
    let last = line.iter().rposition(|job| job.network == greediest)?;
    line.remove(last)
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
    pub(super) fn submit<T: Send + 'static>(
        &self,
        work: impl Work<T>,
        turn: Turn,
    ) -> Result<oneshot::Receiver<T>, Full> {
        let (answer, waiting) = oneshot::channel();
        self.shared.push(Box::new(Awaited { work, answer }), turn)?;
        Ok(waiting)
    }

    /// Queues work of somebody known and waits for it. `None` when it was given up or there is no place for it.
    pub(super) fn run<T: Send + 'static>(&self, work: impl Work<T>) -> Option<T> {
        let (answer, waiting) = mpsc::channel();
        self.shared.push(Box::new(Blocking { work, answer }), Turn::First).ok()?;
        waiting.recv().ok()
    }

    pub(super) fn waiting(&self) -> usize {
        let queue = self.shared.lock();
        queue.first.len() + queue.line.len()
    }

    pub(super) fn busy(&self) -> usize {
        self.shared.busy.load(Ordering::Relaxed)
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        let mut queue = self.shared.lock();
        queue.closed = true;
        queue.first.clear();
        queue.line.clear();
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

    fn push(&self, task: Box<dyn Task>, turn: Turn) -> Result<(), Full> {
        let mut guard = self.lock();
        let queue = &mut *guard;
        let (jobs, network) = match turn {
            Turn::First => (&mut queue.first, None),
            Turn::InLine(network) => (&mut queue.line, network),
        };
        if jobs.len() >= self.capacity {
            jobs.retain(|job| !job.task.is_abandoned());
        }
        let full = jobs.len() >= self.capacity;
        let given_up = if full { give_up(jobs, network) } else { None };
        if queue.closed || (full && given_up.is_none()) {
            return Err(Full);
        }
        jobs.push_back(Job { waited: Stopwatch::start(), network, task });
        drop(guard);
        // Whoever waits for it is woken outside the lock.
        drop(given_up);
        self.filled.notify_one();
        Ok(())
    }

    fn next(&self) -> Option<Job> {
        let mut queue = self.lock();
        loop {
            if queue.closed {
                return None;
            }
            if let Some(job) = queue.pop() {
                return Some(job);
            }
            queue = self.filled.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn work(&self, mut memory: Memory) {
        while let Some(Job { waited, task, .. }) = self.next() {
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
