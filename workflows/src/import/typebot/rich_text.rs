//! Typebot's rich text as the markup a chat shows: `*bold*`, `_italic_`, `~struck~`, lists with dashes and numbers.
//!
//! Typebot's own texts are at most as deep as any JSON accepted here, so recursion is bounded.

use super::{document::Block, variable::Variables};
use crate::json::Json;

/// The text of a bubble as a template; empty if there is none.
pub(super) fn template(block: &Block<'_>, variables: &Variables) -> String {
    let Some(content) = block.json.get("content") else { return String::new() };
    let text = match content.get("richText") {
        Some(rich) => {
            let mut lines = Vec::new();
            for element in rich.list() {
                lines.extend(element_lines(element));
            }
            lines.join("\n")
        }
        // Before version 3 a bubble held HTML and the text without it.
        None => match content.text_of("plainText") {
            "" => without_tags(content.text_of("html")),
            plain => plain.to_owned(),
        },
    };
    variables.template(text.trim_matches('\n'))
}

/// The lines of a paragraph, list or quote.
fn element_lines(element: &Json) -> Vec<String> {
    let children = element.get("children").map_or(&[][..], Json::list);
    match element.text_of("type") {
        "ul" => list(children, |_| "- ".to_owned()),
        "ol" => list(children, |index| format!("{}. ", index + 1)),
        "blockquote" => inline(children).lines().map(|line| format!("> {line}")).collect(),
        "code_block" => {
            let lines = children.iter().map(|line| {
                let children = line.get("children").map_or(&[][..], Json::list);
                if children.is_empty() { leaf(line) } else { inline(children) }
            });
            let lines: Vec<String> = lines.collect();
            vec![format!("```\n{}\n```", lines.join("\n"))]
        }
        kind if is_heading(kind) => vec![marked(&inline(children), "*")],
        _ if element.get("text").is_some() => vec![leaf(element)],
        _ => inline(children).split('\n').map(str::to_owned).collect(),
    }
}

fn is_heading(kind: &str) -> bool {
    matches!(kind, "h1" | "h2" | "h3" | "h4" | "h5" | "h6")
}

/// The items of a list; lists inside them are set in.
fn list(items: &[Json], mark: impl Fn(usize) -> String) -> Vec<String> {
    let mut lines = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let parts = item.get("children").map_or(&[][..], Json::list);
        let (inner, own): (Vec<&Json>, Vec<&Json>) =
            parts.iter().partition(|part| matches!(part.text_of("type"), "ul" | "ol"));
        let own: String = own
            .iter()
            .map(|part| match part.get("children") {
                Some(children) => inline(children.list()),
                None => leaf(part),
            })
            .collect();
        lines.push(format!("{}{own}", mark(index)));
        for list in inner {
            lines.extend(element_lines(list).into_iter().map(|line| format!("  {line}")));
        }
    }
    lines
}

fn inline(children: &[Json]) -> String {
    children.iter().map(inline_one).collect()
}

fn inline_one(child: &Json) -> String {
    let below = || inline(child.get("children").map_or(&[][..], Json::list));
    match child.text_of("type") {
        "a" => {
            let (text, url) = (below(), child.text_of("url"));
            match text.trim() {
                "" => url.to_owned(),
                same if same == url => url.to_owned(),
                text => format!("{text} ({url})"),
            }
        }
        "" if child.get("text").is_some() => leaf(child),
        _ if child.get("children").is_some() => below(),
        _ => leaf(child),
    }
}

fn leaf(leaf: &Json) -> String {
    let mut text = leaf.text_of("text").to_owned();
    for (mark, sign) in [("bold", "*"), ("italic", "_"), ("strikethrough", "~"), ("code", "```")] {
        if leaf.get(mark).and_then(Json::as_bool) == Some(true) {
            text = marked(&text, sign);
        }
    }
    text
}

/// The marks stand at the words, since a chat ignores marks beside blanks.
fn marked(text: &str, sign: &str) -> String {
    let words = text.trim();
    if words.is_empty() {
        return text.to_owned();
    }
    let begin = text.len() - text.trim_start().len();
    let end = text.trim_end().len();
    format!("{}{sign}{words}{sign}{}", &text[..begin], &text[end..])
}

fn without_tags(html: &str) -> String {
    let mut text = String::new();
    let mut rest = html;
    while let Some((before, tail)) = rest.split_once('<') {
        text.push_str(before);
        let Some((tag, after)) = tail.split_once('>') else { return text };
        if matches!(tag, "/div" | "/p" | "br" | "br/") && !after.is_empty() {
            text.push('\n');
        }
        rest = after;
    }
    text + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rich_text_becomes_what_a_chat_shows() {
        for (rich, wanted) in [
            (
                r#"[{"type":"p","children":[{"text":"Hi "},{"text":"you ","bold":true},{"text":"!"}]}]"#,
                "Hi *you* !",
            ),
            (
                r#"[{"type":"p","children":[{"text":"a"}]},{"type":"p","children":[{"text":""}]},{"type":"p","children":[{"text":"b","italic":true,"bold":true}]}]"#,
                "a\n\n_*b*_",
            ),
            (
                r#"[{"type":"p","children":[{"type":"a","url":"https://x.y","children":[{"text":"here"}]}]}]"#,
                "here (https://x.y)",
            ),
            (
                r#"[{"type":"ul","children":[{"type":"li","children":[{"type":"lic","children":[{"text":"one"}]}]},{"type":"li","children":[{"type":"lic","children":[{"text":"two"}]},{"type":"ol","children":[{"type":"li","children":[{"type":"lic","children":[{"text":"in"}]}]}]}]}]}]"#,
                "- one\n- two\n  1. in",
            ),
            (
                r#"[{"type":"h1","children":[{"text":"Top"}]},{"type":"blockquote","children":[{"text":"q"}]}]"#,
                "*Top*\n> q",
            ),
            (
                r#"[{"type":"p","children":[{"type":"inline-variable","children":[{"text":"{{ who }}"}]},{"text":" {{who}} {{"}]}]"#,
                "{{ who }} {{who}} {{ '{{' }}",
            ),
        ] {
            let content = format!(r#"{{"content":{{"richText":{rich}}}}}"#);
            let json: Json = serde_json::from_str(&content).unwrap();
            let block = Block { id: "", kind: "text", json: &json, pointer: String::new() };
            let template = template(&block, &Variables::default());
            // Without variables, every `{{` is text.
            let wanted = wanted
                .replace("{{ who }}", "{{ '{{' }} who }}")
                .replace("{{who}}", "{{ '{{' }}who}}");
            assert_eq!(template, wanted, "{rich}");
        }
    }
}
