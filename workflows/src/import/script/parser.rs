//! Tokens to a tree. Statements, assignments and functions are refused: a workflow computes only with expressions.

use super::lexer::{Token, tokens};

/// Deepest nesting.
const DEPTH_MAX: usize = 32;

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::import) enum Script {
    Null,
    Bool(bool),
    Number(String),
    Text(String),
    /// Literal and computed parts in turn.
    Template(Vec<Script>),
    Name(String),
    Variable(String),
    Member(Box<Script>, String),
    Index(Box<Script>, Box<Script>),
    Call(Box<Script>, Vec<Script>),
    New(String, Vec<Script>),
    Unary(&'static str, Box<Script>),
    Binary(&'static str, Box<[Script; 2]>),
    Choice(Box<[Script; 3]>),
    List(Vec<Script>),
    Object(Vec<(String, Script)>),
}

pub(super) fn parse(text: &str) -> Result<Script, String> {
    parse_at(text, 0)
}

fn parse_at(text: &str, depth: usize) -> Result<Script, String> {
    let mut parser = Parser { tokens: tokens(text)?, at: 0, depth };
    parser.takes("return");
    let script = parser.expression()?;
    while parser.sign(";") {}
    match parser.tokens.get(parser.at) {
        None => Ok(script),
        Some(token) => Err(unexpected(token)),
    }
}

fn unexpected(token: &Token) -> String {
    match token {
        Token::Sign("=>") => "functions are not run here".to_owned(),
        Token::Sign("=" | "+=" | "-=" | "++" | "--") => "nothing is assigned here".to_owned(),
        Token::Sign(";") => "there is more than one statement".to_owned(),
        Token::Sign(sign) => format!("`{sign}` is not expected there"),
        Token::Name(name) => format!("`{name}` is not expected there"),
        _ => "there is something behind its end".to_owned(),
    }
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
}

/// Binary operators, by how strongly they bind.
const LEVELS: &[&[&str]] = &[
    &["??"],
    &["||"],
    &["&&"],
    &["===", "!==", "==", "!="],
    &["<=", ">=", "<", ">"],
    &["+", "-"],
    &["*", "/", "%"],
];

impl Parser {
    fn sign(&mut self, wanted: &str) -> bool {
        let is_there =
            matches!(self.tokens.get(self.at), Some(Token::Sign(sign)) if *sign == wanted);
        self.at += usize::from(is_there);
        is_there
    }

    fn takes(&mut self, wanted: &str) -> bool {
        let is_there =
            matches!(self.tokens.get(self.at), Some(Token::Name(name)) if name == wanted);
        self.at += usize::from(is_there);
        is_there
    }

    fn expect(&mut self, wanted: &str) -> Result<(), String> {
        match self.sign(wanted) {
            true => Ok(()),
            false => Err(match self.tokens.get(self.at) {
                Some(token) => unexpected(token),
                None => format!("a `{wanted}` is missing at its end"),
            }),
        }
    }

    fn expression(&mut self) -> Result<Script, String> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err("it is nested too deep".to_owned());
        }
        let condition = self.binary(0)?;
        let script = match self.sign("?") {
            true => {
                let yes = self.expression()?;
                self.expect(":")?;
                Script::Choice(Box::new([condition, yes, self.expression()?]))
            }
            false => condition,
        };
        self.depth -= 1;
        Ok(script)
    }

    fn binary(&mut self, level: usize) -> Result<Script, String> {
        let Some(signs) = LEVELS.get(level) else { return self.unary() };
        let mut left = self.binary(level + 1)?;
        let mut n_terms = 0;
        while let Some(sign) = signs.iter().copied().find(|sign| self.sign(sign)) {
            n_terms += 1;
            if n_terms > DEPTH_MAX {
                return Err("it has too many terms".to_owned());
            }
            left = Script::Binary(sign, Box::new([left, self.binary(level + 1)?]));
        }
        Ok(left)
    }

    fn unary(&mut self) -> Result<Script, String> {
        for sign in ["!", "-", "+"] {
            if self.sign(sign) {
                self.depth += 1;
                if self.depth > DEPTH_MAX {
                    return Err("it is nested too deep".to_owned());
                }
                let operand = self.unary()?;
                self.depth -= 1;
                return Ok(Script::Unary(sign, Box::new(operand)));
            }
        }
        let atom = self.atom()?;
        self.chain(atom)
    }

    /// What follows an atom: fields, indices, calls.
    fn chain(&mut self, atom: Script) -> Result<Script, String> {
        let mut script = atom;
        for _ in 0..DEPTH_MAX * 2 {
            let is_optional = self.sign("?.");
            if self.sign("[") {
                let index = self.expression()?;
                self.expect("]")?;
                script = match index {
                    Script::Text(name) => Script::Member(Box::new(script), name),
                    index => Script::Index(Box::new(script), Box::new(index)),
                };
            } else if self.sign("(") {
                script = Script::Call(Box::new(script), self.list(")")?);
            } else if is_optional || self.sign(".") {
                match self.tokens.get(self.at) {
                    Some(Token::Name(name)) => {
                        script = Script::Member(Box::new(script), name.clone());
                        self.at += 1;
                    }
                    _ => return Err("a name is missing after a dot".to_owned()),
                }
            } else {
                return Ok(script);
            }
        }
        Err("its chain of fields is too long".to_owned())
    }

    fn list(&mut self, end: &'static str) -> Result<Vec<Script>, String> {
        let mut items = Vec::new();
        while !self.sign(end) {
            items.push(self.expression()?);
            if !self.sign(",") {
                self.expect(end)?;
                break;
            }
        }
        Ok(items)
    }

    fn atom(&mut self) -> Result<Script, String> {
        let token = self.tokens.get(self.at).cloned().ok_or("it stops too early")?;
        self.at += 1;
        Ok(match token {
            Token::Number(number) => match number.parse::<f64>() {
                Ok(_) if !number.ends_with('.') => Script::Number(number),
                _ => return Err(format!("`{number}` is not a number")),
            },
            Token::Text(text) => text_with_variables(text),
            Token::Template(text) => self.template(&text)?,
            Token::Variable(name) => Script::Variable(name),
            Token::Name(name) => self.name(name)?,
            Token::Sign("(") => {
                let inner = self.expression()?;
                self.expect(")")?;
                inner
            }
            Token::Sign("[") => Script::List(self.list("]")?),
            Token::Sign("{") => Script::Object(self.object()?),
            other => return Err(unexpected(&other)),
        })
    }

    fn name(&mut self, name: String) -> Result<Script, String> {
        Ok(match name.as_str() {
            "null" | "undefined" => Script::Null,
            "true" => Script::Bool(true),
            "false" => Script::Bool(false),
            "new" => match self.tokens.get(self.at).cloned() {
                Some(Token::Name(class)) => {
                    self.at += 1;
                    let arguments = if self.sign("(") { self.list(")")? } else { Vec::new() };
                    Script::New(class, arguments)
                }
                _ => return Err("`new` is not expected there".to_owned()),
            },
            "const" | "let" | "var" | "if" | "for" | "while" | "function" | "await" | "async"
            | "try" | "throw" | "typeof" => {
                return Err(format!(
                    "it is a program (`{name}`), and only expressions are run here"
                ));
            }
            _ => Script::Name(name),
        })
    }

    fn object(&mut self) -> Result<Vec<(String, Script)>, String> {
        let mut members = Vec::new();
        while !self.sign("}") {
            let key = match self.tokens.get(self.at).cloned() {
                Some(Token::Name(key) | Token::Text(key) | Token::Number(key)) => key,
                Some(token) => return Err(unexpected(&token)),
                None => return Err("it stops too early".to_owned()),
            };
            self.at += 1;
            self.expect(":")?;
            members.push((key, self.expression()?));
            if !self.sign(",") {
                self.expect("}")?;
                break;
            }
        }
        Ok(members)
    }

    /// A text in backticks: `${…}` is computed.
    fn template(&mut self, text: &str) -> Result<Script, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, tail)) = rest.split_once("${") {
            let Some((inner, after)) = tail.split_once('}') else {
                return Err("a `${` is not closed".to_owned());
            };
            parts.push(text_with_variables(before.to_owned()));
            parts.push(parse_at(inner, self.depth + 1)?);
            rest = after;
        }
        parts.push(text_with_variables(rest.to_owned()));
        parts.retain(|part| *part != Script::Text(String::new()));
        Ok(Script::Template(parts))
    }
}

/// A text in which `{{name}}` stands for a variable.
fn text_with_variables(text: String) -> Script {
    let mut parts = Vec::new();
    let mut rest = text.as_str();
    while let Some((before, tail)) = rest.split_once("{{")
        && let Some((name, after)) = tail.split_once("}}")
    {
        if !before.is_empty() {
            parts.push(Script::Text(before.to_owned()));
        }
        parts.push(Script::Variable(name.trim().to_owned()));
        rest = after;
    }
    if parts.is_empty() {
        return Script::Text(text);
    }
    if !rest.is_empty() {
        parts.push(Script::Text(rest.to_owned()));
    }
    Script::Template(parts)
}
