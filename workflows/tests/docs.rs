//! The pages under `docs` that are made of tables in the code. `UPDATE_EXPECT=1` writes them anew.

#![expect(clippy::unwrap_used, reason = "a test that cannot write its files has failed")]

use perdure_workflows::{
    diagnostic::catalogue::{self, Entry, Sample},
    expr::{self, Reference},
    kinds, schema,
    spec::{Effect, Field, NodeSpec, OnUnknown, Shape},
};
use std::{
    collections::BTreeMap,
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

/// The first line of every page, so that nobody edits one in vain.
const MADE: &str =
    "<!-- Made from the code: UPDATE_EXPECT=1 cargo test -p perdure-workflows --test docs -->";

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("docs")
}

fn fenced(sample: Sample) -> String {
    match sample.language() {
        Some(language) => format!("```{language}\n{}\n```\n", pretty(sample)),
        None => format!("{}\n", sample.text()),
    }
}

/// JSON of one line is broken into lines where it is long; what somebody has laid out stays as it is.
fn pretty(sample: Sample) -> String {
    let text = sample.text();
    let is_json = sample.language() == Some("json");
    if !is_json || text.contains('\n') || text.len() <= 100 {
        return text.to_owned();
    }
    lines(text).unwrap_or_else(|| text.to_owned())
}

/// Breaks JSON into lines as a person would: what fits into a line stays in one. Keys keep their order.
fn lines(text: &str) -> Option<String> {
    let json: perdure_workflows::json::Json = serde_json::from_str(text).ok()?;
    Some(laid_out(&json, 0))
}

fn laid_out(json: &perdure_workflows::json::Json, depth: usize) -> String {
    use perdure_workflows::json::Json;
    let flat = spaced(json);
    if flat.len() + 2 * depth <= 96 {
        return flat;
    }
    let indent = "  ".repeat(depth + 1);
    let end = "  ".repeat(depth);
    match json {
        Json::Object(entries) => {
            let parts: Vec<String> = (entries.iter())
                .map(|(key, value)| {
                    format!("{indent}{}: {}", quoted(key), laid_out(value, depth + 1))
                })
                .collect();
            format!("{{\n{}\n{end}}}", parts.join(",\n"))
        }
        Json::Array(items) => {
            let parts: Vec<String> = (items.iter())
                .map(|item| format!("{indent}{}", laid_out(item, depth + 1)))
                .collect();
            format!("[\n{}\n{end}]", parts.join(",\n"))
        }
        _ => flat,
    }
}

