//! Our CEL against the `cel` crate: random well-typed expressions over random contexts give the same values, or fail in
//! both. What is known to differ is a table below, so that a new difference shows.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::cell::Cell;
use std::collections::HashMap;
use std::sync::Arc;

use perdure_workflows::expr::{Expression, Fuel, Scope, Texts, Type, TypeEnv};
use proptest::prelude::*;
use serde_json::{Value, json};

/// What ours makes of `source`.
fn ours(source: &str, context: &Value) -> Result<Value, String> {
    let expression = Expression::parse(source).map_err(|problems| problems[0].message.clone())?;
    let scope = Scope {
        context,
        event: &Value::Null,
        input: &Value::Null,
        contact: &Value::Null,
        tenant: &Value::Null,
        channel: &Value::Null,
        now: "2026-03-10T09:30:00Z".parse().unwrap(),
        locals: &Value::Null,
        in_state: &|_| false,
        seed: "",
        seq: 0,
        draws: &Cell::new(0),
        texts: &Texts::default(),
        time_zone: "UTC",
        locale: "en",
        resume: None,
    };
    let value = expression.evaluate(&scope, &Fuel::default());
    value.map_err(|error| error.code.to_owned())
}

/// What theirs makes of it.
fn theirs(source: &str, context: &Value) -> Result<Value, String> {
    let env = Arc::new(cel::Env::stdlib());
    let program = env.compile(source).map_err(|error| error.to_string())?;
    let mut scope = cel::Context::with_env(env);
    scope.add_variable_from_value("context", their_value(context));
    let value = program.execute(&scope).map_err(|error| error.to_string())?;
    value.json().map_err(|error| error.to_string())
}

/// Numbers as CEL types them: theirs would read every positive one as a uint.
fn their_value(json: &Value) -> cel::Value {
    match json {
        Value::Null => cel::Value::Null,
        Value::Bool(b) => (*b).into(),
        Value::String(text) => text.as_str().into(),
        Value::Number(n) => n.as_i64().map_or_else(|| n.as_f64().unwrap().into(), cel::Value::from),
        Value::Array(items) => items.iter().map(their_value).collect::<Vec<_>>().into(),
        Value::Object(fields) => {
            let fields: HashMap<String, cel::Value> =
                fields.iter().map(|(key, value)| (key.clone(), their_value(value))).collect();
            fields.into()
        }
    }
}

/// Writes expressions of a wanted type; everything it draws comes from one number.
struct Writer(u64);

const INTS: [&str; 8] = ["0", "1", "2", "-3", "7", "context.a", "context.b", "9223372036854775807"];
const DOUBLES: [&str; 6] = ["0.5", "-1.25", "3.0", "1e10", "context.x", "context.y"];
const TEXTS: [&str; 7] = ["''", "'a'", "'Zoë'", "'ab,c'", "context.s", "context.t", "context.o.k"];
const BOOLS: [&str; 4] = ["true", "false", "context.p", "has(context.o.nope)"];
const LISTS: [&str; 4] = ["[]", "[1, 2, 3]", "context.l", "[context.a, 5]"];

