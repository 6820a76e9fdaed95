// The simple part of ECMAScript expressions to CEL: literals, variables, fields, operators, `In`. What is beyond it throws
// `Unsupported` with a reason.

export class Unsupported extends Error {}

/** Operators by how tightly they bind, and what CEL calls them. */
const BINARY = [
  { '||': '||' },
  { '&&': '&&' },
  { '==': '==', '===': '==', '!=': '!=', '!==': '!=' },
  { '<': '<', '<=': '<=', '>': '>', '>=': '>=' },
  { '+': '+', '-': '-' },
  { '*': '*', '/': '/', '%': '%' },
];
const TOKEN = /\s*(?:(\d+(?:\.\d+)?)|('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")|([A-Za-z_$][\w$]*)|(===|!==|==|!=|<=|>=|&&|\|\||[-+*/%<>!?:.,()[\]{}]))/y;
/** CEL's `in_state` takes our form of an id. */
export const sanitize = (id) => id.replaceAll('.', '$');

/**
 * `names`: the declared variables; `data`: where `_event.data` is (`event.data`, or `event.output` of a done event);
 * `machine`: the machine's name.
 */
export function toCel(source, scope) {
  const parser = new Parser(tokens(source), scope);
  const cel = parser.expression();
  if (parser.next !== undefined) throw new Unsupported(`the expression \`${source}\``);
  return cel;
}

function tokens(source) {
  const found = [];
  TOKEN.lastIndex = 0;
  while (source.slice(TOKEN.lastIndex).trim() !== '') {
    const match = TOKEN.exec(source);
    if (!match) throw new Unsupported(`the expression \`${source}\``);
    const [, number, text, name, sign] = match;
    found.push({ number, text, name, sign });
  }
  return found;
}

class Parser {
  constructor(found, scope) {
    this.found = found;
    this.scope = scope;
    this.place = 0;
  }

  get next() {
    return this.found[this.place];
  }

  takes(sign) {
    if (this.next?.sign !== sign) return false;
    this.place += 1;
    return true;
  }

  expect(sign) {
    if (!this.takes(sign)) throw new Unsupported(`an expression without its \`${sign}\``);
  }

  expression() {
    const condition = this.binary(0);
    if (!this.takes('?')) return condition;
    const yes = this.expression();
    this.expect(':');
    return `(${condition} ? ${yes} : ${this.expression()})`;
  }

  binary(level) {
    if (level === BINARY.length) return this.unary();
    let left = this.binary(level + 1);
    for (;;) {
      const operator = this.next?.sign && BINARY[level][this.next.sign];
      if (!operator) return left;
      this.place += 1;
      left = compared(left, operator, this.binary(level + 1));
    }
  }

  unary() {
    if (this.takes('!')) return `!${this.unary()}`;
    if (this.takes('-')) return `-${this.unary()}`;
    if (this.next?.name === 'typeof') {
      this.place += 1;
      return `typeof ${this.unary()}`;
    }
    return this.postfix();
  }

  postfix() {
    const token = this.next;
    this.place += 1;
    if (token?.number) return token.number;
    if (token?.text) return JSON.stringify(token.text.slice(1, -1));
    if (token?.name) return this.named(token.name);
    if (token?.sign === '(') {
      const inner = this.expression();
      this.expect(')');
      return `(${inner})`;
    }
    if (token?.sign === '[') return `[${this.list(']').join(', ')}]`;
    throw new Unsupported('an expression of another form');
  }

  list(end) {
    const items = [];
    while (!this.takes(end)) {
      items.push(this.expression());
      if (!this.takes(',') && this.next?.sign !== end) throw new Unsupported('a list of another form');
    }
    return items;
  }

  named(name) {
    if (name === 'true' || name === 'false' || name === 'null') return name;
    if (name === 'undefined') return 'null';
    if (name === 'In') return this.in();
    if (name === '_event') return this.event();
    if (name === 'Math') return this.power();
    if (name === '_name') return JSON.stringify(this.scope.machine);
    if (name.startsWith('_')) throw new Unsupported(`the system variable \`${name}\``);
    if (!this.scope.names.includes(name)) throw new Unsupported(`\`${name}\`, which is no variable`);
    return this.fields(`context.${name}`);
  }

  /** `Math.pow(x, 3)` is `x * x * x`; the rest of `Math` is not here. */
  power() {
    const [dot, method] = this.found.slice(this.place, this.place + 2);
    if (dot?.sign !== '.' || method?.name !== 'pow') throw new Unsupported('`Math`');
    this.place += 2;
    this.expect('(');
    const [base, exponent] = this.list(')');
    if (!/^[1-9]$/.test(exponent)) throw new Unsupported('a computed power');
    return `(${Array(Number(exponent)).fill(base).join(' * ')})`;
  }

  in() {
    this.expect('(');
    const state = this.next?.text;
    this.place += 1;
    this.expect(')');
    if (!state) throw new Unsupported('`In` of a computed state');
    return `in_state(${JSON.stringify(sanitize(state.slice(1, -1)))})`;
  }

  event() {
    if (!this.takes('.')) throw new Unsupported('`_event` as a value');
    const field = this.next?.name;
    this.place += 1;
    if (field === 'name') return 'event.type';
    if (field === 'data') return this.fields(this.scope.data);
    throw new Unsupported(`\`_event.${field}\``);
  }

  fields(of) {
    let path = of;
    while (this.takes('.')) {
      const field = this.next?.name;
      this.place += 1;
      if (!field || this.next?.sign === '(') throw new Unsupported('a method of an object');
      path += `.${field}`;
    }
    if (this.takes('[')) throw new Unsupported('an index');
    return path;
  }
}

/** `typeof x == 'undefined'` asks whether there is a value: a variable without one is null here. */
function compared(left, operator, right) {
  if (!left.startsWith('typeof ')) {
    if (right.startsWith('typeof ')) throw new Unsupported('`typeof` on the right');
    return `(${left} ${operator} ${right})`;
  }
  const value = left.slice('typeof '.length);
  if (right !== '"undefined"' || !value.startsWith('context.')) throw new Unsupported('`typeof` of something');
  return `(${value} ${operator} null)`;
}
