// SCXML's executable content to actions. What actions of machine JSON cannot say throws `Unsupported` with a reason.

import { Unsupported, toCel } from './expression.mjs';

export const expr = (cel) => ({ '@expr': cel });

/** Milliseconds of `1s`, `.5s` or `10ms`. */
function milliseconds(delay) {
  const [, amount, unit] = /^(\d*\.?\d+)(ms|s)$/.exec(delay) ?? [];
  if (!amount) throw new Unsupported(`the delay \`${delay}\``);
  return Number(amount) * (unit === 's' ? 1000 : 1);
}

/** The actions of a block of executable content; `scope` as `toCel` takes it, with `hidden`, a counter of variables of ours. */
export function actions(elements, scope) {
  return elements.flatMap((element) => action(element, scope));
}

function action({ name, attributes, children, text }, scope) {
  switch (name) {
    case 'raise':
      return [{ type: '@xstate.raise', event: { type: attributes.event } }];
    case 'send':
      return [send(attributes, children, scope)];
    case 'assign':
      if (attributes.expr === undefined) throw new Unsupported('an assignment of written content');
      return [assign(attributes.location, toCel(attributes.expr, scope), scope)];
    case 'log':
      // Nobody looks at what is logged.
      return [{ type: '@xstate.log', message: attributes.label ?? '' }];
    case 'cancel': {
      const { sendid, sendidexpr } = attributes;
      return [{ type: '@xstate.cancel', id: sendid ?? expr(toCel(sendidexpr, scope)) }];
    }
    case 'script':
      return script(attributes, text, scope);
    case 'if':
      return branches(attributes, children, scope);
    case 'foreach':
      throw new Unsupported('`foreach`: actions have no loops here');
    default:
      throw new Unsupported(`\`${name}\` as executable content`);
  }
}

function assign(location, cel, scope) {
  if (!scope.names.includes(location)) throw new Unsupported(`an assignment to \`${location}\`, which is no variable`);
  return { type: '@xstate.assign', context: { [location]: expr(cel) } };
}

function send(attributes, children, scope) {
  const { target, type } = attributes;
  for (const refused of ['idlocation', 'targetexpr', 'typeexpr']) {
    if (attributes[refused] !== undefined) throw new Unsupported(`\`${refused}\` of send`);
  }
  if (target !== undefined && target !== '#_internal') throw new Unsupported(`send to \`${target}\``);
  if (type !== undefined && !/SCXMLEventProcessor/i.test(type)) throw new Unsupported(`send by \`${type}\``);
  const kind = attributes.event ?? expr(toCel(attributes.eventexpr ?? '', scope));
  const raise = { type: '@xstate.raise', event: { type: kind, ...payload(attributes, children, scope) } };
  if (attributes.id) raise.id = attributes.id;
  if (target === '#_internal') return raise;
  // Without a delay it goes to the external queue: after everything internal.
  raise.delay = 0;
  if (attributes.delay) raise.delay = milliseconds(attributes.delay);
  if (attributes.delayexpr) raise.delay = delayed(attributes.delayexpr, scope);
  return raise;
}

function delayed(source, scope) {
  const literal = /^'([^']*)'$/.exec(source.trim());
  return literal ? milliseconds(literal[1]) : expr(toCel(source, scope));
}

/** `{data}` of `namelist`, `param` and `content`; `{}` without any. */
export function payload({ namelist = '' }, children, scope) {
  const content = children.find(({ name }) => name === 'content');
  if (content) {
    if (content.children.length > 0) throw new Unsupported('XML as data');
    const { expr: source } = content.attributes;
    return { data: source === undefined ? written(content.text) : expr(toCel(source, scope)) };
  }
  const data = Object.fromEntries([
    ...namelist.split(/\s+/).filter(Boolean).map((name) => [name, expr(toCel(name, scope))]),
    ...children.filter(({ name }) => name === 'param').map(({ attributes: { name, expr: source, location } }) => [
      name,
      expr(toCel(source ?? location, scope)),
    ]),
  ]);
  return Object.keys(data).length > 0 ? { data } : {};
}

/** Written content is JSON if it can be, else a text with its white space made even. */
function written(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text.trim().replace(/\s+/g, ' ');
  }
}

/** Scripts that are assignments. */
function script({ src }, text, scope) {
  if (src !== undefined) throw new Unsupported('a script in a file');
  const statements = text.split(/[;\n]/).map((statement) => statement.trim()).filter(Boolean);
  return statements.map((statement) => {
    const [, location, operator, source] = /^([A-Za-z_]\w*)\s*([-+*/%]?)=(?!=)\s*(.+)$/.exec(statement) ?? [];
    if (!location) throw new Unsupported('a script that is more than assignments');
    return assign(location, toCel(operator ? `${location} ${operator} (${source})` : source, scope), scope);
  });
}

/**
 * An `if`: which branch is taken is kept in a variable of its own, and every assignment of a branch keeps the old value
 * when the branch is not taken. Branches that each raise one event raise one of a computed type.
 */
function branches({ cond }, children, scope) {
  const parts = [{ cond, content: [] }];
  for (const child of children) {
    if (child.name === 'elseif') parts.push({ cond: child.attributes.cond, content: [] });
    else if (child.name === 'else') parts.push({ cond: undefined, content: [] });
    else parts[parts.length - 1].content.push(child);
  }
  scope.hidden.count += 1;
  const taken = `taken${scope.hidden.count}`;
  const which = parts.reduceRight(
    (rest, part, index) => (part.cond === undefined ? `${index + 1}` : `(${toCel(part.cond, scope)} ? ${index + 1} : ${rest})`),
    '0',
  );
  const raised = parts.map(({ content }) => actions(content, scope));
  const out = [{ type: '@xstate.assign', context: { [taken]: expr(which) } }];
  const raises = raised.map((list) => list.filter((a) => a.type === '@xstate.raise'));
  if (raises.some((list) => list.length > 0)) out.push(...computedRaise(parts, raises, taken));
  raised.forEach((list, index) => {
    for (const one of list.filter((a) => a.type !== '@xstate.raise')) out.push(...onlyIn(one, `context.${taken} == ${index + 1}`));
  });
  return out;
}

function computedRaise(parts, raises, taken) {
  const isTotal = parts[parts.length - 1].cond === undefined && raises.every((list) => list.length === 1);
  const isPlain = isTotal && raises.every(([raise]) => raise.delay === undefined && Object.keys(raise.event).length === 1);
  if (!isPlain) throw new Unsupported('an event that is raised only under a condition');
  const kind = raises.reduceRight(
    (rest, [raise], index) => (rest ? `(context.${taken} == ${index + 1} ? ${JSON.stringify(raise.event.type)} : ${rest})` : JSON.stringify(raise.event.type)),
    '',
  );
  return [{ type: '@xstate.raise', event: { type: expr(kind) } }];
}

function onlyIn(one, condition) {
  if (one.type === '@xstate.log') return [];
  if (one.type !== '@xstate.assign') throw new Unsupported('an action under a condition');
  const guarded = Object.entries(one.context).map(([key, value]) => [
    key,
    expr(`(${condition} ? ${value['@expr']} : ${key.startsWith('taken') ? 0 : `context.${key}`})`),
  ]);
  return [{ type: '@xstate.assign', context: Object.fromEntries(guarded) }];
}