impl Writer {
    /// A number below `n` (splitmix64).
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % n as u64).unwrap()
    }

    fn one_of(&mut self, words: &[&str]) -> String {
        words[self.below(words.len())].to_owned()
    }

    fn int(&mut self, depth: usize) -> String {
        if depth == 0 {
            return self.one_of(&INTS);
        }
        let d = depth - 1;
        match self.below(9) {
            0..=2 => {
                let sign = self.one_of(&["+", "-", "*", "/", "%"]);
                format!("({} {sign} {})", self.int(d), self.int(d))
            }
            3 => format!("size({})", self.text(d)),
            4 => format!("size({})", self.list(d)),
            5 => format!("({} ? {} : {})", self.bool(d), self.int(d), self.int(d)),
            6 => format!("{}[{}]", self.list(d), self.below(3)),
            7 => format!("-({})", self.int(d)),
            _ => format!("int({})", self.double(d)),
        }
    }

    fn double(&mut self, depth: usize) -> String {
        if depth == 0 {
            return self.one_of(&DOUBLES);
        }
        let d = depth - 1;
        match self.below(4) {
            0 | 1 => {
                let sign = self.one_of(&["+", "-", "*", "/"]);
                format!("({} {sign} {})", self.double(d), self.double(d))
            }
            2 => format!("({} ? {} : {})", self.bool(d), self.double(d), self.double(d)),
            _ => format!("double({})", self.int(d)),
        }
    }

    fn text(&mut self, depth: usize) -> String {
        if depth == 0 {
            return self.one_of(&TEXTS);
        }
        let d = depth - 1;
        match self.below(4) {
            0 | 1 => format!("({} + {})", self.text(d), self.text(d)),
            2 => format!("({} ? {} : {})", self.bool(d), self.text(d), self.text(d)),
            _ => format!("string({})", self.int(d)),
        }
    }

    fn list(&mut self, depth: usize) -> String {
        if depth == 0 {
            return self.one_of(&LISTS);
        }
        let d = depth - 1;
        match self.below(5) {
            0 => format!("({} + {})", self.list(d), self.list(d)),
            1 => format!("[{}, {}]", self.int(d), self.int(d)),
            2 => format!("{}.map(v, v + {})", self.list(d), self.int(d)),
            3 => format!("{}.filter(v, v > {})", self.list(d), self.int(d)),
            _ => format!("{}.map(v, v % 2 == 0, v)", self.list(d)),
        }
    }

    fn bool(&mut self, depth: usize) -> String {
        if depth == 0 {
            return self.one_of(&BOOLS);
        }
        let d = depth - 1;
        let order = ["<", "<=", ">", ">=", "==", "!="];
        match self.below(12) {
            0 => format!("({} && {})", self.bool(d), self.bool(d)),
            1 => format!("({} || {})", self.bool(d), self.bool(d)),
            2 => format!("!({})", self.bool(d)),
            3 | 4 => format!("({} {} {})", self.int(d), self.one_of(&order), self.int(d)),
            5 => format!("({} {} {})", self.double(d), self.one_of(&order), self.double(d)),
            6 => format!("({} {} {})", self.text(d), self.one_of(&order), self.text(d)),
            7 => format!("({} in {})", self.int(d), self.list(d)),
            8 => {
                let call = self.one_of(&["contains", "startsWith", "endsWith"]);
                format!("{}.{call}({})", self.text(d), self.text(d))
            }
            9 => {
                let fold = self.one_of(&["all", "exists", "exists_one"]);
                format!("{}.{fold}(v, v < {})", self.list(d), self.int(d))
            }
            10 => format!("({} == {})", self.list(d), self.list(d)),
            _ => format!("has(context.{})", self.one_of(&["a", "nope", "o.k", "o.nope"])),
        }
    }
}

/// The same value; a whole double is the same as the int JSON may show it as.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => {
            a == b || a.as_f64().zip(b.as_f64()).is_some_and(|(a, b)| a == b)
        }
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (a, b) => a == b,
    }
}

fn context() -> impl Strategy<Value = Value> {
    let small = -4..5_i64;
    let text = prop::sample::select(vec!["", "a", "ab", "é", "Zoë", "b,c"]);
    let ints = (small.clone(), any::<i64>(), prop::collection::vec(small, 0..4));
    (ints, (-2.0..2.0_f64, -1e6..1e6_f64), (text.clone(), text), any::<bool>()).prop_map(
        |((a, b, l), (x, y), (s, t), p)| {
            json!({"a": a, "b": b, "l": l, "x": x, "y": y, "s": s, "t": t, "p": p, "o": {"k": s}})
        },
    )
}

/// Theirs has no ints of the doubles of 2^63 and beyond, as ours; nor of -2^63, which is an int.
const AT_THE_EDGE: &str = "Error executing function 'int': integer overflow";

/// Values of the wanted type, or of none.
fn has_type(value: &Value, ty: &Type) -> bool {
    match (ty, value) {
        (Type::Int, Value::Number(n)) => n.is_i64(),
        (Type::Double, Value::Number(_)) => true,
        (Type::Bool, Value::Bool(_)) | (Type::String, Value::String(_)) => true,
        (Type::List(items), Value::Array(values)) => {
            values.iter().all(|value| has_type(value, items))
        }
        (Type::Dyn, _) => true,
        _ => false,
    }
}

