// Plays a script on an XState actor under a clock that is told the time: one line for the start and one per entry.

import { createActor } from 'xstate';
import { machineOf } from './machine.mjs';
import { Timers, isHistoryFromInside, isHistoryOfParallel, isLegal, orderRegions } from './repairs.mjs';

/** More timers than this on the way to one moment are a loop. */
const TIMERS_MAX = 2_000;

/** Differences that are seen, not repaired. */
const UNREPAIRED = ['history-of-parallel', 'history-from-inside', 'illegal-configuration'];

/** A clock that stops at every timer on its way, as ours does; those of one moment fire in the order they were set. */
class Clock {
  now = 0;
  timers = new Map();
  count = 0;

  setTimeout(fire, delay) {
    this.count += 1;
    this.timers.set(this.count, { due: this.now + delay, fire });
    return this.count;
  }

  clearTimeout(id) {
    this.timers.delete(id);
  }

  /** Lets time pass; false when the timers run in circles. */
  advance(ms) {
    const until = this.now + ms;
    for (let fired = 0; fired < TIMERS_MAX; fired++) {
      let next;
      for (const [id, { due }] of this.timers) {
        if (due <= until && (next === undefined || due < this.timers.get(next).due)) next = id;
      }
      if (next === undefined) {
        this.now = until;
        return true;
      }
      const { due, fire } = this.timers.get(next);
      this.timers.delete(next);
      this.now = due;
      fire();
    }
    return false;
  }
}

/** A step that waits to be told how it ended. */
const step = {
  getInitialSnapshot: () => ({ status: 'active', output: undefined, error: undefined }),
  getPersistedSnapshot: (snapshot) => snapshot,
  transition: (snapshot, event) => {
    if (event.type === 'done') return { status: 'done', output: event.output, error: undefined };
    if (event.type === 'failed') return { status: 'error', output: undefined, error: event.error };
    return snapshot;
  },
};

/**
 * The lines, with the repairs named in `repairs`, and in `met` the names of those that made a difference to XState's
 * bookkeeping. With repairs, the lines end before the entry in which one is met that is not repaired.
 */
export function play({ machine: config, script }, repairs = []) {
  const machine = machineOf(config, { 'workflow:child': step });
  const clock = new Clock();
  const met = new Set();
  let remembered = {};
  const actor = createActor(machine, {
    clock,
    inspect: (inspected) => {
      const { type, actorRef, snapshot, _transitions } = inspected;
      if (repairs.length === 0 || type !== '@xstate.microstep' || actorRef.logic !== machine) return;
      if (isHistoryOfParallel(_transitions, remembered)) met.add('history-of-parallel');
      else if (isHistoryFromInside(_transitions, remembered)) met.add('history-from-inside');
      else if (!isLegal(snapshot)) met.add('illegal-configuration');
      remembered = snapshot.historyValue;
      if (isOver(met) || !repairs.includes('region-order')) return;
      if (orderRegions(machine, snapshot)) met.add('region-order');
    },
  });
  const timers = new Timers(clock, actor.system._relay);
  if (repairs.includes('timer-names')) {
    const { schedule, cancel, cancelAll } = timers;
    Object.assign(actor.system.scheduler, { schedule, cancel, cancelAll });
  }
  // An error shows in the snapshot; without a listener it would be thrown at the process.
  actor.subscribe({ error() {} });
  const lines = [];
  for (const { after, event } of [{}, ...script]) {
    if (lines.length === 0) actor.start();
    const isDone = clock.advance(after ?? 0) && (!event || (tell(actor, event), clock.advance(0)));
    if (isOver(met)) break;
    lines.push(isDone ? line(actor) : { status: 'circles' });
    if (!isDone) break;
  }
  if (timers.met) met.add('timer-names');
  return { lines, met: [...met] };
}

/** Whether a difference was met after which nothing can be compared. */
const isOver = (met) => UNREPAIRED.some((name) => met.has(name));

function tell(actor, event) {
  const child = actor.getSnapshot().children[event.id];
  switch (event.type) {
    case 'step.done':
      return child?.send({ type: 'done', output: event.output });
    case 'step.failed':
      return child?.send({ type: 'failed', error: event.error });
    default:
      return actor.send(event);
  }
}

function line(actor) {
  const { value, context, status, output } = actor.getSnapshot();
  return { value, context, status, output: output ?? null };
}
