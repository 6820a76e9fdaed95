//! Tokens to tree: a Pratt parser over CEL's precedences.
//!
//! **Invariant:** recursion is bounded: it goes down only inside brackets, branches, operands of prefix operators and
//! tighter operators, each of which counts against `EXPRESSION_DEPTH_MAX`, as does the depth of the tree built.

use std::ops::Range;

use super::ast::{Arithmetic, Compare, Kind, Literal, Node, Root};
use super::error::Problem;
use super::lexer::{self, Spanned, Token};
use crate::limits;

/// Why parsing stopped.
pub(super) type Parsed<T> = Result<T, Box<Problem>>;

/// Words CEL keeps for itself.
#[rustfmt::skip]
const RESERVED: [&str; 18] = [
    "as", "break", "const", "continue", "else", "for", "function", "if", "import", "in", "let", "loop", "package",
    "namespace", "return", "var", "void", "while",
];

/// Parses `source` whole.
pub(super) fn parse(source: &str) -> Result<Node, Vec<Problem>> {
    if source.len() > limits::EXPRESSION_BYTES_MAX {
        let message = format!(
            "the expression is {} bytes long; at most {} are allowed",
            source.len(),
            limits::EXPRESSION_BYTES_MAX
        );
        return Err(vec![Problem::new("expression-too-long", message, 0..source.len())]);
    }
    let (tokens, mut problems) = lexer::lex(source);
    let has_bad_token = !problems.is_empty();
    let mut parser = Parser { tokens, at: 0, nesting: 0, variables: Vec::new() };
    match parser.whole() {
        Ok(node) if problems.is_empty() => return Ok(node),
        // After a token that could not be read the parser stumbles over the hole it left; that would be said twice.
        Err(problem) if !has_bad_token || problem.code == "too-deep" => problems.push(*problem),
        _ => {}
    }
    Err(problems)
}

pub(super) struct Parser {
    tokens: Vec<Spanned>,
    at: usize,
    nesting: usize,
    /// Variables of the enclosing macros; the index is the slot.
    pub(super) variables: Vec<String>,
}

impl Parser {
    fn whole(&mut self) -> Parsed<Node> {
        if *self.peek() == Token::End {
            return Err(Box::new(Problem::syntax("there is no expression here", self.span())));
        }
        let node = self.expression()?;
        match self.peek() {
            Token::End => Ok(node),
            _ => Err(self.unexpected("expected an operator or the end")),
        }
    }

    /// Any expression: `a ? b : c` and everything that binds tighter.
    pub(super) fn expression(&mut self) -> Parsed<Node> {
        self.nested(|parser| {
            let condition = parser.binary(1)?;
            if !parser.accept("?") {
                return Ok(condition);
            }
            let start = condition.span.start;
            let yes = parser.expression()?;
            parser.expect(":", "`? :` needs both branches: condition ? one : other")?;
            let no = parser.expression()?;
            parser.node(start, Kind::Conditional(Box::new([condition, yes, no])))
        })
    }

    /// Operators of at least precedence `least`: 1 `||`, 2 `&&`, 3 relations, 4 `+ -`, 5 `* / %`.
    fn binary(&mut self, least: u8) -> Parsed<Node> {
        let mut left = self.unary()?;
        while let Some(precedence) = self.precedence().filter(|p| *p >= least) {
            let start = left.span.start;
            let kind = match precedence {
                1 => Kind::Or(self.chain(left, "||", 2)?),
                2 => Kind::And(self.chain(left, "&&", 3)?),
                3 => self.relation(left)?,
                _ => self.arithmetic(left, precedence)?,
            };
            left = self.node(start, kind)?;
        }
        Ok(left)
    }

    fn chain(&mut self, first: Node, sign: &'static str, tighter: u8) -> Parsed<Vec<Node>> {
        let mut operands = vec![first];
        while self.accept(sign) {
            operands.push(self.binary(tighter)?);
        }
        Ok(operands)
    }

    fn relation(&mut self, left: Node) -> Parsed<Kind> {
        let compare =
            compare(self.peek()).ok_or_else(|| self.unexpected("expected a comparison"))?;
        self.at += 1;
        Ok(Kind::Compare(compare, Box::new([left, self.binary(4)?])))
    }

    fn arithmetic(&mut self, first: Node, precedence: u8) -> Parsed<Kind> {
        let mut rest = Vec::new();
        while let Some(operator) = arithmetic(self.peek()).filter(|(_, p)| *p == precedence) {
            self.at += 1;
            rest.push((operator.0, self.binary(precedence + 1)?));
        }
        Ok(Kind::Arithmetic { first: Box::new(first), rest })
    }

    fn precedence(&self) -> Option<u8> {
        match self.peek() {
            Token::Sign("||") => Some(1),
            Token::Sign("&&") => Some(2),
            token if compare(token).is_some() => Some(3),
            token => arithmetic(token).map(|(_, precedence)| precedence),
        }
    }

