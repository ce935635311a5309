/** Controls, separators of lines, and the marks that reorder or hide the text around them. */
const unprintable = /[\p{Cc}\u2028\u2029\u200b\u202a-\u202e\u2066-\u2069\ufeff]+/gu;

/** Text on one line, with nothing in it that a reader cannot see. */
export function displayable(text: string): string {
  return text.toWellFormed().replace(unprintable, ' ').replace(/ {2,}/g, ' ').trim();
}

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** Cuts text to so many characters as people count them, with an ellipsis in place of the rest. */
export function shorten(text: string, longest: number): string {
  const line = displayable(text);
  if (line.length <= longest) return line;
  const kept: string[] = [];
  for (const { segment } of graphemes.segment(line)) {
    if (kept.length === longest) return `${kept.slice(0, -1).join('').trimEnd()}…`;
    kept.push(segment);
  }
  return line;
}
