//! Functions of texts. Positions count characters, not bytes.

use super::eval::{Outcome, Work};
use super::functions::Function;
use super::value::Val;

/// The text of an argument.
pub(super) fn expect_text<'v>(value: &'v Val<'_>, work: &Work<'_>) -> Outcome<&'v str> {
    match value {
        Val::Str(text) => Ok(text),
        other => {
            Err(work.error("wrong-type", format!("a text is needed here, not {}", other.what())))
        }
    }
}

/// A whole number as a position or count; what is negative or too large is no position of anything.
pub(super) fn expect_position(value: &Val<'_>, work: &Work<'_>) -> Outcome<usize> {
    match value.as_whole() {
        Some(at) => usize::try_from(at)
            .map_err(|_| work.error("index-out-of-range", format!("there is no position {at}"))),
        None => {
            let message = format!("a whole number is needed here, not {}", value.what());
            Err(work.error("wrong-type", message))
        }
    }
}

/// `size`: characters, bytes, items or entries.
pub(super) fn size<'a>(value: &Val<'a>, work: &Work<'_>) -> Outcome<Val<'a>> {
    let size = match value {
        Val::Str(text) => {
            work.spend_text(text.len())?;
            Some(text.chars().count())
        }
        Val::Bytes(bytes) => Some(bytes.len()),
        other => other.items().map(|items| items.len()).or_else(|| other.n_entries()),
    };
    match size {
        Some(size) => Ok(whole(size)),
        None => Err(work.error("wrong-type", format!("{} has no size", value.what()))),
    }
}

pub(super) fn whole<'a>(n: usize) -> Val<'a> {
    Val::Int(i64::try_from(n).unwrap_or(i64::MAX))
}

/// Functions of one text.
pub(super) fn of_one<'a>(function: Function, value: &Val<'a>, work: &Work<'_>) -> Outcome<Val<'a>> {
    let text = expect_text(value, work)?;
    work.spend_output(text.len())?;
    Ok(Val::text(match function {
        Function::LowerAscii => text.to_ascii_lowercase(),
        Function::UpperAscii => text.to_ascii_uppercase(),
        Function::Lower => text.to_lowercase(),
        Function::Upper => text.to_uppercase(),
        _ => text.trim().into(),
    }))
}

/// Functions of a text and another.
pub(super) fn of_two<'a>(
    function: Function,
    (text, other): (&Val<'a>, &Val<'a>),
    work: &Work<'_>,
) -> Outcome<Val<'a>> {
    let text = expect_text(text, work)?;
    let other = expect_text(other, work)?;
    work.spend_text(text.len() + other.len())?;
    Ok(match function {
        Function::Contains => Val::Bool(text.contains(other)),
        Function::StartsWith => Val::Bool(text.starts_with(other)),
        Function::EndsWith => Val::Bool(text.ends_with(other)),
        _ => return split(text, (other, usize::MAX), work),
    })
}

/// Characters before byte `at`; -1 when there is none.
fn position<'a>(text: &str, at: Option<usize>) -> Val<'a> {
    at.map_or(Val::Int(-1), |at| whole(text[..at].chars().count()))
}

/// `indexOf` from a position on.
pub(super) fn index_of<'a>(
    (text, wanted): (&Val<'a>, &Val<'a>),
    from: Option<&Val<'a>>,
    work: &Work<'_>,
) -> Outcome<Val<'a>> {
    let text = expect_text(text, work)?;
    let wanted = expect_text(wanted, work)?;
    work.spend_text(text.len() + wanted.len())?;
    let from = from.map_or(Ok(0), |from| expect_position(from, work))?;
    let Some(start) = byte_at(text, from) else { return Ok(Val::Int(-1)) };
    Ok(position(text, text[start..].find(wanted).map(|at| start + at)))
}

/// `lastIndexOf`, of what begins at a position or before it.
pub(super) fn last_index_of<'a>(
    (text, wanted): (&Val<'a>, &Val<'a>),
    from: Option<&Val<'a>>,
    work: &Work<'_>,
) -> Outcome<Val<'a>> {
    let text = expect_text(text, work)?;
    let wanted = expect_text(wanted, work)?;
    work.spend_text(text.len() + wanted.len())?;
    let end = match from {
        Some(from) => match byte_at(text, expect_position(from, work)?) {
            Some(start) => start.saturating_add(wanted.len()).min(text.len()),
            None => return Err(work.error("index-out-of-range", "the text is shorter than that")),
        },
        None => text.len(),
    };
    // Nothing that matches ends within a character.
    Ok(position(text, text[..text.floor_char_boundary(end)].rfind(wanted)))
}

