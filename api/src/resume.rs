//! Resume links, as the routes under `/hooks/resume` see them: whom a link leads to, and what waits there.
//!
//! **Invariant:** a link that is wrong in any way, whatever the way, is an address at which nothing is. What is told of an
//! instance is told only to who holds its link.

use crate::{app::App, problem::Problem};
use engine::{Error, InstanceView, ops::send};
use serde_json::Value;
use std::sync::Arc;
use uuid::Uuid;
use workflows::{chart::Chart, definition::Definition, limits::ID_CHARS_MAX};

/// Most events of one name that wait for their turn to be wanted; whoever holds a link cannot fill up an instance.
const EARLY_MAX: usize = 20;

/// Where a link leads.
pub(crate) struct Target {
    pub(crate) tenant: Uuid,
    pub(crate) instance: InstanceView,
    pub(crate) definition: Arc<Definition>,
    /// The last segment of the address: the id of a node.
    pub(crate) name: String,
    pub(crate) place: Place,
}

/// What waits there.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Place {
    /// A decision of a person.
    Approval(Approval),
    /// An event of a program.
    Webhook,
}

/// A decision that a workflow asks for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Approval {
    /// Path of its state.
    path: String,
    /// Where in the context it is kept.
    save_as: String,
    /// Ids and titles.
    pub(crate) choices: Vec<(String, String)>,
}

/// How it stands with a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stand {
    /// It is asked for.
    Open,
    /// It was made: which, and by whom.
    Made(String, Option<String>),
    /// It is not asked for: not yet, or not any more.
    Closed,
}

impl Target {
    /// Finds it. 404 whatever is wrong; 503 when nobody can say.
    pub(crate) async fn find(app: &App, token: &str, name: String) -> Result<Self, Problem> {
        let nothing = || Problem::not_found("that");
        let links = app.engine.resume_links().ok_or_else(nothing)?;
        let (tenant, id) = links.read(token).ok_or_else(nothing)?;
        if name.is_empty() || name.chars().count() > ID_CHARS_MAX {
            return Err(nothing());
        }
        let instance = app.engine.instance(tenant, id).await.map_err(unreadable)?;
        let definition = app.engine.definition_by_digest(tenant, &instance.digest).await;
        let definition = definition.map_err(unreadable)?;
        let place = Place::of(&definition.chart, &name).ok_or_else(nothing)?;
        Ok(Self { tenant, instance, definition, name, place })
    }

    /// The type of the event that is made here.
    pub(crate) fn event(&self) -> String {
        match self.place {
            Place::Approval(_) => format!("approval.{}", self.name),
            Place::Webhook => resumed(&self.name),
        }
    }

    /// Whether too many events of this name have come already, and wait until one is wanted.
    pub(crate) fn is_full(&self) -> bool {
        let (memo, event) = (&self.instance.state.memo, self.event());
        let deferred = memo.deferred.iter().map(|deferred| &deferred.event);
        deferred.chain(&memo.held).filter(|kept| kept.kind() == event).count() >= EARLY_MAX
    }
}

fn resumed(name: &str) -> String {
    format!("resume.{name}")
}

impl Place {
    /// What waits under this name; `None` if nothing in the chart does.
    fn of(chart: &Chart, name: &str) -> Option<Self> {
        let approval = chart.states.iter().find_map(|state| {
            let is_named = state.node.as_deref() == Some(name) || state.path == name;
            let asked = state.meta.get("approval").filter(|_| is_named)?;
            let text = |field: &str| asked.get(field).and_then(Value::as_str);
            Some(Approval {
                path: state.path.clone(),
                save_as: text("saveAs").unwrap_or(name).to_owned(),
                choices: choices(asked.get("choices")),
            })
        });
        if let Some(approval) = approval {
            return Some(Self::Approval(approval));
        }
        let event = resumed(name);
        let mut transitions = chart.states.iter().flat_map(|state| &state.on);
        let is_wanted = transitions.any(|t| t.event.as_ref().is_some_and(|d| d.matches(&event)));
        is_wanted.then_some(Self::Webhook)
    }
}

