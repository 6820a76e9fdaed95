//! Source text to tokens with byte spans.
//!
//! **Invariant:** lexing is total and linear: what is no token becomes a [`Problem`] and is passed over.

use std::ops::Range;

use super::ast::Literal;
use super::error::Problem;
use super::quoted;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    /// A name or word; also a field in backticks.
    Word(String),
    Literal(Literal),
    /// A whole number, its sign not yet known: `-9223372036854775808` is one literal.
    Whole(u64),
    /// An operator or bracket.
    Sign(&'static str),
    End,
}

pub(super) type Spanned = (Token, Range<usize>);

/// Longest first, so that `<=` is not read as `<`.
const SIGNS: [&str; 22] = [
    "==", "!=", "<=", ">=", "&&", "||", "<", ">", "+", "-", "*", "/", "%", "!", "?", ":", ".", ",",
    "(", ")", "[", "]",
];
const BRACES: [&str; 2] = ["{", "}"];

/// What people write by habit from elsewhere, and what it is called here.
const HABITS: [(&str, &str); 8] = [
    ("=", "to compare, write `==`"),
    ("&", "for \"and\", write `&&`"),
    ("|", "for \"or\", write `||`"),
    ("“", "use straight quotes: \""),
    ("”", "use straight quotes: \""),
    ("‘", "use straight quotes: '"),
    ("’", "use straight quotes: '"),
    (";", "an expression is one value; it needs no `;`"),
];

/// Cuts `source` into tokens, `End` last, and lists what could not be read.
pub(super) fn lex(source: &str) -> (Vec<Spanned>, Vec<Problem>) {
    let mut lexer = Lexer { source, at: 0, tokens: Vec::new(), problems: Vec::new() };
    while lexer.skip_blanks() {
        let start = lexer.at;
        match lexer.token() {
            Ok(token) => lexer.tokens.push((token, start..lexer.at)),
            Err(problem) => lexer.problems.push(*problem),
        }
    }
    lexer.tokens.push((Token::End, source.len()..source.len()));
    (lexer.tokens, lexer.problems)
}

struct Lexer<'s> {
    source: &'s str,
    at: usize,
    tokens: Vec<Spanned>,
    problems: Vec<Problem>,
}

impl<'s> Lexer<'s> {
    fn rest(&self) -> &'s str {
        self.source.get(self.at..).unwrap_or_default()
    }

    /// Moves over white space and `//` comments; false at the end.
    fn skip_blanks(&mut self) -> bool {
        loop {
            let trimmed = self.rest().trim_start();
            self.at = self.source.len() - trimmed.len();
            if !trimmed.starts_with("//") {
                return !trimmed.is_empty();
            }
            self.at += trimmed.find('\n').unwrap_or(trimmed.len());
        }
    }

    /// Reads one token and always moves on.
    fn token(&mut self) -> Result<Token, Box<Problem>> {
        let rest = self.rest();
        if let Some(opening) = quoted::opening(rest) {
            let (literal, len) =
                quoted::read(rest, opening).map_err(|(problem, len)| self.skip(problem, len))?;
            self.at += len;
            return Ok(Token::Literal(literal));
        }
        let first = rest.chars().next().unwrap_or_default();
        let after_dot = matches!(self.tokens.last(), Some((Token::Sign("."), _)));
        if first.is_alphabetic() || first == '_' {
            let len = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            self.at += len;
            return Ok(Token::Word(rest[..len].into()));
        }
        let digit_follows = rest[first.len_utf8()..].starts_with(|c: char| c.is_ascii_digit());
        if first.is_ascii_digit() || (first == '.' && digit_follows) {
            return self.number();
        }
        if first == '`' && after_dot {
            return self.backticks();
        }
        if let Some(sign) = SIGNS.iter().chain(&BRACES).find(|sign| rest.starts_with(**sign)) {
            self.at += sign.len();
            return Ok(Token::Sign(sign));
        }
        let problem = Problem::syntax(format!("`{first}` means nothing here"), 0..first.len_utf8());
        let habit = HABITS.iter().find(|(sign, _)| rest.starts_with(*sign));
        Err(self.skip(
            match habit {
                Some((_, hint)) => problem.help(*hint),
                None => problem,
            },
            first.len_utf8(),
        ))
    }

    /// Moves over `len` bytes that are no token and places `problem` there.
    fn skip(&mut self, problem: Problem, len: usize) -> Box<Problem> {
        let problem = problem.shifted(self.at);
        self.at += len;
        Box::new(problem)
    }

    /// A field whose name is no word: `context.`first name``.
    fn backticks(&mut self) -> Result<Token, Box<Problem>> {
        let rest = self.rest();
        match rest[1..].find('`') {
            Some(len) => {
                self.at += len + 2;
                Ok(Token::Word(rest[1..=len].into()))
            }
            None => {
                let problem = Problem::syntax("the ` has no closing `", 0..1);
                Err(self.skip(problem, rest.len()))
            }
        }
    }

    fn number(&mut self) -> Result<Token, Box<Problem>> {
        let rest = self.rest();
        let (len, is_double) = number_len(rest);
        let text = &rest[..len];
        let (digits, is_uint) = match text.strip_suffix(['u', 'U']) {
            Some(digits) => (digits, true),
            None => (text, false),
        };
        let whole = match digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
            Some(hex) => u64::from_str_radix(hex, 16).ok(),
            None => digits.parse().ok(),
        };
        let token = match (is_double, is_uint, whole) {
            (false, true, Some(whole)) => Some(Token::Literal(Literal::Uint(whole))),
            (false, false, Some(whole)) => Some(Token::Whole(whole)),
            (true, false, _) => digits
                .parse()
                .ok()
                .filter(|n: &f64| n.is_finite())
                .map(|n| Token::Literal(Literal::Double(n))),
            _ => None,
        };
        match token {
            Some(token) => {
                self.at += len;
                Ok(token)
            }
            None => {
                let message = format!("`{text}` is not a number that can be used here");
                Err(self.skip(Problem::syntax(message, 0..len), len))
            }
        }
    }
}

/// Length of the number `text` starts with, up to the end of what is glued to it, and whether it is a double.
fn number_len(text: &str) -> (usize, bool) {
    let bytes = text.as_bytes();
    let is_hex = text.starts_with("0x") || text.starts_with("0X");
    let mut is_double = false;
    let mut len = 0;
    while let Some(byte) = bytes.get(len) {
        let next_is_digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
        match byte {
            b'.' if !is_hex && !is_double && next_is_digit(len + 1) => is_double = true,
            b'e' | b'E' if !is_hex => {
                is_double = true;
                let signed = matches!(bytes.get(len + 1), Some(b'+' | b'-'));
                len += usize::from(signed && next_is_digit(len + 2));
            }
            b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'_' => {}
            _ => break,
        }
        len += 1;
    }
    (len, is_double)
}
