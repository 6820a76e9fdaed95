//! An expression of any text: parsed, checked, evaluated and taken apart for `explain`, within its fuel, twice alike.

use crate::scope::{types, with_scope};
use workflows::expr::{Expression, Fuel, Problem};

/// Parses the text as an expression and does everything with it that can be done.
pub fn expression(bytes: &[u8]) {
    let Ok(source) = std::str::from_utf8(bytes) else { return };
    let expression = match Expression::parse(source) {
        Ok(expression) => expression,
        Err(problems) => {
            assert!(!problems.is_empty(), "refused without a word");
            return problems.iter().for_each(|problem| check_span(problem, source));
        }
    };
    let types = types();
    let checked = expression.check(&types);
    assert_eq!(checked, expression.check(&types), "the same text, another type");
    checked.problems.iter().for_each(|problem| check_span(problem, source));
    with_scope(|scope| {
        let (fuel, other) = (Fuel::default(), Fuel::default());
        let value = expression.evaluate(scope, &fuel);
        scope.draws.set(0);
        assert_eq!(value, expression.evaluate(scope, &other), "the same text, another value");
        assert_eq!(fuel.left(), other.left(), "the same text, another amount of work");
        let _ = expression.test(scope, &Fuel::default());
        let _ = expression.operands(scope);
    });
}

/// A problem points into the text, between characters.
pub(crate) fn check_span(problem: &Problem, source: &str) {
    assert!(source.get(problem.span.clone()).is_some(), "{problem:?} points nowhere in {source:?}");
}
