// An SCXML document to machine JSON, or `Unsupported` with the reason.

import { actions, expr, payload } from './content.mjs';
import { Unsupported, sanitize, toCel } from './expression.mjs';
import { parse } from './xml.mjs';

const STATES = ['state', 'parallel', 'final', 'history'];

/** The machine; its states have their SCXML ids, sanitized, as keys and as ids. */
export function toMachine(source) {
  const root = parse(source);
  return new Chart(root).machine();
}

class Chart {
  constructor(root) {
    this.root = root;
    this.count = 0;
    this.ids = new Map();
    this.hidden = { count: 0 };
    this.walk(root, (element) => {
      if (STATES.includes(element.name)) this.ids.set(element, this.idOf(element));
    });
  }

  idOf({ attributes: { id } }) {
    this.count += 1;
    return id === undefined ? `unnamed${this.count}` : sanitize(id);
  }

  walk(element, visit) {
    visit(element);
    element.children.forEach((child) => this.walk(child, visit));
  }

  machine() {
    this.refuse();
    const context = this.context();
    this.scope = { names: Object.keys(context), data: 'event.data', machine: this.root.attributes.name ?? '', hidden: this.hidden };
    const body = this.inside(this.root);
    const states = this.states(this.root);
    for (let hidden = 1; hidden <= this.hidden.count; hidden++) context[`taken${hidden}`] = 0;
    return { id: 'scxml', '@exprLang': 'cel', context, ...body, states };
  }

  /** What no conversion could say. */
  refuse() {
    this.walk(this.root, ({ name, attributes }) => {
      if (name === 'invoke') throw new Unsupported('a session inside a session; a child here is a workflow of its own');
      if (name === 'data' && attributes.src !== undefined) throw new Unsupported('data from a file');
      const awaits = name === 'transition' && /(^|\s)error(\.\w+)*\.?(\s|$|\*)/.test(attributes.event ?? '');
      if (awaits && attributes.target !== 'fail') throw new Unsupported('an error event; a failing expression stops the instance here');
    });
  }

  context() {
    const isLate = this.root.attributes.binding === 'late';
    const context = {};
    this.walk(this.root, (element) => {
      for (const { attributes: { id, expr: source }, text } of this.dataOf(element)) {
        if (isLate && element !== this.root) throw new Unsupported('late binding');
        if (source === undefined && text.trim()) throw new Unsupported('written data');
        context[id] = source === undefined ? null : this.literal(source);
      }
    });
    return context;
  }

  dataOf({ children }) {
    return children.filter(({ name }) => name === 'datamodel').flatMap(({ children: data }) => data);
  }

  literal(source) {
    const cel = toCel(source, { names: [], data: '', machine: '', hidden: this.hidden });
    try {
      return JSON.parse(cel);
    } catch {
      return expr(cel);
    }
  }

  states(element) {
    const below = element.children.filter(({ name }) => STATES.includes(name));
    return Object.fromEntries(below.map((child) => [this.ids.get(child), this.state(child)]));
  }

  state(element) {
    const id = this.ids.get(element);
    if (element.name === 'history') return { id, ...this.history(element) };
    const out = { id };
    if (element.name !== 'state') out.type = element.name;
    Object.assign(out, this.inside(element));
    if (element.name === 'final') Object.assign(out, this.output(element));
    const states = this.states(element);
    if (Object.keys(states).length > 0) out.states = states;
    return out;
  }

  history({ attributes: { type }, children: [transition] }) {
    if (transition?.children.length > 0) throw new Unsupported('actions on the way of a history state');
    const target = this.targets(transition?.attributes.target ?? '');
    return { type: 'history', history: type ?? 'shallow', target: target.length === 1 ? target[0] : target };
  }

  inside(element) {
    const out = {};
    const hasStates = element.children.some(({ name }) => STATES.includes(name));
    if (hasStates && element.name !== 'parallel') out.initial = this.initial(element);
    for (const [block, key] of [['onentry', 'entry'], ['onexit', 'exit']]) {
      const blocks = element.children.filter(({ name }) => name === block);
      const list = blocks.flatMap(({ children }) => actions(children, this.scope));
      if (list.length > 0) out[key] = list;
    }
    return Object.assign(out, this.transitions(element));
  }

  initial(element) {
    const written = element.children.find(({ name }) => name === 'initial')?.children[0];
    const first = element.children.find(({ name }) => STATES.includes(name) && name !== 'history');
    const text = written?.attributes.target ?? element.attributes.initial ?? first?.attributes.id;
    const ids = text === undefined ? [this.ids.get(first)] : text.trim().split(/\s+/).map(sanitize);
    if (ids.length > 1) throw new Unsupported('several initial states');
    const isChild = element.children.some((child) => this.ids.get(child) === ids[0]);
    const target = isChild ? ids[0] : `#${ids[0]}`;
    const list = actions(written?.children ?? [], this.scope);
    return list.length > 0 ? { target, actions: list } : target;
  }

  output({ children }) {
    const donedata = children.find(({ name }) => name === 'donedata');
    if (!donedata) return {};
    const { data } = payload({}, donedata.children, this.scope);
    return data === undefined ? {} : { output: data };
  }

  transitions(element) {
    const out = {};
    const seen = [];
    for (const one of element.children.filter(({ name }) => name === 'transition')) {
      const { event } = one.attributes;
      if (event === undefined) {
        (out.always ??= []).push(this.transition(one));
        continue;
      }
      for (const key of event.trim().split(/\s+/).map(descriptor)) {
        inDocumentOrder(key, seen);
        ((out.on ??= {})[key] ??= []).push(this.transition(one));
      }
    }
    return out;
  }

  transition({ attributes: { event, target, cond, type }, children }) {
    const data = /^done\.state/.test(event ?? '') ? 'event.output' : 'event.data';
    const scope = { ...this.scope, data };
    const out = {};
    const targets = this.targets(target ?? '');
    if (targets.length > 0) out.target = targets.length === 1 ? targets[0] : targets;
    if (targets.length > 0 && type !== 'internal') out.reenter = true;
    if (cond !== undefined) out.guard = expr(condition(toCel(cond, scope)));
    const list = actions(children, scope);
    if (list.length > 0) out.actions = list;
    return out;
  }

  targets(text) {
    return text.split(/\s+/).filter(Boolean).map((id) => `#${sanitize(id)}`);
  }
}

/** In ECMAScript every value is a condition, here only true and false are. */
function condition(cel) {
  if (/^("|\d)/.test(cel)) throw new Unsupported('a condition that is not true or false');
  return cel;
}

/** A name in SCXML means what begins with it too. */
function descriptor(name) {
  const bare = name.replace(/\.?\*$/, '').replace(/\.$/, '');
  if (bare === '') return '*';
  if (/^done\.state\./.test(bare)) return `xstate.${sanitizeDone(bare)}`;
  if (bare === 'done.state' || bare === 'done') return `xstate.${bare}.*`;
  return `${bare}.*`;
}

const sanitizeDone = (name) => `done.state.${sanitize(name.slice('done.state.'.length))}`;

/** XState takes the most precise descriptor first, SCXML the first in the document: refuses where that matters. */
function inDocumentOrder(key, seen) {
  const isInside = (outer) => outer !== key && (outer === '*' || key.startsWith(outer.slice(0, -1)));
  if (seen.some(isInside)) throw new Unsupported('document order between descriptors of which one includes the other');
  seen.push(key);
}
