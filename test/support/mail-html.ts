/** A start tag as a browser's tokenizer would see it. */
export interface OpenTag {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
}

/**
 * Reads HTML into its start tags, and throws at everything that a mail of ours never holds and a browser would have to
 * guess about: a stray `<` or `>`, an attribute without double quotes, an unbalanced tag, a script. Comments and styles
 * are MJML's and fixed: they are passed over whole.
 */
export function readTags(source: string): OpenTag[] {
  const tags: OpenTag[] = [];
  const open: string[] = [];
  let rest = source
    .replace(/^<!doctype html>/, '')
    .replace(/<!--[\s\S]*?-->/g, '')
    .replace(/<style[^<>]*>[^<]*<\/style>/g, '');
  while (rest !== '') {
    const text = /^[^<>]+/.exec(rest)?.[0];
    if (text !== undefined) {
      rest = rest.slice(text.length);
      continue;
    }
    const tag = /^<(\/?)([a-z][a-z0-9]*)((?: [a-z:-]+(?:="[^"<>]*")?)*)>/.exec(rest);
    if (tag?.[2] === undefined) throw new Error(`This is no tag of ours: ${rest.slice(0, 80)}`);
    const [whole, closing, name, attributes = ''] = tag;
    rest = rest.slice(whole.length);
    if (closing === '/') {
      if (open.pop() !== name) throw new Error(`</${name}> closes what is not open.`);
      continue;
    }
    if (name === 'script') throw new Error('A mail holds a script.');
    if (name !== 'meta' && name !== 'br') open.push(name);
    const pairs = [...attributes.matchAll(/ ([a-z:-]+)="([^"]*)"/g)];
    tags.push({ name, attributes: new Map(pairs.map(([, key = '', value = '']) => [key, decode(value)])) });
  }
  if (open.length > 0) throw new Error(`<${open.join('> <')}> is never closed.`);
  return tags;
}

function decode(value: string): string {
  return value
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&#96;', '`')
    .replaceAll('&amp;', '&');
}
