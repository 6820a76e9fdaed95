//! `perdure schema`: the JSON Schema of a definition file, for editors.

use crate::{failure::Exit, screen::Screen};

/// Prints the schema, indented for people and in one line for programs.
pub(crate) fn run(screen: Screen) -> anyhow::Result<Exit> {
    let schema = workflows::schema::definition();
    match screen.is_json() {
        true => screen.json(&schema)?,
        false => screen.line(serde_json::to_string_pretty(&schema)?)?,
    }
    Ok(Exit::Fine)
}
