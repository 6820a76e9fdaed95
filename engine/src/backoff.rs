//! The wait between two tries: doubled each time, with full jitter.

use sha2::{Digest, Sha256};
use std::time::Duration;
use workflows::chart::Policy;

/// The wait after the `attempt`th try (1 for the first). The jitter is a hash of the key, so it needs no randomness and
/// differs between steps.
pub(crate) fn wait(policy: &Policy, attempt: u32, key: &str) -> Duration {
    let doublings = attempt.saturating_sub(1).min(32);
    let longest_ms =
        policy.backoff_ms.saturating_mul(1_u64 << doublings).min(policy.backoff_max_ms);
    let hash = Sha256::digest(format!("{key}|{attempt}"));
    let chance = hash[..4].iter().fold(0_u64, |n, byte| (n << 8) | u64::from(*byte));
    Duration::from_millis(longest_ms.saturating_mul(chance) >> 32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use workflows::spec::OnUnknown;

    #[test]
    fn stays_within_the_doubled_wait() {
        let policy = Policy {
            timeout_ms: 1_000,
            max_attempts: 5,
            backoff_ms: 1_000,
            backoff_max_ms: 10_000,
            on_unknown: OnUnknown::Ask,
            priority: None,
            paces: Vec::new(),
        };
        for (attempt, longest_ms) in [(1, 1_000), (2, 2_000), (4, 8_000), (5, 10_000), (99, 10_000)]
        {
            let waits: Vec<_> =
                (0..200).map(|n| wait(&policy, attempt, &format!("pd-{n}"))).collect();
            let (most, least) = (waits.iter().max().unwrap(), waits.iter().min().unwrap());
            assert!(*most <= Duration::from_millis(longest_ms), "attempt {attempt}: {most:?}");
            assert!(*most > Duration::from_millis(longest_ms * 9 / 10), "attempt {attempt}");
            assert!(*least < Duration::from_millis(longest_ms / 10), "attempt {attempt}");
        }
        assert_eq!(wait(&policy, 3, "pd-1"), wait(&policy, 3, "pd-1"));
    }
}
