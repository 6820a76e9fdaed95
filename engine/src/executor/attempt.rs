//! One step through its stages: resolve, run, and what its outcome leads to.

use super::{
    Back, Shared,
    own::{self, Ended},
    settle::settle,
};
use crate::{
    accounts::{Account, Refusal, Wanted},
    backoff,
    caught::caught,
    fault, kinds,
    limits::{ATTEMPT_GRACE, DATABASE_RETRY, ERROR_CHARS_MAX, TRIES_KEPT},
    owner::lease::next_wait,
    store::{
        dedupe,
        steps::{self, StepRow, StepStatus, Try},
    },
    turn::panic_text,
};
use machine::event::kind;
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};
use workflows::{
    spec::OnUnknown,
    step::{Attempt, Attempted, Checked, Exchange, Outcome},
};

/// Why a try did not settle its step.
struct Trouble {
    outcome: &'static str,
    code: String,
    message: String,
}

/// Whether somebody has to be asked before the step may run.
pub(super) fn needs_account(row: &StepRow) -> bool {
    !kinds::is_own(&row.kind)
        && (row.input.get("connection").is_some()
            || !row.policy.paces.is_empty()
            || kinds::effect(&row.kind).is_none_or(|effect| effect.provider.is_some()))
}

/// Asks for the account and the recipient.
pub(super) async fn resolve(shared: Arc<Shared>, mut row: Box<StepRow>) -> Back {
    let accounts = shared.accounts.clone();
    let wanted = wanted(&row);
    let resolved = caught(accounts.resolve(wanted)).await;
    let resolved = resolved
        .unwrap_or_else(|message| Err(Refusal::Never { code: "panic".to_owned(), message }));
    match resolved {
        Ok(account) => Back::Resolved(row, account),
        Err(Refusal::Never { code, message }) => fail(&shared, row, &code, &message, None).await,
        // Not an attempt, and not written: after a crash it is simply asked again.
        Err(Refusal::Later { after, code, message }) => {
            tracing::debug!(step.key = row.key, code, message, "a step has to wait");
            row.due = shared.clock.now() + after;
            show(&shared, &mut row).await;
            Back::Finished(row.id, Some(row))
        }
    }
}

/// Gives a step its row, if it has none: it may wait for long, and people are told why by its row.
async fn show(shared: &Shared, row: &mut StepRow) {
    if row.is_written {
        return;
    }
    match steps::insert_one(&shared.pool, row).await {
        Ok(()) => {
            row.is_written = true;
            shared.outbox.resolve(row.id);
        }
        // The outbox still names it.
        Err(error) => tracing::warn!(step.key = row.key, %error, "a step has no row yet"),
    }
}

/// Makes one try.
pub(super) async fn run(shared: Arc<Shared>, row: Box<StepRow>, account: Account) -> Back {
    fault::point("step.before_run");
    let attempt = attempt(&row, account);
    let deadline = attempt.timeout + ATTEMPT_GRACE;
    let runner = shared.runner.clone();
    let ended = tokio::time::timeout(deadline, caught(runner.run(attempt))).await;
    fault::point("step.after_run");
    let attempted = match ended {
        Ok(Ok(attempted)) => attempted,
        Ok(Err(message)) => return Box::pin(fail(&shared, row, "panic", &message, None)).await,
        Err(_) => {
            let message = format!("no answer within {} ms", deadline.as_millis());
            Attempted {
                outcome: Outcome::Unknown { code: "timeout".to_owned(), message },
                exchange: None,
            }
        }
    };
    match shared.accounts.ended(&row.key, &attempted.outcome).await {
        Some(Refusal::Later { after, code, message }) => {
            let trouble = Trouble { outcome: "later", code, message };
            Box::pin(put_back(&shared, row, trouble, after)).await
        }
        Some(Refusal::Never { .. }) | None => lead(&shared, row, attempted).await,
    }
}

