import { escapeHtml } from './html.ts';

/** What fills a template. Text is escaped; an absent value stands for "leave that part out". */
export interface View {
  readonly [name: string]: string | boolean | undefined | readonly View[];
}

/** A template, parsed once: filling it only joins strings. */
export interface Template {
  fill(view: View): string;
}

type Node =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'value'; readonly name: string }
  | { readonly kind: 'part'; readonly name: string; readonly when: boolean; readonly inner: Node[] };

const tag = /\{\{([#^/]?)([A-Za-z]+)\}\}/g;

/**
 * Parses the little language of our templates: `{{name}}` is escaped text, `{{#name}}...{{/name}}` is left out when the
 * value is absent, false, or empty, and repeated for each item of a list; `{{^name}}...{{/name}}` is its opposite.
 * @throws Error at once when parts are not closed in their order.
 */
export function parseTemplate(source: string): Template {
  const root: Node[] = [];
  const open: { readonly name: string; readonly nodes: Node[] }[] = [{ name: '', nodes: root }];
  let end = 0;
  for (const match of source.matchAll(tag)) {
    const [whole, mark, name = ''] = match;
    const top = open.at(-1);
    if (top === undefined) break;
    if (match.index > end) top.nodes.push({ kind: 'text', text: source.slice(end, match.index) });
    end = match.index + whole.length;
    if (mark === '/') {
      if (top.name !== name || open.length === 1)
        throw new Error(`A template closes ${name} where it is not open.`);
      open.pop();
    } else if (mark === '') {
      top.nodes.push({ kind: 'value', name });
    } else {
      const inner: Node[] = [];
      top.nodes.push({ kind: 'part', name, when: mark === '#', inner });
      open.push({ name, nodes: inner });
    }
  }
  if (open.length > 1) throw new Error(`A template does not close ${open.at(-1)?.name}.`);
  root.push({ kind: 'text', text: source.slice(end) });
  return { fill: (view) => fill(root, [view]) };
}

/** `views` are the view and those around it, the innermost first. */
function fill(nodes: readonly Node[], views: readonly View[]): string {
  let filled = '';
  for (const node of nodes) {
    if (node.kind === 'text') filled += node.text;
    else if (node.kind === 'value') filled += textOf(node.name, views);
    else filled += partOf(node, views);
  }
  return filled;
}

function partOf(node: Extract<Node, { kind: 'part' }>, views: readonly View[]): string {
  const value = lookUp(node.name, views);
  const present = Array.isArray(value)
    ? value.length > 0
    : value !== undefined && value !== false && value !== '';
  if (present !== node.when) return '';
  if (!node.when || typeof value !== 'object') return fill(node.inner, views);
  return value.map((item) => fill(node.inner, [item, ...views])).join('');
}

function textOf(name: string, views: readonly View[]): string {
  const value = lookUp(name, views);
  if (typeof value !== 'string') throw new Error(`A template wants ${name} as text, and was not given it.`);
  return escapeHtml(value);
}

function lookUp(name: string, views: readonly View[]): View[string] {
  return views.find((view) => Object.hasOwn(view, name))?.[name];
}
