//! The localized texts of a definition, for `t("key")`: read, parsed and judged at upload.
//!
//! A message is a template, or one template per plural form: `{"one": "{{ count }} cita", "other": "{{ count }} citas"}`,
//! chosen by the argument `count`. In a message the arguments of the call are names: `t("hello", {"name": contact.name})`
//! is `name` there. What a message names beyond the standard names is therefore an argument it needs.
//!
//! Which language: the reader's (`es-MX`), its base (`es`), the definition's first, then any that has the key, by name.

use std::collections::{BTreeMap, BTreeSet};

use super::env::TypeEnv;
use super::error::Problem;
use super::locale::language_of;
use super::plural::{self, PluralForm};
use super::template::Template;
use super::value::Val;

/// Localized texts by language, then key. Cheap to look up; built once per definition.
#[derive(Debug, Clone, Default)]
pub struct Texts {
    languages: BTreeMap<String, BTreeMap<String, Message>>,
    /// The language the definition is written in first.
    default: Option<String>,
}

/// One text.
#[derive(Debug, Clone)]
pub enum Message {
    /// The same for every count.
    Text(Template),
    /// By plural form; `other` is always there.
    Plural(BTreeMap<PluralForm, Template>),
}

impl Message {
    /// A text in one form.
    pub fn parse(text: &str) -> Result<Self, Vec<Problem>> {
        Template::parse(text).map(Self::Text)
    }

    /// A text in several; `None` without `other`, which every language needs.
    pub fn plural(forms: BTreeMap<PluralForm, Template>) -> Option<Self> {
        forms.contains_key(&PluralForm::Other).then_some(Self::Plural(forms))
    }

    /// Its templates, with their forms.
    pub fn templates(&self) -> impl Iterator<Item = (Option<PluralForm>, &Template)> {
        let (text, forms) = match self {
            Self::Text(text) => (Some((None, text)), None),
            Self::Plural(forms) => (None, Some(forms)),
        };
        let forms = forms.into_iter().flatten().map(|(form, text)| (Some(*form), text));
        text.into_iter().chain(forms)
    }

    /// The template for a count; without one, or for a form that is not there, `other`.
    pub(super) fn of_count(&self, count: Option<&Val<'_>>, tag: &str) -> Option<&Template> {
        let forms = match self {
            Self::Text(text) => return Some(text),
            Self::Plural(forms) => forms,
        };
        let form = count.and_then(|count| plural::form_of(count, tag));
        form.and_then(|form| forms.get(&form)).or_else(|| forms.get(&PluralForm::Other))
    }

    /// The arguments it needs: names that are not in `env`, and `count` for plural forms.
    pub fn arguments(&self, env: &TypeEnv) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        if matches!(self, Self::Plural(_)) {
            names.insert("count".to_owned());
        }
        for (_, template) in self.templates() {
            let roots = template.paths().into_iter().map(|path| path.root().to_owned());
            names.extend(roots.filter(|root| env.get(root).is_none()));
        }
        names
    }
}

impl Texts {
    /// No texts; those that are put in first are in the definition's own language.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts a text in. The language of the first is the one to fall back on.
    pub fn insert(&mut self, language: &str, key: &str, message: Message) {
        self.default.get_or_insert_with(|| language.to_owned());
        self.languages.entry(language.to_owned()).or_default().insert(key.to_owned(), message);
    }

    /// Names the language to fall back on.
    pub fn set_default(&mut self, language: &str) {
        self.default = Some(language.to_owned());
    }

    /// Languages there are texts in, sorted.
    pub fn languages(&self) -> impl Iterator<Item = &str> {
        self.languages.keys().map(String::as_str)
    }

    /// Keys that have a text in some language, sorted.
    pub fn keys(&self) -> BTreeSet<&str> {
        self.languages.values().flat_map(BTreeMap::keys).map(String::as_str).collect()
    }

    /// The text of `key` in `language` itself.
    pub fn get(&self, language: &str, key: &str) -> Option<&Message> {
        self.languages.get(language)?.get(key)
    }

    /// The text of `key` for a reader of `tag`, and the language it is in.
    pub fn find(&self, tag: &str, key: &str) -> Option<(&str, &Message)> {
        let preferred = [tag, language_of(tag), self.default.as_deref().unwrap_or("en")];
        let mut found = preferred.iter().filter_map(|wanted| {
            let (language, texts) = self.languages.get_key_value(*wanted)?;
            Some((language.as_str(), texts.get(key)?))
        });
        let any = |(language, texts): (&'_ String, &'_ BTreeMap<String, Message>)| {
            texts.contains_key(key).then(|| language.clone())
        };
        if let Some(found) = found.next() {
            return Some(found);
        }
        let language = self.languages.iter().find_map(any)?;
        let (language, texts) = self.languages.get_key_value(&language)?;
        Some((language.as_str(), texts.get(key)?))
    }

    /// What each text needs to be told: names beyond `env`, over all languages.
    pub fn arguments(&self, env: &TypeEnv) -> BTreeMap<String, BTreeSet<String>> {
        let mut all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (key, message) in self.languages.values().flatten() {
            all.entry(key.clone()).or_default().extend(message.arguments(env));
        }
        all
    }
}
