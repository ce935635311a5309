import type { Subject } from './parties.ts';

/** Sentences that define, construe or order other texts, whatever words of duty are in them. */
const definitions: readonly RegExp[] = [
  /^(?:as\s+used\s+(?:in|herein)|for\s+(?:the\s+)?purposes?\s+of\s+(?:this|that|the)\s+(?:clause|provision|paragraph|section|contract|solicitation))\b/i,
  /^(?:the\s+)?(?:terms?|words?)\s+""/i,
  /^nothing\s+in\b/i,
  /^(?:the\s+)?order\s+of\s+precedence\b/i,
];

export function isDefinition(sentence: string): boolean {
  return definitions.some((pattern) => pattern.test(sentence));
}

/** What words mean and which text governs: said of anything, nobody does it. */
const construes =
  /^\s+(?:not\s+|also\s+|only\s+)*(?:mean|have\s+the\s+meaning|apply|survive|vest|govern|prevail|control|take\s+(?:effect|precedence)|be\s+(?:deemed|construed|interpreted|understood|defined|read|governed|incorporated|effective|null|void))\b/i;

/** What an act or a text brings about for the two sides. */
const effect =
  /^\s+(?:not\s+|also\s+|only\s+)*(?:relieve|constitute|affect|limit|waive|preclude|prejudice|impair|entitle|obligate|release|inure|give\s+rise|result\s+in|be\s+(?:final|binding|conclusive|entitled|considered\s+(?!(?:for|in|by|when|if|unless|until|only|under|as\s+part|and|or|at|with|after|before|during)\b)[a-z]+|regarded\s+as|a\s+waiver|(?:a\s+)?(?:cause|grounds?|basis)\s+for|at\s+the\s+(?:sole\s+)?discretion))\b/i;

/** The contract or a part of it, and the times that it is in force. */
const instrument =
  /(?:^|[,:]\s+|\b(?:and|or)\s+)(?:(?:the|this|that|any|each|such|said|these|an?)\s+)?(?:(?:[a-z-]+\s+){0,2}(?:contract|agreement|(?:task|delivery|purchase)\s+order|clause|provision|paragraph|option)|(?:[a-z-]+\s+){0,2}(?:period\s+of\s+performance|(?:ordering|option|base|performance)\s+(?:period|year)s?)|(?:total\s+)?(?:duration|term|life|length)\s+of\s+[a-z\s]+)(?:\s+(?:of|under|in|for)\s[^,;]{1,60})?(?:,[^;]*,)?\s*$/i;

/** How long it lasts, what it is part of and what it depends on. */
const lasting =
  /^\s+(?:not\s+)?(?:exceed|commence|begin|start|end|expire|terminate|continue|extend|become|remain\s+in|consist|run|be\s+(?:subject|in\s+effect|for|from|binding|considered|an?\b|one|two|three|five|twelve|\d))/i;

/** "shall" or its like declares something by what follows it: nobody is asked to do anything. */
export function isDeclared({ text, party }: Subject, rest: string): boolean {
  if (construes.test(rest)) return true;
  if (instrument.test(text) && lasting.test(rest)) return true;
  // A contractor that must not limit or affect something is bound; an inspection or a clause is not.
  return effect.test(rest) && (party !== 'Contractor' || /^\s+(?:not\s+)?be\s+entitled\b/i.test(rest));
}
