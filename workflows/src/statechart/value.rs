//! Values, expressions, guards and delays of machine JSON.

use super::Parser;
use crate::{
    chart::{Delay, Guard, Mapper},
    diagnostic::{Diagnostic, pointer_token},
    duration::parse_duration_ms,
    expr::{Expression, Problem, Template, Type},
    json::Json,
    limits,
};
use std::borrow::Cow;

impl Parser<'_> {
    /// A value with `{"@expr"}` parts anywhere in it; with `templates`, texts holding `{{ }}` are templates.
    pub(super) fn mapper(&mut self, json: &Json, pointer: &str, templates: bool) -> Mapper {
        match json {
            Json::Object(_) if json.get("@code").is_some() => {
                self.refuse_code(pointer);
                Mapper::Literal(serde_json::Value::Null)
            }
            Json::Object(_) if json.get("@expr").is_some() => {
                match self.expression_at(json, pointer) {
                    Some(expression) => Mapper::Expression(expression),
                    None => Mapper::Literal(serde_json::Value::Null),
                }
            }
            Json::Object(entries) => {
                let parts: Vec<_> = entries
                    .iter()
                    .map(|(key, value)| {
                        let pointer = format!("{pointer}/{}", pointer_token(key));
                        (key.clone(), self.mapper(value, &pointer, templates))
                    })
                    .collect();
                let is_literal = parts.iter().all(|(_, part)| matches!(part, Mapper::Literal(_)));
                if is_literal { Mapper::Literal(json.to_value()) } else { Mapper::Object(parts) }
            }
            Json::Array(items) => {
                let parts: Vec<_> = (items.iter().enumerate())
                    .map(|(index, item)| {
                        self.mapper(item, &format!("{pointer}/{index}"), templates)
                    })
                    .collect();
                let is_literal = parts.iter().all(|part| matches!(part, Mapper::Literal(_)));
                if is_literal { Mapper::Literal(json.to_value()) } else { Mapper::Array(parts) }
            }
            Json::String(text) if templates && text.contains("{{") => self.template(text, pointer),
            _ => Mapper::Literal(json.to_value()),
        }
    }

    fn template(&mut self, text: &str, pointer: &str) -> Mapper {
        match Template::parse(text) {
            Ok(template) => {
                let problems = template.check(&self.types);
                self.problems(&problems, text, pointer);
                Mapper::Template(template)
            }
            Err(problems) => {
                self.problems(&problems, text, pointer);
                Mapper::Literal(serde_json::Value::Null)
            }
        }
    }

    /// The expression of `{"@expr": "…"}`.
    pub(super) fn expression_at(&mut self, json: &Json, pointer: &str) -> Option<Expression> {
        if let Some(language) =
            json.get("@lang").and_then(Json::as_str).filter(|lang| *lang != "cel")
        {
            self.error_with_help(
                "expression-language",
                &format!("{pointer}/@lang"),
                format!("expressions in `{language}` cannot run here"),
                "write it in CEL and drop `@lang`",
            );
            return None;
        }
        let pointer = format!("{pointer}/@expr");
        match json.get("@expr").and_then(Json::as_str) {
            Some(source) => self.expression(source, &pointer).map(|(expression, _)| expression),
            None => {
                self.error("expression-syntax", &pointer, "an expression must be a text");
                None
            }
        }
    }

    /// Parses and checks one expression; its problems become diagnostics.
    fn expression(&mut self, source: &str, pointer: &str) -> Option<(Expression, Type)> {
        match Expression::parse(source) {
            Ok(expression) => {
                let checked = expression.check(&self.types);
                self.problems(&checked.problems, source, pointer);
                Some((expression, checked.ty))
            }
            Err(problems) => {
                self.problems(&problems, source, pointer);
                None
            }
        }
    }

    fn problems(&mut self, problems: &[Problem], source: &str, pointer: &str) {
        for problem in problems {
            let mut diagnostic = Diagnostic::of_problem(problem, pointer, source);
            diagnostic.node = self.outline.node_at(pointer);
            self.diagnostics.push(diagnostic);
        }
    }

    pub(super) fn refuse_code(&mut self, pointer: &str) {
        self.error_with_help(
            "code-refused",
            pointer,
            "`@code` is not run: a workflow computes only with expressions".to_owned(),
            "use {\"@expr\": \"…\"} in CEL, or move the work into a step",
        );
    }

    /// A condition: `{"@expr"}`, a name, or `{"type", "params"}`.
    pub(super) fn guard(&mut self, json: &Json, pointer: &str) -> Option<Guard> {
        if json.get("@code").is_some() {
            self.refuse_code(pointer);
            return None;
        }
        if json.get("@expr").is_some() {
            let source = json.get("@expr").and_then(Json::as_str).unwrap_or_default();
            let expression = self.expression_at(json, pointer)?;
            let ty = expression.check(&self.types).ty;
            if !matches!(ty, Type::Bool | Type::Dyn) {
                self.error_with_help(
                    "guard-type",
                    &format!("{pointer}/@expr"),
                    format!("`{source}` is a condition, so it must be true or false"),
                    "compare it with something, e.g. `== true`",
                );
            }
            return Some(Guard::Expression(Box::new(expression), None));
        }
        let name = json.as_str().or_else(|| json.get("type").and_then(Json::as_str));
        let Some(name) = name else {
            self.error(
                "guard-shape",
                pointer,
                "a guard is {\"@expr\": \"…\"} or the name of one in `guards`",
            );
            return None;
        };
        let parts = json.get("guards").map_or(&[][..], |guards| match guards {
            Json::Array(items) => items,
            _ => &[],
        });
        match name {
            "and" | "xstate.and" => self.guard_list(parts, pointer).map(Guard::And),
            "or" | "xstate.or" => self.guard_list(parts, pointer).map(Guard::Or),
            "not" | "xstate.not" => {
                let inner = self.guard_list(parts, pointer)?.into_iter().next()?;
                Some(Guard::Not(Box::new(inner)))
            }
            "stateIn" | "xstate.stateIn" => self.state_in(json, pointer),
            _ => self.named_guard(name, json, pointer),
        }
    }

    fn guard_list(&mut self, parts: &[Json], pointer: &str) -> Option<Vec<Guard>> {
        let guards: Vec<_> = (parts.iter().enumerate())
            .map(|(index, part)| self.guard(part, &format!("{pointer}/guards/{index}")))
            .collect();
        if guards.is_empty() {
            self.error("guard-shape", pointer, "`guards` must list at least one condition");
            return None;
        }
        guards.into_iter().collect()
    }

    fn state_in(&mut self, json: &Json, pointer: &str) -> Option<Guard> {
        let params = json.get("params");
        let wanted =
            params.and_then(|p| p.as_str().or_else(|| p.get("state").and_then(Json::as_str)));
        let text = wanted.unwrap_or_default().trim_start_matches('#');
        let found =
            self.outline.by_id(text).or_else(|| self.outline.descend(super::state_id(0), text));
        if found.is_none() {
            self.error(
                "unknown-state",
                pointer,
                format!("`{text}` is not a state of this machine"),
            );
        }
        found.map(Guard::InState)
    }

    fn named_guard(&mut self, name: &str, json: &Json, pointer: &str) -> Option<Guard> {
        let machine = self.machine;
        let Some(body) = machine.get("guards").and_then(|guards| guards.get(name)) else {
            self.error_with_help(
                "unknown-guard",
                pointer,
                format!("there is no guard `{name}`"),
                "define it under the machine's `guards`: {\"name\": {\"when\": {\"@expr\": \"…\"}}}",
            );
            return None;
        };
        let body_pointer = format!("{}/guards/{}", self.at, pointer_token(name));
        let Some(params) = json.get("params") else {
            return self.named_guard_body(body, &body_pointer);
        };
        let params = self.mapper(params, &format!("{pointer}/params"), false);
        let guard = self.with_params(|parser| parser.named_guard_body(body, &body_pointer))?;
        Some(match guard {
            Guard::Expression(expression, None) => {
                Guard::Expression(expression, Some(Box::new(params)))
            }
            guard => Guard::With { params, guard: Box::new(guard) },
        })
    }

    /// Reads the body of a named part that is given parameters: its expressions see them as `params`.
    pub(super) fn with_params<T>(&mut self, read: impl FnOnce(&mut Self) -> T) -> T {
        let within = self.types.clone().into_owned().with("params", Type::Dyn);
        let outside = std::mem::replace(&mut self.types, Cow::Owned(within));
        let part = read(self);
        self.types = outside;
        part
    }

    /// `{"when": condition}` or the condition itself. A guard that names itself, however indirectly, is refused.
    pub(super) fn named_guard_body(&mut self, body: &Json, pointer: &str) -> Option<Guard> {
        let (condition, pointer) = match body.get("when") {
            Some(when) => (when, format!("{pointer}/when")),
            None => (body, pointer.to_owned()),
        };
        if self.depth_of_names(condition, 0) > limits::JSON_DEPTH_MAX {
            self.error("guard-cycle", &pointer, "this guard is defined by itself");
            return None;
        }
        self.guard(condition, &pointer)
    }

    fn depth_of_names(&self, condition: &Json, depth: usize) -> usize {
        let name = condition.as_str().or_else(|| condition.get("type").and_then(Json::as_str));
        let body = name.and_then(|name| self.machine.get("guards")?.get(name));
        match body {
            Some(body) if depth <= limits::JSON_DEPTH_MAX => {
                self.depth_of_names(body.get("when").unwrap_or(body), depth + 1)
            }
            _ => depth,
        }
    }

    /// A delay written as a value: milliseconds, a duration, a name in `delays`, or an expression.
    pub(super) fn delay(&mut self, json: &Json, pointer: &str) -> Option<Delay> {
        match json.as_str() {
            Some(text) => self.delay_key(text, pointer),
            None => self.delay_value(json, pointer),
        }
    }

    /// A delay written as a key of `after`: digits, a duration, or a name in `delays`.
    pub(super) fn delay_key(&mut self, key: &str, pointer: &str) -> Option<Delay> {
        let machine = self.machine;
        match machine.get("delays").and_then(|delays| delays.get(key)) {
            Some(named) => {
                self.delay_value(named, &format!("{}/delays/{}", self.at, pointer_token(key)))
            }
            None => self.delay_text(key, pointer),
        }
    }

    /// A delay that cannot be a name, so that names never lead to names.
    pub(super) fn delay_value(&mut self, json: &Json, pointer: &str) -> Option<Delay> {
        if json.get("@code").is_some() {
            self.refuse_code(pointer);
            return None;
        }
        if json.get("@expr").is_some() {
            return self.expression_at(json, pointer).map(Delay::Computed);
        }
        match (json.get("duration"), json) {
            (Some(inner), _) if inner.get("duration").is_none() => {
                self.delay_value(inner, &format!("{pointer}/duration"))
            }
            (_, Json::String(text)) => self.delay_text(text, pointer),
            _ => self.bounded_delay(json.as_i64(), pointer),
        }
    }

    fn delay_text(&mut self, text: &str, pointer: &str) -> Option<Delay> {
        match text.parse().ok().or_else(|| parse_duration_ms(text)) {
            Some(ms) => self.bounded_delay(Some(ms), pointer),
            None => {
                self.error_with_help(
                    "unknown-delay",
                    pointer,
                    format!("`{text}` is not a length of time, and no delay has that name"),
                    "write milliseconds, an ISO-8601 duration like PT10M, or a name from `delays`",
                );
                None
            }
        }
    }

    fn bounded_delay(&mut self, ms: Option<i64>, pointer: &str) -> Option<Delay> {
        let ms = ms.filter(|ms| (0..=limits::DELAY_MS_MAX).contains(ms));
        if ms.is_none() {
            self.error_with_help(
                "delay-range",
                pointer,
                "a delay is a length of time between 0 and 100 years".to_owned(),
                "write milliseconds or an ISO-8601 duration like PT10M",
            );
        }
        ms.map(Delay::Fixed)
    }
}