    fn unary(&mut self) -> Parsed<Node> {
        let start = self.start();
        if self.accept("!") {
            let operand = self.nested(Self::unary)?;
            return self.node(start, Kind::Not(Box::new(operand)));
        }
        if !self.accept("-") {
            return self.postfix();
        }
        if let Token::Whole(magnitude) = *self.peek() {
            let Ok(value) = i64::try_from(-i128::from(magnitude)) else {
                return Err(self.too_big());
            };
            self.at += 1;
            let literal = self.node(start, Kind::Literal(Literal::Int(value)))?;
            return self.suffixes(literal);
        }
        let operand = self.nested(Self::unary)?;
        self.node(start, Kind::Negate(Box::new(operand)))
    }

    fn postfix(&mut self) -> Parsed<Node> {
        let primary = self.primary()?;
        self.suffixes(primary)
    }

    /// `.field`, `.method(…)` and `[index]` after `node`.
    fn suffixes(&mut self, mut node: Node) -> Parsed<Node> {
        loop {
            let start = node.span.start;
            if self.accept(".") {
                let is_optional = self.accept("?");
                let Token::Word(name) = self.peek().clone() else {
                    return Err(self.unexpected("expected a field name after `.`"));
                };
                let span = self.span();
                self.at += 1;
                node = if is_optional {
                    let field_span = small(span.start)..small(span.end);
                    let of = Box::new(node);
                    self.node(start, Kind::OptionalSelect { of, field: name, field_span })?
                } else if self.accept("(") {
                    self.call(start, Some(node), (name, span))?
                } else {
                    let field_span = small(span.start)..small(span.end);
                    self.node(start, Kind::Select { of: Box::new(node), field: name, field_span })?
                };
            } else if self.accept("[") {
                let is_optional = self.accept("?");
                let index = self.expression()?;
                self.expect("]", "the [ has no closing ]")?;
                let pair = Box::new([node, index]);
                let kind = if is_optional { Kind::OptionalIndex(pair) } else { Kind::Index(pair) };
                node = self.node(start, kind)?;
            } else {
                return Ok(node);
            }
        }
    }

    fn primary(&mut self) -> Parsed<Node> {
        let start = self.start();
        let span = self.span();
        match self.peek().clone() {
            Token::Literal(literal) => {
                self.at += 1;
                self.node(start, Kind::Literal(literal))
            }
            Token::Whole(value) => {
                let value = i64::try_from(value).map_err(|_| self.too_big())?;
                self.at += 1;
                self.node(start, Kind::Literal(Literal::Int(value)))
            }
            Token::Word(word) => {
                self.at += 1;
                self.word(word, span)
            }
            Token::Sign("(") => {
                self.at += 1;
                let mut inner = self.expression()?;
                self.expect(")", "the ( has no closing )")?;
                inner.span = start..self.end();
                Ok(inner)
            }
            Token::Sign("[") => {
                self.at += 1;
                let mut items = Vec::new();
                while !self.accept("]") {
                    let is_optional = self.accept("?");
                    items.push(self.item(is_optional)?);
                    if !self.accept(",") {
                        self.expect("]", "expected `,` or the closing bracket")?;
                        break;
                    }
                }
                self.node(start, Kind::List(items))
            }
            Token::Sign("{") => {
                self.at += 1;
                let entries = self.entries()?;
                self.node(start, Kind::Map(entries))
            }
            _ => Err(self.unexpected("expected a value")),
        }
    }

    /// A name, a literal word, or a call.
    fn word(&mut self, word: String, span: Range<usize>) -> Parsed<Node> {
        let start = small(span.start);
        let literal = match word.as_str() {
            "true" => Some(Literal::Bool(true)),
            "false" => Some(Literal::Bool(false)),
            "null" => Some(Literal::Null),
            _ => None,
        };
        if let Some(literal) = literal {
            return self.node(start, Kind::Literal(literal));
        }
        if RESERVED.contains(&word.as_str()) {
            let problem = Problem::syntax(format!("`{word}` is a reserved word"), span);
            return Err(Box::new(problem.help("names like this can be used after a dot only")));
        }
        if self.accept("(") {
            return self.call(start, None, (word, span));
        }
        let slot = self.variables.iter().rposition(|variable| *variable == word);
        self.node(start, Kind::Name(slot.map_or_else(|| Root::named(&word), Root::Slot)))
    }

    /// Expressions separated by commas, up to and with `close`; a last comma is allowed.
    pub(super) fn items(&mut self, close: &'static str) -> Parsed<Vec<Node>> {
        let mut items = Vec::new();
        while !self.accept(close) {
            items.push(self.expression()?);
            if !self.accept(",") {
                self.expect(close, "expected `,` or the closing bracket")?;
                break;
            }
        }
        Ok(items)
    }

    /// An item of a list or a value of a map.
    fn item(&mut self, is_optional: bool) -> Parsed<Node> {
        let item = self.expression()?;
        match is_optional {
            true => self.node(item.span.start, Kind::OptionalItem(Box::new(item))),
            false => Ok(item),
        }
    }

