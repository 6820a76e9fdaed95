//! `GET /metrics`: numbers for Prometheus.

use crate::app::App;
use axum::{extract::State, http::header, response::IntoResponse};

/// The numbers; those of the database are missing while it cannot be reached.
pub(crate) async fn handle(State(app): State<App>) -> impl IntoResponse {
    let database = engine::ops::counters::read(app.engine.pool()).await.ok();
    let text = app.metrics.render(app.engine.shards_owned(), database.as_ref());
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text)
}
