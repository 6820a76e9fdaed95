//! How far apart looks are that find what no hint told of.
//!
//! What was done since somebody took a snapshot stays in the indexes until the snapshot is given up, and a look from end to end goes past
//! all of it: 10 ms for the steps and the events of two minutes at fifty conversations a second, 30 ms for the messages, a second and
//! more of each after some hours.
//!
//! **Invariant:** such looks take about a tenth of the time, unless one takes longer than half a second.

use std::time::Duration;

/// How many times as long as a look took until the next one.
const REST: u32 = 9;
/// Farthest apart: what a lost hint was to tell, or what another process left while hints are off, waits that long.
const APART_MAX: Duration = Duration::from_secs(5);

/// The wait after a look whose statements took so long and found little; usually, and at least, `usual`.
pub(crate) fn apart(usual: Duration, took: Duration) -> Duration {
    usual.max((took * REST).min(APART_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_that_take_long_are_farther_apart() {
        for (usual_ms, took_ms, apart_ms) in [
            (1_000, 0, 1_000),
            (1_000, 100, 1_000),
            (1_000, 300, 2_700),
            (1_000, 2_000, 5_000),
            (20_000, 2_000, 20_000),
        ] {
            let ms = Duration::from_millis;
            assert_eq!(apart(ms(usual_ms), ms(took_ms)), ms(apart_ms), "{usual_ms} {took_ms}");
        }
    }
}
