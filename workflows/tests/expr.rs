//! The expression language against its tables in `testdata/expr`: values, templates, problems; and what must hold for
//! any input.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::cell::Cell;

use chrono::{DateTime, Utc};
use perdure_workflows::expr::{
    Expression, Fuel, Message, Operand, PluralForm, Scope, Template, Texts, Type, TypeEnv,
};
use perdure_workflows::limits;
use proptest::prelude::*;
use serde_json::{Value, json};

/// What `scope.json` describes.
struct World {
    json: Value,
    now: DateTime<Utc>,
    texts: Texts,
    active: Vec<String>,
    draws: Cell<u32>,
}

impl World {
    fn new() -> Self {
        let json = serde_json::from_str(include_str!("../testdata/expr/scope.json"));
        let json: Value = json.expect("scope.json is JSON");
        let now = json["now"].as_str().and_then(|now| now.parse().ok()).expect("`now` is a time");
        let mut texts = Texts::new();
        for (language, keys) in json["texts"].as_object().into_iter().flatten() {
            for (key, text) in keys.as_object().into_iter().flatten() {
                texts.insert(language, key, message(text));
            }
        }
        texts.set_default("en");
        let active = serde_json::from_value(json["active"].clone()).expect("`active` is a list");
        Self { json, now, texts, active, draws: Cell::new(0) }
    }

    fn with<T>(&self, look: impl FnOnce(&Scope<'_>) -> T) -> T {
        let in_state = |id: &str| self.active.iter().any(|active| active == id);
        look(&Scope {
            context: &self.json["context"],
            event: &self.json["event"],
            input: &self.json["input"],
            contact: &self.json["contact"],
            tenant: &self.json["tenant"],
            channel: &self.json["channel"],
            now: self.now,
            locals: &self.json["locals"],
            in_state: &in_state,
            seed: "instance-1",
            seq: 7,
            draws: &self.draws,
            texts: &self.texts,
            time_zone: self.json["time_zone"].as_str().unwrap_or("UTC"),
            locale: self.json["locale"].as_str().unwrap_or("en"),
            resume: self.json["resume"].as_str(),
        })
    }

    fn evaluate(&self, source: &str) -> Result<Value, String> {
        let expression =
            Expression::parse(source).map_err(|problems| problems[0].code.to_owned())?;
        let value = self.with(|scope| expression.evaluate(scope, &Fuel::default()));
        value.map_err(|error| {
            assert!(source.get(error.span.clone()).is_some(), "{source}: span {:?}", error.span);
            assert!(!error.message.is_empty());
            error.code.to_owned()
        })
    }

    fn render(&self, text: &str) -> Result<String, String> {
        let template = Template::parse(text).map_err(|problems| problems[0].code.to_owned())?;
        let rendered = self.with(|scope| template.render(scope, &Fuel::default()));
        rendered.map_err(|error| error.code.to_owned())
    }
}

/// A text, or one per plural form.
fn message(json: &Value) -> Message {
    let form = |text: &Value| Template::parse(text.as_str().unwrap()).unwrap();
    match json {
        Value::Object(forms) => {
            let forms =
                forms.iter().map(|(name, text)| (PluralForm::named(name).unwrap(), form(text)));
            Message::plural(forms.collect()).unwrap()
        }
        text => Message::Text(form(text)),
    }
}

/// Every table of values.
const VALUES: [&str; 3] = [
    include_str!("../testdata/expr/values.txt"),
    include_str!("../testdata/expr/cel.txt"),
    include_str!("../testdata/expr/helpers.txt"),
];

/// The rows of a table: what stands left and right of the last ` => `.
fn rows(table: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    let lines = table.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| line.rsplit_once(" => ").unwrap_or_else(|| panic!("no ` => ` in {line}")))
}

