//! The `messages` of a definition file to [`Texts`]: every text is parsed and checked at upload.
//!
//! A message is a text, or an object of plural forms. The language that is written first is the one to fall back on.

use crate::{
    diagnostic::{Diagnostic, pointer_token},
    expr::{Message, PluralForm, Problem, Template, Texts, TypeEnv},
    json::Json,
};
use serde_json::Value;
use std::collections::BTreeMap;

/// Reads `messages`; `document` is the file they are in, whose order tells the first language.
pub(crate) fn read(
    messages: &Value,
    document: &Json,
    types: &TypeEnv,
    diagnostics: &mut Vec<Diagnostic>,
) -> Texts {
    let mut texts = Texts::new();
    let mut places = Vec::new();
    for (language, keys) in messages.as_object().into_iter().flatten() {
        let Some(keys) = keys.as_object() else {
            let pointer = format!("/messages/{}", pointer_token(language));
            diagnostics.push(shape(pointer, "the texts of a language are an object"));
            continue;
        };
        for (key, message) in keys {
            let pointer = format!("/messages/{}/{}", pointer_token(language), pointer_token(key));
            if let Some(message) = read_message(language, message, &pointer, diagnostics) {
                texts.insert(language, key, message.clone());
                places.push((pointer, message));
            }
        }
    }
    if let Some(first) = first_language(document).filter(|first| messages.get(first).is_some()) {
        texts.set_default(first);
    }
    check(&texts, &places, types, diagnostics);
    texts
}

fn first_language(document: &Json) -> Option<&str> {
    let Json::Object(file) = document else { return None };
    let (_, messages) = file.iter().find(|(key, _)| key == "messages")?;
    let Json::Object(languages) = messages else { return None };
    languages.first().map(|(language, _)| language.as_str())
}

fn read_message(
    language: &str,
    message: &Value,
    pointer: &str,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Message> {
    match message {
        Value::String(text) => template(text, pointer, diagnostics).map(Message::Text),
        Value::Object(forms) => {
            let mut read = BTreeMap::new();
            for (name, text) in forms {
                let place = format!("{pointer}/{}", pointer_token(name));
                let form = PluralForm::named(name);
                if let (Some(form), Some(text)) = (form, text.as_str()) {
                    read.insert(form, template(text, &place, diagnostics)?);
                    continue;
                }
                let names = PluralForm::ALL.map(PluralForm::name).join(", ");
                let why = format!("plural forms are texts called {names}");
                diagnostics.push(shape(place, why));
            }
            let message = Message::plural(read);
            if message.is_none() {
                let why = "plural forms need the form `other`";
                diagnostics.push(shape(pointer.to_owned(), why).help(format!(
                    "Write {{\"one\": …, \"other\": …}}; `{language}` tells apart: {}",
                    PluralForm::of_language(base(language))
                        .iter()
                        .map(|form| form.name())
                        .collect::<Vec<_>>()
                        .join(", ")
                )));
            }
            message
        }
        _ => {
            let why = "a message is a text, or an object of plural forms";
            diagnostics.push(shape(pointer.to_owned(), why));
            None
        }
    }
}

fn base(language: &str) -> &str {
    language.split(['-', '_']).next().unwrap_or(language)
}

fn shape(pointer: String, why: impl Into<String>) -> Diagnostic {
    Diagnostic::error("message-shape", pointer, why)
}

fn template(text: &str, pointer: &str, diagnostics: &mut Vec<Diagnostic>) -> Option<Template> {
    match Template::parse(text) {
        Ok(template) => Some(template),
        Err(problems) => {
            tell(&problems, text, pointer, diagnostics);
            None
        }
    }
}

fn tell(problems: &[Problem], text: &str, pointer: &str, diagnostics: &mut Vec<Diagnostic>) {
    let told = problems.iter().map(|problem| Diagnostic::of_problem(problem, pointer, text));
    diagnostics.extend(told);
}

/// What types tell. A name that is not known here is an argument of the text, which its callers give.
fn check(
    texts: &Texts,
    places: &[(String, Message)],
    types: &TypeEnv,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let mut types = types.clone().with_texts(texts);
    for name in texts.arguments(&types).into_values().flatten() {
        types.declare(name, crate::expr::Type::Dyn);
    }
    for (pointer, message) in places {
        for (form, template) in message.templates() {
            let pointer = match form {
                Some(form) => format!("{pointer}/{}", form.name()),
                None => pointer.clone(),
            };
            tell(&template.check(&types), template.source(), &pointer, diagnostics);
        }
    }
}
