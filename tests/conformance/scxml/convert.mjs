// Converts the SCXML test suite to machine JSON: `node scxml/convert.mjs <folder of @scion-scxml/test-framework>`.
//
// Writes one `<group>.json` per folder of tests beside this file, in the form that `../scxml.rs` reads. Run by hand when the
// suite or the conversion changes:
//
//   cd tests/conformance && npm pack @scion-scxml/test-framework@2.0.16 && tar xzf scion-scxml-test-framework-2.0.16.tgz
//   node scxml/convert.mjs package && rm -r package scion-scxml-test-framework-2.0.16.tgz

import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { toMachine } from './chart.mjs';
import { Unsupported, sanitize } from './expression.mjs';

const SOURCE = '@scion-scxml/test-framework 2.0.16, test/';
const here = new URL('.', import.meta.url).pathname;
const suite = join(process.argv[2], 'test');
const xstate = JSON.parse(readFileSync(join(here, 'xstate5.json'), 'utf8'));
// Why a test that converts is left out all the same.
const excluded = JSON.parse(readFileSync(join(here, 'excluded.json'), 'utf8'));

for (const group of readdirSync(suite).sort()) {
  const out = { source: SOURCE + group, licence: 'Apache-2.0, see scxml/LICENSE', tests: [], left_out: [] };
  for (const file of readdirSync(join(suite, group)).filter((name) => name.endsWith('.json')).sort(byName)) {
    const name = file.slice(0, -'.json'.length);
    const passes = xstate[group]?.includes(name) ?? false;
    const why = excluded[`${group}/${name}`];
    try {
      if (why) throw new Unsupported(why);
      const script = JSON.parse(readFileSync(join(suite, group, file), 'utf8'));
      const machine = toMachine(readFileSync(join(suite, group, `${name}.scxml`), 'utf8'));
      out.tests.push({ name, xstate: passes, machine, ...expected(script) });
    } catch (error) {
      if (!(error instanceof Unsupported)) throw new Error(`${group}/${name}: ${error.stack}`);
      out.left_out.push({ name, xstate: passes, why: error.message });
    }
  }
  writeFileSync(join(here, `${group}.json`), `${pretty(out)}\n`);
}

function expected({ initialConfiguration, events }) {
  const entries = events.map(({ after, event, nextConfiguration }) => ({
    ...(after ? { after } : {}),
    event: { type: event.name, ...(event.data === undefined ? {} : { data: event.data }) },
    then: nextConfiguration.map(sanitize),
  }));
  return { start: initialConfiguration.map(sanitize), script: entries };
}

/** One test per few lines: readable differences without a line per brace. */
function pretty({ tests, left_out, ...head }) {
  const list = (items) => (items.length === 0 ? '[]' : `[\n${items.map((item) => `  ${JSON.stringify(item)}`).join(',\n')}\n]`);
  const heads = Object.entries(head).map(([key, value]) => `"${key}": ${JSON.stringify(value)},\n`);
  return `{\n${heads.join('')}"tests": ${list(tests)},\n"left_out": ${list(left_out)}\n}`;
}

function byName(a, b) {
  return a.localeCompare(b, 'en', { numeric: true });
}
