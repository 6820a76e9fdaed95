//! The few pages that people see without the console: plain HTML that loads nothing from anywhere.
//!
//! **Invariant:** every text that is put in is escaped; no script runs, and a form leads back to its own address only.

use axum::{
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use uuid::Uuid;

const STYLE: &str = "body{margin:0;background:#f4f4f2;color:#1d1d1b;font:16px/1.5 system-ui,sans-serif}\
main{max-width:36rem;margin:4rem auto;padding:2rem;background:#fff;border:1px solid #ddd;border-radius:8px}\
h1{font-size:1.25rem;margin:0 0 1rem}p{margin:0 0 1rem;white-space:pre-wrap;overflow-wrap:anywhere}\
label{display:block;margin:0 0 1rem}input,textarea{display:block;width:100%;box-sizing:border-box;\
font:inherit;padding:.5rem;border:1px solid #aaa;border-radius:4px}\
button{font:inherit;margin:0 .5rem .5rem 0;padding:.5rem 1.25rem;border:1px solid #1d1d1b;\
border-radius:4px;background:#fff;cursor:pointer}button:hover,button:focus{background:#1d1d1b;color:#fff}";

/// A page in the making: each part is escaped when it is added.
#[derive(Debug, Clone, Default)]
pub(crate) struct Page {
    title: String,
    body: String,
}

impl Page {
    /// A page with this heading.
    pub(crate) fn new(title: &str) -> Self {
        Self { title: escape(title), body: String::new() }
    }

    /// Adds a paragraph; line breaks stay.
    #[must_use]
    pub(crate) fn text(mut self, text: &str) -> Self {
        self.body.push_str(&format!("<p>{}</p>", escape(text)));
        self
    }

    /// Adds a form that is sent to the page's own address: a name, a comment, and a button for each choice.
    #[must_use]
    pub(crate) fn decision(mut self, choices: &[(String, String)]) -> Self {
        // Pressing twice sends the same page twice, and counts once.
        let once = Uuid::new_v4().simple();
        self.body.push_str(&format!(
            "<form method=\"post\"><input type=\"hidden\" name=\"once\" value=\"{once}\">\
             <label>Your name<input name=\"by\" maxlength=\"200\" autocomplete=\"name\"></label>\
             <label>Comment<textarea name=\"comment\" rows=\"3\" maxlength=\"2000\"></textarea></label>"
        ));
        for (id, title) in choices {
            let (id, title) = (escape(id), escape(title));
            self.body
                .push_str(&format!("<button name=\"decision\" value=\"{id}\">{title}</button>"));
        }
        self.body.push_str("</form>");
        self
    }

    /// The answer.
    pub(crate) fn answer(self, status: StatusCode) -> Response {
        let nonce = Uuid::new_v4().simple();
        let Self { title, body } = self;
        let html = format!(
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
             <title>{title}</title><style nonce=\"{nonce}\">{STYLE}</style></head>\
             <body><main><h1>{title}</h1>{body}</main></body></html>\n"
        );
        let policy = format!(
            "default-src 'none'; style-src 'nonce-{nonce}'; form-action 'self'; \
             frame-ancestors 'none'; base-uri 'none'"
        );
        let mut headers = HeaderMap::new();
        let html_type = HeaderValue::from_static("text/html; charset=utf-8");
        headers.insert(header::CONTENT_TYPE, html_type);
        let robots = HeaderValue::from_static("noindex, nofollow");
        headers.insert(HeaderName::from_static("x-robots-tag"), robots);
        headers.extend(
            HeaderValue::from_str(&policy).ok().map(|p| (header::CONTENT_SECURITY_POLICY, p)),
        );
        (status, headers, html).into_response()
    }
}

/// A text as HTML, also inside the quotes of an attribute.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_taken_for_markup() {
        let hostile = "<script>alert('x')</script>\" onload=\"x";
        let choices = [(hostile.to_owned(), hostile.to_owned())];
        let page = Page::new(hostile).text(hostile).decision(&choices);
        for part in [&page.title, &page.body] {
            assert!(!part.contains("<script>"), "{part}");
            assert!(!part.contains("\" onload"), "{part}");
        }
        let answer = page.answer(StatusCode::OK);
        let policy = answer.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'"), "{policy}");
    }
}
