//! `GET /hooks/resume/{token}/{name}`: what somebody sees who opens a resume link.
//!
//! **Invariant:** looking changes nothing: mail scanners and link previews open every link they see.

use crate::{
    app::App,
    extract::Names,
    page::Page,
    problem::Problem,
    resume::{Approval, Place, Stand, Target},
};
use axum::{extract::State, http::StatusCode, response::Response};

/// The page of an approval, with its buttons while it is open; for everything else a page that says who should call. 404 for
/// any other link.
pub(crate) async fn handle(
    State(app): State<App>,
    Names((token, name)): Names<(String, String)>,
) -> Result<Response, Problem> {
    let target = Target::find(&app, &token, name).await?;
    Ok(page(&target).answer(StatusCode::OK))
}

fn page(target: &Target) -> Page {
    let page = Page::new(&target.definition.title);
    let is_over = target.instance.state.life.is_over();
    match &target.place {
        Place::Approval(approval) => {
            let page = page.text(&approval.text(&target.instance.state.context));
            match approval.stand(&target.instance) {
                Stand::Open => page.decision(&approval.choices),
                stand => page.text(&told(&stand)),
            }
        }
        Place::Webhook if is_over => page.text("This workflow has ended. Nothing waits here any more."),
        Place::Webhook => page.text(
            "This address is for programs: what is sent to it with POST or PUT, the workflow takes. \
             Opening it in a browser does nothing.",
        ),
    }
}

/// Why there is nothing to press.
pub(super) fn told(stand: &Stand) -> String {
    match stand {
        Stand::Open => String::new(),
        Stand::Made(decision, Some(by)) => {
            format!("This was decided already: {decision}, by {by}.")
        }
        Stand::Made(decision, None) => format!("This was decided already: {decision}."),
        Stand::Closed => "There is nothing to decide here now.".to_owned(),
    }
}

/// The page after a decision.
pub(super) fn thanks(target: &Target, approval: &Approval, decision: &str) -> Page {
    let title = approval.choices.iter().find(|(id, _)| id == decision);
    let title = title.map_or(decision, |(_, title)| title.as_str());
    Page::new(&target.definition.title)
        .text(&approval.text(&target.instance.state.context))
        .text(&format!("Thank you. Your decision is noted: {title}."))
}