/// One line, with a blank after each comma and colon.
fn spaced(json: &perdure_workflows::json::Json) -> String {
    use perdure_workflows::json::Json;
    match json {
        Json::Object(entries) => {
            let parts: Vec<String> = (entries.iter())
                .map(|(key, value)| format!("{}: {}", quoted(key), spaced(value)))
                .collect();
            format!("{{{}}}", parts.join(", "))
        }
        Json::Array(items) => {
            format!("[{}]", items.iter().map(spaced).collect::<Vec<_>>().join(", "))
        }
        other => serde_json::to_string(other).unwrap(),
    }
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

fn page(entry: &Entry) -> String {
    format!(
        "{MADE}\n\n# {}\n\n`{}` · {}\n\n{}\n\n## Why it matters\n\n{}\n\n## Example\n\n{}\n## Cure\n\n{}\n[All diagnostics](README.md)\n",
        entry.title,
        entry.code,
        entry.severity.name(),
        entry.what,
        entry.why,
        fenced(entry.wrong),
        fenced(entry.right),
    )
}

fn index() -> String {
    let mut text = format!(
        "{MADE}\n\n# Diagnostics\n\nWhat `perdure check` and an upload may say of a definition. An error forbids publishing; a warning does not, and can be\naccepted with a reason (see [`accept-shape`](accept-shape.md)). `perdure diagnostics CODE` shows the same on a terminal.\n\n| code | | |\n|---|---|---|\n"
    );
    let mut entries: Vec<&Entry> = catalogue::all().collect();
    entries.sort_by_key(|entry| entry.code);
    for Entry { code, severity, title, .. } in entries {
        let _ = writeln!(text, "| [`{code}`]({code}.md) | {} | {title} |", severity.name());
    }
    text
}

fn kind_pages() -> String {
    let mut text = format!(
        "{MADE}\n\n# Node kinds\n\nThe boxes a graph is made of. `*` marks fields that are needed and exits that must be wired. `perdure kinds` shows the same.\n\nBeside its fields a node's `data` may hold what builders keep there (`label`, `description`, `color` and the like), `accept` (see\n[accepting a warning](diagnostics/accept-shape.md)), and where the node acts, `policy`: `timeout`, `maxAttempts`, `backoff`, `backoffMax`,\n`onUnknown` (`retry`, `check`, `ask`, `assume_done`, `assume_failed`) and `acceptDuplicates`.\n\n"
    );
    for spec in kinds::all() {
        let _ = writeln!(text, "- [`{}`](#{}): {}", spec.kind, anchor(spec.kind), spec.summary);
    }
    for spec in kinds::all() {
        let _ = write!(text, "\n{}", kind(spec));
    }
    text
}

/// The anchor that readers of Markdown make of a heading.
fn anchor(heading: &str) -> String {
    heading.to_lowercase().chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect()
}

fn kind(spec: &NodeSpec) -> String {
    let mut text = format!("## {}\n\n**{}.** {}\n\n", spec.kind, spec.title, spec.summary);
    if !spec.fields.is_empty() {
        text.push_str("| field | holds | |\n|---|---|---|\n");
    }
    for Field { name, shape, required, help } in spec.fields {
        let mark = if *required { "*" } else { "" };
        let help = help.replace('|', "\\|");
        let _ = writeln!(text, "| `{name}`{mark} | {} | {help} |", holds(*shape));
    }
    let exits: Vec<String> = (spec.ports.iter())
        .map(|port| format!("`{}`{}", port.name, if port.required { "*" } else { "" }))
        .collect();
    if !exits.is_empty() {
        let _ = writeln!(text, "\nExits: {}.", exits.join(", "));
    }
    if let Some(effect) = &spec.effect {
        let _ = writeln!(text, "\n{}", acts(effect));
    }
    text
}

fn holds(shape: Shape) -> String {
    match shape {
        Shape::Template { chars_max: Some(most) } => {
            format!("text with `{{{{ }}}}`, at most {most} characters")
        }
        Shape::Template { chars_max: None } => "text with `{{ }}`".to_owned(),
        Shape::Text => "text".to_owned(),
        Shape::Choice(words) => {
            words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
        }
        Shape::Expression => "expression".to_owned(),
        Shape::Json => "any JSON; its texts may have `{{ }}`".to_owned(),
        Shape::Any => "any JSON, kept as it is".to_owned(),
        Shape::Schema => "JSON Schema".to_owned(),
        Shape::Integer => "whole number".to_owned(),
        Shape::Boolean => "true or false".to_owned(),
        Shape::Duration => "duration: `10m`, `PT10M` or an expression".to_owned(),
        Shape::Path => "name in the context".to_owned(),
        Shape::Buttons => "`[{id, title}]`".to_owned(),
        Shape::Sections => "`[{title, rows: [{id, title, description}]}]`".to_owned(),
        Shape::Assignments => "`{path: expression}`".to_owned(),
        Shape::Cases => "`[{id, when}]`".to_owned(),
        Shape::Weights => "`[{id, weight}]`".to_owned(),
        Shape::Hours => "opening hours, `{\"mon\": [[\"09:00\", \"18:00\"]]}`".to_owned(),
    }
}

fn acts(effect: &Effect) -> String {
    let provider = match effect.provider {
        Some("channel") => "Acts over the conversation's channel".to_owned(),
        Some(provider) => format!("Acts with a `{provider}` connection"),
        None => "Acts without a connection".to_owned(),
    };
    let unknown = match effect.on_unknown {
        OnUnknown::Retry => "it is tried again",
        OnUnknown::Check => "the provider is asked, and then a person",
        OnUnknown::Ask => "a person decides",
        OnUnknown::AssumeDone => "it counts as done",
        OnUnknown::AssumeFailed => "it counts as failed",
    };
    format!(
        "{provider}: {} s for one try, at most {} tries; when nobody can know whether a try that must not be repeated has worked, {unknown}.",
        effect.timeout_ms / 1_000,
        effect.attempts_max,
    )
}

fn function_page() -> String {
    let mut text = format!(
        "{MADE}\n\n# Expressions\n\nExpressions are written in CEL: conditions, assignments, and `{{{{ }}}}` in texts. They are checked at upload, cost a bounded time and read nothing\nbut what is in scope: `context` (what the instance knows), `event`, `input`, `contact`, `tenant`, `channel` and `now` (the time of the event).\n\nNumbers: `1`, `1.5`, whole numbers are exact. Texts: `'a'` or `\"a\"`. Lists: `[1, 2]`. Objects: `{{'a': 1}}`. Operators: `+ - * / %`, `== != < <= > >=`, `in`,\n`&& || !`, `condition ? a : b`. `x.?field` is the field if it is there.\n\n## Functions\n\n| written | gives | |\n|---|---|---|\n"
    );
    for Reference { usage, gives, summary, .. } in expr::functions() {
        let _ = writeln!(text, "| `{usage}` | {gives} | {} |", summary.replace('|', "\\|"));
    }
    text
}

/// Every page with its path below `docs`.
fn pages() -> BTreeMap<String, String> {
    let schema = serde_json::to_string_pretty(&schema::definition()).unwrap() + "\n";
    let fixed = [
        ("diagnostics/README.md".to_owned(), index()),
        ("kinds.md".to_owned(), kind_pages()),
        ("expressions.md".to_owned(), function_page()),
        ("schema/definition.schema.json".to_owned(), schema),
    ];
    let entries =
        catalogue::all().map(|entry| (format!("diagnostics/{}.md", entry.code), page(entry)));
    fixed.into_iter().chain(entries).collect()
}

#[test]
fn pages_are_what_the_code_says() {
    let pages = pages();
    let is_update = std::env::var_os("UPDATE_EXPECT").is_some();
    for (path, wanted) in &pages {
        let file = docs().join(path);
        if is_update {
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(&file, wanted).unwrap();
        }
        let found = fs::read_to_string(&file).unwrap_or_default();
        assert!(found == *wanted, "docs/{path} is stale: run with UPDATE_EXPECT=1");
    }
    for entry in fs::read_dir(docs().join("diagnostics")).unwrap() {
        let entry = entry.unwrap();
        let name = format!("diagnostics/{}", entry.file_name().to_str().unwrap());
        if !pages.contains_key(&name) {
            assert!(is_update, "docs/{name} is of a code that is gone: run with UPDATE_EXPECT=1");
            fs::remove_file(entry.path()).unwrap();
        }
    }
}

/// Nothing of the documentation is loaded from elsewhere, and no link leads nowhere.
#[test]
fn links_are_relative_and_lead_somewhere() {
    let link = regex::Regex::new(r"\]\(([^)\s]+)\)").unwrap();
    let mut open = vec![docs()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
                continue;
            }
            if path.extension().is_none_or(|end| end != "md") {
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            for found in link.captures_iter(&text) {
                let target = found[1].split('#').next().unwrap_or_default();
                assert!(!target.contains("://"), "{}: {target}", path.display());
                let exists = target.is_empty() || folder.join(target).exists();
                assert!(exists, "{}: {target}", path.display());
            }
        }
    }
}
