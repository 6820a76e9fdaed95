// What XState does otherwise than the SCXML specification by its own bookkeeping, taken out, so that the rest can be compared.
// Each repair is a known difference: engine/machine/CONFORMANCE.md tells why we do not follow, differences.json pins it.

/**
 * `region-order`: XState takes the regions of a parallel state in the order in which they were last entered (and forgets that
 * order when a snapshot is stored and restored); SCXML takes them in document order.
 */
export function orderRegions(machine, snapshot) {
  const inOrder = snapshot._nodes.every((node, i, all) => i === 0 || all[i - 1].order < node.order);
  if (inOrder) return false;
  snapshot._nodes.sort((a, b) => a.order - b.order);
  snapshot.value = orderValue(machine.root, snapshot.value);
  return true;
}

function orderValue(node, value) {
  if (typeof value !== 'object') return value;
  const keys = Object.keys(value).sort((a, b) => node.states[a].order - node.states[b].order);
  return Object.fromEntries(keys.map((key) => [key, orderValue(node.states[key], value[key])]));
}

/**
 * `history-of-parallel`: not repaired, but seen. A history state of a parallel state, without a target and with nothing to
 * remember, stands for its parent in XState. Taken from the parent, that enters the parent again without leaving it; taken
 * from inside, XState leaves the parent for what it enters below it, and is in a configuration that is none.
 */
export function isHistoryOfParallel(transitions, remembered) {
  const isOne = (node) => node.type === 'history' && node.parent.type === 'parallel' && !node.config.target;
  return transitions.some(({ target }) => target?.some((node) => isOne(node) && !remembered[node.id]));
}

/**
 * `history-from-inside`: not repaired, but seen. A history state reached from inside a parallel state below its parent: XState
 * enters that parallel state again without leaving it, and its other regions from their beginning beside where they stand.
 */
export function isHistoryFromInside(transitions, remembered) {
  const entered = (history) => remembered[history.id] ?? defaults(history);
  return transitions.some(({ source, target }) =>
    target?.some((node) => node.type === 'history' && entered(node).some((state) => isBeside(state, source, node.parent))),
  );
}

const ancestors = (node) => (node.parent ? [node.parent, ...ancestors(node.parent)] : []);

function defaults({ config, parent }) {
  if (!config.target) return parent.initial.target;
  return [config.target].flat().map((path) => path.split('.').reduce((node, key) => node.states[key], parent));
}

/** Whether a parallel state below `top` holds both. */
function isBeside(state, source, top) {
  const common = ancestors(state).filter((node) => ancestors(source).includes(node));
  return common.some((node) => node.type === 'parallel' && ancestors(node).includes(top));
}

/**
 * `illegal-configuration`: not repaired, but seen. Two transitions that leave nothing in common may still enter two children
 * of one state, when one of them leads to a history state that stands for its own source.
 */
export function isLegal(snapshot) {
  const active = new Set(snapshot._nodes);
  return snapshot._nodes.every((node) => {
    const states = Object.values(node.states).filter(({ type }) => type !== 'history');
    const children = states.filter((child) => active.has(child)).length;
    const isWhole = node.type === 'compound' ? children === 1 : children === states.length;
    return isWhole && (!node.parent || active.has(node.parent));
  });
}

/**
 * `timer-names`: of two pending timers of one name XState forgets the first when the second is set, and the second when the
 * first fires. What it forgot it cannot cancel, not even when the state of an `after` is left; and a state that is entered
 * again without being left (a transition from inside the root to the root, or to a deep history) has its `after` twice, then
 * four times. Here the one set last can be cancelled until it fires, and entering a state sets its `after` anew.
 */
export class Timers {
  constructor(clock, relay) {
    this.clock = clock;
    this.relay = relay;
    this.pending = [];
    this.met = false;
  }

  schedule = (source, target, event, delay, id = Symbol('timer')) => {
    const named = this.pending.filter((timer) => timer.source === source && timer.id === id);
    this.met ||= named.length > 0;
    if (isAfter(id)) this.drop(named);
    for (const other of named) other.isLast = false;
    const timer = { source, id, isLast: true };
    timer.handle = this.clock.setTimeout(() => {
      this.pending = this.pending.filter((other) => other !== timer);
      this.relay(source, target, event);
    }, delay);
    this.pending.push(timer);
  };

  /** By name, the one set last, while it is pending; an `after` of a state that is left. */
  cancel = (source, id) => this.drop(this.pending.filter((timer) => timer.source === source && timer.id === id && timer.isLast));

  cancelAll = (source) => this.drop(this.pending.filter((timer) => timer.source === source));

  drop(timers) {
    for (const timer of timers) this.clock.clearTimeout(timer.handle);
    this.pending = this.pending.filter((timer) => !timers.includes(timer));
  }
}

const isAfter = (id) => String(id).startsWith('xstate.after.');
