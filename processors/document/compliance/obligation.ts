import { bindingWords, type Candidate } from './binding-words.ts';
import { isDeclared, isDefinition } from './declarations.ts';
import { orders } from './imperatives.ts';
import {
  agentOf,
  isEmbedded,
  isEvaluation,
  isProvision,
  isServed,
  mentionsBidder,
  responsibleIn,
  subjectOf,
} from './parties.ts';

export type Party = 'Contractor' | 'Offeror' | 'Government';

/** Who is bound by a sentence, and by which word; `undefined` when nobody is. */
export interface Obligation {
  readonly party: Party;
  readonly keyword: string;
}

/** Words that take an obligation away. */
const releases =
  /\b(?:(?:shall|will|is|are|must)\s+not\s+be\s+(?:required|obligated|obliged|liable|responsible)|(?:is|are)\s+not\s+(?:required|obligated|obliged|responsible|expected)|(?:shall|will|has|have)\s+(?:have\s+)?no\s+(?:obligation|duty|responsibility|liability)|need\s+not|(?:does|do)\s+not\s+(?:need|have)\s+to)\b/gi;

/** What a sentence binds to is said long before this many letters; the rest is not looked at. */
const longest = 4_000;

/**
 * Says who must do something by this sentence. Rules, not a model: what binds is a word such as "shall", who is bound is
 * read off what stands before it, or after "by" in the passive voice.
 */
export function obligationOf(sentence: string): Obligation | undefined {
  // What is quoted is talked about and not said.
  const text = sentence
    .slice(0, longest)
    .replace(/[“"][^“”"]*[”"]/gu, '""')
    .replace(/’/g, "'")
    .trim();
  if (text.endsWith('?') || isTitle(text) || isDefinition(text)) return undefined;
  let government: Obligation | undefined;
  for (const candidate of bindingWords(text)) {
    const obligation = weigh(text, candidate);
    if (obligation === undefined) continue;
    if (obligation.party !== 'Government') return obligation;
    government ??= obligation;
  }
  if (government !== undefined) return government;
  if (!orders(text)) return undefined;
  return { party: mentionsBidder(text) ? 'Offeror' : 'Contractor', keyword: 'imperative' };
}

function weigh(text: string, candidate: Candidate): Obligation | undefined {
  const { at, keyword, rest, strength } = candidate;
  const before = text.slice(0, at);
  if (isEmbedded(before)) return undefined;
  const subject = subjectOf(before);
  // What the Government does not answer for is worth knowing; what a contractor need not do asks for nothing.
  if (isReleased(text, at))
    return subject.party === 'Government' ? { party: 'Government', keyword } : undefined;
  const agent = agentOf(rest) ?? responsibleIn(keyword, rest);
  if (agent === 'Government') return { party: 'Government', keyword };
  const bound: Obligation = { party: mentionsBidder(subject.text) ? 'Offeror' : 'Contractor', keyword };
  if (agent === 'Contractor') return strength === 'government-subject' ? undefined : bound;
  if (subject.party === 'Government') {
    // "The Government shall be notified": it is the other side that must.
    const passive =
      /^(?:shall|must)$/i.test(keyword) &&
      /^\s+(?:also\s+)?be\s+(?:notified|informed|given|provided|allowed|granted|advised)\b/i.test(rest);
    return passive ? bound : { party: 'Government', keyword };
  }
  if (isDoneToBidders(subject.text, candidate)) return { party: 'Government', keyword };
  if (/^(?:shall|must|will)$/.test(keyword) && isDeclared(subject, rest)) return undefined;
  switch (strength) {
    case 'always':
      return bound;
    case 'bound-subject':
      return subject.party === 'Contractor' ? bound : undefined;
    case 'government-subject':
      return undefined;
    case 'future':
      return subject.party === 'Contractor' || ordersWork(rest) || atTheirCost.test(rest) ? bound : undefined;
  }
}

/** What happens to proposals and to those who make them is the Government's work; "must be rated" is what it asks for. */
function isDoneToBidders(subject: string, { keyword, rest, strength }: Candidate): boolean {
  if (keyword !== 'shall' && keyword !== 'will' && keyword !== 'is to') return false;
  return (
    isEvaluation(subject, rest, strength === 'future') ||
    isServed(subject, rest) ||
    (strength === 'future' && isProvision(subject, rest))
  );
}

/** The binding word is part of what takes the obligation away. */
function isReleased(text: string, at: number): boolean {
  return Array.from(text.matchAll(releases)).some(
    ({ 0: found, index }) => index <= at && at < index + found.length,
  );
}

/** "at the Contractor's expense": whoever repairs, the contractor answers for it. */
const atTheirCost =
  /\bat\s+(?:the\s+)?(?:contractor|offeror|vendor)(?:'s|s')\s+(?:own\s+)?(?:expense|cost|risk)\b/i;

/** "will be performed": what happens to the work is what the contractor does. */
function ordersWork(rest: string): boolean {
  return /^\s+(?:only\s+|also\s+)?be\s+(?:submitted|performed|completed|delivered|installed|replaced|repaired|tested|maintained|documented|reported|cleaned|returned|prepared|kept|staffed|accomplished|carried\s+out|furnished|included|recorded|stored|inspected|required\s+to)\b/i.test(
    rest,
  );
}

/** A heading, or the title of a clause: FAR 52.237-2 and its like. */
function isTitle(text: string): boolean {
  if (/^(?:(?:FAR|DFARS|VAAR|AFARS|HHSAR|GSAM)\s+)?\d{1,4}\.\d{3,4}-\d+\b[^.]*$/.test(text)) return true;
  const letters = text.replace(/[^\p{L}]/gu, '');
  return letters.length > 3 && letters === letters.toUpperCase() && !/[.;]$/.test(text);
}
