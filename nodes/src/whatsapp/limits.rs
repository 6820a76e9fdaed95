//! WhatsApp's lengths and counts, checked on the rendered input before a call is spent on a sure refusal.

use crate::outcome::failed;
use workflows::step::Outcome;

/// Body of a text message.
pub(crate) const TEXT_CHARS_MAX: usize = 4096;
/// Body of an interactive message.
pub(crate) const INTERACTIVE_CHARS_MAX: usize = 1024;
/// Text header or footer.
pub(crate) const MARGIN_CHARS_MAX: usize = 60;
/// Caption of a medium.
pub(crate) const CAPTION_CHARS_MAX: usize = 1024;
/// Value of one template parameter: the whole template body has no more.
pub(crate) const PARAMETER_CHARS_MAX: usize = 1024;
/// Name of a template.
pub(crate) const TEMPLATE_NAME_CHARS_MAX: usize = 512;
/// Reply buttons of a message.
pub(crate) const BUTTONS_MAX: usize = 3;
/// Title of a reply button, and of the button that opens a list.
pub(crate) const BUTTON_TITLE_CHARS_MAX: usize = 20;
/// Id of a reply button.
pub(crate) const BUTTON_ID_CHARS_MAX: usize = 256;
/// Sections of a list.
pub(crate) const SECTIONS_MAX: usize = 10;
/// Title of a section, and of a row.
pub(crate) const ROW_TITLE_CHARS_MAX: usize = 24;
/// Rows of a list, over all its sections.
pub(crate) const ROWS_MAX: usize = 10;
/// Id of a row.
pub(crate) const ROW_ID_CHARS_MAX: usize = 200;
/// Description of a row.
pub(crate) const ROW_DESCRIPTION_CHARS_MAX: usize = 72;

/// Refuses a text that is too short or too long.
pub(crate) fn chars(field: &str, text: &str, min: usize, max: usize) -> Result<(), Outcome> {
    let n_chars = text.chars().count();
    if n_chars >= min && n_chars <= max {
        return Ok(());
    }
    let message = format!("{field}: WhatsApp takes {min} to {max} characters, this has {n_chars}");
    Err(failed("limit", message))
}

/// Refuses an optional text that is there and too long.
pub(crate) fn optional(field: &str, text: Option<&str>, max: usize) -> Result<(), Outcome> {
    text.map_or(Ok(()), |text| chars(field, text, 1, max))
}

/// Refuses a list that is empty or too long.
pub(crate) fn items(field: &str, n_items: usize, max: usize) -> Result<(), Outcome> {
    if (1..=max).contains(&n_items) {
        return Ok(());
    }
    Err(failed("limit", format!("{field}: WhatsApp takes 1 to {max}, these are {n_items}")))
}

/// Refuses a value that stands twice.
pub(crate) fn unique<'a>(
    field: &str,
    values: impl Iterator<Item = &'a str>,
) -> Result<(), Outcome> {
    let mut seen = Vec::new();
    for value in values {
        if seen.contains(&value) {
            return Err(failed("limit", format!("{field}: \"{value}\" stands twice")));
        }
        seen.push(value);
    }
    Ok(())
}