/// `[{"id", "title"}]`, or the ids alone.
fn choices(given: Option<&Value>) -> Vec<(String, String)> {
    let items = given.and_then(Value::as_array).into_iter().flatten();
    let choices = items.filter_map(|item| {
        let id = item.as_str().or_else(|| item.get("id")?.as_str())?;
        let title = item.get("title").and_then(Value::as_str).unwrap_or(id);
        Some((id.to_owned(), title.to_owned()))
    });
    choices.collect()
}

impl Approval {
    /// What is to be decided, in the words the workflow has kept.
    pub(crate) fn text(&self, context: &Value) -> String {
        self.kept(context, "text").unwrap_or_default()
    }

    /// Whether it is asked for now.
    pub(crate) fn stand(&self, instance: &InstanceView) -> Stand {
        let state = &instance.state;
        let is_inside = |leaf: &String| {
            leaf.strip_prefix(self.path.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        if !state.life.is_over() && state.configuration.iter().any(is_inside) {
            return Stand::Open;
        }
        match self.kept(&state.context, "decision") {
            Some(decision) => {
                let title = self.choices.iter().find(|(id, _)| *id == decision);
                let title = title.map_or_else(|| decision.clone(), |(_, title)| title.clone());
                Stand::Made(title, self.kept(&state.context, "by"))
            }
            None => Stand::Closed,
        }
    }

    fn kept(&self, context: &Value, field: &str) -> Option<String> {
        let place = self.save_as.split('.').try_fold(context, |value, key| value.get(key))?;
        place.get(field)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
    }
}

/// 404 for what is not there; whoever called is to come again for everything else.
pub(crate) fn unreadable(error: Error) -> Problem {
    match error {
        Error::NotFound(_) => Problem::not_found("that"),
        error => unstored(error),
    }
}

/// What could not be stored is to be sent again, unless sending it again is no use.
pub(crate) fn unstored(error: Error) -> Problem {
    use axum::http::StatusCode;
    match error {
        Error::Over(_) => over(),
        Error::NotFound(_) => Problem::not_found("that"),
        Error::Refused(why) => Problem::unprocessable("refused", why),
        error => {
            tracing::error!(%error, "what came to a resume link could not be stored");
            Problem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "not-stored",
                "it could not be stored; send it again",
            )
        }
    }
}

/// The workflow has ended: nothing will wait here any more.
pub(crate) fn over() -> Problem {
    Problem::new(axum::http::StatusCode::GONE, "over", "the workflow has ended; nothing waits here")
}

/// Told by an event whose data cannot be one.
pub(crate) fn bad_event(bad: send::BadEvent) -> Problem {
    Problem::unprocessable("event-data", bad.why).with("pointer", bad.pointer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn chart() -> Chart {
        let machine = json!({
            "perdure": 1, "name": "m", "machine": {
                "initial": "ask",
                "states": {
                    "ask": {
                        "on": {"approval.ask": "wait"},
                        "meta": {"approval": {"saveAs": "boss.said", "choices": [{"id": "yes", "title": "Go"}, "no"]}}
                    },
                    "wait": {"on": {"resume.paid": "end", "resume.any.*": "end"}},
                    "end": {"type": "final"}
                }
            }
        });
        let compiled = workflows::compile::compile(machine.to_string().as_bytes(), None);
        compiled.definition.unwrap_or_else(|| panic!("{:?}", compiled.diagnostics)).chart
    }

    #[test]
    fn places() {
        let chart = chart();
        for (name, wanted) in [
            ("paid", Some(Place::Webhook)),
            ("any", Some(Place::Webhook)),
            ("any.thing", Some(Place::Webhook)),
            ("wait", None),
            ("ask.x", None),
        ] {
            assert_eq!(Place::of(&chart, name), wanted, "{name}");
        }
        let Some(Place::Approval(approval)) = Place::of(&chart, "ask") else {
            panic!("an approval is one")
        };
        let pair = |id: &str, title: &str| (id.to_owned(), title.to_owned());
        assert_eq!(approval.choices, [pair("yes", "Go"), pair("no", "no")]);
        for (context, wanted) in [
            (json!({"boss": {"said": {"text": "Really?"}}}), "Really?"),
            (json!({"boss": {"said": 1}}), ""),
            (json!(null), ""),
        ] {
            assert_eq!(approval.text(&context), wanted);
        }
    }
}
