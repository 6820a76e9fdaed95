//! Runs steps: takes what is ready, puts tries of unsafe kinds on record, and lets them run side by side.
//!
//! Stages: hinted or polled, waiting for its time, resolved (which account, whom to speak to), marked, running, and back:
//! settled, or waiting for its next try.
//!
//! **Invariant:** a try of an unsafe kind is on record before its first byte is sent.
//! **Invariant:** at most one try of a step runs at a time, and a claim by somebody else makes its result worthless.

mod attempt;
mod handover;
mod own;
mod running;
mod settle;
mod waiting;

pub(crate) use settle::Settling;

use crate::{
    Clock,
    accounts::{Account, Accounts},
    bell::Bell,
    caught, fault, kinds,
    limits::{DATABASE_RETRY, LANE_PAGE, LANE_PAGES_MAX, LANE_ROWS_MIN, REFILL, STEP_PAGE},
    outbox::Outbox,
    polling,
    request::Settings,
    shards::{ShardSet, Shards},
    store::{
        RowId,
        lanes::{self, Lane},
        steps::{self, StepRow, StepStatus},
    },
    tracks::Tracks,
    work::{StepHint, Stop},
};
use chrono::{DateTime, Utc};
use running::Running;
use serde_json::Value;
use sqlx::PgPool;
use std::{
    collections::{HashMap, HashSet},
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};
use tokio::{
    sync::{mpsc, oneshot},
    task::coop::unconstrained,
    time::Instant,
};
use waiting::Waiting;
use workflows::step::StepRunner;

/// What attempts share.
pub(crate) struct Shared {
    pub(crate) pool: PgPool,
    pub(crate) clock: Clock,
    pub(crate) runner: Arc<dyn StepRunner>,
    pub(crate) accounts: Arc<dyn Accounts>,
    pub(crate) settings: Settings,
    pub(crate) tracks: Tracks,
    pub(crate) bell: Bell,
    pub(crate) shards: Shards,
    pub(crate) outbox: Outbox,
    pub(crate) give_back: mpsc::UnboundedSender<Back>,
}

/// What a stage hands back.
pub(crate) enum Back {
    /// It has its account and may run.
    Resolved(Box<StepRow>, Account),
    /// It was tried, and its result waits for its turn: it needs no place any more.
    Tried(RowId),
    /// It is over for now: settled, or to be taken up again when due.
    Finished(RowId, Option<Box<StepRow>>),
    /// Its shard is another process's by now, which does not know of it.
    HandedOver(Arc<StepRow>),
}

/// The executor.
pub(crate) struct Executor {
    shared: Arc<Shared>,
    hints: mpsc::Receiver<StepHint>,
    back: mpsc::UnboundedReceiver<Back>,
    waiting: Waiting,
    /// Those whose outcome may still be told, by key.
    checking: HashMap<String, RowId>,
    running: Running,
    /// Shards that are handed over, told when nothing of theirs runs.
    leaving: Vec<(ShardSet, oneshot::Sender<()>)>,
    /// Those that are not kept in memory and have no row yet.
    put_down: Vec<StepRow>,
    /// Those that have their account, and wait for their mark.
    resolved: Vec<(Box<StepRow>, Account)>,
    polled: Option<Instant>,
    /// How long it took to look at all lanes, if the last poll did.
    poll_took: Duration,
    /// When the steps of processes that are gone were looked for.
    recovered: Option<Instant>,
    /// The lane the next poll goes on after.
    looked_at: Lane,
}

impl Executor {
    /// Of which `back` is the other end of what stages give back to.
    pub(crate) fn new(
        shared: Shared,
        hints: mpsc::Receiver<StepHint>,
        back: mpsc::UnboundedReceiver<Back>,
    ) -> Self {
        Self {
            shared: Arc::new(shared),
            hints,
            back,
            waiting: Waiting::default(),
            checking: HashMap::new(),
            running: Running::default(),
            leaving: Vec::new(),
            put_down: Vec::new(),
            resolved: Vec::new(),
            polled: None,
            poll_took: Duration::ZERO,
            recovered: None,
            looked_at: Lane::before_all(),
        }
    }

