import { html, type Markup } from '../../../http/html.ts';
import { paths } from '../../../http/page-paths.ts';

/** An address with a query; what is `undefined` or empty is left out. */
export function address(
  path: string,
  query: Readonly<Record<string, string | number | undefined>> = {},
): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== '') search.set(name, String(value));
  }
  const text = search.toString();
  return text === '' ? path : `${path}?${text}`;
}

/** Links to the next page of a list and back to its first; `next` is where the list goes on. */
export function pager(
  path: string,
  query: Readonly<Record<string, string | number | undefined>>,
  { cursor, next }: { readonly cursor: string | undefined; readonly next: string | null | undefined },
): Markup | undefined {
  const first = cursor !== undefined;
  const more = next !== null && next !== undefined;
  if (!first && !more) return undefined;
  return html`<nav class="pager" aria-label="Pages">${
    first ? html`<a href="${address(path, { ...query, cursor: undefined })}">First page</a>` : undefined
  }${more ? html`<a href="${address(path, { ...query, cursor: next })}" rel="next">Next page</a>` : undefined}</nav>`;
}

/** Several views of one thing, each at its own address. */
export function tabs(
  label: string,
  entries: readonly { readonly label: string; readonly href: string; readonly current: boolean }[],
): Markup {
  return html`<nav class="tabs" aria-label="${label}"><ul>${entries.map(
    ({ label: text, href, current }) =>
      html`<li><a href="${href}"${current ? html` aria-current="page"` : undefined}>${text}</a></li>`,
  )}</ul></nav>`;
}

/**
 * A part of a page that the script keeps up to date; without the script one loads the page again.
 * @param seconds between looks
 * @param events where server-sent events tell that there is something to look at before that
 */
export function live(id: string, seconds: number, content: Markup, events?: string): Markup {
  const source = events === undefined ? undefined : html` data-events="${events}"`;
  return html`<div id="${id}" data-live="${seconds}"${source}>${content}</div>`;
}

/** An address below another: each part is encoded. */
export function below(base: string, ...parts: readonly string[]): string {
  return [base, ...parts.map(encodeURIComponent)].join('/');
}

/** The page of a job. */
export function jobAddress(queue: string, jobId: string): string {
  return below(`${paths.home}/jobs`, queue, jobId);
}

/** A page of ours in a frame that can neither run nor send anything; the page that shows it needs `frames`. */
export function framed(src: string, title: string): Markup {
  return html`<iframe class="mail" title="${title}" sandbox src="${src}"></iframe>`;
}
