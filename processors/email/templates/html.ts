import { displayable } from './text.ts';

/** Markup that is known to be safe, since only `html` makes it. */
export class Html {
  readonly #source: string;

  private constructor(source: string) {
    this.#source = source;
  }

  /** Joins the fixed parts, written by us, with values, which come from anywhere. */
  static of(fixed: readonly string[], values: readonly HtmlValue[]): Html {
    return new Html(fixed.map((part, at) => part + markup(values[at])).join(''));
  }

  toString(): string {
    return this.#source;
  }
}

type HtmlValue = string | number | Html | readonly Html[] | undefined;

/**
 * Tag for templates: strings are escaped for text and for quoted attributes alike, markup of the same tag is taken
 * as it is, `undefined` leaves nothing. Attributes must stand in double quotes.
 */
export function html(fixed: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  return Html.of(fixed, values);
}

function markup(value: HtmlValue): string {
  if (value === undefined) return '';
  if (value instanceof Html) return value.toString();
  if (typeof value === 'string') return escapeHtml(value);
  if (typeof value === 'number') return String(value);
  return value.map(markup).join('');
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '`': '&#96;',
};

/** Makes text safe between tags and within quotes. */
export function escapeHtml(text: string): string {
  return displayable(text).replace(/[&<>"'`]/g, (character) => entities[character] ?? '');
}

/** An address to link to, in normal form, or `undefined` when it is not http or https. */
export function webLink(address: string): string | undefined {
  if (!URL.canParse(address)) return undefined;
  const url = new URL(address);
  // A name or password in front of the host makes a link look like another site's.
  if ((url.protocol !== 'https:' && url.protocol !== 'http:') || url.username !== '' || url.password !== '')
    return undefined;
  return url.href;
}
