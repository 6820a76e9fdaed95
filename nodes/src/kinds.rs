//! The list of kinds. A kind is a file in `kinds/`, named after it, and a line here.

mod http_request;
mod hubspot_contact;
mod llm_extract;
mod llm_reply;
mod noop;
mod send_buttons;
mod send_list;
mod send_media;
mod send_template;
mod send_text;
mod slack_post;

use crate::node::Node;

/// Every kind.
pub(crate) static ALL: &[&dyn Node] = &[
    &hubspot_contact::HubspotContact,
    &http_request::HttpRequest,
    &llm_extract::LlmExtract,
    &llm_reply::LlmReply,
    &noop::Noop,
    &send_buttons::SendButtons,
    &send_list::SendList,
    &send_media::SendMedia,
    &send_template::SendTemplate,
    &send_text::SendText,
    &slack_post::SlackPost,
];

#[cfg(test)]
mod tests {
    use super::ALL;
    use std::{collections::BTreeSet, fs, path::Path};

    fn files(folder: &str) -> BTreeSet<String> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        let files = fs::read_dir(folder).unwrap();
        files
            .map(|file| file.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
            .collect()
    }

    #[test]
    fn every_kind_has_its_file_its_line_and_its_cases() {
        let listed: BTreeSet<String> =
            ALL.iter().map(|node| node.kind().replace('.', "_")).collect();
        assert_eq!(files("src/kinds"), listed);
        assert_eq!(files("testdata"), listed);
    }
}