    fn entries(&mut self) -> Parsed<Vec<(Node, Node)>> {
        let mut entries = Vec::new();
        while !self.accept("}") {
            let is_optional = self.accept("?");
            let key = self.expression()?;
            self.expect(":", "an object is written {\"key\": value}")?;
            entries.push((key, self.item(is_optional)?));
            if !self.accept(",") {
                self.expect("}", "expected `,` or `}`")?;
                break;
            }
        }
        Ok(entries)
    }

    /// A node from `start` to the last token read. Fails when the tree becomes too deep.
    pub(super) fn node(&self, start: u32, kind: Kind) -> Parsed<Node> {
        let mut node = Node { kind, span: start..self.end(), depth: 1 };
        let mut below = 0;
        node.children(&mut |child| below = below.max(child.depth));
        node.depth = below + 1;
        if usize::from(node.depth) > limits::EXPRESSION_DEPTH_MAX {
            return Err(too_deep(node.span()));
        }
        Ok(node)
    }

    fn nested(&mut self, parse: impl FnOnce(&mut Self) -> Parsed<Node>) -> Parsed<Node> {
        if self.nesting >= limits::EXPRESSION_DEPTH_MAX {
            return Err(too_deep(self.span()));
        }
        self.nesting += 1;
        let node = parse(self);
        self.nesting -= 1;
        node
    }

    /// The variable of a macro and its comma: `x,`. Nothing is read when something else stands there.
    pub(super) fn variable(&mut self) -> Option<String> {
        let (Token::Word(name), _) = self.tokens.get(self.at)? else { return None };
        let (Token::Sign(","), _) = self.tokens.get(self.at + 1)? else { return None };
        let name = name.clone();
        self.at += 2;
        Some(name)
    }

    fn peek(&self) -> &Token {
        self.tokens.get(self.at).map_or(&Token::End, |(token, _)| token)
    }

    fn span(&self) -> Range<usize> {
        let token = self.tokens.get(self.at).or_else(|| self.tokens.last());
        token.map_or(0..0, |(_, span)| span.clone())
    }

    fn start(&self) -> u32 {
        small(self.span().start)
    }

    /// Where the last token read ends.
    fn end(&self) -> u32 {
        let last = self.at.checked_sub(1).and_then(|at| self.tokens.get(at));
        last.map_or(0, |(_, span)| small(span.end))
    }

    fn accept(&mut self, sign: &'static str) -> bool {
        let found = *self.peek() == Token::Sign(sign);
        self.at += usize::from(found);
        found
    }

    pub(super) fn expect(&mut self, sign: &'static str, why: &str) -> Parsed<()> {
        if self.accept(sign) { Ok(()) } else { Err(self.unexpected(why)) }
    }

    fn too_big(&self) -> Box<Problem> {
        Box::new(Problem::syntax("the number is too big", self.span()))
    }

    fn unexpected(&self, why: &str) -> Box<Problem> {
        let (found, help) = match self.peek() {
            Token::End => ("the expression ends here".into(), None),
            Token::Sign(sign) => (format!("unexpected `{sign}`"), None),
            Token::Word(word) => (format!("unexpected `{word}`"), word_habit(word)),
            Token::Whole(_) | Token::Literal(_) => ("unexpected value".into(), None),
        };
        let problem = Problem::syntax(format!("{found}: {why}"), self.span());
        Box::new(match help {
            Some(help) => problem.help(help),
            None => problem,
        })
    }
}

fn word_habit(word: &str) -> Option<&'static str> {
    match word.to_ascii_lowercase().as_str() {
        "and" => Some("for \"and\", write `&&`"),
        "or" => Some("for \"or\", write `||`"),
        "is" => Some("to compare, write `==`"),
        "not" => Some("for \"not\", write `!`"),
        _ => None,
    }
}

fn too_deep(span: Range<usize>) -> Box<Problem> {
    let message =
        format!("the expression is nested more than {} levels deep", limits::EXPRESSION_DEPTH_MAX);
    Box::new(Problem::new("too-deep", message, span).help("split it: keep a part in the context"))
}

/// Sources are at most `EXPRESSION_BYTES_MAX` long, so this never saturates.
fn small(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

fn compare(token: &Token) -> Option<Compare> {
    Some(match token {
        Token::Sign("==") => Compare::Equal,
        Token::Sign("!=") => Compare::NotEqual,
        Token::Sign("<") => Compare::Less,
        Token::Sign("<=") => Compare::LessEqual,
        Token::Sign(">") => Compare::Greater,
        Token::Sign(">=") => Compare::GreaterEqual,
        Token::Word(word) if word == "in" => Compare::In,
        _ => return None,
    })
}

fn arithmetic(token: &Token) -> Option<(Arithmetic, u8)> {
    Some(match token {
        Token::Sign("+") => (Arithmetic::Add, 4),
        Token::Sign("-") => (Arithmetic::Subtract, 4),
        Token::Sign("*") => (Arithmetic::Multiply, 5),
        Token::Sign("/") => (Arithmetic::Divide, 5),
        Token::Sign("%") => (Arithmetic::Remainder, 5),
        _ => return None,
    })
}