/// It was the account that was refused, not the step: the try does not count.
async fn put_back(
    shared: &Shared,
    mut row: Box<StepRow>,
    trouble: Trouble,
    after: Duration,
) -> Back {
    row.attempt = row.attempt.saturating_sub(1);
    remember(shared, &mut row, &trouble);
    row.status = StepStatus::Waiting;
    row.due = shared.clock.now() + after;
    fault::point("step.before_backoff");
    let id = row.id;
    let row = write(shared, row).await;
    fault::point("step.after_backoff");
    Back::Finished(id, row)
}

/// Makes one try of a step that the engine runs itself.
pub(super) async fn run_own(shared: Arc<Shared>, mut row: Box<StepRow>) -> Back {
    fault::point("step.before_run");
    let deadline = Duration::from_millis(row.policy.timeout_ms) + ATTEMPT_GRACE;
    let task = tokio::spawn({
        let (shared, row) = (shared.clone(), row.clone());
        async move { own::run(&shared, &row).await }
    });
    // One that is late is not stopped in the middle of a statement: what it still stores, the next try finds.
    let ended = tokio::time::timeout(deadline, task).await;
    fault::point("step.after_run");
    let outcome = match ended {
        Ok(Ok(Ended::Settled(outcome))) => outcome,
        Ok(Ok(Ended::Later(after))) => {
            row.attempt -= 1;
            row.due = shared.clock.now() + after;
            return Back::Finished(row.id, Some(row));
        }
        Ok(Err(error)) => {
            let message =
                error.try_into_panic().map_or_else(|e| e.to_string(), |p| panic_text(&*p));
            return fail(&shared, row, "panic", &message, None).await;
        }
        Err(_) => Outcome::Retry {
            after: None,
            code: "timeout".to_owned(),
            message: format!("the database gave no answer within {} ms", deadline.as_millis()),
        },
    };
    lead(&shared, row, Attempted { outcome, exchange: None }).await
}

/// What an outcome leads to.
async fn lead(shared: &Arc<Shared>, row: Box<StepRow>, attempted: Attempted) -> Back {
    let exchange = attempted.exchange;
    match attempted.outcome {
        Outcome::Done { port, output } => done(shared, row, port, output, exchange).await,
        Outcome::Failed { code, message } => fail(shared, row, &code, &message, exchange).await,
        // Boxed, so that the common way does not carry the room they need.
        Outcome::Retry { after, code, message } => {
            let trouble = Trouble { outcome: "retry", code, message };
            Box::pin(again(shared, row, trouble, after, exchange)).await
        }
        Outcome::Unknown { code, message } => {
            let trouble = Trouble { outcome: "unknown", code, message };
            Box::pin(unknown(shared, row, trouble, exchange)).await
        }
    }
}

/// A try that was under way when its process ended. The claim is taken over first, so that a process that only hung cannot
/// settle it any more.
pub(super) async fn interrupted(shared: Arc<Shared>, row: Box<StepRow>) -> Back {
    let id = row.id;
    let Some(row) = write(&shared, row).await else { return Back::Finished(id, None) };
    let message = "the process ended during the try".to_owned();
    let trouble = Trouble { outcome: "unknown", code: "interrupted".to_owned(), message };
    unknown(&shared, row, trouble, None).await
}

/// The provider told that it happened.
pub(super) async fn confirmed(shared: Arc<Shared>, row: Box<StepRow>, output: Value) -> Back {
    done(&shared, row, "default", output, None).await
}

/// Its result came too late for this process, and nobody else knows of it as long as this one lives: it gets its row.
pub(super) async fn handed_over(shared: Arc<Shared>, row: Arc<StepRow>) -> Back {
    let row = StepRow { status: StepStatus::Ready, ..Arc::unwrap_or_clone(row) };
    let id = row.id;
    Back::Finished(id, write(&shared, Box::new(row)).await)
}

