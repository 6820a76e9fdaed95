//! "Did you mean": the known name closest to one that is not known.

/// Most candidates compared: an object with more fields than this is no object of hand-written names.
const CANDIDATES_MAX: usize = 1_000;
/// Longest name compared; beyond it nobody made a slip of the pen.
const NAME_CHARS_MAX: usize = 64;

/// The candidate a slip or two away from `name`, if there is one.
pub(super) fn nearest<'n>(
    name: &str,
    candidates: impl IntoIterator<Item = &'n str>,
) -> Option<&'n str> {
    let n_chars = name.chars().count();
    if n_chars > NAME_CHARS_MAX {
        return None;
    }
    let allowed = match n_chars {
        0..=2 => 1,
        3..=5 => 2,
        _ => 3,
    };
    let scored = candidates
        .into_iter()
        .take(CANDIDATES_MAX)
        .map(|candidate| (distance(name, candidate), candidate));
    scored.filter(|(distance, _)| *distance <= allowed).min_by_key(|(d, _)| *d).map(|(_, c)| c)
}

/// Edits between two names, upper and lower case taken as one.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> =
        other.chars().take(NAME_CHARS_MAX).flat_map(char::to_lowercase).collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, c) in one.chars().flat_map(char::to_lowercase).enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, d) in other.iter().enumerate() {
            let substituted = diagonal + usize::from(c != *d);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[other.len()]
}
