//! Script text to tokens.

/// A token.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    /// A number as written.
    Number(String),
    /// A text without its quotes.
    Text(String),
    /// A text in backticks, with what is computed in it.
    Template(String),
    /// A name.
    Name(String),
    /// `{{name}}`.
    Variable(String),
    /// An operator or bracket.
    Sign(&'static str),
}

/// Longest first.
const SIGNS: &[&str] = &[
    "===", "!==", "...", "=>", "==", "!=", "<=", ">=", "&&", "||", "??", "?.", "++", "--", "+=",
    "-=", "(", ")", "[", "]", "{", "}", ",", ".", "?", ":", "+", "-", "*", "/", "%", "<", ">", "!",
    "=", ";",
];

pub(super) fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, len) = token(rest, first)?;
        tokens.push(token);
        rest = rest[len..].trim_start();
    }
    Ok(tokens)
}

fn token(rest: &str, first: char) -> Result<(Token, usize), String> {
    if let Some(tail) = rest.strip_prefix("{{") {
        let end = tail.find("}}").ok_or("a `{{` is not closed")?;
        return Ok((Token::Variable(tail[..end].trim().to_owned()), end + 4));
    }
    if first.is_ascii_digit() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        return Ok((Token::Number(rest[..end].to_owned()), end));
    }
    if is_name(first) {
        let end = rest.find(|c: char| !is_name(c) && !c.is_ascii_digit()).unwrap_or(rest.len());
        return Ok((Token::Name(rest[..end].to_owned()), end));
    }
    if matches!(first, '"' | '\'' | '`') {
        let (text, len) = quoted(rest, first)?;
        let token = if first == '`' { Token::Template(text) } else { Token::Text(text) };
        return Ok((token, len));
    }
    let sign = SIGNS.iter().find(|sign| rest.starts_with(**sign));
    let sign = sign.ok_or_else(|| format!("`{first}` means nothing here"))?;
    Ok((Token::Sign(sign), sign.len()))
}

fn is_name(c: char) -> bool {
    c.is_alphabetic() || c == '_' || c == '$'
}

/// The text in the quotes, and how many bytes it takes with them.
fn quoted(rest: &str, quote: char) -> Result<(String, usize), String> {
    let mut text = String::new();
    let mut chars = rest.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            c if c == quote => return Ok((text, at + c.len_utf8())),
            '\\' => match chars.next().map(|(_, c)| c) {
                Some('n') => text.push('\n'),
                Some('t') => text.push('\t'),
                Some('r') => text.push('\r'),
                Some(c @ ('"' | '\'' | '`' | '\\' | '/' | '$')) => text.push(c),
                _ => return Err("an escape in a text is not known".to_owned()),
            },
            c => text.push(c),
        }
    }
    Err("a text is not closed".to_owned())
}