    /// Runs until told to stop, and then until the tries that run have ended.
    pub(crate) async fn run(mut self, mut stop: Stop) {
        while !stop.is_set() {
            self.receive().await;
            self.write_down().await;
            self.poll().await;
            self.mark().await;
            self.begin();
            self.tell_left();
            self.sleep(&mut stop).await;
        }
        self.drain().await;
    }

    async fn receive(&mut self) {
        while let Ok(back) = self.back.try_recv() {
            self.take_back(back);
        }
        while let Ok(hint) = self.hints.try_recv() {
            self.take_hint(hint).await;
        }
    }

    async fn take_hint(&mut self, hint: StepHint) {
        match hint {
            StepHint::Ready(rows) => {
                let now = self.shared.clock.now();
                rows.into_iter().for_each(|row| self.wait_at(now, row));
            }
            StepHint::Closed(id) => {
                self.forget(id);
            }
            StepHint::Confirmed(key, output) => self.confirm(&key, output),
            StepHint::Taken(shards) => self.take_over(shards).await,
            StepHint::Leave(shards, done) => self.leave(shards, done).await,
        }
    }

    fn take_back(&mut self, back: Back) {
        match back {
            Back::Resolved(row, account) => self.resolved.push((row, account)),
            // Its turn may have been quicker.
            Back::Tried(id) => self.running.note_result(id),
            Back::HandedOver(row) => {
                self.spawn(row.id, attempt::handed_over(self.shared.clone(), row));
            }
            Back::Finished(id, next) => {
                self.running.remove(id);
                if let Some(row) = next {
                    self.wait(row);
                }
            }
        }
    }

    /// Keeps a step until it is due. One that is known already is left alone, unless its fence has grown.
    fn wait(&mut self, row: Box<StepRow>) {
        self.wait_at(self.shared.clock.now(), row);
    }

    /// As [`wait`](Self::wait), at this time.
    fn wait_at(&mut self, now: DateTime<Utc>, row: Box<StepRow>) {
        if self.running.contains(row.id) {
            return;
        }
        let row = match self.forget(row.id) {
            Some(known) if known.fence > row.fence => known,
            _ => row,
        };
        if !self.shared.shards.owns(row.shard) {
            return self.put_down.push(*row);
        }
        // With room, and nobody waiting, there are no turns to be kept.
        if row.status == StepStatus::Ready
            && self.waiting.is_empty()
            && self.has_room()
            && row.due <= now
        {
            return self.begin_with(row);
        }
        let (id, is_checking) = (row.id, row.status == StepStatus::Checking);
        let key = is_checking.then(|| row.key.clone());
        match (self.waiting.put(row), key) {
            (Ok(()), Some(key)) => drop(self.checking.insert(key, id)),
            (Ok(()), None) => {}
            (Err(row), _) => self.put_down.push(*row),
        }
    }

    fn forget(&mut self, id: RowId) -> Option<Box<StepRow>> {
        let row = self.waiting.take(id)?;
        self.checking.remove(&row.key);
        Some(row)
    }

    fn confirm(&mut self, key: &str, output: Value) {
        let Some(id) = self.checking.get(key).copied() else { return };
        let Some(row) = self.forget(id) else { return };
        self.running.insert(id, row.shard);
        self.spawn(id, attempt::confirmed(self.shared.clone(), row, output));
    }

    /// Looks for steps whose hint was lost, or that found no room; lane by lane, a few pages of lanes at a time.
    async fn poll(&mut self) {
        let poll = self.shared.settings.poll;
        let wait = match self.waiting.is_hungry() {
            true => REFILL.min(poll),
            false => polling::apart(poll, self.poll_took),
        };
        if self.polled.is_some_and(|at| at.elapsed() < wait)
            || self.shared.shards.owned().is_empty()
        {
            return;
        }
        self.polled = Some(Instant::now());
        self.poll_took = Duration::ZERO;
        self.recover().await;
        self.waiting.feed();
        let began = Instant::now();
        for _ in 0..LANE_PAGES_MAX {
            match self.look().await {
                Ok(true) => {}
                Ok(false) => return self.poll_took = began.elapsed(),
                Err(error) => return tracing::warn!(%error, "steps cannot be read"),
            }
        }
    }

