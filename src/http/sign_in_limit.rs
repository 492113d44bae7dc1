//! How often a log-in may be tried: token buckets in memory, by address, and by name and address.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Mutex, PoisonError},
};

use jiff::Timestamp;

/// Buckets kept at most. Beyond it the fullest ones go first: they hold the least knowledge.
const MOST_BUCKETS: usize = 10_000;

/// Tries in a row for one name from one address, and milliseconds until another is granted.
const BY_NAME: Rate = Rate { burst: 5, each_ms: 12_000 };

/// The same for all names from one address.
const BY_ADDRESS: Rate = Rate { burst: 30, each_ms: 2_000 };

#[derive(Debug, Clone, Copy)]
struct Rate {
    burst: u64,
    each_ms: u64,
}

impl Rate {
    const fn full_ms(self) -> u64 {
        self.burst * self.each_ms
    }
}

/// Who tries: the name is part of the key, so that a stranger elsewhere cannot lock an operator out.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    address: IpAddr,
    name: Option<String>,
}

impl Key {
    fn rate(&self) -> Rate {
        if self.name.is_some() { BY_NAME } else { BY_ADDRESS }
    }
}

/// Time saved up for tries, in whole milliseconds so that nothing is lost to rounding.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    saved_ms: u64,
    at: Timestamp,
}

impl Bucket {
    /// The bucket as it stands at `now`; a clock that went backwards grants nothing.
    fn refilled(self, rate: Rate, now: Timestamp) -> Self {
        let passed_ms = u64::try_from(now.duration_since(self.at).as_millis()).unwrap_or_default();
        Self { saved_ms: self.saved_ms.saturating_add(passed_ms).min(rate.full_ms()), at: now }
    }
}

/// Counts tries. Safe to share; holds its lock for microseconds.
#[derive(Debug, Default)]
pub(super) struct SignInLimit(Mutex<HashMap<Key, Bucket>>);

impl SignInLimit {
    /// Takes one try, or says in how many seconds there will be one. Hashing a password is what
    /// costs, so the try is taken before it; [`Self::succeeded`] gives it back.
    pub(super) fn take(&self, name: &str, address: IpAddr, now: Timestamp) -> Result<(), u32> {
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        make_room(&mut buckets, now);
        let keys = keys(name, address);
        let missing_ms = keys
            .iter()
            .map(|key| key.rate().each_ms.saturating_sub(standing(&buckets, key, now).saved_ms))
            .max()
            .unwrap_or_default();
        if missing_ms > 0 {
            return Err(u32::try_from(missing_ms.div_ceil(1000)).unwrap_or(u32::MAX));
        }
        for key in keys {
            let mut bucket = standing(&buckets, &key, now);
            bucket.saved_ms -= key.rate().each_ms;
            buckets.insert(key, bucket);
        }
        Ok(())
    }

    /// Gives the try back: only failures count, or a shift change behind one address would lock
    /// itself out.
    pub(super) fn succeeded(&self, name: &str, address: IpAddr) {
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for key in keys(name, address) {
            if let Some(bucket) = buckets.get_mut(&key) {
                let rate = key.rate();
                bucket.saved_ms = (bucket.saved_ms + rate.each_ms).min(rate.full_ms());
            }
        }
    }
}

fn keys(name: &str, address: IpAddr) -> [Key; 2] {
    let address = network(address);
    [Key { address, name: None }, Key { address, name: Some(name.to_owned()) }]
}

fn standing(buckets: &HashMap<Key, Bucket>, key: &Key, now: Timestamp) -> Bucket {
    let rate = key.rate();
    buckets
        .get(key)
        .map_or(Bucket { saved_ms: rate.full_ms(), at: now }, |bucket| bucket.refilled(rate, now))
}

/// One customer's addresses count as one: an IPv6 host has a whole /64 to choose from.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)))
        }
        address @ IpAddr::V4(_) => address,
    }
}

fn make_room(buckets: &mut HashMap<Key, Bucket>, now: Timestamp) {
    if buckets.len() + 2 <= MOST_BUCKETS {
        return;
    }
    buckets.retain(|key, bucket| bucket.refilled(key.rate(), now).saved_ms < key.rate().full_ms());
    if buckets.len() + 2 > MOST_BUCKETS {
        // Only a flood of failures from thousands of networks comes here. The half that has most
        // tries left is forgotten, so that those who fail most stay held.
        let left = |key: &Key, bucket: &Bucket| bucket.saved_ms / key.rate().each_ms;
        let mut tries: Vec<u64> = buckets.iter().map(|(key, bucket)| left(key, bucket)).collect();
        tries.sort_unstable();
        let median = tries.get(tries.len() / 2).copied().unwrap_or_default();
        let mut to_go = buckets.len() / 2;
        buckets.retain(|key, bucket| {
            let goes = to_go > 0 && left(key, bucket) >= median;
            to_go -= usize::from(goes);
            !goes
        });
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    const HOME: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 7));

    fn seconds(after: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_secs(1_800_000_000 + after)
    }

    #[test]
    fn the_sixth_try_in_a_row_waits_and_then_passes() {
        let limit = SignInLimit::default();
        for _ in 0..5 {
            assert_eq!(limit.take("ana", HOME, seconds(0)), Ok(()));
        }
        assert_eq!(limit.take("ana", HOME, seconds(0)), Err(12));
        assert_eq!(limit.take("ana", HOME, seconds(11)), Err(1));
        assert_eq!(limit.take("ana", HOME, seconds(12)), Ok(()));
        assert_eq!(limit.take("ana", HOME, seconds(12)), Err(12));
    }

    #[test]
    fn others_are_not_locked_out_by_it() {
        let limit = SignInLimit::default();
        for _ in 0..6 {
            let _ = limit.take("ana", HOME, seconds(0));
        }
        assert!(limit.take("ana", "10.0.0.8".parse().unwrap(), seconds(0)).is_ok());
        assert!(limit.take("luis", HOME, seconds(0)).is_ok());
    }

    #[test]
    fn guessing_many_names_from_one_network_is_held_too() {
        let limit = SignInLimit::default();
        let passed = (0..100u8)
            .filter(|host| {
                let address = Ipv6Addr::new(0x2001, 0xdb8, 0, 1, 0, 0, 0, u16::from(*host));
                limit.take(&format!("user{host}"), address.into(), seconds(0)).is_ok()
            })
            .count();
        assert_eq!(passed, 30);
    }

    #[test]
    fn success_does_not_count() {
        let limit = SignInLimit::default();
        for _ in 0..100 {
            assert_eq!(limit.take("ana", HOME, seconds(0)), Ok(()));
            limit.succeeded("ana", HOME);
        }
    }

    #[test]
    fn a_clock_set_back_grants_nothing_and_takes_nothing() {
        let limit = SignInLimit::default();
        for _ in 0..5 {
            assert_eq!(limit.take("ana", HOME, seconds(0)), Ok(()));
        }
        assert!(limit.take("ana", HOME, seconds(-3600)).is_err());
    }

    #[test]
    fn memory_is_bounded_and_the_worst_offender_stays_held() {
        let limit = SignInLimit::default();
        for _ in 0..5 {
            let _ = limit.take("ana", HOME, seconds(0));
        }
        for host in 0..30_000u32 {
            let address = IpAddr::V4(std::net::Ipv4Addr::from_bits(0x0b00_0000 + host));
            let _ = limit.take("x", address, seconds(0));
        }
        assert!(limit.0.lock().unwrap().len() <= MOST_BUCKETS);
        assert!(limit.take("ana", HOME, seconds(0)).is_err());
    }
}
