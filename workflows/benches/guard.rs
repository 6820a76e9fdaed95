//! How long a guard takes over a context of a kilobyte: ours, and the `cel` crate in the same run.
//!
//! `cargo bench -p perdure-workflows --bench guard`
#![expect(clippy::unwrap_used, reason = "a measurement that cannot be made has no result")]

use std::cell::Cell;
use std::collections::HashMap;
use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use perdure_workflows::expr::{Expression, Fuel, Scope, Template, Texts};
use serde_json::{Value, json};

const GUARD: &str =
    "context.cart.total > 100 && contact.country in ['KE', 'TZ'] && size(context.items) < 5";

/// A context as checkout has it, a kilobyte of JSON.
fn context() -> Value {
    let item = |n: u32| json!({"sku": format!("SKU-{n:06}"), "name": "Ethiopian coffee, 1 kg", "price": 12.5, "qty": n});
    json!({
        "cart": {"id": "cart-8f14e45f", "total": 250, "currency": "KES", "coupon": null, "shipping": 4.5},
        "items": [item(1), item(2), item(3), item(4)],
        "address": {"street": "Moi Avenue 12", "city": "Nairobi", "zip": "00100", "notes": "Second floor, ring twice"},
        "answers": {"size": "M", "colour": "blue", "gift": false, "when": "2026-03-10T09:30:00Z", "message": "x".repeat(420)},
        "attempts": 2, "channel": "whatsapp", "language": "sw-KE", "source": "campaign-2026-03",
    })
}

fn with_scope<T>(context: &Value, contact: &Value, run: impl FnOnce(&Scope<'_>) -> T) -> T {
    run(&Scope {
        context,
        event: &Value::Null,
        input: &Value::Null,
        contact,
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
    })
}

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

fn guard(criterion: &mut Criterion) {
    let (context, contact) = (context(), json!({"country": "KE", "phone": "+254700000001"}));
    assert!(context.to_string().len() >= 1_024, "the context is too small");
    let ours = Expression::parse(GUARD).unwrap();
    let text = Template::parse(
        "Hi {{ contact.phone }}, {{ size(context.items) }} items, {{ money(context.cart.total, 'KES') }}",
    )
    .unwrap();
    with_scope(&context, &contact, |scope| {
        assert_eq!(ours.test(scope, &Fuel::default()), Ok(true));
        criterion.bench_function("guard, ours", |bencher| {
            bencher.iter(|| ours.test(black_box(scope), &Fuel::default()));
        });
        criterion.bench_function("text of three parts, ours", |bencher| {
            bencher.iter(|| text.render(black_box(scope), &Fuel::default()));
        });
    });
    criterion.bench_function("parse, ours", |bencher| {
        bencher.iter(|| Expression::parse(black_box(GUARD)))
    });

    let env = Arc::new(cel::Env::stdlib());
    let theirs = env.compile(GUARD).unwrap();
    let mut scope = cel::Context::with_env(Arc::clone(&env));
    scope.add_variable_from_value("context", their_value(&context));
    scope.add_variable_from_value("contact", their_value(&contact));
    assert_eq!(theirs.execute(&scope).unwrap(), true.into());
    criterion.bench_function("guard, cel crate, context converted before", |bencher| {
        bencher.iter(|| theirs.execute(black_box(&scope)));
    });
    criterion.bench_function("guard, cel crate, context converted each time", |bencher| {
        bencher.iter(|| {
            let mut scope = cel::Context::with_env(Arc::clone(&env));
            scope.add_variable_from_value("context", their_value(black_box(&context)));
            scope.add_variable_from_value("contact", their_value(black_box(&contact)));
            theirs.execute(&scope).is_ok()
        });
    });
}

criterion_group!(benches, guard);
criterion_main!(benches);
