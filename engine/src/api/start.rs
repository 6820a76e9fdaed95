//! Puts an engine together and sets it going.

use super::{Parts, Tasks, Told};
use crate::{
    admission::Admissions,
    bell::Bell,
    database::pooled::refuse_unsaid,
    definitions::Definitions,
    error::Result,
    executor::{Executor, Shared},
    inbox::Inbox,
    limits::{HINTS_MAX, HOT_BYTES_MAX},
    maintainer::Maintainer,
    outbox::Outbox,
    owner::{Common, Owner, lease::Keeper},
    request::{Options, Role},
    scheduler::{Ahead, Scheduler},
    schedules::Schedules,
    shards::Shards,
    store::shards::Process,
    tenants::Tenants,
    tracks::{Track, Tracks},
    work::{Hints, InFlight, StepHint, Stop, TimerHint},
};
use std::sync::{Arc, Mutex};
use tokio::{sync::mpsc, task::JoinHandle};
use uuid::Uuid;

/// What every part is made of.
struct Making {
    options: Options,
    common: Common,
    tracks: Tracks,
    step_hints: mpsc::Receiver<StepHint>,
    timer_hints: mpsc::Receiver<TimerHint>,
}

/// Makes an engine, takes its share of the shards, and starts its tasks.
pub(super) async fn start(options: Options) -> Result<Parts> {
    let process = Process {
        id: Uuid::new_v4(),
        name: name(),
        role: options.settings.role.as_str(),
        has_session: !options.settings.behind_pooler,
    };
    if process.has_session {
        refuse_unsaid(&options.pool).await?;
    }
    let (steps, step_hints) = mpsc::channel(HINTS_MAX);
    let (timers, timer_hints) = mpsc::channel(HINTS_MAX);
    let shards = Shards::default();
    let notifies = options.settings.notify && process.has_session;
    let bell = Bell::new(shards.clone(), notifies);
    let common = Common {
        pool: options.pool.clone(),
        definitions: Definitions::new(options.pool.clone(), options.clock.clone()),
        clock: options.clock.clone(),
        hints: Hints { steps, timers, bell, schedules: Arc::default() },
        shards,
        outbox: Outbox::new(process.id),
        has_session: process.has_session,
    };
    let (tracks, ends) = Tracks::make(options.settings.tracks);
    let making = Making { options, common, tracks, step_hints, timer_hints };
    making.run(process, ends).await
}

impl Making {
    async fn run(self, process: Process, ends: Vec<Track>) -> Result<Parts> {
        let (pool, role) = (self.options.pool.clone(), self.options.settings.role);
        let (stop, stopped) = Stop::channel();
        let (finish, finished) = Stop::channel();
        let (keep_lease, lease_ends) = Stop::channel();
        let (stop_telling, telling_ends) = Stop::channel();
        let mut keeper = self.keeper(process);
        if role != Role::Api {
            // Before the first turn: a month whose rows are in the default partition can have none of its own.
            self.maintainer().round().await;
            keeper.begin().await?;
        }
        let bell = self.common.hints.bell.clone();
        let tellers = vec![
            tokio::spawn(bell.clone().tell(pool.clone(), telling_ends.clone())),
            tokio::spawn(bell.listen(pool.clone(), telling_ends)),
        ];
        let hot_bytes = HOT_BYTES_MAX / ends.len().max(1);
        let owner = |track: Track| {
            tokio::spawn(Owner::new(self.common.clone(), hot_bytes).run(track, finished.clone()))
        };
        let owners = ends.into_iter().map(owner).collect();
        let (common, tracks) = (self.common.clone(), self.tracks.clone());
        let settings = &self.options.settings;
        let told = Told { resume: settings.resume.clone(), keeping: settings.keeping.clone() };
        let feeders = if role == Role::Api { Vec::new() } else { self.feeders(&stopped) };
        let lease = (role != Role::Api).then(|| tokio::spawn(keeper.keep(lease_ends)));
        let tasks = Tasks { feeders, finish, owners, keep_lease, lease, stop_telling, tellers };
        Ok(Parts {
            pool,
            clock: common.clock,
            definitions: common.definitions,
            tenants: Tenants::default(),
            told,
            hints: common.hints,
            shards: common.shards,
            role,
            tracks: Mutex::new(Some(tracks)),
            stop,
            tasks: Mutex::new(Some(tasks)),
        })
    }

    fn keeper(&self, process: Process) -> Keeper {
        Keeper {
            process,
            pool: self.options.pool.clone(),
            clock: self.options.clock.clone(),
            shards: self.common.shards.clone(),
            hints: self.common.hints.clone(),
            tracks: self.tracks.clone(),
            lease: self.options.settings.lease,
            drain: self.options.settings.drain,
            connection: None,
            handover: None,
        }
    }

    fn maintainer(&self) -> Maintainer {
        Maintainer {
            pool: self.options.pool.clone(),
            clock: self.options.clock.clone(),
            keeping: self.options.settings.keeping.clone(),
        }
    }

    /// The tasks that find what is ready.
    fn feeders(self, stopped: &Stop) -> Vec<JoinHandle<()>> {
        let maintainer = self.maintainer();
        let Self { options, common, tracks, step_hints, timer_hints } = self;
        let (give_back, back) = mpsc::unbounded_channel();
        let schedules = Schedules::of_engine(&common.pool, &common.clock, &common.hints);
        let admissions = Admissions::new(&common.pool, &common.clock, &common.hints.bell);
        let inbox = Inbox {
            admissions: admissions.clone(),
            pool: common.pool.clone(),
            definitions: common.definitions.clone(),
            resume: options.settings.resume.clone(),
            clock: common.clock.clone(),
            shards: common.shards.clone(),
            tracks: tracks.clone(),
            rung: common.hints.bell.inbox.clone(),
            poll: options.settings.poll,
            in_flight: InFlight::default(),
        };
        let scheduler = Scheduler {
            pool: common.pool.clone(),
            clock: common.clock.clone(),
            shards: common.shards.clone(),
            tracks: tracks.clone(),
            hints: timer_hints,
            in_flight: InFlight::default(),
            ahead: Ahead::default(),
        };
        let shared = Shared {
            pool: common.pool.clone(),
            clock: common.clock.clone(),
            runner: options.runner,
            accounts: options.accounts,
            settings: options.settings,
            tracks,
            bell: common.hints.bell.clone(),
            shards: common.shards.clone(),
            outbox: common.outbox,
            give_back,
        };
        vec![
            tokio::spawn(inbox.run(stopped.clone())),
            tokio::spawn(scheduler.run(stopped.clone())),
            tokio::spawn(Executor::new(shared, step_hints, back).run(stopped.clone())),
            tokio::spawn(schedules.run(stopped.clone())),
            tokio::spawn(admissions.run(stopped.clone())),
            tokio::spawn(maintainer.run(stopped.clone())),
        ]
    }
}

/// What people know this process by: the machine's name and the process's number.
fn name() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    format!("{}/{}", host.trim(), std::process::id())
}
