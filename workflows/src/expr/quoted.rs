//! String and bytes literals: prefixes, triple quotes, escapes (CEL's list).

use super::ast::Literal;
use super::error::Problem;

/// How a literal begins.
#[derive(Debug, Clone, Copy)]
pub(super) struct Opening {
    is_raw: bool,
    is_bytes: bool,
    prefix_len: usize,
    quote: &'static str,
}

impl Opening {
    /// Bytes from the start of the literal to its text.
    fn len(self) -> usize {
        self.prefix_len + self.quote.len()
    }
}

/// How the literal that `text` starts with begins; `None` when it starts with none.
pub(super) fn opening(text: &str) -> Option<Opening> {
    let is_prefix = |c: &char| matches!(c, 'r' | 'R' | 'b' | 'B');
    let prefix: Vec<char> =
        text.chars().take(2).take_while(is_prefix).map(|c| c.to_ascii_lowercase()).collect();
    let prefix_len = prefix.len();
    if prefix_len == 2 && prefix[0] == prefix[1] {
        return None;
    }
    let quotes = ["\"\"\"", "'''", "\"", "'"];
    let quote = quotes.into_iter().find(|quote| text[prefix_len..].starts_with(quote))?;
    let is_raw = prefix.contains(&'r');
    Some(Opening { is_raw, is_bytes: prefix.contains(&'b'), prefix_len, quote })
}

/// Bytes of the literal that begins as `opening` says, both ends included; `None` when it is not closed.
pub(super) fn literal_len(text: &str, opening: Opening) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = opening.len();
    while at < bytes.len() {
        if bytes[at..].starts_with(opening.quote.as_bytes()) {
            return Some(at + opening.quote.len());
        }
        match bytes[at] {
            b'\\' if !opening.is_raw => at += 2,
            b'\n' if opening.quote.len() == 1 => return None,
            _ => at += 1,
        }
    }
    None
}

/// The literal `text` starts with and its length in bytes; or what is wrong, and how far to skip.
pub(super) fn read(text: &str, opening: Opening) -> Result<(Literal, usize), (Problem, usize)> {
    let Some(len) = literal_len(text, opening) else {
        let line_len = text.find('\n').unwrap_or(text.len());
        let message = format!("the text that starts with {} is not closed", opening.quote);
        return Err((Problem::syntax(message, 0..opening.len()), line_len.max(opening.len())));
    };
    let body = &text[opening.len()..len - opening.quote.len()];
    let bytes = if opening.is_raw {
        body.as_bytes().to_vec()
    } else {
        unescape(body, opening.is_bytes).map_err(|(message, at)| {
            let at = opening.len() + at;
            let escaped = text[at + 1..len].chars().next().map_or(0, char::len_utf8);
            (Problem::syntax(message, at..at + 1 + escaped), len)
        })?
    };
    if opening.is_bytes {
        return Ok((Literal::Bytes(bytes), len));
    }
    // Only whole characters were written, so this holds; the fallback keeps the function total.
    Ok((Literal::String(String::from_utf8(bytes).unwrap_or_else(|_| body.into())), len))
}

/// Resolves the escapes of `body`; on failure says why and where.
fn unescape(body: &str, is_bytes: bool) -> Result<Vec<u8>, (String, usize)> {
    let mut out = Vec::with_capacity(body.len());
    let mut rest = body;
    while let Some(at) = rest.find('\\') {
        out.extend_from_slice(&rest.as_bytes()[..at]);
        let offset = body.len() - rest.len() + at;
        let escape = &rest[at + 1..];
        let bad =
            || (format!("unknown escape `\\{}`", escape.chars().next().unwrap_or(' ')), offset);
        let (code, len) = escape_code(escape).ok_or_else(bad)?;
        match char::from_u32(code) {
            _ if is_bytes && is_octet(escape) => out.push(u8::try_from(code).map_err(|_| bad())?),
            Some(c) => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            None => return Err(("the escape is not a character".into(), offset)),
        }
        rest = &escape[len..];
    }
    out.extend_from_slice(rest.as_bytes());
    Ok(out)
}

/// In bytes, `\xHH` and `\ooo` are one byte; elsewhere they are code points.
fn is_octet(escape: &str) -> bool {
    escape.starts_with(['x', 'X', '0', '1', '2', '3'])
}

/// The code point of what follows a backslash, and its length.
fn escape_code(escape: &str) -> Option<(u32, usize)> {
    let first = escape.chars().next()?;
    let simple = match first {
        'a' => 0x07,
        'b' => 0x08,
        'f' => 0x0c,
        'n' => 0x0a,
        'r' => 0x0d,
        't' => 0x09,
        'v' => 0x0b,
        '\\' | '?' | '"' | '\'' | '`' => u32::from(first),
        'x' | 'X' => return digits(escape, 1, 2, 16),
        'u' => return digits(escape, 1, 4, 16),
        'U' => return digits(escape, 1, 8, 16),
        '0'..='3' => return digits(escape, 0, 3, 8),
        _ => return None,
    };
    Some((simple, 1))
}

fn digits(escape: &str, start: usize, len: usize, radix: u32) -> Option<(u32, usize)> {
    let text = escape.get(start..start + len)?;
    let is_digits = text.chars().all(|c| c.is_digit(radix));
    let code = u32::from_str_radix(text, radix).ok().filter(|_| is_digits)?;
    Some((code, start + len))
}
