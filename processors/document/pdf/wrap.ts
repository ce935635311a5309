/** Width of a text in points. */
export type Measure = (text: string) => number;

const ellipsis = '…';

/** One line, whatever comes from outside: control characters, line breaks and runs of spaces become one space. */
export function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ').trim();
}

/**
 * Breaks a text into lines that fit `width`: between words and after hyphens and slashes, and inside a word only when
 * the word alone is wider than the line. Above `maxLines` the last line ends with an ellipsis.
 */
export function wrap(
  text: string,
  width: number,
  measure: Measure,
  maxLines = Number.POSITIVE_INFINITY,
): string[] {
  const lines: string[] = [];
  let line = '';
  let used = 0;
  for (const piece of pieces(oneLine(text))) {
    const wide = measure(piece);
    // A space at the end of a line hangs over its edge unseen.
    if (used + wide <= width || used + measure(piece.trimEnd()) <= width) {
      line += piece;
      used += wide;
      continue;
    }
    if (line !== '') lines.push(line.trimEnd());
    [line, used] = ['', 0];
    for (const part of fitting(piece, width, measure)) {
      if (line !== '') lines.push(line.trimEnd());
      line = part;
    }
    used = measure(line);
    if (lines.length > maxLines) break;
  }
  if (line.trimEnd() !== '') lines.push(line.trimEnd());
  if (lines.length <= maxLines) return lines;
  return [...lines.slice(0, maxLines - 1), shorten(lines.slice(maxLines - 1).join(' '), width, measure)];
}

/** Cuts a text to one line of `width`; what was cut shows as an ellipsis. */
export function shorten(text: string, width: number, measure: Measure): string {
  const line = oneLine(text);
  if (measure(line) <= width) return line;
  const letters = graphemes(line);
  const kept = longestPrefix(letters, width - measure(ellipsis), measure);
  return letters.slice(0, kept).join('').trimEnd() + ellipsis;
}

function pieces(text: string): string[] {
  return text.match(/[^\s/-]*(?:[/-]+|\s+|$)/gu)?.filter((piece) => piece !== '') ?? [];
}

/** A piece that is wider than a line, in as many parts as it takes; never less than one letter each. */
function fitting(piece: string, width: number, measure: Measure): string[] {
  if (measure(piece.trimEnd()) <= width) return [piece];
  const parts: string[] = [];
  let rest = graphemes(piece);
  while (rest.length > 0) {
    const taken = Math.max(1, longestPrefix(rest, width, measure));
    parts.push(rest.slice(0, taken).join(''));
    rest = rest.slice(taken);
  }
  return parts;
}

function longestPrefix(letters: readonly string[], width: number, measure: Measure): number {
  let fits = 0;
  let tooMany = letters.length + 1;
  while (tooMany - fits > 1) {
    const middle = (fits + tooMany) >> 1;
    if (measure(letters.slice(0, middle).join('').trimEnd()) <= width) fits = middle;
    else tooMany = middle;
  }
  return fits;
}

const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** Letters with their accents: cutting between them would tear them apart. */
function graphemes(text: string): string[] {
  return Array.from(segmenter.segment(text), ({ segment }) => segment);
}