/// Nobody told within the window.
pub(super) async fn window_ended(shared: Arc<Shared>, row: Box<StepRow>) -> Back {
    if let Some(output) = confirmation(&shared, &row).await {
        return done(&shared, row, "default", output, None).await;
    }
    let trouble = row.tries.last().map_or_else(
        || ("unknown".to_owned(), "nobody knows whether it happened".to_owned()),
        |last| (last.code.clone(), last.message.clone()),
    );
    ask(&shared, row, &trouble.0, &trouble.1, None).await
}

async fn done(
    shared: &Arc<Shared>,
    row: Box<StepRow>,
    port: &str,
    output: Value,
    exchange: Option<Exchange>,
) -> Back {
    if needs_account(&row) {
        let wanted = wanted(&row);
        let told = caught(shared.accounts.done(&wanted, &output)).await;
        if let Err(panic) = told {
            tracing::error!(step.key = row.key, panic, "the ledger could not be told");
        }
    }
    let mut fields = json!({ "output": output });
    if port != "default" {
        fields["port"] = json!(port);
    }
    settle(shared, row, kind::STEP_DONE, fields, exchange).await
}

async fn fail(
    shared: &Arc<Shared>,
    row: Box<StepRow>,
    code: &str,
    message: &str,
    exchange: Option<Exchange>,
) -> Back {
    let error = json!({ "code": code, "message": cap(message) });
    settle(shared, row, kind::STEP_FAILED, json!({ "error": error }), exchange).await
}

/// A person decides.
async fn ask(
    shared: &Arc<Shared>,
    row: Box<StepRow>,
    code: &str,
    message: &str,
    exchange: Option<Exchange>,
) -> Back {
    let error = json!({ "code": code, "message": cap(message) });
    settle(shared, row, kind::STEP_UNKNOWN, json!({ "error": error }), exchange).await
}

/// Nobody knows whether it happened: perhaps somebody told meanwhile, else the step's policy decides.
async fn unknown(
    shared: &Arc<Shared>,
    row: Box<StepRow>,
    trouble: Trouble,
    exchange: Option<Exchange>,
) -> Back {
    if let Some(output) = confirmation(shared, &row).await {
        return done(shared, row, "default", output, exchange).await;
    }
    match row.policy.on_unknown {
        OnUnknown::Retry => again(shared, row, trouble, None, exchange).await,
        OnUnknown::Check => check(shared, row, trouble, exchange).await,
        OnUnknown::Ask => ask(shared, row, &trouble.code, &trouble.message, exchange).await,
        OnUnknown::AssumeDone => {
            let fields = json!({ "output": Value::Null, "assumed": trouble.code });
            settle(shared, row, kind::STEP_DONE, fields, exchange).await
        }
        OnUnknown::AssumeFailed => {
            fail(shared, row, &trouble.code, &trouble.message, exchange).await
        }
    }
}

/// Asks the provider; if it cannot tell, waits a while for its status webhook.
async fn check(
    shared: &Arc<Shared>,
    mut row: Box<StepRow>,
    trouble: Trouble,
    exchange: Option<Exchange>,
) -> Back {
    let accounts = shared.accounts.clone();
    let wanted = Wanted { is_check: true, ..wanted(&row) };
    let account = accounts.resolve(wanted).await.unwrap_or_default();
    let (runner, attempt) = (shared.runner.clone(), attempt(&row, account));
    let deadline = attempt.timeout + ATTEMPT_GRACE;
    let task = tokio::spawn(async move { runner.check(attempt).await });
    let checked = match tokio::time::timeout(deadline, task).await {
        Ok(Ok(checked)) => checked,
        Ok(Err(_)) | Err(_) => Checked::CannotTell,
    };
    fault::point("step.checked");
    match checked {
        Checked::Happened { output } => done(shared, row, "default", output, exchange).await,
        Checked::DidNotHappen => again(shared, row, trouble, None, exchange).await,
        Checked::CannotTell => {
            row.status = StepStatus::Checking;
            row.due = shared.clock.now() + shared.settings.check_window;
            remember(shared, &mut row, &trouble);
            let id = row.id;
            let Some(row) = write(shared, row).await else { return Back::Finished(id, None) };
            // It may have been told just before the row said that it waits to be told.
            match confirmation(shared, &row).await {
                Some(output) => done(shared, row, "default", output, exchange).await,
                None => Back::Finished(row.id, Some(row)),
            }
        }
    }
}

