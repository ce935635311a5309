/** Labels are compared without case, accents of width, and what stands after them. */
function plain(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/\s+/gu, ' ')
    .replace(/[\s:.#]+$/u, '')
    .trim();
}

/**
 * The rest of a text that begins with one of the labels, the longest first; `undefined` when it begins with none. A label
 * ends where a word does.
 */
export function afterLabel(
  text: string,
  labels: readonly string[],
): { readonly label: string; readonly rest: string } | undefined {
  const folded = text.normalize('NFKC').replace(/\s+/gu, ' ').trimStart();
  const lower = folded.toLowerCase();
  let best: { label: string; rest: string } | undefined;
  for (const label of labels) {
    const wanted = plain(label);
    if (!lower.startsWith(wanted) || (best !== undefined && plain(best.label).length >= wanted.length))
      continue;
    const rest = folded.slice(wanted.length);
    if (/^[\p{L}\p{N}]/u.test(rest)) continue;
    best = { label, rest: rest.replace(/^[\s:.#]+/u, '').trim() };
  }
  return best;
}
