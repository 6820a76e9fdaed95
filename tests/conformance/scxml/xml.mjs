// XML to elements, as far as the test files use it: prefixes and comments dropped, no entities of one's own.

const PART = /<!--[\s\S]*?-->|<\?[\s\S]*?\?>|<!\[CDATA\[([\s\S]*?)\]\]>|<(\/?)([\w:.-]+)((?:\s+[\w:.-]+\s*=\s*(?:"[^"]*"|'[^']*'))*)\s*(\/?)>|([^<]+)/g;
const ATTRIBUTE = /([\w:.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g;
const ENTITIES = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

/** The root element: `{name, attributes, children, text}`. */
export function parse(source) {
  const root = element('', '');
  const open = [root];
  for (const [, cdata, closing, name, attributes, single, text] of source.matchAll(PART)) {
    const parent = open[open.length - 1];
    if (closing) open.pop();
    else if (name) {
      const child = element(name, attributes);
      parent.children.push(child);
      if (!single) open.push(child);
    } else parent.text += cdata ?? plain(text ?? '');
  }
  return root.children[0];
}

function element(name, written) {
  const attributes = {};
  for (const [, key, double, single] of written.matchAll(ATTRIBUTE)) attributes[key] = plain(double ?? single);
  return { name: name.replace(/^.*:/, ''), attributes, children: [], text: '' };
}

function plain(text) {
  return text.replace(/&(\w+);/g, (whole, name) => ENTITIES[name] ?? whole);
}