/// Another try, if there is one left.
async fn again(
    shared: &Arc<Shared>,
    mut row: Box<StepRow>,
    trouble: Trouble,
    after: Option<Duration>,
    exchange: Option<Exchange>,
) -> Back {
    remember(shared, &mut row, &trouble);
    if row.attempt >= row.policy.max_attempts {
        let last = json!({ "code": trouble.code, "message": cap(&trouble.message) });
        let message = format!(
            "gave up after {} attempts; the last one: {}",
            row.attempt,
            cap(&trouble.message)
        );
        let error = json!({ "code": "retries-exhausted", "message": message, "last": last });
        return settle(shared, row, kind::STEP_FAILED, json!({ "error": error }), exchange).await;
    }
    let wait = backoff::wait(&row.policy, row.attempt, &row.key).max(after.unwrap_or_default());
    row.status = StepStatus::Waiting;
    row.due = shared.clock.now() + wait;
    fault::point("step.before_backoff");
    let id = row.id;
    let row = write(shared, row).await;
    fault::point("step.after_backoff");
    Back::Finished(id, row)
}

fn wanted(row: &StepRow) -> Wanted {
    Wanted {
        tenant: row.id.tenant,
        instance: row.id.instance,
        kind: row.kind.clone(),
        provider: kinds::effect(&row.kind).and_then(|effect| effect.provider),
        name: row.input.get("connection").and_then(Value::as_str).map(str::to_owned),
        conversation: row.conversation,
        key: row.key.clone(),
        input: row.input.clone(),
        paces: row.policy.paces.clone(),
        timeout: Duration::from_millis(row.policy.timeout_ms),
        is_check: false,
    }
}

fn attempt(row: &StepRow, account: Account) -> Attempt {
    Attempt {
        kind: row.kind.clone(),
        input: row.input.clone(),
        key: row.key.clone(),
        number: row.attempt,
        timeout: Duration::from_millis(row.policy.timeout_ms),
        connection: account.connection,
        recipient: account.recipient,
    }
}

/// Adds a try to the row's log.
fn remember(shared: &Shared, row: &mut StepRow, trouble: &Trouble) {
    row.tries.push(Try {
        at: shared.clock.now(),
        outcome: trouble.outcome.to_owned(),
        code: trouble.code.clone(),
        message: cap(&trouble.message),
    });
    let surplus = row.tries.len().saturating_sub(TRIES_KEPT);
    row.tries.drain(..surplus);
}

/// Writes where the step stands, however long that takes; `None` if it is no longer ours.
async fn write(shared: &Shared, mut row: Box<StepRow>) -> Option<Box<StepRow>> {
    let mut wait = DATABASE_RETRY;
    loop {
        match steps::defer(&shared.pool, &row).await {
            Ok(fence) => {
                shared.outbox.resolve(row.id);
                row.is_written = true;
                row.fence = fence?;
                return Some(row);
            }
            Err(error) => {
                tracing::warn!(step.key = row.key, %error, "a step cannot be written yet")
            }
        }
        tokio::time::sleep(wait).await;
        wait = next_wait(wait);
    }
}

/// What the provider told about the step, if it did.
async fn confirmation(shared: &Shared, row: &StepRow) -> Option<Value> {
    let mut wait = DATABASE_RETRY;
    loop {
        match dedupe::confirmation(&shared.pool, row.id.tenant, &row.key).await {
            Ok(told) => return told,
            Err(error) => tracing::warn!(step.key = row.key, %error, "cannot be looked up yet"),
        }
        tokio::time::sleep(wait).await;
        wait = next_wait(wait);
    }
}

fn cap(text: &str) -> String {
    text.chars().filter(|c| *c != '\0').take(ERROR_CHARS_MAX).collect()
}
