//! How many wrong guesses are borne, as pure state: what is asked takes the time and gives a verdict.
//!
//! Guesses are paid for by the network they come from, by the account they are for, and by the two together; each budget
//! refills with time. The same wrong secret for the same name is paid for once, since every machine of a fleet with a
//! stale secret repeats it. What is remembered is bounded: when it is full, the half that was not used lately goes.

use super::time::Timestamp;
use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;

/// Guesses that are borne at once, and the seconds after which one more is.
#[derive(Clone, Copy, Debug)]
struct Budget {
    guesses: u32,
    refill: i64,
}

/// Whole offices share an address.
const NETWORK: Budget = Budget { guesses: 60, refill: 5 };
/// From everywhere together.
const ACCOUNT: Budget = Budget { guesses: 100, refill: 5 };
/// A person who mistypes needs a few; a second person behind the same address is not held up.
const PAIR: Budget = Budget { guesses: 10, refill: 30 };
/// How long a wrong secret is not paid for again. Seconds. A right one is remembered until others push it out, which only
/// right ones can.
const MEMORY: i64 = 3600;
/// Entries of each kind that are remembered.
const MOST: usize = 65_536;

/// One attempt to log in. Names and secrets only appear as keyed hashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Where it comes from; `None`: the command line or a test.
    pub network: Option<Network>,
    /// Keyed hash of the name.
    pub account: u128,
    /// Keyed hash of name and secret.
    pub secret: u128,
}

/// An IPv4 address, or the /64 that one IPv6 customer has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Network(u128);

impl From<IpAddr> for Network {
    fn from(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V4(address) => u128::from(u32::from(address)),
            IpAddr::V6(address) => u128::from(address) >> 64 << 64,
        })
    }
}

/// Seconds after which a refused attempt may be made again; at least 1.
pub type RetryAfter = i64;

/// An attempt that may cost a slow hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admitted {
    /// The very same name and secret were right before: no guess, whatever happens around it.
    Known,
    /// May be a guess.
    Unknown,
}

/// What is remembered about attempts.
#[derive(Debug)]
pub struct Throttle {
    networks: Recent<Network, Bucket>,
    accounts: Recent<u128, Bucket>,
    pairs: Recent<(Network, u128), Bucket>,
    wrong: Recent<u128, Timestamp>,
    right: Recent<u128, ()>,
}

impl Default for Throttle {
    fn default() -> Self {
        Self::bounded(MOST)
    }
}

impl Throttle {
    fn bounded(most: usize) -> Self {
        Self {
            networks: Recent::new(most),
            accounts: Recent::new(most),
            pairs: Recent::new(most),
            wrong: Recent::new(most),
            right: Recent::new(most),
        }
    }

    /// Whether an attempt may cost a slow hash. A credential that was right before always may: nobody is locked out by
    /// the guesses of others. The account's own budget is not asked, for the same reason.
    pub fn admit(&mut self, attempt: &Attempt, now: Timestamp) -> Result<Admitted, RetryAfter> {
        if self.right.get(&attempt.secret).is_some() {
            return Ok(Admitted::Known);
        }
        let Some(network) = attempt.network else { return Ok(Admitted::Unknown) };
        let waits = [
            self.networks.get(&network).map(|bucket| bucket.wait(NETWORK, now)),
            self.pairs.get(&(network, attempt.account)).map(|bucket| bucket.wait(PAIR, now)),
        ];
        match waits.into_iter().flatten().max() {
            Some(wait) if wait > 0 => Err(wait),
            _ => Ok(Admitted::Unknown),
        }
    }

    /// Notes that an attempt was wrong. `Err` when guesses like it have used a budget up: the answer says so.
    pub fn failed(&mut self, attempt: &Attempt, now: Timestamp) -> Result<(), RetryAfter> {
        let repeated = is_remembered(&mut self.wrong, attempt.secret, now);
        if !repeated {
            self.wrong.put(attempt.secret, now);
        }
        let mut wait = spend(&mut self.accounts, attempt.account, ACCOUNT, repeated, now);
        if let Some(network) = attempt.network {
            wait = wait.max(spend(&mut self.networks, network, NETWORK, repeated, now));
            wait = wait.max(spend(&mut self.pairs, (network, attempt.account), PAIR, repeated, now));
        }
        if wait > 0 { Err(wait) } else { Ok(()) }
    }

