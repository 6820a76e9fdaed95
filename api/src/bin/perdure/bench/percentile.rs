//! Percentiles of a list of figures, by sorting it.

use serde_json::{Value, json};

/// The nearest-rank percentile of sorted figures: the smallest that at least `share` of them do not exceed. Zero of none.
pub(super) fn percentile(sorted: &[f64], share: f64) -> f64 {
    let rank = (share * sorted.len() as f64).ceil().max(1.0) as usize;
    sorted.get(rank.min(sorted.len()).wrapping_sub(1)).copied().unwrap_or(0.0)
}

/// The least, half, nearly all, and the most of them, in milliseconds with two digits.
pub(super) fn summary(mut times_ms: Vec<f64>) -> Value {
    times_ms.sort_by(f64::total_cmp);
    let told = |share| hundredths(percentile(&times_ms, share));
    json!({ "n": times_ms.len(), "min_ms": told(0.0), "p50_ms": told(0.5), "p99_ms": told(0.99), "max_ms": told(1.0) })
}

/// Rounded to a hundredth: what is a fraction of a millisecond needs one digit more than [`super::tenths`].
fn hundredths(figure: f64) -> Value {
    json!((figure * 100.0).round() / 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_ranks() {
        let hundred: Vec<f64> = (1..=100).map(f64::from).collect();
        let cases: [(&[f64], f64, f64); 6] = [
            (&[], 0.5, 0.0),
            (&[7.0], 0.5, 7.0),
            (&[7.0], 0.99, 7.0),
            (&hundred, 0.5, 50.0),
            (&hundred, 0.99, 99.0),
            (&hundred, 1.0, 100.0),
        ];
        for (sorted, share, wanted) in cases {
            assert!((percentile(sorted, share) - wanted).abs() < 1e-9, "{share} of {sorted:?}");
        }
    }
}
