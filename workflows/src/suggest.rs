//! "Did you mean": the known word nearest to one that was mistyped.

/// Words longer than this are nobody's typing mistake, and cost too much to compare.
const WORD_CHARS_MAX: usize = 40;

/// The candidate nearest to `word`, if one is near enough to be what was meant.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted: Vec<char> = fold(word);
    if wanted.is_empty() || wanted.len() > WORD_CHARS_MAX {
        return None;
    }
    let far = wanted.len() / 3 + 1;
    candidates
        .into_iter()
        .filter(|c| c.chars().count() <= WORD_CHARS_MAX)
        .map(|c| (distance(&wanted, &fold(c)), c))
        .filter(|(d, _)| *d <= far)
        .min()
        .map(|(_, c)| c)
}

/// A help text that names the nearest candidate, or else lists all of them.
pub fn help<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    let candidates: Vec<&str> = candidates.into_iter().collect();
    match nearest(word, candidates.iter().copied()) {
        Some(near) => format!("Did you mean `{near}`?"),
        None if candidates.is_empty() => "There is nothing to choose from here.".to_owned(),
        None => format!("Known are: {}.", candidates.join(", ")),
    }
}

/// Case, and the separators people confuse, do not count.
fn fold(word: &str) -> Vec<char> {
    word.chars().filter(|c| !matches!(c, '_' | '-' | ' ')).flat_map(char::to_lowercase).collect()
}

/// Levenshtein distance.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(row[j + 1] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_words() {
        let known = ["send.text", "send.list", "ask", "timeout", "saveAs"];
        for (word, wanted) in [
            ("send.txt", Some("send.text")),
            ("sendtext", Some("send.text")),
            ("save_as", Some("saveAs")),
            ("time-out", Some("timeout")),
            ("aks", Some("ask")),
            ("ask ", Some("ask")),
            ("javascript", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, known), wanted, "{word}");
        }
    }
}
