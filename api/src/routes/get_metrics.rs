//! `GET /metrics`: numbers for Prometheus.

use crate::{app::App, metrics::health};
use axum::{extract::State, http::header, response::IntoResponse};

/// The numbers; those of the database are missing while it cannot be reached.
pub(crate) async fn handle(State(app): State<App>) -> impl IntoResponse {
    let database = engine::ops::counters::read(app.engine.pool()).await.ok();
    let mut text = app.metrics.render(app.engine.shards_owned(), database.as_ref());
    match engine::ops::health::read(&app.engine).await {
        Ok(found) => text.push_str(&health::render(&found)),
        Err(error) => tracing::warn!(%error, "how well the database ages cannot be told"),
    }
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text)
}