    /// Notes that an attempt was right. No budget is given back: whoever has one account could guess at others for ever.
    pub fn succeeded(&mut self, attempt: &Attempt) {
        self.right.put(attempt.secret, ());
    }

    /// Entries that are remembered now.
    pub fn len(&self) -> usize {
        self.networks.len() + self.accounts.len() + self.pairs.len() + self.wrong.len() + self.right.len()
    }

    /// Whether nothing is remembered.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

fn is_remembered(memory: &mut Recent<u128, Timestamp>, key: u128, now: Timestamp) -> bool {
    // A clock that jumped back must not make a memory last for years.
    memory.get(&key).is_some_and(|at| (0..MEMORY).contains(&now.seconds_since(at)))
}

/// Pays for a guess, unless it is `repeated`, and tells how long until the next one is borne; 0 while it was paid for.
fn spend<K: Hash + Eq + Copy>(
    buckets: &mut Recent<K, Bucket>,
    key: K,
    budget: Budget,
    repeated: bool,
    now: Timestamp,
) -> RetryAfter {
    let bucket = buckets.get(&key).unwrap_or_else(|| Bucket::full(budget, now)).refilled(budget, now);
    let wait = bucket.wait(budget, now);
    if !repeated {
        buckets.put(key, Bucket { left: bucket.left.saturating_sub(1), ..bucket });
    }
    wait
}

/// A budget that is being spent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Bucket {
    left: u32,
    /// When `left` was last brought up to date.
    at: Timestamp,
}

impl Bucket {
    const fn full(budget: Budget, now: Timestamp) -> Self {
        Self { left: budget.guesses, at: now }
    }

    fn refilled(self, budget: Budget, now: Timestamp) -> Self {
        let passed = now.seconds_since(self.at);
        if passed < 0 {
            // The clock jumped back. Starting over forgives a little; waiting for the old time could take a year.
            return Self::full(budget, now);
        }
        let gained = passed / budget.refill;
        let left = i64::from(self.left).saturating_add(gained);
        if left >= i64::from(budget.guesses) {
            return Self::full(budget, now);
        }
        Self { left: u32::try_from(left).unwrap_or(budget.guesses), at: self.at.plus(gained * budget.refill) }
    }

    /// Seconds until a guess is borne; 0: now.
    fn wait(self, budget: Budget, now: Timestamp) -> RetryAfter {
        let bucket = self.refilled(budget, now);
        if bucket.left > 0 {
            0
        } else {
            (budget.refill - now.seconds_since(bucket.at)).clamp(1, budget.refill)
        }
    }
}

/// A map that forgets: what was not touched while as many others as half its bound were is gone.
#[derive(Debug)]
struct Recent<K, V> {
    young: HashMap<K, V>,
    old: HashMap<K, V>,
    half: usize,
}

impl<K: Hash + Eq + Copy, V: Copy> Recent<K, V> {
    fn new(most: usize) -> Self {
        Self { young: HashMap::new(), old: HashMap::new(), half: (most / 2).max(1) }
    }

    fn get(&mut self, key: &K) -> Option<V> {
        if let Some(value) = self.young.get(key) {
            return Some(*value);
        }
        let value = self.old.remove(key)?;
        self.put(*key, value);
        Some(value)
    }

    fn put(&mut self, key: K, value: V) {
        if self.young.len() >= self.half && !self.young.contains_key(&key) {
            self.old = std::mem::take(&mut self.young);
        }
        self.old.remove(&key);
        self.young.insert(key, value);
    }

