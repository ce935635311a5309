/**
 * How surely a word binds: `always`, whatever stands before it; `bound-subject` and `government-subject`, only with
 * somebody of that side before it; `future`, since "will" also foretells.
 */
type Strength = 'always' | 'bound-subject' | 'government-subject' | 'future';

export interface Candidate {
  readonly at: number;
  readonly keyword: string;
  /** What follows the word. */
  readonly rest: string;
  readonly strength: Strength;
}

interface Word {
  readonly pattern: RegExp;
  readonly keyword: string;
  readonly strength: Strength;
}

/** What may stand between "is" and "responsible". */
const stressed = String.raw`(?:also\s+|solely\s+|fully\s+|entirely\s+|ultimately\s+|directly\s+)?`;
const verb = String.raw`\s+(?:not\s+)?(?:be\b|[a-z]{3,}\b)`;

const words: readonly Word[] = [
  { pattern: /\bshall\b(?!-)/gi, keyword: 'shall', strength: 'always' },
  {
    pattern: /(?<!\ba\s)(?!(?<=\bwhich\s+)must\s+have\s+been\b)\bmust\b(?!-)/gi,
    keyword: 'must',
    strength: 'always',
  },
  { pattern: /\b(?:is|are|be)\s+required\s+to\b/gi, keyword: 'required to', strength: 'always' },
  {
    pattern: /\b(?:is|are|be)\s+(?:obligated|obliged)\s+to\b/gi,
    keyword: 'obligated to',
    strength: 'always',
  },
  { pattern: /\b(?:is|are|be)\s+prohibited\s+from\b/gi, keyword: 'prohibited from', strength: 'always' },
  {
    pattern: new RegExp(
      String.raw`\b(?:is|are|be|remains?)\s+${stressed}(?:responsible|accountable|liable)\s+for\b`,
      'gi',
    ),
    keyword: 'responsible for',
    strength: 'always',
  },
  {
    pattern: /\bresponsibility\s+(?:for|of)\b[^;]*?\b(?:rests?|lies|remains)\s+(?:solely\s+)?with\b/gi,
    keyword: 'responsibility',
    strength: 'always',
  },
  { pattern: /\b(?:is|are)\s+incumbent\s+(?:up)?on\b/gi, keyword: 'incumbent on', strength: 'always' },
  {
    pattern:
      /\b(?:is|are)\s+(?:strictly\s+)?(?:prohibited|forbidden)\s*(?=[.,;]|$|(?:in|on|at|within|during|without)\b)/gi,
    keyword: 'prohibited',
    strength: 'always',
  },
  {
    pattern: /\b(?:is|are)\s+not\s+(?:permitted|allowed|authorized|acceptable)\b/gi,
    keyword: 'not permitted',
    strength: 'always',
  },
  { pattern: /\b(?:is|are)\s+mandatory\b/gi, keyword: 'mandatory', strength: 'always' },
  {
    pattern:
      /\b(?:is|are)\s+limited\s+to\s+(?:no\s+more\s+than\s+)?(?:[a-z]+\s+)?(?:\(?\d+\)?\s+)?(?:[a-z-]+\s+)?(?:pages?|words?|slides?|sheets?|characters|megabytes|MB)\b/gi,
    keyword: 'limited to',
    strength: 'always',
  },
  {
    pattern: /\b(?:reserves?|retains?)\s+the\s+(?:unilateral\s+|sole\s+)?right\b/gi,
    keyword: 'reserves the right',
    strength: 'government-subject',
  },
  {
    pattern: /\b(?:intends?|plans?|anticipates?|expects?)\s+(?:to\b|[a-z]+ing\b)/gi,
    keyword: 'intends to',
    strength: 'government-subject',
  },
  // In the passive voice "may" says what can be done and keeps nothing for anybody: "The COR may be reached at ...".
  {
    pattern: /\bmay\b(?!\s+(?:be|have|not\s+be)\b)/gi,
    keyword: 'may',
    strength: 'government-subject',
  },
  { pattern: /\bneeds?\s+to\b/gi, keyword: 'needs to', strength: 'always' },
  { pattern: /\b(?:has|have)\s+to\s+be\b/gi, keyword: 'has to', strength: 'always' },
  {
    pattern:
      /(?<!^\s*no\s[^,;]{0,80}|\b(?:as|what|which|that|if|when|where|whatever)\s+)\b(?:is|are)\s+required\b(?!\s+to\b)/gi,
    keyword: 'is required',
    strength: 'always',
  },
  {
    pattern: /\brequires?\s+(?:the\s+)?(?:prior\s+)?(?:written\s+)?(?:approval|consent|authorization)\b/gi,
    keyword: 'requires approval',
    strength: 'always',
  },
  {
    pattern:
      /(?:\b(?:is|are)\s+due\s+(?:by|on|no|not|at|within|before)|,\s+due\s+(?:by|no\s+later|not\s+later|within))\b/gi,
    keyword: 'is due',
    strength: 'always',
  },
  {
    pattern:
      /\b(?:bears?|assumes?|accepts?|takes?)\s+(?:the\s+)?(?:all\s+|full\s+|sole\s+|complete\s+|entire\s+)*(?:responsibility|liability|burden|costs?|risk)\b/gi,
    keyword: 'assumes responsibility',
    strength: 'bound-subject',
  },
  { pattern: /\b(?:has|have)\s+to\b/gi, keyword: 'has to', strength: 'bound-subject' },
  { pattern: /\b(?:is|are)\s+expected\s+to\b/gi, keyword: 'expected to', strength: 'bound-subject' },
  { pattern: /\bcan(?:not|\s+not)\b/gi, keyword: 'cannot', strength: 'bound-subject' },
  {
    pattern: /\b(?:warrants?|guarantees?|certif(?:y|ies))\s+that\b/gi,
    keyword: 'warrants',
    strength: 'bound-subject',
  },
  {
    pattern: /\b(?:is|are)\s+(?:instructed|directed)\s+to\b/gi,
    keyword: 'instructed to',
    strength: 'bound-subject',
  },
  {
    pattern: /\b(?:agrees?|undertakes?)\s+(?:not\s+)?(?:to|that)\b/gi,
    keyword: 'agrees to',
    strength: 'bound-subject',
  },
  {
    pattern: /\bhas\s+the\s+(?:sole\s+)?responsibility\s+(?:to|for|of)\b/gi,
    keyword: 'has responsibility',
    strength: 'bound-subject',
  },
  {
    pattern:
      /\bit\s+(?:is|shall\s+be)\s+the\s+(?:sole\s+)?(?:responsibility\s+of\s+(?:the|each)\s+(?:contractor|offeror|vendor)|(?:contractor|offeror|vendor)'s\s+(?:sole\s+)?responsibility)\s+to\b/gi,
    keyword: 'responsibility',
    strength: 'always',
  },
  {
    pattern: new RegExp(
      String.raw`(?<!\b(?:purpose|objective|goal|intent|intention|aim|mission|function|role|reason|scope)\b.{0,80})\b(?:is|are)\s+(?:also\s+|not\s+)?to(?=${verb})`,
      'gi',
    ),
    keyword: 'is to',
    strength: 'always',
  },
  {
    pattern: /\b(?:is|are|remains?)\s+(?:solely\s+)?the\s+(?:sole\s+)?responsibility\s+of\b/gi,
    keyword: 'responsibility',
    strength: 'always',
  },
  { pattern: /\bmay\s+not\b/gi, keyword: 'may not', strength: 'bound-subject' },
  {
    pattern:
      /(?<=^\s*(?:under\s+no\s+circumstances?|in\s+no\s+(?:event|case)|at\s+no\s+time)\s+)(?:may|will)\s+(?:(?:the|any|an?)\s+)?(?:sub)?(?:contractor|offeror|vendor)/gi,
    keyword: 'may not',
    strength: 'always',
  },
  { pattern: /(?<=^\s*(?:no|only)\s+(?:\S+\s+){1,6})may\b/gi, keyword: 'may not', strength: 'always' },
  // A permission for some alone, or at some times alone, is a prohibition for all others.
  {
    pattern:
      /\bmay\s+(?:only\s+(?:be\s+\S+|[a-z]+)|be\s+\S+\s+only\s+(?:by|in|on|with|after|when|during|between|from)\b)/gi,
    keyword: 'may only',
    strength: 'always',
  },
  { pattern: /\bwill\b(?!-)/gi, keyword: 'will', strength: 'future' },
];

/** The words of a sentence that may bind somebody, in their order. */
export function bindingWords(text: string): Candidate[] {
  return words
    .flatMap(({ pattern, keyword, strength }) =>
      Array.from(text.matchAll(pattern), (match) => ({
        at: match.index,
        keyword,
        strength,
        rest: text.slice(match.index + match[0].length),
      })),
    )
    .sort((a, b) => a.at - b.at);
}