/// Runs every row and shows all that differ at once.
fn check(table: &'static str, run: impl Fn(&str) -> String, read: impl Fn(&str) -> String) {
    let mut n_rows = 0;
    let mut wrong = Vec::new();
    for (source, wanted) in rows(table) {
        n_rows += 1;
        let (found, wanted) = (run(source), read(wanted));
        if found != wanted {
            wrong.push(format!("{source}\n  wanted {wanted}\n  found  {found}"));
        }
    }
    assert!(n_rows > 10, "the table was not read");
    assert!(wrong.is_empty(), "{} of {n_rows} rows:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn values() {
    let world = World::new();
    let run = |source: &str| match world.evaluate(source) {
        Ok(value) => value.to_string(),
        Err(code) => format!("! {code}"),
    };
    let read = |wanted: &str| match wanted.starts_with('!') {
        true => wanted.to_owned(),
        false => serde_json::from_str::<Value>(wanted).unwrap().to_string(),
    };
    VALUES.into_iter().for_each(|table| check(table, run, read));
}

/// `test` takes another path than `evaluate`; both must agree on every row.
#[test]
fn guards_agree_with_values() {
    let world = World::new();
    for (source, _) in VALUES.into_iter().flat_map(rows) {
        let Ok(expression) = Expression::parse(source) else { continue };
        let tested = world.with(|scope| expression.test(scope, &Fuel::default()));
        let wanted = match world.evaluate(source) {
            Ok(Value::Bool(truth)) => Ok(truth),
            // JSON has no form for an infinite number; a guard fails on it for being a number at all.
            Ok(_) => Err("wrong-type".to_owned()),
            Err(code) if code == "not-a-number" => Err("wrong-type".to_owned()),
            Err(code) => Err(code),
        };
        assert_eq!(tested.map_err(|error| error.code.to_owned()), wanted, "{source}");
    }
}

#[test]
fn templates() {
    let world = World::new();
    let run = |text: &str| world.render(text).unwrap_or_else(|code| format!("! {code}"));
    check(include_str!("../testdata/expr/templates.txt"), run, str::to_owned);
}

fn typed_env() -> TypeEnv {
    let schema = json!({"type": "object", "properties": {
        "order": {"type": "object", "properties": {
            "id": {"type": "string"},
            "total": {"type": "number"},
            "lines": {"type": "array", "items": {"type": "object", "properties": {
                "name": {"type": ["string", "null"]}, "qty": {"type": "integer"}}}}}},
        "name": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        "done": {"type": "boolean"},
        "any": {},
        "scores": {"type": "object", "additionalProperties": {"type": "integer"}},
        "meta": {"additionalProperties": true, "properties": {"source": {"enum": ["web", "app"]}}}}});
    TypeEnv::standard().with("context", Type::from_json_schema(&schema))
}

#[test]
fn problems() {
    let env = typed_env();
    let run = |source: &str| {
        let (ty, problems) = match Expression::parse(source) {
            Err(problems) => (None, problems),
            Ok(expression) => {
                let checked = expression.check(&env);
                (Some(checked.ty), checked.problems)
            }
        };
        let told = problems.iter().map(|problem| {
            assert!(source.get(problem.span.clone()).is_some(), "{source}: {:?}", problem.span);
            format!("{} {}..{}", problem.code, problem.span.start, problem.span.end)
        });
        match (ty, told.collect::<Vec<_>>()) {
            (Some(ty), told) if told.is_empty() => format!("ok {ty:?}"),
            (_, told) => told.join(", "),
        }
    };
    check(include_str!("../testdata/expr/problems.txt"), run, str::to_owned);
}

/// What runs in the value table without an error has no problem in the standard scope, save those where a comparison
/// is always false or a macro hides an error.
#[test]
fn the_checker_cries_no_wolf() {
    let mut env = TypeEnv::standard();
    env.declare("params", Type::Dyn);
    let knowingly = [
        "\"1\" == 1",
        "now == \"",
        "1 || true",
        "{\"a\": 1} == {\"b\": 1}",
        "null == 0",
        "1 == true",
        "\"a\" != 1",
    ];
    let mut wrong = Vec::new();
    for (source, wanted) in VALUES.into_iter().flat_map(rows) {
        if wanted.starts_with('!') || knowingly.iter().any(|known| source.starts_with(known)) {
            continue;
        }
        let mut problems = Expression::parse(source).unwrap().check(&env).problems;
        // Where something else decides, a division by zero that is written out does no harm, and is told all the same.
        problems.retain(|problem| problem.code != "division-by-zero");
        wrong.extend(problems.into_iter().map(|problem| format!("{source}: {}", problem.message)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn hints_name_the_cure() {
    for (source, hint) in [
        ("contex.name", "did you mean `context`?"),
        ("context.order.totl", "did you mean `total`?"),
        ("context.name.contain(\"x\")", "did you mean `contains`?"),
        ("context.done = true", "to compare, write `==`"),
        ("context.done and true", "for \"and\", write `&&`"),
        ("[1].all(1, true)", "write it like list.all(x, x > 1)"),
    ] {
        let problems = match Expression::parse(source) {
            Ok(expression) => expression.check(&typed_env()).problems,
            Err(problems) => problems,
        };
        assert_eq!(problems[0].help.as_deref(), Some(hint), "{source}");
    }
    let not_bool = Expression::parse("1 + 1").unwrap().check_guard(&TypeEnv::standard());
    assert_eq!(not_bool[0].code, "wrong-type");
}

#[test]
fn template_problems_have_spans_in_the_text() {
    let problems = Template::parse("Hi {{ 1 + }} and {{ = }}").unwrap_err();
    let spans: Vec<_> = problems.iter().map(|problem| problem.span.clone()).collect();
    assert_eq!(spans, [10..10, 20..21]);
    let template = Template::parse("Ho {{ nobody }} {{ t('hello') }}").unwrap();
    assert_eq!(template.check(&TypeEnv::standard())[0].span, 6..12);
    assert_eq!(template.literal_arguments("t"), [("hello".to_owned(), 21..28)]);
    assert_eq!((template.min_chars(), template.is_literal()), (4, false));
    let world = World::new();
    let error = world.with(|scope| template.render(scope, &Fuel::default())).unwrap_err();
    assert_eq!((error.code, error.span), ("unknown-name", 6..12));
    assert!(Template::parse(" {{ 1 }} ").unwrap().as_expression().is_some());
    assert!(Template::parse("n {{ 1 }}").unwrap().as_expression().is_none());
}

#[test]
fn operands_explain_a_guard() {
    let world = World::new();
    let source = "context.order.total > 100 && size(context.tags) == 3 && !has(context.x) \
                  && context.items.exists(i, i.price > limit) && in_state('done') && context.order.total < 200";
    let expression = Expression::parse(source).unwrap();
    let shown: Vec<String> = world
        .with(|scope| expression.operands(scope))
        .into_iter()
        .map(|Operand { source, value }| match value {
            Ok(Value::Array(items)) => format!("{source}: {} items", items.len()),
            Ok(value) => format!("{source}: {value}"),
            Err(why) => format!("{source}! {why}"),
        })
        .collect();
    assert_eq!(
        shown,
        [
            "context.order.total: 120.5",
            "size(context.tags): 2",
            "context.tags: 2 items",
            "has(context.x): false",
            "context.items: 3 items",
            "context.items.exists(i, i.price > limit)! there is nothing called `limit` here",
            "in_state('done'): false",
        ]
    );
}

#[test]
fn random_repeats_and_varies() {
    let expression = Expression::parse("[random(), random()]").unwrap();
    let draw = || World::new().with(|scope| expression.evaluate(scope, &Fuel::default())).unwrap();
    let drawn = draw();
    assert_eq!(drawn, draw());
    assert_ne!(drawn[0], drawn[1]);
    // Stored histories rest on this hash: the numbers themselves must never change.
    assert_eq!(drawn, json!([0.9362824017476649, 0.6349303189105081]));
    let world = World::new();
    world.with(|scope| expression.operands(scope));
    assert_eq!(world.draws.get(), 0);
}

/// Depth and length are bounded at parse, so the deepest tree runs on a small stack, also in a debug build.
#[test]
fn depth_is_bounded() {
    let deep = |n: usize| {
        [
            format!("{}1{}", "(".repeat(n), ")".repeat(n)),
            format!("{}true", "!".repeat(n)),
            format!("{}1", "- ".repeat(n)),
            format!("{}1{}", "[".repeat(n), "]".repeat(n)),
            format!("context{}", ".a".repeat(n)),
            format!("{}1", "true ? 1 : ".repeat(n)),
            format!("{}1{}", "text(".repeat(n), ")".repeat(n)),
            format!("{}1{}", "true || true && 1 == 1 + 1 * (".repeat(n), ")".repeat(n)),
            format!("{}1{}", "[1].map(x, ".repeat(n), ")".repeat(n)),
            format!("1{}", " < 1".repeat(n)),
        ]
    };
    let run = move || {
        let world = World::new();
        for source in deep(40) {
            // The third of these nests five levels in each step; the others all fit.
            if let Ok(expression) = Expression::parse(&source) {
                let _ = world.with(|scope| expression.evaluate(scope, &Fuel::default()));
                expression.check(&TypeEnv::standard());
            }
        }
        for source in deep(250) {
            let problems = Expression::parse(&source).unwrap_err();
            assert_eq!(problems[0].code, "too-deep", "{source}");
        }
    };
    std::thread::Builder::new().stack_size(1 << 20).spawn(run).unwrap().join().unwrap();
    let long = format!("1{}", " + 1".repeat(1_000));
    assert_eq!(World::new().evaluate(&long), Ok(json!(1_001)));
    let any = format!("false{}", " || false".repeat(800));
    assert_eq!(World::new().evaluate(&any), Ok(json!(false)));
    let too_long = "1".repeat(limits::EXPRESSION_BYTES_MAX + 1);
    assert_eq!(Expression::parse(&too_long).unwrap_err()[0].code, "expression-too-long");
}

/// A list of one large text, copied forty times over by `copy`.
fn copies(large: &str, copy: &str) -> String {
    let copies = vec![copy; 40].join(" + ");
    format!("cel.bind(l, [{large}], {copies})")
}

/// With fuel in plenty, results are still bounded in size.
#[test]
fn output_is_bounded() {
    let world = World::new();
    // 12 characters with 65 before, between and after them, and each of those with 16 more: some 15,000.
    let large = "event.text.replace('', 'x'.replace('', '0123456789abcdef0123456789abcdef'))\
                 .replace('', '0123456789abcdef')";
    for source in [
        format!("[{large}].map(x, [x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x])"),
        format!(
            "[{large}].map(x, [x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x].join())"
        ),
        format!("{large}.replace('', '0123456789abcdef').replace('', '0123456789abcdef')"),
        format!(
            "[{large}].map(x, x + x + x + x + x + x + x + x + x + x + x + x + x + x + x + x + x + x)"
        ),
        // Each copy of a large text is paid, by whatever way it is come by.
        copies(large, "[l[0]]"),
        copies(large, "[l.first().value()]"),
        copies(large, "l.reverse() + l.slice(0, 1) + l.distinct() + l.sort() + l.flatten()"),
        copies(large, "[?l.last(), l[?0].orValue('')]"),
        copies(large, "[optional.of(l[0]).optMap(x, x).value()]"),
        format!(
            "[{large}].map(x, '%s%s%s%s%s%s%s%s%s%s%s%s%s%s%s%s%s%s'.format([x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x]))"
        ),
        format!(
            "[{large}].map(x, and_list([x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x]))"
        ),
    ] {
        let expression = Expression::parse(&source).unwrap();
        let error =
            world.with(|scope| expression.evaluate(scope, &Fuel::new(1 << 40))).unwrap_err();
        assert_eq!(error.code, "output-too-large", "{source}");
        let error = world.with(|scope| expression.evaluate(scope, &Fuel::new(100))).unwrap_err();
        assert_eq!(error.code, "out-of-fuel", "{source}");
    }
}

#[test]
fn declared_paths_become_fields() {
    let mut env = typed_env();
    env.declare_path("context.answer", Type::String);
    env.declare_path("context.reply.text", Type::Dyn);
    env.declare_path("context.any.more", Type::Int);
    env.declare_path("context.name", Type::Dyn);
    for (source, ty) in [
        ("context.answer", Type::String),
        ("context.reply.text", Type::Dyn),
        ("context.any.other", Type::Dyn),
        ("context.name", Type::String),
    ] {
        let checked = Expression::parse(source).unwrap().check(&env);
        assert_eq!((checked.ty, checked.problems), (ty, vec![]), "{source}");
    }
    let checked = Expression::parse("event.x").unwrap().check(&env.without("event"));
    assert_eq!(checked.problems[0].code, "unknown-name");
}

/// Pieces that make expressions which get somewhere, more often than random characters do.
fn pieces() -> impl Strategy<Value = String> {
    #[rustfmt::skip]
    let piece = prop::sample::select(vec![
        "context", ".order", ".items", "event.text", "1", "2u", "1.5", "'a'", "\"é", "r'", "(",
        ")", "[", "]", "{", "}", ",", ":", "?", "&&", "||", "!", "-", "+", "*", "/", "%", "==",
        "<", " in ", ".map(x,", ".all(x,", "x", "size(", ".split(", ".replace(",
        "duration('1h')", "now", "date(", "money(", "text(", "default(", "has(", "random()",
        "null", "true", "{{", "}}", "\\", "\n", "ñ", "`", "// ", "-9223372036854775808",
        ".substring(", "json(", "to_json(", "timestamp(", "phone(", "relative_day(", ".?", "[?",
        ".orValue(", "decimal(", ".sort()", ".first()", "cel.bind(x, ", ".sortBy(x,", "round(",
        "sum(", "lists.range(", "next_time(", "bucket(", ".format(", "plural(", ".flatten(",
        "number(",
    ]);
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_text_is_parsed_checked_and_evaluated(source in prop_oneof!["\\PC{0,60}", pieces()]) {
        let env = typed_env();
        if let Ok(expression) = Expression::parse(&source) {
            for problem in expression.check(&env).problems {
                prop_assert!(source.get(problem.span.clone()).is_some());
            }
            let first = World::new().evaluate(&source);
            prop_assert_eq!(&first, &World::new().evaluate(&source));
            World::new().with(|scope| expression.operands(scope));
        }
        if let Ok(template) = Template::parse(&source) {
            template.check(&env);
            prop_assert_eq!(World::new().render(&source), World::new().render(&source));
        }
    }

    #[test]
    fn arithmetic_never_panics(a: i64, b: i64, c: u64, d: f64) {
        for operator in ["+", "-", "*", "/", "%", "<", "=="] {
            let world = World { json: json!({"context": {"a": a, "b": b, "c": c, "d": d}, "event": null,
                "input": null, "contact": null, "tenant": null, "channel": null, "locals": null,
                "time_zone": "UTC", "locale": "en"}), ..World::new() };
            for (left, right) in [("a", "b"), ("a", "c"), ("c", "d"), ("d", "a"), ("c", "c")] {
                let _ = world.evaluate(&format!("context.{left} {operator} context.{right}"));
            }
            let _ = world.evaluate("[round(context.d), int(context.d), text(context.d), timestamp(context.a)]");
            let _ = world.evaluate("money(context.d, 'USD')");
        }
    }
}
