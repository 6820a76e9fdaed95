//! One attempt in progress: its input, its connection, its deadline, and what was said last.
//!
//! **Invariant:** every call of an attempt goes through here, so each is inside the deadline and leaves its evidence.

use crate::{
    exchange,
    http::{Http, NoReply, Reply, Request},
    outcome::{Lost, failed},
};
use reqwest::Method;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::Instant;
use workflows::step::{Attempt, Attempted, Connection, Exchange, Outcome, Secret};

/// An attempt in progress.
pub(crate) struct Talk<'a> {
    http: &'a Http,
    pub(crate) attempt: &'a Attempt,
    deadline: Instant,
    exchange: Option<Exchange>,
}

/// A connection that has its credential.
#[derive(Clone, Copy)]
pub(crate) struct Account<'a> {
    pub(crate) connection: &'a Connection,
    pub(crate) token: &'a Secret,
}

impl<'a> Account<'a> {
    /// A JSON call to a path of the provider.
    pub(crate) fn request(&self, method: Method, path: &str, body: Value) -> Request<'a> {
        let url = format!("{}/{path}", self.connection.base_url.trim_end_matches('/'));
        Request::json(method, url, self.token, body)
    }

    /// A text of the connection's settings.
    pub(crate) fn setting(&self, name: &str) -> Option<&'a str> {
        self.connection.settings[name].as_str().filter(|text| !text.is_empty())
    }
}

impl<'a> Talk<'a> {
    /// From here the attempt's time runs.
    pub(crate) fn begin(http: &'a Http, attempt: &'a Attempt) -> Talk<'a> {
        let begun = Instant::now();
        let deadline = begun.checked_add(attempt.timeout).unwrap_or(begun);
        Talk { http, attempt, deadline, exchange: None }
    }

    /// The step's input; keys it does not know are somebody else's.
    pub(crate) fn input<T: DeserializeOwned>(&self) -> Result<T, Outcome> {
        T::deserialize(&self.attempt.input).map_err(|error| failed("input", error.to_string()))
    }

    /// The connection with its credential. Without one the step cannot succeed until an operator sets it up.
    pub(crate) fn account(&self, provider: &str) -> Result<Account<'a>, Outcome> {
        let Some(connection) = &self.attempt.connection else {
            return Err(failed("no-connection", format!("no {provider} connection is set up")));
        };
        let name = &connection.name;
        if connection.provider != provider {
            let message = format!(
                "connection \"{name}\" is for {}, and this step needs {provider}",
                connection.provider
            );
            return Err(failed("no-connection", message));
        }
        match &connection.token {
            Some(token) => Ok(Account { connection, token }),
            None => Err(failed("auth", format!("connection \"{name}\" has no credential"))),
        }
    }

    /// Makes one call.
    pub(crate) async fn call(&mut self, request: Request<'_>) -> Result<Reply, Lost> {
        let token = self.token();
        let body = request.body_value();
        let said = exchange::request(request.method.as_str(), &request.url, &body, token);
        let reply = self.http.call(request, self.deadline).await;
        let heard = match &reply {
            Ok(reply) => exchange::response(reply.status, Some(&reply.body), token),
            Err(NoReply { status: Some(status), .. }) => exchange::response(*status, None, token),
            Err(NoReply { status: None, .. }) => Value::Null,
        };
        self.exchange = Some(Exchange { request: said, response: heard });
        reply.map_err(|no_reply| no_reply.lost)
    }

    /// The outcome with its evidence. What a provider says in an error is cleared of the credential too.
    pub(crate) fn end(self, outcome: Result<Outcome, Outcome>) -> Attempted {
        let mut outcome = outcome.unwrap_or_else(|outcome| outcome);
        match &mut outcome {
            Outcome::Done { .. } => {}
            Outcome::Retry { message, .. }
            | Outcome::Failed { message, .. }
            | Outcome::Unknown { message, .. } => {
                *message = exchange::scrub(message, self.token());
            }
        }
        Attempted { outcome, exchange: self.exchange }
    }

    fn token(&self) -> Option<&'a Secret> {
        self.attempt.connection.as_ref().and_then(|connection| connection.token.as_ref())
    }
}
