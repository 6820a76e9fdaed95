//! The tree as CEL. JavaScript's `+` joins texts and `||` asks for truth, so a type is kept as far as it is known.

use super::{Script, Source, method};
use crate::{
    import::{names::is_field, text::quoted},
    limits::EXPRESSION_BYTES_MAX,
};

/// What is known of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::import) enum Type {
    Bool,
    Number,
    Text,
    Time,
    List,
    Any,
}

/// An expression of ours.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::import) struct Cel {
    pub(in crate::import) source: String,
    pub(in crate::import) ty: Type,
    /// Whether something may follow it without brackets around it.
    is_atom: bool,
}

impl Cel {
    /// An expression that may be followed by a dot.
    pub(in crate::import) fn atom(source: impl Into<String>, ty: Type) -> Self {
        Self { source: source.into(), ty, is_atom: true }
    }

    /// An expression with operators in it.
    pub(in crate::import) fn compound(source: String, ty: Type) -> Self {
        Self { source, ty, is_atom: false }
    }

    /// It, in brackets where it needs them.
    pub(in crate::import) fn grouped(&self) -> String {
        if self.is_atom { self.source.clone() } else { format!("({})", self.source) }
    }

    /// It as a text.
    pub(in crate::import) fn text(&self) -> String {
        match self.ty {
            Type::Text => self.grouped(),
            _ => format!("text({})", self.source),
        }
    }

    /// It as a condition, by JavaScript's idea of truth.
    pub(in crate::import) fn truth(&self) -> String {
        match self.ty {
            Type::Bool => self.grouped(),
            Type::Number => format!("({} != 0)", self.grouped()),
            Type::Text => format!("({} != '')", self.grouped()),
            Type::Time | Type::List => "true".to_owned(),
            Type::Any => format!("!(dyn({}) in [null, false, 0, ''])", self.source),
        }
    }
}

pub(super) fn emit(script: &Script, source: &dyn Source) -> Result<Cel, String> {
    let cel = emit_unbounded(script, source)?;
    // `a || b` needs `a` twice, so a chain of them would grow without end.
    match cel.source.len() > EXPRESSION_BYTES_MAX {
        true => Err("it is too long".to_owned()),
        false => Ok(cel),
    }
}

fn emit_unbounded(script: &Script, source: &dyn Source) -> Result<Cel, String> {
    // A length is computed, whatever stands before it.
    if let Script::Member(of, name) = script
        && name == "length"
    {
        let of = emit(of, source)?;
        return Ok(Cel::atom(format!("size({})", of.source), Type::Number));
    }
    if let Some(found) = source.reference(script) {
        return found;
    }
    match script {
        Script::Null => Ok(Cel::atom("null", Type::Any)),
        Script::Bool(flag) => Ok(Cel::atom(flag.to_string(), Type::Bool)),
        Script::Number(number) => Ok(Cel::atom(number.clone(), Type::Number)),
        Script::Text(text) => Ok(Cel::atom(quoted(text), Type::Text)),
        Script::Template(parts) => join(parts, source),
        Script::Variable(name) => source.variable(name),
        Script::Name(name) => Err(format!("`{name}` is not known here")),
        Script::Member(of, name) => {
            let of = emit(of, source)?.grouped();
            Ok(Cel::atom(format!("default({}, null)", field(&of, name)), Type::Any))
        }
        Script::Index(of, index) => {
            let (of, index) = (emit(of, source)?.grouped(), emit(index, source)?.source);
            Ok(Cel::atom(format!("default({of}[{index}], null)"), Type::Any))
        }
        Script::Call(callee, arguments) => method::call(callee, arguments, source),
        Script::New(class, arguments) => method::construct(class, arguments, source),
        Script::Unary(sign, operand) => unary(sign, &emit(operand, source)?),
        Script::Binary(sign, pair) => binary(sign, pair, source),
        Script::Choice(parts) => {
            let [condition, yes, no] = parts.as_ref();
            let condition = emit(condition, source)?.truth();
            let (yes, no) = (emit(yes, source)?, emit(no, source)?);
            let ty = if yes.ty == no.ty { yes.ty } else { Type::Any };
            let (yes, no) = match yes.ty == no.ty {
                true => (yes.grouped(), no.grouped()),
                false => (format!("dyn({})", yes.source), format!("dyn({})", no.source)),
            };
            Ok(Cel::compound(format!("{condition} ? {yes} : {no}"), ty))
        }
        Script::List(items) => {
            let items: Result<Vec<_>, _> =
                items.iter().map(|item| Ok::<_, String>(emit(item, source)?.source)).collect();
            Ok(Cel::atom(format!("[{}]", items?.join(", ")), Type::List))
        }
        Script::Object(members) => {
            let members: Result<Vec<_>, _> = (members.iter())
                .map(|(key, value)| {
                    Ok::<_, String>(format!("{}: {}", quoted(key), emit(value, source)?.source))
                })
                .collect();
            Ok(Cel::atom(format!("{{{}}}", members?.join(", ")), Type::Any))
        }
    }
}

