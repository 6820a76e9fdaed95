//! `GET /`: a page for people who open the address in a browser.

use axum::response::Html;

const PAGE: &str = include_str!("home.html");

/// The page. It loads nothing.
pub(crate) async fn handle() -> Html<&'static str> {
    Html(PAGE)
}
