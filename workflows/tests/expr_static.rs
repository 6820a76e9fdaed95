//! What is told of expressions and templates without running them: paths they read, lengths they reach, types of schemas,
//! texts and states they name.
#![expect(clippy::unwrap_used, reason = "tests")]

use perdure_workflows::compile::compile;
use perdure_workflows::expr::{
    Bounds, Expression, Message, PathUse, Template, Texts, Type, TypeEnv, parse_cron,
};
use serde_json::{Value, json};

/// Runs every row of a table and shows all that differ at once.
fn check(table: &str, run: impl Fn(&str) -> String) {
    let rows = table.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let wrong: Vec<String> = rows
        .filter_map(|row| {
            let (source, wanted) = row.rsplit_once(" => ").unwrap();
            let found = run(source);
            (found != wanted).then(|| format!("{source}\n  wanted {wanted}\n  found  {found}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn shown(path: &PathUse) -> String {
    format!("{}{}", path.dotted(), if path.is_guarded { "?" } else { "" })
}

#[test]
fn paths() {
    check(include_str!("../testdata/expr/paths.txt"), |source| {
        let expression = Expression::parse(source).unwrap();
        let paths = expression.paths();
        for path in &paths {
            assert!(source[path.span.clone()].starts_with(path.root()), "{source}: {path:?}");
        }
        paths.iter().map(shown).collect::<Vec<_>>().join(" ")
    });
    let template = Template::parse("Hi {{ contact.name }}, {{ context.?a.orValue(1) }}").unwrap();
    let paths = template.paths();
    assert_eq!(paths.iter().map(shown).collect::<Vec<_>>(), ["contact.name", "context.a?"]);
    assert_eq!(paths[0].span, 6..18);
}

#[test]
fn bounds() {
    let schema = json!({"type": "object", "$defs": {"ref": {"type": "string", "minLength": 2, "maxLength": 7}},
        "properties": {
            "code": {"type": "string", "minLength": 4, "maxLength": 6},
            "colour": {"enum": ["red", "green", null]},
            "n": {"type": "integer", "minimum": 1, "maximum": 500},
            "any": {"type": "integer"}, "ok": {"type": "boolean"}, "name": {"type": "string"}, "nothing": {},
            "deep": {"type": "object", "properties": {"zip": {"type": "string", "maxLength": 5}}},
            "ref": {"$ref": "#/$defs/ref"}}});
    let env = TypeEnv::standard().with_schema("context", &schema);
    check(include_str!("../testdata/expr/bounds.txt"), |text| {
        let Bounds { least, greatest } = Template::parse(text).unwrap().bounds(&env);
        format!("{least} {}", greatest.map_or_else(|| "*".to_owned(), |n| n.to_string()))
    });
}

#[test]
fn schemas() {
    for (schema, wanted) in [
        (json!({"type": "string", "format": "date-time"}), Type::String),
        (json!({"type": "integer", "nullable": true}), Type::Int),
        (json!({"type": ["string", "null"]}), Type::String),
        (json!({"type": ["string", "integer"]}), Type::Dyn),
        (json!({"enum": ["a", null]}), Type::String),
        (json!({"const": 3}), Type::Int),
        (json!({"anyOf": [{"type": "integer"}, {"type": "number"}]}), Type::Double),
        (json!({"$defs": {"x": {"type": "boolean"}}, "$ref": "#/$defs/x"}), Type::Bool),
        (json!({"$ref": "#"}), Type::Dyn),
        (json!({"$ref": "https://example.com/x.json"}), Type::Dyn),
        (json!(true), Type::Dyn),
        (json!({"type": "array", "items": {"type": "string"}}), Type::List(Box::new(Type::String))),
        (
            json!({"type": "array", "prefixItems": [{"type": "string"}], "items": false}),
            Type::List(Box::new(Type::String)),
        ),
        (
            json!({"type": "object", "additionalProperties": {"type": "integer"}}),
            Type::Map(Box::new(Type::Int)),
        ),
    ] {
        assert_eq!(Type::from_json_schema(&schema), wanted, "{schema}");
    }
}

/// What a checker says of a field under a schema: nothing, or the hint it gives.
#[test]
fn schemas_of_objects() {
    let properties = |name: &str| json!({"properties": {name: {"type": "string"}}});
    for (schema, source, wanted) in [
        (properties("total"), "context.total", None),
        (properties("total"), "context.totl", Some("did you mean `total`?")),
        (json!({"allOf": [properties("a"), properties("bcd")]}), "context.bcd + context.a", None),
        (
            json!({"allOf": [properties("a"), properties("bcd")]}),
            "context.bcx",
            Some("did you mean `bcd`?"),
        ),
        (json!({"oneOf": [properties("abc"), properties("xyz")]}), "context.xyz", None),
        (
            json!({"oneOf": [properties("abc"), properties("xyz")]}),
            "context.abd",
            Some("did you mean `abc`?"),
        ),
        (json!({"properties": {"a": {}}, "patternProperties": {"^x": {}}}), "context.xy", None),
        (json!({"const": {"abc": 1}}), "context.abc + 1", None),
        (
            json!({"$defs": {"n": {"properties": {"next": {"$ref": "#/$defs/n"}, "word": {"type": "string"}}}},
                "$ref": "#/$defs/n"}),
            "context.next.next.next.wrd",
            Some("did you mean `word`?"),
        ),
    ] {
        let env = TypeEnv::standard().with_schema("context", &schema);
        let problems = Expression::parse(source).unwrap().check(&env).problems;
        let hint = problems.first().and_then(|problem| problem.help.as_deref());
        assert_eq!(hint, wanted, "{source} under {schema}: {problems:?}");
    }
}

/// A schema that refers to itself twice at each level would have more places than there are atoms.
#[test]
fn schemas_end() {
    let node = json!({"properties": {"a": {"$ref": "#"}, "b": {"$ref": "#"}, "c": {"items": {"$ref": "#"}}}});
    let env = TypeEnv::standard().with_schema("context", &node);
    assert!(Expression::parse("context.a.b.a").unwrap().check(&env).problems.is_empty());
}

#[test]
fn texts_and_states_are_known() {
    let mut texts = Texts::new();
    texts.insert("es", "hello", Message::parse("Hola {{ name }} de {{ contact.city }}").unwrap());
    texts.insert("en", "hello", Message::parse("Hello {{ name }}{{ title }}").unwrap());
    let env = TypeEnv::standard().with_texts(&texts).with_states(["waiting".to_owned()]);
    for (source, wanted) in [
        ("t('hello', {'name': 'x', 'title': 'y'})", None),
        ("t('hello', context.args)", None),
        ("t('helo')", Some("unknown-text: there is no text `helo` in `messages`")),
        ("t('hello', {'name': 'x'})", Some("wrong-arguments: the text `hello` needs title")),
        ("t('hello')", Some("wrong-arguments: the text `hello` needs name, title")),
        ("in_state('waiting')", None),
        ("in_state('wating')", Some("unknown-state: there is no state `wating`")),
    ] {
        let problems = Expression::parse(source).unwrap().check(&env).problems;
        let told = problems.first().map(|problem| format!("{}: {}", problem.code, problem.message));
        assert_eq!(told.as_deref(), wanted, "{source}");
    }
    let found = |tag: &str| texts.find(tag, "hello").map(|(language, _)| language.to_owned());
    assert_eq!(found("en-GB").as_deref(), Some("en"));
    // The first language that was put in stands in for those that are not there.
    assert_eq!(found("sw").as_deref(), Some("es"));
}

/// `messages` of a definition: what is refused, where, and what is told.
#[test]
fn messages_are_checked_at_upload() {
    for (messages, wanted) in [
        (json!({"es": {"a": "{{ name }} {{ contact.name }}"}}), None),
        (json!({"es": {"a": {"one": "{{ count }} día", "other": "{{ count }} días"}}}), None),
        (json!({"es": {"a": "{{ 1 + }}"}}), Some(("expression-syntax", "/messages/es/a"))),
        (json!({"es": {"a": "{{ 'x' - 1 }}"}}), Some(("wrong-type", "/messages/es/a"))),
        (json!({"es": {"a": {"one": "x"}}}), Some(("message-shape", "/messages/es/a"))),
        (
            json!({"es": {"a": {"single": "x", "other": "y"}}}),
            Some(("message-shape", "/messages/es/a/single")),
        ),
        (
            json!({"es": {"a": {"other": "{{ nofun(1) }}"}}}),
            Some(("unknown-function", "/messages/es/a/other")),
        ),
        (json!({"es": {"a": 1}}), Some(("message-shape", "/messages/es/a"))),
        (json!({"es": "x"}), Some(("message-shape", "/messages/es"))),
        (json!({"es": {"a": "{{ t('b') }}"}}), Some(("unknown-text", "/messages/es/a"))),
    ] {
        let machine = json!({"initial": "a", "states": {"a": {"type": "final"}}});
        let file: Value =
            json!({"perdure": 1, "name": "x", "messages": messages, "machine": machine});
        let compiled = compile(file.to_string().as_bytes(), None);
        let errors = compiled.diagnostics.iter().filter(|diagnostic| diagnostic.is_error());
        let told: Vec<_> = errors.map(|d| (d.code, d.pointer.as_str())).collect();
        assert_eq!(told, wanted.into_iter().collect::<Vec<_>>(), "{messages}");
    }
}

#[test]
fn cron_rules_are_told_in_words() {
    assert_eq!(parse_cron("0 9 * * MON"), Ok(()));
    assert_eq!(parse_cron("0 99 * * *"), Err("the hour `99` is not from 0 to 23".to_owned()));
}