/// A field of an expression.
pub(in crate::import) fn field(of: &str, name: &str) -> String {
    match is_field(name) {
        true => format!("{of}.{name}"),
        false => format!("{of}[{}]", quoted(name)),
    }
}

fn join(parts: &[Script], source: &dyn Source) -> Result<Cel, String> {
    let parts: Result<Vec<_>, _> =
        parts.iter().map(|part| Ok::<_, String>(emit(part, source)?.text())).collect();
    let parts = parts?;
    Ok(match parts.as_slice() {
        [] => Cel::atom("''", Type::Text),
        [one] => Cel::atom(one.as_str(), Type::Text),
        many => Cel::compound(many.join(" + "), Type::Text),
    })
}

fn unary(sign: &str, operand: &Cel) -> Result<Cel, String> {
    Ok(match sign {
        "!" => Cel::compound(format!("!{}", operand.truth()), Type::Bool),
        "-" => Cel::compound(format!("-{}", operand.grouped()), Type::Number),
        _ => Cel::atom(format!("double({})", operand.source), Type::Number),
    })
}

fn binary(sign: &str, pair: &[Script; 2], source: &dyn Source) -> Result<Cel, String> {
    let (left, right) = (emit(&pair[0], source)?, emit(&pair[1], source)?);
    let plain = |sign: &str, ty: Type| {
        Cel::compound(format!("{} {sign} {}", left.grouped(), right.grouped()), ty)
    };
    Ok(match sign {
        "===" | "==" => equality("==", &left, &right),
        "!==" | "!=" => equality("!=", &left, &right),
        "&&" if left.ty == Type::Bool => {
            Cel::compound(format!("{} && {}", left.grouped(), right.truth()), Type::Bool)
        }
        "||" if left.ty == Type::Bool && right.ty == Type::Bool => plain("||", Type::Bool),
        "||" => Cel::compound(
            format!("{} ? dyn({}) : dyn({})", left.truth(), left.source, right.source),
            if left.ty == right.ty { left.ty } else { Type::Any },
        ),
        "&&" => Cel::compound(
            format!("{} ? dyn({}) : dyn({})", left.truth(), right.source, left.source),
            Type::Any,
        ),
        "??" => Cel::atom(format!("default(dyn({}), {})", left.source, right.source), Type::Any),
        "+" if left.ty == Type::Text || right.ty == Type::Text => {
            Cel::compound(format!("{} + {}", left.text(), right.text()), Type::Text)
        }
        "+" if !(source.guesses_numbers() && [left.ty, right.ty].contains(&Type::Number)) => {
            plain(sign, arithmetic(&left, &right))
        }
        "+" | "-" | "*" | "%" => {
            let source = format!("{} {sign} {}", as_number(&left), as_number(&right));
            Cel::compound(source, Type::Number)
        }
        "/" => Cel::compound(
            format!("double({}) / double({})", left.source, right.source),
            Type::Number,
        ),
        _ => plain(sign, Type::Bool),
    })
}

/// Values of different types are unequal, and that may be asked.
fn equality(sign: &str, left: &Cel, right: &Cel) -> Cel {
    let is_same = left.ty == right.ty || [left.ty, right.ty].contains(&Type::Any);
    let left = if is_same { left.grouped() } else { format!("dyn({})", left.source) };
    Cel::compound(format!("{left} {sign} {}", right.grouped()), Type::Bool)
}

fn arithmetic(left: &Cel, right: &Cel) -> Type {
    match (left.ty, right.ty) {
        (Type::Any, Type::Any) => Type::Any,
        _ => Type::Number,
    }
}

/// Reckoning makes a number of a text that looks like one.
fn as_number(value: &Cel) -> String {
    match value.ty {
        Type::Number => value.grouped(),
        _ => format!("double({})", value.source),
    }
}
