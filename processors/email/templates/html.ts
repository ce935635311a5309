import { displayable } from './text.ts';

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '`': '&#96;',
};

/** Makes text safe between tags and within double quotes. */
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
