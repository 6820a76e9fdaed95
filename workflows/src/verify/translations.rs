//! Texts in several languages, compared: what is missing in one, and what one puts in and another leaves out.

use crate::{
    diagnostic::{Diagnostic, pointer_token},
    expr::{Texts, TypeEnv},
};

/// Tells of keys a language lacks, and of values that only some languages show. A language like `es-MX` may leave to `es`
/// what is the same.
pub(crate) fn check(texts: &Texts, types: &TypeEnv, out: &mut Vec<Diagnostic>) {
    let languages: Vec<&str> = texts.languages().collect();
    for key in texts.keys() {
        let has = |language: &str| texts.get(language, key).is_some();
        let with: Vec<&str> = languages.iter().copied().filter(|language| has(language)).collect();
        for language in languages.iter().filter(|language| !has(language)) {
            let base = language.split(['-', '_']).next().unwrap_or(language);
            if has(base) {
                continue;
            }
            let message =
                format!("the text `{key}` is missing in `{language}`; `{}` has it", with[0]);
            let at = format!("/messages/{}", pointer_token(language));
            out.push(
                Diagnostic::warning("missing-translation", at, message)
                    .help("Add it; until then its readers get it in another language."),
            );
        }
        compare(texts, types, key, &with, out);
    }
}

/// What a text puts in: the arguments it names, but for `count`, which a form may leave out.
fn compare(
    texts: &Texts,
    types: &TypeEnv,
    key: &str,
    languages: &[&str],
    out: &mut Vec<Diagnostic>,
) {
    let arguments = |language: &&str| {
        let mut names = texts.get(language, key)?.arguments(types);
        names.remove("count");
        Some(names)
    };
    let Some((first, others)) = languages.split_first() else { return };
    let Some(wanted) = arguments(first) else { return };
    for language in others {
        let Some(found) = arguments(language) else { continue };
        let difference = wanted.symmetric_difference(&found).next();
        if let Some(name) = difference {
            let (with, without) = match wanted.contains(name) {
                true => (*first, *language),
                false => (*language, *first),
            };
            let message =
                format!("the text `{key}` shows `{name}` in `{with}`, and not in `{without}`");
            let at = format!("/messages/{}/{}", pointer_token(language), pointer_token(key));
            out.push(
                Diagnostic::warning("uneven-translation", at, message)
                    .help("Readers of every language should be told the same."),
            );
        }
    }
}