    fn len(&self) -> usize {
        self.young.len() + self.old.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const START: Timestamp = Timestamp(1_000_000);

    fn network(last: u8) -> Network {
        IpAddr::from([192, 0, 2, last]).into()
    }

    fn guess(network_number: u8, account: u128, secret: u128) -> Attempt {
        Attempt { network: Some(network(network_number)), account, secret }
    }

    /// Different wrong secrets for an account, until the answer is a refusal; how many were borne.
    fn borne(throttle: &mut Throttle, network_number: u8, account: u128, from: u128) -> u128 {
        (0..1000)
            .find(|number| throttle.failed(&guess(network_number, account, from + number), START).is_err())
            .unwrap()
    }

    #[test]
    fn a_person_who_mistypes_is_borne_and_a_guesser_is_not() {
        let mut throttle = Throttle::default();
        assert_eq!(borne(&mut throttle, 1, 7, 0), u128::from(PAIR.guesses));
        assert!(throttle.admit(&guess(1, 7, 999), START).is_err());
        assert!(throttle.admit(&guess(1, 8, 999), START).is_ok(), "another account from there");
        assert!(throttle.admit(&guess(2, 7, 999), START).is_ok(), "the account from elsewhere");
        let later = START.plus(PAIR.refill);
        assert!(throttle.admit(&guess(1, 7, 999), later).is_ok());
    }

    #[test]
    fn a_network_that_tries_one_guess_on_many_accounts_is_refused() {
        let mut throttle = Throttle::default();
        let refused = (0..1000).find(|number| throttle.failed(&guess(1, *number, *number), START).is_err());
        assert_eq!(refused, Some(u128::from(NETWORK.guesses)));
        assert!(throttle.admit(&guess(1, 5000, 5000), START).is_err());
        assert!(throttle.admit(&guess(2, 5000, 5000), START).is_ok());
    }

    #[test]
    fn guesses_at_one_account_from_everywhere_are_told_to_wait_but_never_lock_it() {
        let mut throttle = Throttle::default();
        let refused = (0..200).find(|number| {
            throttle.failed(&guess(u8::try_from(*number).unwrap(), 7, *number), START).is_err()
        });
        assert_eq!(refused, Some(u128::from(ACCOUNT.guesses)));
        assert!(throttle.admit(&guess(250, 7, 999), START).is_ok());
    }

    #[test]
    fn what_is_remembered_is_counted() {
        let mut throttle = Throttle::default();
        assert!(throttle.is_empty());
        throttle.succeeded(&guess(1, 7, 1));
        assert_eq!((throttle.len(), throttle.is_empty()), (1, false));
        throttle.failed(&guess(1, 7, 2), START).unwrap();
        // The network, the account, the two together, the wrong secret and the right one.
        assert_eq!(throttle.len(), 5);
    }

    #[test]
    fn the_wait_ends_when_the_next_guess_is_borne() {
        let mut throttle = Throttle::default();
        borne(&mut throttle, 1, 7, 0);
        let wait = |throttle: &mut Throttle, passed| throttle.admit(&guess(1, 7, 999), START.plus(passed));
        assert_eq!(wait(&mut throttle, 0), Err(PAIR.refill));
        assert_eq!(wait(&mut throttle, 10), Err(PAIR.refill - 10));
        assert_eq!(wait(&mut throttle, PAIR.refill - 1), Err(1));
        assert_eq!(wait(&mut throttle, PAIR.refill), Ok(Admitted::Unknown));
    }

    #[test]
    fn what_was_used_lately_is_kept_and_the_rest_is_forgotten_when_it_is_full() {
        let mut recent = Recent::new(4);
        for key in 1..=4 {
            recent.put(key, ());
        }
        assert_eq!(recent.len(), 4);
        // What is there already takes no room.
        recent.put(4, ());
        assert_eq!(recent.len(), 4);
        assert!(recent.get(&1).is_some(), "touched again");
        recent.put(5, ());
        let kept: Vec<_> =
            (1..=5).filter(|key| recent.young.contains_key(key) || recent.old.contains_key(key)).collect();
        assert_eq!(kept, [1, 3, 4, 5]);
    }

    #[test]
    fn the_same_wrong_secret_repeated_counts_once() {
        let mut throttle = Throttle::default();
        for _ in 0..10_000 {
            assert!(throttle.failed(&guess(1, 7, 42), START).is_ok());
        }
        assert_eq!(borne(&mut throttle, 1, 7, 100), u128::from(PAIR.guesses) - 1);
    }

    #[test]
    fn a_credential_that_was_right_once_is_never_refused() {
        let mut throttle = Throttle::default();
        throttle.succeeded(&guess(9, 7, 1));
        borne(&mut throttle, 1, 7, 100);
        assert_eq!(throttle.admit(&guess(1, 7, 1), START.plus(1_000_000)), Ok(Admitted::Known));
        assert!(throttle.admit(&guess(1, 7, 2), START).is_err());
    }

    #[test]
    fn an_ipv6_customer_is_one_network_and_mapped_addresses_are_ipv4() {
        let of = |text: &str| Network::from(text.parse::<IpAddr>().unwrap());
        assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff::9"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    }

    #[test]
    fn a_clock_that_jumps_neither_locks_nor_opens_for_long() {
        let mut throttle = Throttle::default();
        borne(&mut throttle, 1, 7, 0);
        let year = 31_536_000;
        assert!(throttle.admit(&guess(1, 7, 999), START.plus(-year)).is_ok());
        for number in 0..=u128::from(PAIR.guesses) {
            let _ = throttle.failed(&guess(1, 7, 5000 + number), START.plus(-year));
        }
        assert!(throttle.admit(&guess(1, 7, 999), START.plus(-year)).is_err());
    }

    proptest! {
        #[test]
        fn memory_stays_within_its_bound(attempts in prop::collection::vec((any::<u8>(), 0..500_u128, 0..500_u128, any::<bool>()), 0..600)) {
            let mut throttle = Throttle::bounded(16);
            for (place, account, secret, right) in attempts {
                let attempt = guess(place, account, secret);
                let _ = throttle.admit(&attempt, START);
                if right { throttle.succeeded(&attempt) } else { let _ = throttle.failed(&attempt, START); }
                prop_assert!(throttle.len() <= 5 * 16);
            }
        }

        #[test]
        fn no_guesser_gets_more_than_the_budget_and_its_refill(steps in prop::collection::vec(0..20_i64, 1..400)) {
            let (mut throttle, mut now, mut passed) = (Throttle::default(), START, 0);
            for (number, step) in steps.iter().enumerate() {
                now = now.plus(*step);
                let attempt = guess(1, 7, number as u128);
                if throttle.admit(&attempt, now).is_ok() {
                    passed += 1;
                    let _ = throttle.failed(&attempt, now);
                }
            }
            prop_assert!(passed <= i64::from(PAIR.guesses) + now.seconds_since(START) / PAIR.refill + 1);
        }

        #[test]
        fn whatever_others_do_a_known_credential_is_admitted(attempts in prop::collection::vec((any::<u8>(), 0..4_u128, 2..500_u128, 0..10_i64), 0..300)) {
            let (mut throttle, mut now) = (Throttle::default(), START);
            let mine = guess(1, 1, 1);
            throttle.succeeded(&mine);
            for (place, account, secret, step) in attempts {
                now = now.plus(step);
                let _ = throttle.failed(&guess(place, account, secret), now);
                prop_assert_eq!(throttle.admit(&mine, now), Ok(Admitted::Known));
            }
        }

        #[test]
        fn a_wait_is_never_longer_than_one_refill_and_never_less_than_a_second(numbers in prop::collection::vec(any::<u8>(), 0..300), jump in any::<i64>()) {
            let mut throttle = Throttle::default();
            for number in numbers {
                if let Err(wait) = throttle.failed(&guess(1, 7, u128::from(number)), START) {
                    prop_assert!((1..=PAIR.refill).contains(&wait));
                }
            }
            if let Err(wait) = throttle.admit(&guess(1, 7, 999), START.plus(jump)) {
                prop_assert!((1..=PAIR.refill).contains(&wait));
            }
        }
    }
}
