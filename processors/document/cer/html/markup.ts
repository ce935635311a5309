/** HTML that was built here: text inside it is escaped, whatever it says. */
class Html {
  readonly source: string;
  constructor(source: string) {
    this.source = source;
  }
}

export type { Html };

/** Text is escaped; only what `element` has built goes in as it is. */
export type Node = string | Html | readonly Node[];

/** Attributes; one that is `undefined` is left out. */
export type Attributes = Readonly<Record<string, string | number | undefined>>;

const names = /^[a-zA-Z][a-zA-Z0-9-]*$/;
const empty = new Set(['meta', 'br']);

/** Builds an element. Names are ours and are checked; values and texts may come from anywhere. */
export function element(name: string, attributes: Attributes, ...children: readonly Node[]): Html {
  if (!names.test(name)) throw new Error(`"${name}" is no name of an element.`);
  let source = `<${name}`;
  for (const [key, value] of Object.entries(attributes)) {
    if (!names.test(key)) throw new Error(`"${key}" is no name of an attribute.`);
    if (value !== undefined) source += ` ${key}="${escapeHtml(String(value))}"`;
  }
  return new Html(empty.has(name) ? `${source}>` : `${source}>${render(children)}</${name}>`);
}

/** A style sheet of ours. @throws Error when it could end its element: what comes from outside goes in by `cssText`. */
export function styleSheet(css: string): Html {
  if (css.includes('<')) throw new Error('A style sheet must not hold "<".');
  return new Html(`<style>${css}</style>`);
}

function render(node: Node): string {
  if (typeof node === 'string') return escapeHtml(node);
  if (node instanceof Html) return node.source;
  return node.map(render).join('');
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '`': '&#96;',
};

/** Characters that HTML cannot hold become the sign for such; the rest is written so that it can only be text. */
function escapeHtml(text: string): string {
  return text
    .toWellFormed()
    .replace(/[^\P{Cc}\n\r\t]/gu, '\ufffd')
    .replace(/[&<>"'`]/g, (character) => entities[character] ?? '');
}

/** Text as a CSS string: all but plain letters, digits and a few signs by their numbers, so that nothing ends it. */
export function cssText(text: string): string {
  const escaped = Array.from(text.toWellFormed(), (character) =>
    /^[A-Za-z0-9 .,()]$/.test(character)
      ? character
      : `\\${(character.codePointAt(0) ?? 0xfffd).toString(16)} `,
  );
  return `"${escaped.join('')}"`;
}
