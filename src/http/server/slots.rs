//! Counting what is open, up to a limit.

use prometheus_client::metrics::gauge::Gauge;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Notify;

/// A number of things open at the same time. Counted in the gauge that the metrics show, so both agree.
#[derive(Default)]
pub(super) struct Slots {
    taken: Gauge,
    emptied: Notify,
}

/// One thing that is open until this is dropped.
pub(super) struct Slot<P: Deref<Target = Slots>>(P);

impl Slots {
    pub(super) fn new(taken: Gauge) -> Self {
        Self { taken, emptied: Notify::new() }
    }

    /// A slot, unless `limit` are taken. Of two callers racing for the last one both may be refused, never
    /// both be let in.
    pub(super) fn take<P: Deref<Target = Self>>(slots: P, limit: usize) -> Option<Slot<P>> {
        let before = slots.taken.inc();
        let slot = Slot(slots);
        (before < i64::try_from(limit).unwrap_or(i64::MAX)).then_some(slot)
    }

    pub(super) fn taken(&self) -> i64 {
        self.taken.get()
    }

    /// Waits until none is taken. For one waiter at a time.
    pub(super) async fn emptied(&self) {
        while self.taken() > 0 {
            self.emptied.notified().await;
        }
    }
}

impl<P: Deref<Target = Slots>> Drop for Slot<P> {
    fn drop(&mut self) {
        if self.0.taken.dec() == 1 {
            self.0.emptied.notify_one();
        }
    }
}

/// Connections by address. Holds only addresses with a connection open, so the limit on connections bounds it too.
#[derive(Default)]
pub(super) struct Addresses(Mutex<HashMap<IpAddr, usize>>);

/// One connection of an address, until this is dropped.
pub(super) struct AddressSlot {
    addresses: Arc<Addresses>,
    key: IpAddr,
}

impl Addresses {
    /// A slot, unless `limit` connections from `address` are open.
    pub(super) fn take(self: &Arc<Self>, address: IpAddr, limit: usize) -> Option<AddressSlot> {
        let key = subscriber(address);
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(key).or_insert(0);
        if *count >= limit {
            if *count == 0 {
                open.remove(&key);
            }
            return None;
        }
        *count += 1;
        Some(AddressSlot { addresses: Arc::clone(self), key })
    }
}

impl Drop for AddressSlot {
    fn drop(&mut self) {
        let mut open = self.addresses.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.key) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.key);
            }
        }
    }
}

/// What one subscriber has: an IPv4 address, or a whole IPv6 /64, inside which addresses cost nothing.
fn subscriber(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64)),
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_given_up_to_the_limit_and_come_back() {
        let slots = Slots::default();
        let first = Slots::take(&slots, 2).unwrap();
        let second = Slots::take(&slots, 2).unwrap();
        assert!(Slots::take(&slots, 2).is_none());
        assert!(Slots::take(&slots, 3).is_some(), "the reserve lies beyond the limit");
        drop(first);
        assert!(Slots::take(&slots, 2).is_some());
        drop(second);
        assert_eq!(slots.taken(), 0);
    }

    #[test]
    fn an_address_has_its_own_limit_and_leaves_no_trace() {
        let addresses = Arc::new(Addresses::default());
        let take = |text: &str, limit| addresses.take(text.parse().unwrap(), limit);
        let one = take("192.0.2.1", 1);
        assert!(one.is_some());
        assert!(take("::ffff:192.0.2.1", 1).is_none());
        let other = take("192.0.2.2", 1);
        let six = take("2001:db8::1", 1);
        assert!(other.is_some() && six.is_some());
        assert!(take("2001:db8::2", 1).is_none(), "the same /64");
        assert!(take("2001:db8:0:1::1", 1).is_some());
        assert!(take("192.0.2.9", 0).is_none());
        drop((one, other, six));
        assert!(addresses.0.lock().unwrap().is_empty());
    }
}