/// Byte offset of character `at`; the position after the last character counts.
fn byte_at(text: &str, at: usize) -> Option<usize> {
    text.char_indices().map(|(byte, _)| byte).chain([text.len()]).nth(at)
}

/// `split`, into at most `limit` parts.
pub(super) fn split<'a>(
    text: &str,
    (separator, limit): (&str, usize),
    work: &Work<'_>,
) -> Outcome<Val<'a>> {
    work.spend_output(text.len())?;
    let mut parts = Vec::new();
    if limit == 0 {
        return Ok(Val::list(parts));
    }
    let mut push = |part: &str| {
        parts.push(Val::text(part));
        work.spend(1)
    };
    if separator.is_empty() {
        let mut rest = text;
        let mut n_parts = 1;
        while let Some(first) = rest.chars().next().filter(|_| n_parts < limit) {
            push(&rest[..first.len_utf8()])?;
            rest = &rest[first.len_utf8()..];
            n_parts += 1;
        }
        if !rest.is_empty() {
            push(rest)?;
        }
    } else {
        text.splitn(limit, separator).try_for_each(push)?;
    }
    Ok(Val::list(parts))
}

/// `join`, of texts.
pub(super) fn join<'a>(
    list: &Val<'a>,
    separator: Option<&Val<'a>>,
    work: &Work<'_>,
) -> Outcome<Val<'a>> {
    let separator = separator.map_or(Ok(""), |separator| expect_text(separator, work))?;
    let Some(items) = list.items() else {
        let message = format!("a list is needed here, not {}", list.what());
        return Err(work.error("wrong-type", message));
    };
    let mut joined = String::new();
    for (i, item) in items.iter().enumerate() {
        let text = expect_text(&item, work)?;
        let separator = if i == 0 { "" } else { separator };
        work.spend(1)?;
        work.spend_text(text.len() + separator.len())?;
        joined.push_str(separator);
        joined.push_str(text);
        bounded(&joined, work)?;
    }
    Ok(Val::text(joined))
}

/// Refuses a text that grew too long.
pub(super) fn bounded(text: &str, work: &Work<'_>) -> Outcome<()> {
    if text.len() > crate::limits::EXPRESSION_OUTPUT_MAX {
        work.spend_output(text.len())
    } else {
        Ok(())
    }
}

/// `replace`, of at most `limit` places.
pub(super) fn replace<'a>(
    (text, from, to): (&Val<'a>, &Val<'a>, &Val<'a>),
    limit: Option<&Val<'a>>,
    work: &Work<'_>,
) -> Outcome<Val<'a>> {
    let (text, from, to) =
        (expect_text(text, work)?, expect_text(from, work)?, expect_text(to, work)?);
    let limit = match limit {
        // As in CEL's string library, a negative limit is none.
        Some(limit) if limit.as_whole().is_some_and(|n| n < 0) => usize::MAX,
        Some(limit) => expect_position(limit, work)?,
        None => usize::MAX,
    };
    work.spend_text(text.len())?;
    let n_places = text.matches(from).take(limit).count();
    work.spend_output(text.len().saturating_add(n_places.saturating_mul(to.len())))?;
    Ok(Val::text(text.replacen(from, to, limit)))
}

/// `substring`: from a character on, up to another.
pub(super) fn substring<'a>(
    (text, from): (&Val<'a>, &Val<'a>),
    to: Option<&Val<'a>>,
    work: &Work<'_>,
) -> Outcome<Val<'a>> {
    let text = expect_text(text, work)?;
    work.spend_output(text.len())?;
    let start = byte_at(text, expect_position(from, work)?);
    let end = match to {
        Some(to) => byte_at(text, expect_position(to, work)?),
        None => Some(text.len()),
    };
    match (start, end) {
        (Some(start), Some(end)) if start <= end => Ok(Val::text(&text[start..end])),
        _ => Err(work.error("index-out-of-range", "the text is shorter than that")),
    }
}

/// `charAt`; empty right after the last character, as in CEL's string library.
pub(super) fn char_at<'a>((text, at): (&Val<'a>, &Val<'a>), work: &Work<'_>) -> Outcome<Val<'a>> {
    let text = expect_text(text, work)?;
    work.spend_text(text.len())?;
    match byte_at(text, expect_position(at, work)?) {
        Some(start) => Ok(Val::text(text[start..].chars().take(1).collect::<String>())),
        None => Err(work.error("index-out-of-range", "the text is shorter than that")),
    }
}
