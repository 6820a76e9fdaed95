//! The one list of routes.
//!
//! **Invariant:** everything under `/v1` passes auth; what is not listed here does not exist. Cross-origin requests are not
//! allowed anywhere.

use crate::{
    app::App,
    auth::authenticate,
    extract::{BODY_BYTES_MAX, limited},
    guard::guard,
    idempotency::once,
    problem::Problem,
    routes::{
        DEFINITION_BODY_BYTES_MAX, RESUME_BODY_BYTES_MAX, WEBHOOK_BODY_BYTES_MAX, apply_verb,
        delete_calendar, delete_schedule, explain_instance, export_version, get_health, get_home,
        get_metrics, get_ready, list_calendars, list_channels, list_connections,
        list_conversations, list_definitions, list_history, list_incidents, list_instances,
        list_kinds, list_messages, list_schedules, list_webhooks, operate_schedule, purge_contact,
        put_calendar, put_channel, put_connection, put_schedule, receive_webhook, receive_whatsapp,
        replay_instance, resume_instance, send_event, send_occasion, show_definition,
        show_instance, show_resume, show_scenario, show_schedule, show_schema, show_version,
        start_instance, upload_definition, verify_whatsapp,
    },
};
use axum::{
    Router,
    http::StatusCode,
    middleware::from_fn_with_state,
    routing::{get, post, put},
};
use engine::Role;

/// Every route, ready to be served; of a process that only owns instances, those that tell how it is.
pub fn router(app: App) -> Router {
    if app.engine.role() == Role::Engine {
        return limited(small(), BODY_BYTES_MAX)
            .fallback(no_such_route)
            .layer(from_fn_with_state(app.clone(), guard))
            .with_state(app);
    }
    Router::new()
        .merge(limited(small(), BODY_BYTES_MAX).merge(guarded(&app, small_v1(), BODY_BYTES_MAX)))
        .merge(guarded(&app, schedules_v1(), BODY_BYTES_MAX))
        .merge(guarded(&app, large_v1(), DEFINITION_BODY_BYTES_MAX))
        .merge(guarded(&app, webhooks_with_key(), WEBHOOK_BODY_BYTES_MAX))
        .merge(limited(webhooks(), WEBHOOK_BODY_BYTES_MAX))
        .merge(limited(links(), RESUME_BODY_BYTES_MAX))
        .fallback(no_such_route)
        .method_not_allowed_fallback(no_such_method)
        .layer(from_fn_with_state(app.clone(), guard))
        .with_state(app)
}

/// Open to everybody who reaches the port: no tenant's data is behind these.
fn small() -> Router<App> {
    Router::new()
        .route("/", get(get_home::handle))
        .route("/health", get(get_health::handle))
        .route("/ready", get(get_ready::handle))
        .route("/metrics", get(get_metrics::handle))
}

fn small_v1() -> Router<App> {
    Router::new()
        .route("/v1/definitions/{name}", get(show_definition::handle))
        .route("/v1/definitions/{name}/versions/{version}", get(show_version::handle))
        .route("/v1/definitions/{name}/versions/{version}/export", get(export_version::handle))
        .route("/v1/kinds", get(list_kinds::handle))
        .route("/v1/schema", get(show_schema::handle))
        .route("/v1/instances", get(list_instances::handle).post(start_instance::handle))
        .route("/v1/instances/{id}", get(show_instance::handle))
        .route("/v1/instances/{id}/history", get(list_history::handle))
        .route("/v1/instances/{id}/scenario", get(show_scenario::handle))
        .route("/v1/instances/{id}/explain", get(explain_instance::handle))
        .route("/v1/instances/{id}/events", post(send_event::handle))
        .route("/v1/instances/{id}/retry", post(apply_verb::retry))
        .route("/v1/instances/{id}/skip", post(apply_verb::skip))
        .route("/v1/instances/{id}/suspend", post(apply_verb::suspend))
        .route("/v1/instances/{id}/resume", post(apply_verb::resume))
        .route("/v1/instances/{id}/cancel", post(apply_verb::cancel))
        .route("/v1/incidents", get(list_incidents::handle))
        .route("/v1/conversations", get(list_conversations::handle))
        .route("/v1/conversations/{id}/messages", get(list_messages::handle))
        .route("/v1/contacts/{id}/purge", post(purge_contact::handle))
        .route("/v1/channels", get(list_channels::handle).post(put_channel::handle))
        .route("/v1/connections", get(list_connections::handle).post(put_connection::handle))
}

/// What starts instances at times, and the hours it keeps to.
fn schedules_v1() -> Router<App> {
    let schedule =
        get(show_schedule::handle).put(put_schedule::handle).delete(delete_schedule::handle);
    Router::new()
        .route("/v1/schedules", get(list_schedules::handle))
        .route("/v1/schedules/{name}", schedule)
        .route("/v1/schedules/{name}/pause", post(operate_schedule::pause))
        .route("/v1/schedules/{name}/resume", post(operate_schedule::resume))
        .route("/v1/schedules/{name}/fire", post(operate_schedule::fire))
        .route("/v1/schedules/{name}/backfill", post(operate_schedule::backfill))
        .route("/v1/events", post(send_occasion::handle))
        .route("/v1/webhooks", get(list_webhooks::handle))
        .route("/v1/calendars", get(list_calendars::handle))
        .route("/v1/calendars/{name}", put(put_calendar::handle).delete(delete_calendar::handle))
}

/// Routes that take a definition.
fn large_v1() -> Router<App> {
    Router::new()
        .route("/v1/definitions", get(list_definitions::handle).post(upload_definition::handle))
        .route("/v1/instances/{id}/replay", post(replay_instance::handle))
}

/// Routes that providers call; each verifies its caller itself.
fn webhooks() -> Router<App> {
    Router::new()
        .route(
            "/hooks/whatsapp/{channel}",
            get(verify_whatsapp::handle).post(receive_whatsapp::handle),
        )
        .route("/hooks/in/{name}/{token}", post(receive_webhook::handle))
}

/// Webhooks of a tenant, called by programs that have a key of it.
fn webhooks_with_key() -> Router<App> {
    Router::new().route("/hooks/in/{name}", post(receive_webhook::with_key))
}

/// Addresses that workflows give away; whoever has one may use it.
fn links() -> Router<App> {
    Router::new().route(
        "/hooks/resume/{token}/{name}",
        get(show_resume::handle).post(resume_instance::handle).put(resume_instance::handle),
    )
}

fn guarded(app: &App, routes: Router<App>, bytes_max: usize) -> Router<App> {
    let routes = routes
        .layer(from_fn_with_state(app.clone(), once))
        .layer(from_fn_with_state(app.clone(), authenticate));
    limited(routes, bytes_max)
}

async fn no_such_route() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "no-such-route", "there is nothing at this address")
}

async fn no_such_method() -> Problem {
    let detail = "this address does not take this method; `Allow` says which it takes";
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", detail)
}