    /// Looks at the next lanes; whether there are more.
    async fn look(&mut self) -> crate::Result<bool> {
        let pool = &self.shared.pool;
        let shards = self.shared.shards.owned().filter();
        let found = lanes::after(pool, &self.looked_at, LANE_PAGE).await?;
        let is_last = i64::try_from(found.len()).unwrap_or(LANE_PAGE) < LANE_PAGE;
        self.looked_at = match found.last() {
            Some(last) if !is_last => last.clone(),
            _ => Lane::before_all(),
        };
        let page = STEP_PAGE / i64::try_from(found.len().max(1)).unwrap_or(1);
        let page = page.max(LANE_ROWS_MIN);
        // Those that run may all stand in front, as may those that are known; a lane that has enough is passed over.
        let running = i64::try_from(self.running.len()).unwrap_or(0);
        let asked: Vec<(Lane, i64)> = found
            .into_iter()
            .filter_map(|lane| {
                let known = i64::try_from(self.waiting.in_lane(&lane)).unwrap_or(STEP_PAGE);
                let is_asked = known < STEP_PAGE && self.waiting.has_room(&lane);
                is_asked.then_some((lane, page + known + running))
            })
            .collect();
        if asked.is_empty() {
            return Ok(!is_last);
        }
        let rows = lanes::due(pool, self.shared.clock.now(), &asked, shards.as_deref()).await?;
        let mut read: HashMap<Lane, i64> = HashMap::new();
        for row in rows {
            *read.entry(Lane::of(&row)).or_default() += 1;
            if !self.waiting.contains(row.id) {
                self.wait(Box::new(row));
            }
        }
        for (lane, limit) in asked {
            match read.get(&lane) {
                Some(n) if *n >= limit => self.waiting.note_more(lane),
                _ => self.waiting.note_all(&lane),
            }
        }
        Ok(!is_last)
    }

    /// Begins with what is due, by turns, as far as there is room.
    fn begin(&mut self) {
        let now = self.shared.clock.now();
        while self.has_room() {
            let Some(row) = self.waiting.pop(now) else { break };
            self.checking.remove(&row.key);
            self.begin_with(row);
        }
        for (row, account) in std::mem::take(&mut self.resolved) {
            if kinds::is_unsafe(&row.kind, &row.input) {
                self.resolved.push((row, account));
            } else {
                self.start(row, account);
            }
        }
    }

    fn begin_with(&mut self, row: Box<StepRow>) {
        let id = row.id;
        self.running.insert(id, row.shard);
        if row.status == StepStatus::Checking {
            self.spawn(id, attempt::window_ended(self.shared.clone(), row));
        } else if attempt::needs_account(&row) {
            self.spawn(id, attempt::resolve(self.shared.clone(), row));
        } else if kinds::is_unsafe(&row.kind, &row.input) {
            self.resolved.push((row, Account::default()));
        } else {
            self.start(row, Account::default());
        }
    }

    /// Puts tries of unsafe kinds on record, all that are ready in one commit, and starts them.
    async fn mark(&mut self) {
        let ready = std::mem::take(&mut self.resolved);
        let (unsafe_, safe): (Vec<_>, Vec<_>) =
            ready.into_iter().partition(|(row, _)| kinds::is_unsafe(&row.kind, &row.input));
        for (row, account) in safe {
            self.start(row, account);
        }
        if unsafe_.is_empty() {
            return;
        }
        fault::point("step.before_mark");
        let rows: Vec<&StepRow> = unsafe_.iter().map(|(row, _)| &**row).collect();
        let marked: HashSet<RowId> = match steps::start(&self.shared.pool, &rows).await {
            Ok(marked) => marked.into_iter().collect(),
            Err(error) => {
                // Perhaps they are marked: then recovery, or the next mark's fence, tells. Read again what is so.
                tracing::warn!(%error, "tries cannot be put on record yet");
                return self.read_again(unsafe_).await;
            }
        };
        fault::point("step.after_mark");
        for (mut row, account) in unsafe_ {
            if marked.contains(&row.id) {
                row.fence += 1;
                row.status = StepStatus::Started;
                self.start(row, account);
            } else {
                self.running.remove(row.id);
            }
        }
    }

