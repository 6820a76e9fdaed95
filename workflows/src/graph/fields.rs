//! Checks the data of a node against its kind: what must be there, what may be there, and what shape it has.

use super::{
    emit::Object,
    model::{Node, is_blank},
    opening, options, policy, timing, weights,
};
use crate::{
    diagnostic::{Diagnostic, pointer_token},
    expr::{Expression, Problem, Template, Type, TypeEnv},
    kinds,
    limits::DELAY_MS_MAX,
    secret,
    spec::{Field, NodeSpec, Output, Shape},
    suggest,
};
use serde_json::Value;

/// Keys that builders put into `data` for themselves.
const PRESENTATION: &[&str] = &[
    "accept",
    "kind",
    "label",
    "title",
    "description",
    "note",
    "notes",
    "comment",
    "icon",
    "color",
    "ui",
    "style",
];

/// Collects the problems of one object, usually the data of a node.
pub(crate) struct Checker<'a> {
    at: String,
    node: Option<&'a str>,
    types: &'a TypeEnv,
    out: &'a mut Vec<Diagnostic>,
}

/// A problem just told, which may get a cure.
pub(crate) struct Told<'a>(&'a mut Diagnostic);

impl Told<'_> {
    /// Adds the cure.
    pub(crate) fn help(self, help: impl Into<String>) {
        self.0.help = Some(help.into());
    }
}

pub(super) fn check_node(node: &Node<'_>, types: &TypeEnv, out: &mut Vec<Diagnostic>) {
    let Some(spec) = node.spec else { return };
    let none = Object::new();
    let at = format!("{}/data", node.pointer);
    Checker::new(at, Some(node.id), types, out).check(spec, node.data.unwrap_or(&none));
}

impl<'a> Checker<'a> {
    /// A checker of the object at `at`.
    pub(crate) fn new(
        at: impl Into<String>,
        node: Option<&'a str>,
        types: &'a TypeEnv,
        out: &'a mut Vec<Diagnostic>,
    ) -> Self {
        Self { at: at.into(), node, types, out }
    }

    /// Everything the spec says, and the rules of the kind.
    pub(crate) fn check(&mut self, spec: &NodeSpec, data: &Object) {
        for field in spec.fields {
            let at = format!("/{}", field.name);
            match data.get(field.name).filter(|value| !is_blank(value)) {
                Some(value) => match kinds::locals(spec.kind, field.name, data).as_slice() {
                    [] => self.shape(field, value, &at),
                    locals => self.knowing(locals, |checker| checker.shape(field, value, &at)),
                },
                None if field.required => {
                    let help = field.help;
                    self.error("missing-field", &at, format!("`{}` is missing", field.name))
                        .help(help);
                }
                None => {}
            }
        }
        let mut known: Vec<&str> = spec.fields.iter().map(|field| field.name).collect();
        if policy::applies(spec) {
            policy::check(spec, data, self);
            known.push("policy");
        }
        let own: Object = data
            .iter()
            .filter(|(key, _)| {
                !PRESENTATION.contains(&key.as_str()) || known.contains(&key.as_str())
            })
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        self.known_keys(&own, &known, "");
        kinds::check(spec.kind, data, self);
        for (key, value) in own {
            let at = format!("{}/{}", self.at, pointer_token(&key));
            // Wrapped, so that the key itself is seen too.
            let at = at.rsplit_once('/').map_or("", |(at, _)| at);
            secret::scan(&Object::from_iter([(key, value)]).into(), at, self.node, self.out);
        }
    }

    /// The same for the input of a step in machine JSON, where any value may be computed: what is, was checked as an
    /// expression, and only has to be there. `names` are those its expressions see beside the usual ones.
    pub(crate) fn check_input(&mut self, spec: &NodeSpec, input: &Object, names: &[&str]) {
        let read = |field: &&Field| !matches!(field.shape, Shape::Path);
        for field in spec.fields.iter().filter(read) {
            let at = format!("/{}", field.name);
            match input.get(field.name).filter(|value| !is_blank(value)) {
                Some(value) if is_computed(value) => {}
                Some(value) => self.knowing(names, |checker| checker.shape(field, value, &at)),
                None if field.required => {
                    let message = format!("`{}` of `{}` is missing", field.name, spec.kind);
                    self.error("missing-field", &at, message).help(field.help);
                }
                None => {}
            }
        }
        // What only gives its input back takes any.
        if !spec.effect.is_some_and(|effect| effect.output == Output::Input) {
            let known: Vec<&str> = spec.fields.iter().filter(read).map(|f| f.name).collect();
            self.known_keys(input, &known, "");
        }
        kinds::check(spec.kind, input, self);
    }

    /// Checks what also sees these names.
    fn knowing(&mut self, locals: &[&str], check: impl FnOnce(&mut Checker<'_>)) {
        let mut types = self.types.clone();
        for name in locals {
            types.declare(*name, Type::Dyn);
        }
        let Self { at, node, out, .. } = self;
        check(&mut Checker { at: at.clone(), node: *node, types: &types, out });
    }

    /// Tells an error at a place below the checked object.
    pub(crate) fn error(
        &mut self,
        code: &'static str,
        below: &str,
        message: impl Into<String>,
    ) -> Told<'_> {
        self.tell(Diagnostic::error(code, format!("{}{below}", self.at), message))
    }

