//! Bytes to JSON, with errors that say where and what to do.

use crate::{
    diagnostic::{Diagnostic, pointer_token},
    json::Json,
    limits::{DEFINITION_BYTES_MAX, JSON_DEPTH_MAX},
};

pub(super) fn parse(bytes: &[u8]) -> Result<Json, Box<Diagnostic>> {
    if bytes.len() > DEFINITION_BYTES_MAX {
        return Err(Box::new(
            Diagnostic::error(
                "too-large",
                "",
                format!(
                    "the file has {} bytes, and {DEFINITION_BYTES_MAX} are the most",
                    bytes.len()
                ),
            )
            .help("Split the workflow, and keep pictures and other data out of it."),
        ));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let (line, column) = place(&bytes[..error.valid_up_to()]);
        Diagnostic::error(
            "utf8",
            "",
            format!("the file is not UTF-8 text (line {line}, column {column})"),
        )
        .help("Save it with the encoding UTF-8.")
        .at(line, column)
    })?;
    // Editors on Windows put a mark in front that JSON does not allow.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim().is_empty() {
        return Err(Box::new(Diagnostic::error("json-syntax", "", "the file is empty")));
    }
    check_depth(text)?;
    serde_json::from_str(text).map_err(|error| Box::new(syntax_error(text, &error)))
}

/// Counts brackets outside of texts before anything recurses into them.
fn check_depth(text: &str) -> Result<(), Box<Diagnostic>> {
    let mut depth = 0usize;
    let mut in_text = false;
    let mut is_escaped = false;
    for (index, byte) in text.bytes().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if in_text => is_escaped = true,
            b'"' => in_text = !in_text,
            b'{' | b'[' if !in_text => depth += 1,
            b'}' | b']' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > JSON_DEPTH_MAX {
            let (line, column) = place(&text.as_bytes()[..index]);
            return Err(Box::new(Diagnostic::error(
                "json-depth",
                "",
                format!("brackets are nested more than {JSON_DEPTH_MAX} deep (line {line}, column {column})"),
            )
            .help("No workflow needs that; something generated too much.")
            .at(line, column)));
        }
    }
    Ok(())
}

fn syntax_error(text: &str, error: &serde_json::Error) -> Diagnostic {
    let full = error.to_string();
    let (line, bytes_column) = (error.line(), error.column());
    let what = full.split(" at line ").next().unwrap_or_default();
    let written = text.lines().nth(line.saturating_sub(1)).unwrap_or_default();
    let place = bytes_column.checked_sub(1);
    let found = place.and_then(|at| written.as_bytes().get(at)).copied().unwrap_or_default();
    // People count characters.
    let column =
        place.map_or(0, |at| written[..written.floor_char_boundary(at)].chars().count() + 1);
    let diagnostic = Diagnostic::error(
        "json-syntax",
        "",
        format!("this is not JSON: {what} (line {line}, column {column})"),
    );
    let help = match found {
        _ if error.is_eof() => "The file stops too early: a bracket or a quote is not closed.",
        b'\'' => "JSON texts stand in double quotes.",
        b'/' | b'#' => "JSON has no comments; remove them.",
        _ if what.contains("trailing comma") => "Remove the comma before the closing bracket.",
        _ if what.contains("trailing characters") => {
            "There is something after the end; a file holds one object."
        }
        _ if what.contains("expected `,`") => "A comma is missing before this place.",
        _ if what.contains("key must be a string") => "Keys stand in double quotes.",
        _ if what.contains("control character") => "Write a line break in a text as \\n.",
        _ => "Check the brackets, quotes and commas just before this place.",
    };
    diagnostic.help(help).at(line, column.max(1))
}

/// Line and column in characters, both from 1, of what follows these bytes of UTF-8.
fn place(before: &[u8]) -> (usize, usize) {
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    let in_line = before.iter().rev().take_while(|byte| **byte != b'\n');
    // Every byte but those that go on with a character.
    let column = in_line.filter(|byte| **byte & 0xC0 != 0x80).count() + 1;
    (line, column)
}

/// Postgres cannot keep a NUL in a text. The depth is bounded by [`parse`].
pub(super) fn refuse_nul(json: &Json, pointer: &str, out: &mut Vec<Diagnostic>) {
    let refused = |at: &str| {
        Diagnostic::error(
            "nul-character",
            at,
            "there is a NUL character (\\u0000) in this text, and it cannot be stored",
        )
        .help("Remove it.")
    };
    match json {
        Json::String(text) if text.contains('\0') => out.push(refused(pointer)),
        Json::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                refuse_nul(item, &format!("{pointer}/{index}"), out);
            }
        }
        Json::Object(entries) => {
            for (key, value) in entries {
                let at = format!("{pointer}/{}", pointer_token(key));
                if key.contains('\0') {
                    out.push(refused(&at));
                }
                refuse_nul(value, &at, out);
            }
        }
        _ => {}
    }
}