    /// After a mark with a lost answer. Nothing was sent, so one that was marked is as good as new.
    async fn read_again(&mut self, lost: Vec<(Box<StepRow>, Account)>) {
        let lost: HashMap<RowId, Box<StepRow>> = lost.into_iter().map(|(r, _)| (r.id, r)).collect();
        for id in lost.keys() {
            self.running.remove(*id);
        }
        tokio::time::sleep(DATABASE_RETRY).await;
        let Ok(started) = steps::started(&self.shared.pool, None).await else {
            // Still no database: whoever was not marked is polled, whoever was is tried again here.
            for row in lost.into_values() {
                self.wait(row);
            }
            return;
        };
        let started: HashMap<RowId, StepRow> = started.into_iter().map(|r| (r.id, r)).collect();
        for (id, row) in lost {
            match started.get(&id) {
                Some(marked) if marked.fence == row.fence + 1 => {
                    let mut unsent = marked.clone();
                    unsent.status = StepStatus::Waiting;
                    unsent.attempt = row.attempt;
                    match steps::defer(&self.shared.pool, &unsent).await {
                        Ok(Some(fence)) => self.wait(Box::new(StepRow { fence, ..unsent })),
                        Ok(None) => {}
                        Err(_) => self.wait(row),
                    }
                }
                _ => self.wait(row),
            }
        }
    }

    fn start(&mut self, mut row: Box<StepRow>, account: Account) {
        row.attempt += 1;
        if kinds::is_own(&row.kind) {
            self.spawn(row.id, attempt::run_own(self.shared.clone(), row));
        } else {
            self.spawn(row.id, attempt::run(self.shared.clone(), row, account));
        }
    }

    /// Runs a stage: here as far as it comes without waiting, which for some is to the end, and the rest in a task of its own. A
    /// panic in it parks the step until the next start.
    fn spawn(&mut self, id: RowId, stage: impl Future<Output = Back> + Send + 'static) {
        // Moved once, into its box; what is around it is small.
        let mut stage = Box::pin(stage);
        let panicked = move |panic| {
            tracing::error!(instance.id = %id.instance, step.id = %id.command, panic, "a stage");
            Back::Finished(id, None)
        };
        // A task asks again at once, and is the one to be woken.
        let mut context = Context::from_waker(Waker::noop());
        let first = pin!(unconstrained(caught::caught(stage.as_mut()))).poll(&mut context);
        match first.map(|ended| ended.unwrap_or_else(panicked)) {
            Poll::Ready(Back::Tried(id)) => self.running.note_result(id),
            // Nobody listens any more only when the process ends.
            Poll::Ready(back) => drop(self.shared.give_back.send(back)),
            Poll::Pending => {
                let give_back = self.shared.give_back.clone();
                let rest = async move { caught::caught(stage).await.unwrap_or_else(panicked) };
                tokio::spawn(async move { give_back.send(rest.await) });
            }
        }
    }

    /// Whether another try may run.
    fn has_room(&self) -> bool {
        self.running.at_work() < self.shared.settings.attempts_running_max
    }

    async fn sleep(&mut self, stop: &mut Stop) {
        if !self.resolved.is_empty() {
            return;
        }
        let clock = self.shared.clock.clone();
        let poll = self.shared.settings.poll;
        let next = self.waiting.next_due().filter(|_| self.has_room());
        let next = next.unwrap_or(DateTime::<Utc>::MAX_UTC);
        let poll = if self.waiting.is_hungry() { REFILL.min(poll) } else { poll };
        tokio::select! {
            () = clock.sleep_until(next, poll) => {}
            () = stop.wait() => {}
            Some(back) = self.back.recv() => self.take_back(back),
            Some(hint) = self.hints.recv() => self.take_hint(hint).await,
        }
    }
}