/// What may still happen to an expression without a problem, on data that keeps to its schema.
const RUN_TIME: [&str; 5] =
    ["overflow", "division-by-zero", "index-out-of-range", "not-a-number", "out-of-fuel"];

fn env() -> TypeEnv {
    let schema = json!({"type": "object", "properties": {
        "a": {"type": "integer"}, "b": {"type": "integer"}, "x": {"type": "number"}, "y": {"type": "number"},
        "s": {"type": "string"}, "t": {"type": "string"}, "p": {"type": "boolean"},
        "l": {"type": "array", "items": {"type": "integer"}},
        "nope": {}, "o": {"type": "object", "properties": {"k": {"type": "string"}, "nope": {}}}}});
    TypeEnv::standard().with_schema("context", &schema)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn both_agree(seed: u64, kind in 0..5_u8, depth in 0..4_usize, context in context()) {
        let mut writer = Writer(seed);
        let source = match kind {
            0 => writer.int(depth),
            1 => writer.double(depth),
            2 => writer.text(depth),
            3 => writer.list(depth),
            _ => writer.bool(depth),
        };
        let (ours, theirs) = (ours(&source, &context), theirs(&source, &context));
        match (&ours, &theirs) {
            (Ok(a), Ok(b)) => prop_assert!(same(a, b), "{source}: {a} and {b}"),
            (Err(_), Err(_)) => {}
            // JSON has no form for an endless number; theirs makes null of it.
            (Err(code), Ok(_)) if code == "not-a-number" => {}
            (Ok(_), Err(why)) if why == AT_THE_EDGE => {}
            _ => prop_assert!(false, "{source} over {context}: {ours:?} and {theirs:?}"),
        }
    }

    /// A type is a promise: without a problem the value has it, or the run time says one of a few things.
    #[test]
    fn types_hold(seed: u64, kind in 0..5_u8, depth in 0..4_usize, context in context()) {
        let mut writer = Writer(seed);
        let (source, wanted) = match kind {
            0 => (writer.int(depth), Type::Int),
            1 => (writer.double(depth), Type::Double),
            2 => (writer.text(depth), Type::String),
            3 => (writer.list(depth), Type::List(Box::new(Type::Int))),
            _ => (writer.bool(depth), Type::Bool),
        };
        let checked = Expression::parse(&source).unwrap().check(&env());
        // Only a division by a zero that is written out is foreseen.
        if checked.problems.iter().any(|problem| problem.code == "division-by-zero") {
            return Ok(());
        }
        prop_assert_eq!(&checked.problems, &[], "{}", source);
        prop_assert!(checked.ty == wanted || source.contains("[]"), "{source}: {:?}", checked.ty);
        match ours(&source, &context) {
            Ok(value) => prop_assert!(has_type(&value, &checked.ty), "{source}: {value}"),
            Err(code) => prop_assert!(RUN_TIME.contains(&code.as_str()), "{source}: {code}"),
        }
    }
}

/// Where the two differ on purpose: ours, and why.
#[test]
fn known_differences() {
    let mut wrong = Vec::new();
    let context = json!({"n": 1, "x": 1.5, "list": [1, 2], "name": null});
    for (source, wanted) in [
        // JSON has one kind of number, so ints and doubles mix.
        ("context.n + context.x", json!(2.5)),
        ("int(-9223372036854775808.0)", json!(i64::MIN)),
        // `has` of a longer path that breaks off early is false, and takes an index too.
        ("has(context.nope.deeper)", json!(false)),
        ("has(context.list[5])", json!(false)),
        // Whole results of rounding are ints.
        ("round(context.x)", json!(2)),
        // A civil time is read in the reader's zone.
        ("string(timestamp('2026-01-01'))", json!("2026-01-01T00:00:00Z")),
    ] {
        let theirs = theirs(source, &context);
        if ours(source, &context) != Ok(wanted.clone()) || theirs == Ok(wanted) {
            wrong.push(format!("{source}: {:?} and {theirs:?}", ours(source, &context)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
