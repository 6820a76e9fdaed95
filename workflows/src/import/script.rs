//! The expressions of other products, which are JavaScript, as expressions of ours: a subset that means the same here.
//!
//! Read to a tree ([`parser`]), then written as CEL ([`emit`]). What a name stands for is the product's own ([`Source`]).
//!
//! **Invariant:** what is translated gives what the script gave, or fails; what is not sure is refused with a reason.

mod emit;
mod lexer;
mod method;
mod parser;

pub(super) use emit::{Cel, Type};
pub(super) use parser::Script;

use crate::limits::EXPRESSION_BYTES_MAX;

/// What the names in a script stand for.
pub(super) trait Source {
    /// The expression a reference stands for: a chain of fields behind a name or a call, like `$json.a.b`. `None` if it is
    /// not one of the product's own names.
    fn reference(&self, script: &Script) -> Option<Result<Cel, String>>;

    /// The expression for a `{{name}}` inside a script.
    fn variable(&self, name: &str) -> Result<Cel, String>;

    /// Whether a text that looks like a number is one, where a number is added to it.
    fn guesses_numbers(&self) -> bool {
        false
    }
}

/// Translates one expression. The error says in words what cannot be translated.
pub(super) fn translate(text: &str, source: &dyn Source) -> Result<Cel, String> {
    if text.len() > EXPRESSION_BYTES_MAX {
        return Err("it is too long".to_owned());
    }
    let script = parser::parse(text)?;
    emit::emit(&script, source)
}

/// Translates a text with `{{ script }}` in it to a template of ours.
pub(super) fn translate_template(text: &str, source: &dyn Source) -> Result<String, String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, tail)) = rest.split_once("{{") {
        let Some((script, after)) = tail.split_once("}}") else { break };
        out.push_str(before);
        out.push_str(&format!("{{{{ {} }}}}", translate(script.trim(), source)?.source));
        rest = after;
    }
    out.push_str(&super::text::literal(rest));
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::{Expression, Fuel, Scope, Template, Texts};
    use serde_json::{Value, json};
    use std::cell::Cell;

    /// Names stand for fields of the context.
    struct Names;

    impl Source for Names {
        fn reference(&self, script: &Script) -> Option<Result<Cel, String>> {
            match script {
                Script::Name(name) if name == "$now" => Some(Ok(Cel::atom("now", Type::Time))),
                Script::Name(name) if name.len() == 1 => {
                    Some(Ok(Cel::atom(format!("context.{name}"), Type::Any)))
                }
                _ => None,
            }
        }

        fn variable(&self, name: &str) -> Result<Cel, String> {
            Ok(Cel::atom(format!("context.{name}"), Type::Any))
        }
    }

    fn in_scope<T>(look: impl FnOnce(&Scope<'_>) -> T) -> T {
        let context = json!({"a": 2, "b": 3.5, "s": "Ann Lee", "n": null, "l": ["x", "y"], "o": {"k v": 7}, "t": true});
        let scope = Scope {
            context: &context,
            event: &Value::Null,
            input: &Value::Null,
            contact: &Value::Null,
            tenant: &Value::Null,
            channel: &Value::Null,
            now: "2026-11-20T12:00:00Z".parse().unwrap(),
            locals: &Value::Null,
            in_state: &|_| false,
            seed: "",
            seq: 1,
            draws: &Cell::new(0),
            texts: &Texts::default(),
            time_zone: "UTC",
            locale: "en",
            resume: None,
        };
        look(&scope)
    }

    /// What JavaScript gives, our expression gives.
    #[test]
    fn translations_give_what_the_scripts_gave() {
        for (script, wanted) in [
            ("a + 1", json!(3)),
            ("a * b - 1", json!(6.0)),
            ("7 / 2", json!(3.5)),
            ("'1' + a", json!("12")),
            ("s + '!'", json!("Ann Lee!")),
            ("`${s} is ${a + 1}`", json!("Ann Lee is 3")),
            ("'Hi {{s}}, {{a}}'", json!("Hi Ann Lee, 2")),
            ("s.toLowerCase().split(' ')[0]", json!("ann")),
            ("s.length", json!(7)),
            ("l.length > 1 && s.startsWith('Ann')", json!(true)),
            ("l.join(', ')", json!("x, y")),
            ("s.replace('n', 'm')", json!("Amn Lee")),
            ("s.replaceAll('n', 'm')", json!("Amm Lee")),
            ("n || 'none'", json!("none")),
            ("s || 'none'", json!("Ann Lee")),
            ("n ?? 5", json!(5)),
            ("a === '2'", json!(false)),
            ("a !== 2", json!(false)),
            ("!n", json!(true)),
            ("!s", json!(false)),
            ("a > 1 ? 'many' : 'one'", json!("many")),
            ("n ? 1 : 'zero'", json!("zero")),
            ("o['k v'] + 1", json!(8)),
            ("o.missing", json!(null)),
            ("o?.missing ?? 'no'", json!("no")),
            ("Math.round(b)", json!(4)),
            ("Math.max(a, b)", json!(3.5)),
            ("parseInt('42')", json!(42)),
            ("Number('4.5')", json!(4.5)),
            ("String(a)", json!("2")),
            ("[a, 1]", json!([2, 1])),
            ("({k: a}).k", json!(2)),
            ("n.isEmpty()", json!(true)),
            ("$now.plus({days: 1}).toISO()", json!("2026-11-21T12:00:00Z")),
            ("$now.minus(2, 'hours').toFormat('yyyy-MM-dd HH')", json!("2026-11-20 10")),
            ("return a;", json!(2)),
        ] {
            let cel = translate(script, &Names).unwrap_or_else(|why| panic!("{script}: {why}"));
            let expression = Expression::parse(&cel.source)
                .unwrap_or_else(|problems| panic!("{script}: {}: {problems:?}", cel.source));
            let value = in_scope(|scope| expression.evaluate(scope, &Fuel::default()));
            assert_eq!(value.unwrap(), wanted, "{script}: {}", cel.source);
        }
    }

    #[test]
    fn what_is_not_sure_is_refused() {
        for script in [
            "const x = 1; return x",
            "items.map(i => i.json)",
            "a = 1",
            "a++",
            "fetch('https://x.example')",
            "s.padStart(3)",
            "$env.KEY",
            "new Map()",
            "a +",
            "'open",
            "((((((((((((((((((((((((((((((((((((((((a))))))))))))))))))))))))))))))))))))))))",
            "a||b||a||b||a||b||a||b||a||b||a||b||a||b||a||b||a||b",
            "",
        ] {
            assert!(translate(script, &Names).is_err(), "{script}");
        }
    }

    #[test]
    fn texts_become_templates() {
        for (text, wanted) in [
            ("plain", "plain"),
            ("Hi {{ s }}, {{ a + 1 }}!", "Hi Ann Lee, 3!"),
            ("open {{ only", "open {{ only"),
        ] {
            let template = translate_template(text, &Names).unwrap();
            let template = Template::parse(&template).unwrap();
            let shown = in_scope(|scope| template.render(scope, &Fuel::default()));
            assert_eq!(shown.unwrap(), wanted, "{text}");
        }
    }
}
