//! Chat bubbles on a terminal: the customer left, the workflow right.

/// Columns of the whole conversation.
const WIDTH: usize = 76;
/// Most columns of a text inside a bubble.
const TEXT_WIDTH: usize = 48;

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// The customer.
    Left,
    /// The workflow.
    Right,
}

/// A text in a box with the time under it, and what can be tapped.
pub(super) fn bubble(side: Side, text: &str, time: &str, buttons: &[String]) -> String {
    let mut lines: Vec<String> = text.lines().flat_map(|line| wrap(line, TEXT_WIDTH)).collect();
    if !buttons.is_empty() {
        let titles: Vec<String> = buttons.iter().map(|title| format!("[{title}]")).collect();
        lines.extend(wrap(&titles.join(" "), TEXT_WIDTH));
    }
    let inner = lines.iter().map(|line| columns(line)).max().unwrap_or(0).max(columns(time) + 2);
    let mut rows = vec![format!("╭{}╮", "─".repeat(inner + 2))];
    rows.extend(
        lines.iter().map(|line| format!("│ {line}{} │", " ".repeat(inner - columns(line)))),
    );
    let rest = inner + 1 - columns(time) - 2;
    rows.push(format!("╰{} {time} ─╯", "─".repeat(rest)));
    let indent = match side {
        Side::Left => 2,
        Side::Right => WIDTH.saturating_sub(inner + 4),
    };
    let rows: Vec<String> = rows.iter().map(|row| format!("{}{row}", " ".repeat(indent))).collect();
    rows.join("\n")
}

fn columns(text: &str) -> usize {
    text.chars().count()
}

/// Lines of whole words; a word longer than a line stands alone.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().expect("there is always a last line");
        if line.is_empty() {
            line.push_str(word);
        } else if columns(line) + 1 + columns(word) <= width {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_as_wide_as_the_others() {
        let long =
            "a sentence that is much longer than one line of a bubble, so that it has to be broken";
        for (text, buttons) in
            [("", vec![]), ("hi", vec!["Yes".to_owned()]), (long, vec![]), ("zoë – ñ", vec![])]
        {
            for side in [Side::Left, Side::Right] {
                let bubble = bubble(side, text, "10:30:00", &buttons);
                let widths: Vec<usize> = bubble.lines().map(columns).collect();
                assert!(
                    widths.iter().all(|width| *width == widths[0] && *width <= WIDTH),
                    "{bubble}"
                );
            }
        }
    }
}
