//! A text with `{{ }}` of any kind: parsed, checked and rendered, twice alike.

use crate::{
    expression::check_span,
    scope::{types, with_scope},
};
use workflows::expr::{Fuel, Template};

/// Parses the text as a template and renders it.
pub fn template(bytes: &[u8]) {
    let Ok(source) = std::str::from_utf8(bytes) else { return };
    let template = match Template::parse(source) {
        Ok(template) => template,
        Err(problems) => {
            assert!(!problems.is_empty(), "refused without a word");
            return problems.iter().for_each(|problem| check_span(problem, source));
        }
    };
    template.check(&types()).iter().for_each(|problem| check_span(problem, source));
    with_scope(|scope| {
        let rendered = template.render(scope, &Fuel::default());
        scope.draws.set(0);
        let again = template.render(scope, &Fuel::default());
        assert_eq!(rendered, again, "the same template, another text");
        if let Ok(text) = rendered {
            let chars = text.chars().count();
            assert!(chars >= template.min_chars(), "shorter than the template says it can be");
        }
    });
}
