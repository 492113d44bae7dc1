//! Identifiers, and where new ones come from.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize, de};
use utoipa::{PartialSchema, ToSchema, openapi};
use uuid::Uuid;

use super::clock::Clock;

/// Sereno's own name for an alarm: a UUID, version 7, so that ids sort by time of arrival.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(transparent)]
#[schema(value_type = String, format = "uuid")]
pub struct AlarmId(pub Uuid);

impl fmt::Display for AlarmId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl FromStr for AlarmId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

/// A caption's place in its alarm, counted from one and written `c1`, `c2`, …
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CaptionId(pub u32);

impl fmt::Display for CaptionId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "c{}", self.0)
    }
}

impl FromStr for CaptionId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.strip_prefix('c')
            .and_then(|digits| digits.parse().ok())
            .filter(|number| *number > 0)
            .map(Self)
            .ok_or_else(|| format!("`{text}` is not a caption id such as c1"))
    }
}

impl Serialize for CaptionId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for CaptionId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl PartialSchema for CaptionId {
    fn schema() -> openapi::RefOr<openapi::schema::Schema> {
        openapi::ObjectBuilder::new()
            .schema_type(openapi::schema::Type::String)
            .pattern(Some("^c[1-9][0-9]*$"))
            .into()
    }
}

impl ToSchema for CaptionId {}

/// Where new identifiers and other randomness come from, so that tests can choose them.
pub trait IdSource: Send + Sync {
    /// A new version 7 UUID for this instant.
    fn new_id(&self, clock: &dyn Clock) -> Uuid;

    /// 32 unpredictable bytes: salts, tokens, keys.
    fn random_bytes(&self) -> [u8; 32];

    /// A number from 0 to below 1, each as likely as another: for drawing samples.
    fn fraction(&self) -> f64 {
        let [first, second, third, fourth, ..] = self.random_bytes();
        f64::from(u32::from_le_bytes([first, second, third, fourth])) / (f64::from(u32::MAX) + 1.0)
    }
}

/// The operating system's randomness.
#[derive(Debug, Clone, Copy, Default)]
pub struct RandomIds;

impl IdSource for RandomIds {
    fn new_id(&self, clock: &dyn Clock) -> Uuid {
        let now = clock.now();
        let seconds = u64::try_from(now.as_second()).unwrap_or_default();
        let nanos = u32::try_from(now.subsec_nanosecond()).unwrap_or_default();
        let timestamp = uuid::Timestamp::from_unix(uuid::NoContext, seconds, nanos);
        Uuid::new_v7(timestamp)
    }

    fn random_bytes(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        // The kernel's generator fails only where no program could run safely.
        #[expect(clippy::expect_used, reason = "without randomness no secret may be made")]
        getrandom::fill(&mut bytes).expect("the operating system gives no randomness");
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Always(u8);

    impl IdSource for Always {
        fn new_id(&self, _: &dyn Clock) -> Uuid {
            Uuid::nil()
        }

        fn random_bytes(&self) -> [u8; 32] {
            [self.0; 32]
        }
    }

    #[test]
    fn a_fraction_lies_from_nought_to_below_one() {
        assert_eq!(Always(0).fraction().to_bits(), 0.0_f64.to_bits());
        assert!(Always(255).fraction() < 1.0 && Always(255).fraction() > 0.999);
        assert!((Always(128).fraction() - 0.5).abs() < 0.01);
    }

    #[test]
    fn caption_ids_read_back_and_refuse_zero() {
        assert_eq!("c12".parse(), Ok(CaptionId(12)));
        assert_eq!(CaptionId(12).to_string(), "c12");
        for wrong in ["c0", "12", "c", "c-1", "d1", "c1x"] {
            assert!(wrong.parse::<CaptionId>().is_err(), "{wrong}");
        }
    }
}
