//! `hubspot.contact`: creates or updates a contact in HubSpot.

use super::{ATTEMPTS_MAX, CONNECTION, SAVE_AS, STEP_PORTS, STEP_TIMEOUT_MS, TEMPLATE, optional};
use crate::{
    graph::{Checker, emit::Object},
    spec::{Effect, NodeSpec, OnUnknown, Output, Shape},
};

pub(crate) static SPEC: NodeSpec = NodeSpec {
    kind: "hubspot.contact",
    title: "HubSpot contact",
    summary: "Creates the contact, or updates it if there is one with this e-mail or phone.",
    fields: &[
        optional("email", TEMPLATE, "E-mail address the contact is known by."),
        optional("phone", TEMPLATE, "Phone number the contact is known by, if there is no e-mail."),
        optional("properties", Shape::Json, "HubSpot properties by their internal names."),
        SAVE_AS,
        CONNECTION,
    ],
    ports: STEP_PORTS,
    effect: Some(Effect {
        provider: Some("hubspot"),
        is_idempotent: |_| true,
        on_unknown: OnUnknown::Retry,
        timeout_ms: STEP_TIMEOUT_MS,
        attempts_max: ATTEMPTS_MAX,
        output: Output::Schema(
            r#"{"type": "object", "properties": {"id": {"type": "string"}, "new": {"type": "boolean"}}}"#,
        ),
    }),
};

pub(super) fn check(data: &Object, checker: &mut Checker<'_>) {
    if ["email", "phone"].iter().all(|name| data.get(*name).is_none_or(|v| v.is_null() || v == ""))
    {
        checker
            .error(
                "missing-field",
                "/email",
                "a contact is known by an e-mail or a phone number, and neither is given",
            )
            .help("Fill in `email` or `phone`, e.g. {{ context.email }}.");
    }
}