    /// Tells a warning at a place below the checked object.
    pub(crate) fn warning(
        &mut self,
        code: &'static str,
        below: &str,
        message: impl Into<String>,
    ) -> Told<'_> {
        self.tell(Diagnostic::warning(code, format!("{}{below}", self.at), message))
    }

    fn tell(&mut self, mut diagnostic: Diagnostic) -> Told<'_> {
        diagnostic.node = self.node.map(str::to_owned);
        let place = self.out.len();
        self.out.push(diagnostic);
        Told(&mut self.out[place])
    }

    /// Warns about keys that mean nothing here.
    pub(super) fn known_keys(&mut self, object: &Object, known: &[&str], below: &str) {
        for key in object.keys().filter(|key| !known.contains(&key.as_str())) {
            let at = format!("{below}/{}", pointer_token(key));
            self.warning(
                "unknown-field",
                &at,
                format!("`{key}` means nothing here and is ignored"),
            )
            .help(suggest::help(key, known.iter().copied()));
        }
    }

    fn shape(&mut self, field: &Field, value: &Value, at: &str) {
        let name = field.name;
        match field.shape {
            Shape::Template { chars_max } => match value.as_str() {
                Some(text) => self.template(text, at, chars_max),
                None => self.wrong(at, name, "a text", field.help),
            },
            Shape::Text => match value.as_str() {
                Some(text) => self.template(text, at, None),
                None => self.wrong(at, name, "a text", field.help),
            },
            Shape::Choice(words) => match value.as_str() {
                Some(word) if words.contains(&word) => {}
                Some(word) => self.one_of(at, name, word, words),
                None => self.wrong(at, name, "a text", field.help),
            },
            Shape::Expression => match value.as_str() {
                Some(text) if name == "at" && timing::is_moment(text) => {}
                Some(text) if matches!(name, "when" | "validate" | "while") => {
                    self.condition(text, at);
                }
                Some(text) if name == "over" => self.list(text, at),
                Some(text) => {
                    self.expression(text, at);
                }
                None => self.wrong(at, name, "an expression, written as a text", field.help),
            },
            Shape::Json => self.json(value, at),
            Shape::Any => {}
            // Its texts are rendered like those of every other input.
            Shape::Schema if value.is_object() => self.json(value, at),
            Shape::Schema => self.wrong(at, name, "a JSON Schema, which is an object", field.help),
            Shape::Integer if value.as_i64().is_some() => {}
            Shape::Integer => self.wrong(at, name, "a whole number", field.help),
            Shape::Boolean if value.is_boolean() => {}
            Shape::Boolean => self.wrong(at, name, "true or false", field.help),
            Shape::Duration => self.duration(value, at, name),
            Shape::Path => match value.as_str() {
                Some(path) if is_path(path) => {}
                _ => self.wrong(
                    at,
                    name,
                    "a name in the context, like `email` or `order.total`",
                    "Use letters, digits and `_`, with dots between.",
                ),
            },
            Shape::Buttons => options::buttons(self, name, value, at),
            Shape::Sections => options::sections(self, value, at),
            Shape::Assignments => options::assignments(self, value, at),
            Shape::Cases => options::cases(self, value, at),
            Shape::Weights => weights::check(self, name, value, at),
            Shape::Hours => opening::check(self, value, at),
        }
    }

    pub(super) fn wrong(&mut self, at: &str, name: &str, wanted: &str, help: &str) {
        self.error("wrong-shape", at, format!("`{name}` must be {wanted}")).help(help);
    }

    /// Tells that a word is none of those that may stand there.
    pub(super) fn one_of(&mut self, at: &str, name: &str, word: &str, words: &[&str]) {
        self.error("wrong-shape", at, format!("`{word}` is not a value of `{name}`"))
            .help(suggest::help(word, words.iter().copied()));
    }

    /// A text with `{{ }}`, and the most characters it may have when rendered.
    pub(super) fn template(&mut self, text: &str, at: &str, chars_max: Option<usize>) {
        let problems = match Template::parse(text) {
            Ok(template) => {
                let bounds = template.bounds(self.types);
                match (chars_max, bounds.greatest) {
                    (Some(most), _) if bounds.least > most => {
                        self.too_long(at, bounds.least, most);
                    }
                    (Some(most), Some(greatest)) if greatest > most => {
                        self.perhaps_too_long(at, (greatest, most), &template);
                    }
                    _ => {}
                }
                template.check(self.types)
            }
            Err(problems) => problems,
        };
        self.problems(&problems, text, at);
    }

    /// The limit of a template field when it is narrower than its kind's.
    pub(crate) fn template_limit(&mut self, name: &str, data: &Object, most: usize) {
        let text = data.get(name).and_then(Value::as_str).unwrap_or_default();
        if let Ok(chars) = Template::parse(text).map(|template| template.min_chars())
            && chars > most
        {
            self.too_long(&format!("/{name}"), chars, most);
        }
    }

    pub(super) fn too_long(&mut self, at: &str, chars: usize, most: usize) {
        self.error(
            "limit",
            at,
            format!("this is {chars} characters long, and {most} are the most the channel takes"),
        )
        .help("Shorten it.");
    }

    /// Of a text whose longest rendering is known. One without bounds is not warned about: most are short, and nobody knows.
    fn perhaps_too_long(&mut self, at: &str, (greatest, most): (usize, usize), of: &Template) {
        let names: Vec<String> =
            of.paths().iter().map(|path| format!("`{}`", path.dotted())).collect();
        let message = format!(
            "with {} this can be {greatest} characters long, and {most} are the most the channel takes",
            names.join(", ")
        );
        self.warning("may-be-too-long", at, message)
            .help("Shorten the text, or cut what is put in, e.g. with substring(0, 20).");
    }

    /// A condition. Returns whether it could be read.
    pub(super) fn condition(&mut self, text: &str, at: &str) {
        if let Some(ty) = self.expression(text, at)
            && !matches!(ty, Type::Bool | Type::Dyn)
        {
            self.error("wrong-type", at, "a condition must be true or false")
                .help("Compare it with something, e.g. `context.count > 3`.");
        }
    }

    /// An expression that gives a list.
    fn list(&mut self, text: &str, at: &str) {
        if let Some(ty) = self.expression(text, at)
            && !matches!(ty, Type::List(_) | Type::Dyn)
        {
            self.error("wrong-type", at, "what is gone through must be a list")
                .help("Name a list, e.g. context.cart.lines, or write one: [1, 2, 3].");
        }
    }

    /// An expression; its type, if it could be read.
    pub(super) fn expression(&mut self, text: &str, at: &str) -> Option<Type> {
        match Expression::parse(text) {
            Ok(expression) => {
                let checked = expression.check(self.types);
                self.problems(&checked.problems, text, at);
                Some(checked.ty)
            }
            Err(_) if text.contains("{{") => {
                self.error("expression-syntax", at, "an expression is written without {{ }}")
                    .help(format!("Write {}.", text.replace("{{", "").replace("}}", "").trim()));
                None
            }
            Err(problems) => {
                self.problems(&problems, text, at);
                None
            }
        }
    }

    fn problems(&mut self, problems: &[Problem], text: &str, at: &str) {
        for problem in problems {
            self.tell(Diagnostic::of_problem(problem, format!("{}{at}", self.at), text));
        }
    }

    /// JSON whose texts are templates, with `{"@expr"}` where a value is computed as a whole.
    pub(super) fn json(&mut self, value: &Value, at: &str) {
        match value {
            Value::String(text) => self.template(text, at, None),
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.json(item, &format!("{at}/{index}"));
                }
            }
            Value::Object(map) => match map.get("@expr") {
                Some(Value::String(source)) => {
                    self.expression(source, &format!("{at}/@expr"));
                }
                Some(_) => self.wrong(
                    &format!("{at}/@expr"),
                    "@expr",
                    "an expression, written as a text",
                    "Write it in quotes.",
                ),
                None => {
                    for (key, value) in map {
                        self.json(value, &format!("{at}/{}", pointer_token(key)));
                    }
                }
            },
            _ => {}
        }
    }

    fn duration(&mut self, value: &Value, at: &str, name: &str) {
        let help = "Write it like 10m, 2h30m or P1D, or as an expression that gives a duration.";
        match (timing::length(value), value) {
            (Some(timing::Timing::Fixed(ms)), _) if ms.abs() > DELAY_MS_MAX => {
                self.error("limit", at, format!("`{name}` is longer than 100 years")).help(help);
            }
            // Only an offset may go back in time.
            (Some(timing::Timing::Fixed(ms)), _) if ms < 0 && name != "offset" => {
                self.wrong(at, name, "a duration that does not go back in time", help);
            }
            (Some(timing::Timing::Fixed(_)), _) => {}
            (Some(timing::Timing::Computed(text)), _) if !looks_written_out(&text) => {
                self.expression(&text, at);
            }
            _ => self.wrong(at, name, "a duration", help),
        }
    }
}

/// Whether there is a computed part anywhere in it.
fn is_computed(value: &Value) -> bool {
    match value {
        Value::Object(map) => map.contains_key("@expr") || map.values().any(is_computed),
        Value::Array(items) => items.iter().any(is_computed),
        _ => false,
    }
}

/// Whether a text that is not a duration was nevertheless meant as one.
fn looks_written_out(text: &str) -> bool {
    let digits = text.trim_start().trim_start_matches('-').trim_start_matches('P');
    digits.starts_with(|c: char| c.is_ascii_digit()) || matches!(digits, "" | "T")
}

/// `name` or `order.total`: names an expression can read back.
pub(super) fn is_path(path: &str) -> bool {
    path.split('.').all(|part| {
        part.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
    })
}
