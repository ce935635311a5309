/** Abbreviations that never end a sentence in such texts: something always follows. */
const inner = new Set(
  'no nos fig figs sec secs para paras art ch vol e.g i.e cf approx attn dept ref mr mrs ms dr st ft mil std vs bldg rm ext gen lt col capt sgt jan feb mar apr jun jul aug sep sept oct nov dec'.split(
    ' ',
  ),
);
/** Abbreviations that may end one: it does when a word follows that sentences begin with. */
const mayEnd = new Set('inc corp co ltd jr sr etc a.m p.m u.s u.s.c d.c al hrs min max llc'.split(' '));
const starters =
  /^["“(]?(?:The|All|Any|Each|Every|If|When|Where|Unless|Upon|Within|No|This|These|Those|It|In|For|At|An?|Offerors?|Contractors?|Proposals?|Quoters?|Failure|Such|Only|As|After|Before|Prior|Late)\b/u;

/** What is named by a letter or a numeral of one letter. */
const named =
  /\b(?:section|volume|part|phase|factor|subfactor|appendix|annex|exhibit|attachment|building|class|option|table|type|tab)\s+[A-Z]$/i;

/** Splits a paragraph into sentences; a list that stands in the paragraph stays with what leads to it. */
export function sentencesOf(paragraph: string): string[] {
  const sentences: string[] = [];
  let start = 0;
  for (const match of paragraph.matchAll(/[.?!]["”’')\]]*\s+(?=["“(]?[\p{Lu}\d])/gu)) {
    const end = match.index + match[0].length;
    if (match[0].startsWith('.') && !endsSentence(paragraph.slice(start, match.index), paragraph.slice(end)))
      continue;
    sentences.push(paragraph.slice(start, end).trim());
    start = end;
  }
  const rest = paragraph.slice(start).trim();
  return rest === '' ? sentences : [...sentences, rest];
}

/** Looks at the letters next to the point alone: a paragraph may be long. */
function endsSentence(sentence: string, after: string): boolean {
  const before = sentence.slice(-60);
  const word = /([\p{L}\p{N}.]+)$/u.exec(before)?.[1]?.toLowerCase() ?? '';
  // A number that begins the paragraph, an initial; but "in Section C." may end a sentence.
  if (/^[\d.]+$/.test(word) && before.trim() === word) return false;
  if (/^\p{L}$/u.test(word)) return named.test(before) && starters.test(after);
  if (inner.has(word)) return false;
  return mayEnd.has(word) ? starters.test(after) : true;
}

/** A sentence that leads to a list, and the items, when both stand in one paragraph. */
export interface InlineList {
  readonly lead: string;
  readonly items: readonly { readonly mark: string; readonly text: string }[];
}

/** `The contractor shall: (1) ...; and (2) ...` as its parts; `undefined` when there is no such list. */
export function inlineList(sentence: string): InlineList | undefined {
  const colon = /:\s+(?=\((?:1|a|i|A)\)\s)/.exec(sentence);
  if (colon === null) return undefined;
  const lead = sentence.slice(0, colon.index + 1);
  const parts = sentence
    .slice(colon.index + colon[0].length)
    .split(/(?:^|\s)(\((?:\d{1,2}|[a-zA-Z]|[ivx]{1,4})\))\s/);
  const items: { mark: string; text: string }[] = [];
  for (let at = 1; at + 1 < parts.length; at += 2) {
    items.push({ mark: parts[at] ?? '', text: itemText(parts[at + 1] ?? '') });
  }
  return items.length > 1 ? { lead, items } : undefined;
}

/** An item without what ties it to the next. */
export function itemText(text: string): string {
  return text
    .trim()
    .replace(/[;,]?\s*(?:and|or)?$/i, '')
    .replace(/[;,]$/, '')
    .trim();
}
