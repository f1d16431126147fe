//! Latencies, kept to within 1.6 %.

use std::time::Duration;

/// Buckets for each doubling of the value: their width is 1/64 of it.
const STEPS: u64 = 64;
const STEP_BITS: u32 = STEPS.trailing_zeros();

/// Counts of latencies by size. Merging two is adding.
#[derive(Clone)]
pub struct Histogram {
    counts: Vec<u64>,
    total: u64,
    longest: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { counts: vec![0; 64 * STEPS as usize], total: 0, longest: 0 }
    }
}

/// The bucket of a value: exact below [`STEPS`], then the doubling and the six bits below its first.
fn bucket(nanoseconds: u64) -> usize {
    if nanoseconds < STEPS {
        return nanoseconds as usize;
    }
    let doubling = nanoseconds.ilog2() - STEP_BITS;
    (u64::from(doubling + 1) * STEPS + ((nanoseconds >> doubling) - STEPS)) as usize
}

/// The middle of a bucket.
fn middle(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    if bucket < STEPS {
        return bucket;
    }
    let doubling = bucket / STEPS - 1;
    ((bucket % STEPS + STEPS) << doubling) + ((1 << doubling) >> 1)
}

impl Histogram {
    pub fn record(&mut self, latency: Duration) {
        let nanoseconds = latency.as_nanos() as u64;
        self.counts[bucket(nanoseconds)] += 1;
        self.total += 1;
        self.longest = self.longest.max(nanoseconds);
    }

    pub fn merge(&mut self, other: &Self) {
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count += more;
        }
        self.total += other.total;
        self.longest = self.longest.max(other.longest);
    }

    pub fn count(&self) -> u64 {
        self.total
    }

    pub fn longest(&self) -> Duration {
        Duration::from_nanos(self.longest)
    }

    /// The latency that the share `quantile` of all stayed below.
    pub fn quantile(&self, quantile: f64) -> Duration {
        let wanted = (quantile * self.total as f64).ceil() as u64;
        let mut seen = 0;
        for (bucket, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= wanted && *count > 0 {
                return Duration::from_nanos(middle(bucket).min(self.longest));
            }
        }
        self.longest()
    }
}
