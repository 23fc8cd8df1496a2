//! Chance from the operating system, as the port [`Chance`].

use aws_lc_rs::rand;
use domain::ports::Chance;
use jiff::Timestamp;

/// UUIDv7 and secrets from the system's generator.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemChance;

impl Chance for SystemChance {
    fn uuid(&self, now: Timestamp) -> [u8; 16] {
        let random = self.bytes16();
        let millis = now.as_millisecond().max(0).to_be_bytes();
        let mut tail = [0_u8; 10];
        tail.copy_from_slice(&random[6..]);
        uuid::Builder::from_unix_timestamp_millis(u64::from_be_bytes(millis), &tail).into_uuid().into_bytes()
    }

    fn bytes16(&self) -> [u8; 16] {
        let mut bytes = [0_u8; 16];
        // Unwrap safety: the system generator fails only when the kernel has none; then nothing may go on.
        rand::fill(&mut bytes).expect("the system's random generator");
        bytes
    }
}
