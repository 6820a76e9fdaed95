// Machine JSON, with expressions in JavaScript, to what XState's createMachine takes.

import { and, assign, cancel, createMachine, not, or, raise, stateIn } from 'xstate';

/** More microsteps than this are a loop; the same bound as ours. */
const ITERATIONS_MAX = 1000;

/** The machine; throws what XState throws when the config is none. */
export function machineOf(config, actors) {
  const machine = createMachine({ ...state(config), options: { maxIterations: ITERATIONS_MAX } });
  return machine.provide({ actors });
}

function state(config) {
  const out = { ...config };
  for (const key of ['entry', 'exit']) if (config[key]) out[key] = config[key].map(action);
  for (const key of ['always', 'onDone']) if (config[key]) out[key] = config[key].map(transition);
  for (const key of ['on', 'after']) {
    if (config[key]) out[key] = mapValues(config[key], (list) => list.map(transition));
  }
  if (config.initial?.actions) out.initial = { ...config.initial, actions: config.initial.actions.map(action) };
  if (config.invoke) out.invoke = { ...config.invoke, ...results(config.invoke) };
  if (config.output) out.output = computed(config.output);
  if (config.states) out.states = mapValues(config.states, state);
  return out;
}

function results(invoke) {
  const out = {};
  for (const key of ['onDone', 'onError']) if (invoke[key]) out[key] = invoke[key].map(transition);
  return out;
}

function transition(config) {
  const out = { ...config };
  if (config.guard) out.guard = guard(config.guard);
  if (config.actions) out.actions = config.actions.map(action);
  return out;
}

function guard(config) {
  if (config.in) return stateIn(config.in);
  if (config.not) return not(guard(config.not));
  if (config.and) return and(config.and.map(guard));
  if (config.or) return or(config.or.map(guard));
  return computed(config);
}

function action(config) {
  switch (config.type) {
    case '@xstate.assign':
      return assign(computed(config.context));
    case '@xstate.raise':
      return raise(config.event, { id: config.id, delay: config.delay });
    case '@xstate.cancel':
      return cancel(config.id);
    default:
      throw new Error(`the harness does not know the action ${config.type}`);
  }
}

/** A function of what XState hands to expressions: an expression, or an object of such. */
function computed(value) {
  if (value && typeof value === 'object' && '@js' in value) {
    const run = new Function('context', 'event', `return ${value['@js']}`);
    return ({ context, event }) => run(context, event);
  }
  if (value && typeof value === 'object') {
    const parts = Object.entries(value).map(([key, part]) => [key, computed(part)]);
    return (scope) => Object.fromEntries(parts.map(([key, part]) => [key, part(scope)]));
  }
  return () => value;
}

function mapValues(object, map) {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, map(value)]));
}
