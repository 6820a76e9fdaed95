// The XState side of the differential test: a case per line on stdin, `{"machine", "script"}`, an answer per line on stdout:
// `{"lines"}`, with `{"repaired": {"lines", "by"}}` where a known difference was met, or `{"refused": "<why>"}`.

import { createInterface } from 'node:readline';
import { play } from './play.mjs';

const REPAIRS = ['region-order', 'timer-names'];

function answer(input) {
  try {
    if (input.repairs) return play(input, input.repairs);
    const { lines } = play(input);
    const { lines: repaired, met: by } = play(input, REPAIRS);
    return by.length === 0 ? { lines } : { lines, repaired: { lines: repaired, by } };
  } catch (error) {
    return { refused: String(error?.message ?? error) };
  }
}

// XState warns about what it refuses to do; the answer tells that.
console.warn = () => {};
for await (const text of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(answer(JSON.parse(text)))}\n`);
}
