//! The routes, one per file: parse, ask the engine, answer. [`crate::router`] says which address leads where.

pub(crate) mod apply_verb;
pub(crate) mod delete_calendar;
pub(crate) mod delete_schedule;
pub(crate) mod explain_instance;
pub(crate) mod export_version;
pub(crate) mod get_health;
pub(crate) mod get_home;
pub(crate) mod get_metrics;
pub(crate) mod get_ready;
pub(crate) mod list_calendars;
pub(crate) mod list_channels;
pub(crate) mod list_connections;
pub(crate) mod list_conversations;
pub(crate) mod list_definitions;
pub(crate) mod list_history;
pub(crate) mod list_incidents;
pub(crate) mod list_instances;
pub(crate) mod list_kinds;
pub(crate) mod list_messages;
pub(crate) mod list_schedules;
pub(crate) mod list_webhooks;
pub(crate) mod operate_schedule;
pub(crate) mod purge_contact;
pub(crate) mod put_calendar;
pub(crate) mod put_channel;
pub(crate) mod put_connection;
pub(crate) mod put_schedule;
pub(crate) mod receive_webhook;
pub(crate) mod receive_whatsapp;
pub(crate) mod replay_instance;
pub(crate) mod resume_instance;
pub(crate) mod send_event;
pub(crate) mod send_occasion;
pub(crate) mod show_definition;
pub(crate) mod show_instance;
pub(crate) mod show_resume;
pub(crate) mod show_scenario;
pub(crate) mod show_schedule;
pub(crate) mod show_schema;
pub(crate) mod show_version;
pub(crate) mod start_instance;
pub(crate) mod upload_definition;
pub(crate) mod verify_whatsapp;

use crate::{auth::Caller, problem::Problem};
use engine::schedules::Doer;
use uuid::Uuid;

/// Largest body of a route that takes a definition: the definition, and a wrapping around it.
pub(crate) const DEFINITION_BODY_BYTES_MAX: usize =
    workflows::limits::DEFINITION_BYTES_MAX + 64 * 1024;
/// Largest body of a resume link: an event, and what may become of it when it is written as JSON.
pub(crate) const RESUME_BODY_BYTES_MAX: usize = workflows::limits::EVENT_BYTES_MAX;
/// Largest webhook. Meta sends up to 3 MB.
pub(crate) const WEBHOOK_BODY_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Longest name, key or reason, in characters.
const TEXT_CHARS_MAX: usize = 512;

/// Refuses a name, key or reason that is too long to index and to show.
fn check_text(pointer: &'static str, text: &str) -> Result<(), Problem> {
    if text.chars().count() <= TEXT_CHARS_MAX {
        return Ok(());
    }
    let detail = format!("{pointer} may have {TEXT_CHARS_MAX} characters");
    Err(Problem::unprocessable("json-shape", detail).with("pointer", pointer))
}

/// Whoever calls, as the audit names them.
fn doer(tenant: Uuid, caller: &Caller, reason: Option<String>) -> Doer {
    Doer { tenant, actor: caller.actor(), reason }
}
