//! Variables: each is a name in the context, which begins as null.

use crate::{
    import::{
        draft::Draft,
        script::{self, Cel, Script, Source, Type},
        text::{literal, quoted},
    },
    json::Json,
};
use std::collections::HashMap;

/// Where each variable is kept.
#[derive(Debug, Default)]
pub(super) struct Variables {
    by_id: HashMap<String, String>,
    by_name: HashMap<String, String>,
}

impl Variables {
    pub(super) fn read(variables: &Json, draft: &mut Draft) -> Self {
        let mut read = Self::default();
        for variable in variables.list() {
            let name = variable.text_of("name");
            let path = draft.paths.path(name, "value");
            draft.start_with(&path, initial(variable.get("value").unwrap_or(&Json::Null)));
            read.by_id.insert(variable.text_of("id").to_owned(), path.clone());
            read.by_name.insert(name.trim().to_owned(), path);
        }
        read
    }

    /// Where the variable of this id is kept.
    pub(super) fn path(&self, id: &str) -> Option<&str> {
        self.by_id.get(id).map(String::as_str)
    }

    /// Where each is kept, in alphabetical order.
    pub(super) fn all(&self) -> impl Iterator<Item = &str> {
        let mut paths: Vec<&str> = self.by_id.values().map(String::as_str).collect();
        paths.sort_unstable();
        paths.into_iter()
    }

    /// The variable of this id as an expression.
    pub(super) fn expression(&self, id: &str) -> Option<String> {
        self.path(id).map(|path| format!("context.{path}"))
    }

    /// A text with `{{Name}}` in it as a template. A name that is no variable stays as it is written.
    pub(super) fn template(&self, text: &str) -> String {
        self.parts(text, |part| match part {
            Part::Literal(text) => literal(text),
            Part::Computed(cel) => format!("{{{{ {} }}}}", cel.source),
        })
        .concat()
    }

    /// The same as an expression.
    pub(super) fn text_expression(&self, text: &str) -> String {
        let parts = self.parts(text, |part| match part {
            Part::Literal(text) => quoted(text),
            Part::Computed(cel) => cel.text(),
        });
        if parts.is_empty() { "''".to_owned() } else { parts.join(" + ") }
    }

    /// Whether there is nothing computed in a text.
    pub(super) fn is_literal(&self, text: &str) -> bool {
        !self.parts(text, |part| matches!(part, Part::Computed(_))).contains(&true)
    }

    fn parts<T>(&self, text: &str, mut make: impl FnMut(Part<'_>) -> T) -> Vec<T> {
        let mut parts = Vec::new();
        // What is before `at` is done; a `{{` that computes nothing is passed over.
        let (mut done, mut at) = (0, 0);
        while let Some(open) = text[at..].find("{{").map(|found| at + found) {
            let Some(close) = text[open..].find("}}").map(|found| open + found) else { break };
            at = close + 2;
            let inner = text[open + 2..close].trim();
            let computed = match inner.strip_prefix('=').and_then(|i| i.strip_suffix('=')) {
                Some(code) => script::translate(code, self).ok(),
                None => self.variable(inner).ok(),
            };
            let Some(cel) = computed else { continue };
            if open > done {
                parts.push(make(Part::Literal(&text[done..open])));
            }
            parts.push(make(Part::Computed(&cel)));
            done = at;
        }
        if done < text.len() {
            parts.push(make(Part::Literal(&text[done..])));
        }
        parts
    }
}

/// Values are written as texts; one that is a number is used as one in scripts, and shown alike in texts.
fn initial(value: &Json) -> Json {
    let number =
        value.as_str().and_then(|text| text.parse::<i64>().ok().filter(|n| n.to_string() == text));
    match number {
        Some(number) => number.into(),
        None => value.clone(),
    }
}

enum Part<'a> {
    Literal(&'a str),
    Computed(&'a Cel),
}

impl Source for Variables {
    fn guesses_numbers(&self) -> bool {
        true
    }

    fn reference(&self, _: &Script) -> Option<Result<Cel, String>> {
        None
    }

    fn variable(&self, name: &str) -> Result<Cel, String> {
        match self.by_name.get(name.trim()) {
            Some(path) => Ok(Cel::atom(format!("context.{path}"), Type::Any)),
            None => Err(format!("there is no variable called `{name}`")),
        }
    }
}
