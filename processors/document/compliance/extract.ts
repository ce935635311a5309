import { createBreather } from '../pacing.ts';
import { createNumbering, type Place } from './numbering.ts';
import { type Obligation, obligationOf, type Party } from './obligation.ts';
import { paragraphsOf } from './paragraphs.ts';
import { inlineList, itemText, sentencesOf } from './sentences.ts';

/** A sentence that binds somebody, and where it stands. */
export interface Requirement {
  readonly section: string | undefined;
  readonly paragraph: string;
  /** The document it stands in, counted from 0, and its page there, counted from 1. */
  readonly source: number;
  readonly page: number;
  readonly text: string;
  readonly keyword: string;
  readonly party: Party;
}

interface Lead {
  readonly text: string;
  readonly depth: number;
  readonly obligation: Obligation;
  /** What the list is said to ask for when no item follows. */
  readonly alone: Requirement;
  used: boolean;
}

/**
 * Finds what a document requires, in its order. A list that continues a sentence ("The contractor shall:") gives one
 * requirement for each item, with the words that lead to it.
 */
export async function extractRequirements(
  pages: readonly string[],
  source: number,
  signal?: AbortSignal,
): Promise<Requirement[]> {
  const breathe = createBreather();
  const number = createNumbering();
  const found: Requirement[] = [];
  let leads: Lead[] = [];

  function closeTo(depth: number): void {
    const closing = leads.filter((lead) => lead.depth >= depth);
    for (const { used, alone } of closing) if (!used) found.push(alone);
    leads = leads.filter((lead) => lead.depth < depth);
  }

  for (const { text, page } of await paragraphsOf(pages)) {
    signal?.throwIfAborted();
    await breathe();
    const place = number(text);
    closeTo(place.numbered ? place.depth : 0);
    const lead = leads.at(-1);
    const at = (words: string, { keyword, party }: Obligation, paragraph = place.paragraph): Requirement => ({
      section: place.section,
      paragraph,
      source,
      page,
      text: words,
      keyword,
      // Instructions and factors are for those who bid, whatever they call them.
      party: party === 'Contractor' && (place.section === 'L' || place.section === 'M') ? 'Offeror' : party,
    });
    const sentences = sentencesOf(place.text);
    sentences.forEach((sentence, index) => {
      const isItem = lead !== undefined && index === 0;
      const own = obligationOf(sentence);
      const words =
        isItem && (own === undefined || own.keyword === 'imperative')
          ? listed(lead.text, place, sentence)
          : sentence;
      const obligation = words === sentence ? own : lead?.obligation;
      if (isItem) lead.used = true;
      if (obligation === undefined) return;
      const list = inlineList(words);
      if (list !== undefined) {
        for (const item of list.items)
          found.push(at(`${list.lead} ${item.mark} ${item.text}`, obligation, place.paragraph + item.mark));
        // The next item may stand at the beginning of a line, and look like a paragraph.
        leads.push({
          text: list.lead,
          depth: place.depth,
          obligation,
          alone: at(list.lead, obligation),
          used: true,
        });
      } else if (/:$/.test(words) && index === sentences.length - 1) {
        leads.push({
          text: words,
          depth: place.depth,
          obligation,
          alone: at(words, obligation),
          used: false,
        });
      } else {
        found.push(at(words, obligation));
      }
    });
  }
  closeTo(0);
  return found;
}

function listed(lead: string, { mark }: Place, item: string): string {
  const kept = item.endsWith(':') ? item : itemText(item);
  return /^[•▪●◦‣–*-]?$/u.test(mark) ? `${lead} ${kept}` : `${lead} ${mark} ${kept}`;
}
