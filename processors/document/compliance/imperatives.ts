/** Verbs that nothing but an order begins with. */
const verbs = String.raw`submit|provide|furnish|maintain|ensure|perform|deliver|prepare|install|conduct|develop|include|identify|describe|demonstrate|complete|comply|coordinate|notify|remove|replace|repair|obtain|establish|implement|attend|return|verify|dispose|protect|explain|acknowledge|indicate|specify|summarize|clearly\s+[a-z]+|do\s+not`;
/** Verbs that are nouns as well: an order when a word follows that begins what is to be done to. */
const nouns =
  'address|list|number|use|limit|mark|sign|date|state|attach|mail|e-mail|send|upload|propose|report|test|clean|inspect|supply|store|label|keep|give|place|print|round|show|discuss|assign|train|contact|refer|follow|read';
const object = String.raw`(?:the|an?|all|each|every|any|only|no|both|such|its|their|your|this|that|these|one|two|three|\d+|to|at|in|on)\b`;
/** What may stand before: "For each reference, provide ...". */
const setting = String.raw`(?:(?:for|in|within|at|on|under|upon|if|when|where|as|by|with|using|after|before|prior|not|no)\b[^,;]{1,120},\s+)?(?:please\s+)?`;
const imperative = new RegExp(
  String.raw`^${setting}(?:(?:${verbs})\s+(?!of\b|is\b|are\b|was\b|by\b)|(?:${nouns})\s+${object})`,
  'i',
);

/** A sentence that orders without a word of duty: "Submit one copy." A heading has no stop at its end. */
export function orders(sentence: string): boolean {
  return imperative.test(sentence) && /[.;]$/.test(sentence);
}
