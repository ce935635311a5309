/** Who acts for the Government in a solicitation, by name or by office. */
const governmentNames = [
  'government(?: (?:personnel|employees?|representatives?|staff|inspectors?|officials?|team))?',
  'agency',
  'department(?: of [a-z ]+)?',
  "contracting officers?(?:'s? representatives?)?",
  'contract(?:ing)? specialist',
  '(?:quality assurance|property|safety|security|grants?) (?:evaluator|inspector|specialist|representative|administrator|officer)',
  '(?:ordering|contracting|requiring) (?:activity|agency|office)',
  'technical (?:monitor|representative|point of contact)',
  'contract administrator',
  'ordering officer',
  '(?:facility|base|post|station|installation) (?:engineer|commander)',
  'administrative contracting officer',
  'source selection (?:authority|official|evaluation board|team)',
  'evaluat(?:ors|ion (?:team|board|panel))',
  'technical evaluation (?:team|panel|board)',
  'program (?:office|manager of the government)',
  '(?:security|finance|payment|program|badging|badge|visitor) office',
  'co|ko|pco|aco|cor|cotr|tpoc|ssa|sseb|va|dod|army|navy|air force|gsa|nasa|usda|hhs|dhs|epa|fbi|coast guard|secretary',
];
/** Who can be bound: the firm, those it sends, and what it hands in. */
const boundNames = [
  "(?:sub)?contractors?(?:'s? (?:employees?|personnel|staff|representatives?))?",
  '(?:contract(?:or)? )?(?:employees?|personnel|staff|workers?)',
  '[a-z]+ (?:personnel|employees?|technicians?|drivers?)',
  'technicians?|drivers?|operators?|installers?|guards?|nurses?|engineers?|consultants?',
  'vendors?|suppliers?|manufacturers?|(?:service )?providers?|awardees?|lessors?|firms?|teams?',
  '(?:project|program|site|task) manager',
  '(?:[a-z]+ )?(?:plans?|reports?|deliverables?|submittals?|invoices?)',
  'offerors?|bidders?|quoters?|offers?|bids?|quotes?|quotations?|proposals?|applicants?|joint ventures?|volumes?',
];

const aside = String.raw`(?:\s*\([^()]{1,40}\))?(?:,[^,]{1,80},)?(?:\s+(?:or|and)\s+(?:its|the|a|an|his|her|their)?\s*(?:designated\s+|authorized\s+)?(?:[a-z]+\s+){0,2}(?:representatives?|designees?|inspectors?))?(?:\s+(?:also|then|hereby|further|only|normally|generally|therefore|thereafter|ultimately|itself))*\s*$`;
const isGovernment = new RegExp(`(?:^|[^a-z'-])(?:${governmentNames.join('|')})${aside}`, 'i');
const isBound = new RegExp(
  String.raw`(?:^|[^a-z'-])(?:${boundNames.join('|')})(?:\s+(?:in|of|for|under|assigned|working|who|with|that|planning)\s[^,;]{1,80})?${aside}`,
  'i',
);
const byGovernment = new RegExp(
  String.raw`\bby\s+(?:the\s+|an?\s+)?(?:[a-z]+\s+)?(?:${governmentNames.join('|')})\b(?!-|'s?\s)`,
  'i',
);
const beginsWithGovernment = new RegExp(String.raw`^(?:${governmentNames.join('|')})\b(?!-)`, 'i');
const byBound =
  /\bby\s+(?:the\s+|each\s+|an?\s+)?(?:prime\s+)?(?:contractor|offeror|vendor|bidder|quoter|awardee)s?\b/i;

export interface Subject {
  readonly text: string;
  readonly party: 'Government' | 'Contractor' | undefined;
}

/** The part of a sentence before its binding word that says who or what: without what comes before a comma or a semicolon. */
export function subjectOf(before: string): Subject {
  const clause = before.split(/;|:\s/).at(-1) ?? '';
  if (isGovernment.test(clause)) return { text: clause, party: 'Government' };
  if (isBound.test(clause)) return { text: clause, party: 'Contractor' };
  // "The Contractor shall inspect and must report": the second word has the first one's subject.
  const verb = /\b(?:shall|must|will|may|is|are|was|were|has|have)\b/i;
  if (verb.test(clause) && /\b(?:and|or|but|then)(?:\s+(?:also|therefore|thus))*\s*$/i.test(clause))
    return subjectOf(clause.slice(0, clause.search(verb)));
  return { text: clause, party: undefined };
}

/** Who answers for it, when the word itself says that somebody does: "is the responsibility of the Government". */
export function responsibleIn(keyword: string, rest: string): Subject['party'] {
  const named =
    keyword === 'responsibility' || keyword === 'incumbent on' ? rest : responsibility.exec(rest)?.[1];
  const name = /^\s+(?:the\s+|each\s+)?([^,.;]{1,60})/i.exec(named ?? '')?.[1];
  if (name === undefined) return undefined;
  if (beginsWithGovernment.test(name)) return 'Government';
  return /^(?:contractor|offeror|vendor)\b/i.test(name) ? 'Contractor' : undefined;
}

const responsibility = /^\s+(?:be|remain)\s+(?:solely\s+)?the\s+(?:sole\s+)?responsibility\s+of(\s.*)/i;

/** Who does it, in the passive voice: up to where the next clause begins. */
export function agentOf(rest: string): 'Government' | 'Contractor' | undefined {
  const verb =
    /^\s+(?:not\s+|only\s+|also\s+)*be\s+(?:\S+\s+){0,3}?\S+(?:ed|en|ade|eld|ent|one|ept|id|ught)\b[^,;.]*/i.exec(
      rest,
    )?.[0];
  if (verb === undefined) return undefined;
  if (byBound.test(verb)) return 'Contractor';
  // "until released by the COR" says who releases, and not who does what the sentence asks for.
  const direct =
    verb.split(
      /\b(?:until|unless|when|after|before|as|that|which|than|if|approved|directed|required|designated|determined|specified|released|requested|accepted)\b/i,
    )[0] ?? '';
  return byGovernment.test(direct) ? 'Government' : undefined;
}

/**
 * What is done to proposals by those who compare them. What is said of the future is wider: "Risk shall be assessed" may be
 * a contractor's work, "Risk will be assessed" is what evaluators announce.
 */
export function isEvaluation(subject: string, rest: string, foretold: boolean): boolean {
  if (
    /\b(?:awards?|(?:proposals?|offers?|quotes?|quotations?|bids?|prices?|(?:sub)?factors?|performance|invoices?|payments?|reimbursements?|amendments?|answers?|discussions|ratings?)\b[^,;]{0,120})\s*$/i.test(
      subject,
    )
  ) {
    return /^\s+(?:not\s+|also\s+|first\s+|then\s+)*be\s+(?:evaluated|rated|considered|ranked|assessed|reviewed|scored|compared|made|posted|issued|awarded|selected|rejected|assigned|opened|published|released|eliminated|announced|conducted|held|treated|used|adjusted|disqualified|excluded|removed|returned\s+(?:unopened|without)|paid|processed)\b/i.test(
      rest,
    );
  }
  if (foretold && /^\s+(?:not\s+|also\s+)*be\s+(?:rated|assessed|considered|weighed)\b/i.test(rest))
    return true;
  return /^\s+(?:not\s+)?be\s+(?:evaluated|awarded|ranked|scored)\b/i.test(rest);
}

/** Those whom the Government gives something, says something or chooses: as the subject, or after "to". */
export function isServed(subject: string, rest: string): boolean {
  const bidders = '(?:contractors?|offerors?|vendors?|bidders?|quoters?|awardees?|firms?)';
  if (new RegExp(String.raw`\b${bidders}(?:\s*\([^()]{1,40}\))?\s*$`, 'i').test(subject))
    return /^\s+(?:(?:also|then)\s+)*(?:be\s+(?:notified|informed|advised|given|granted|issued|afforded|invited|contacted|selected|chosen|debriefed|allowed|permitted)|(?:not\s+)?be\s+(?:paid|reimbursed|compensated))\b/i.test(
      rest,
    );
  return new RegExp(
    String.raw`^\s+(?:not\s+|also\s+)*be\s+(?:made\s+available|provided|furnished|issued|granted|given|offered|sent|released|paid|distributed|assigned)\b[^,;.]{0,60}?\bto\s+(?:the\s+|all\s+|each\s+|any\s+)?(?:(?:interested|prospective|potential|successful|unsuccessful|eligible|remaining|responsible)\s+)?${bidders}\b`,
    'i',
  ).test(rest);
}

/** What the Government lends, and that it comes: "Government furnished equipment will be made available". */
export function isProvision(subject: string, rest: string): boolean {
  return (
    /\b(?:government|agency)[- ](?:furnished|provided|owned)\b/i.test(subject) &&
    /^\s+be\s+(?:made\s+(?:available|ready)|provided|furnished|issued|supplied|delivered)\b/i.test(rest)
  );
}

/** A clause that describes something by what one side does to it: "data as the Contracting Officer may require". */
const relative = new RegExp(
  String.raw`\b(?:that|what|how|whether|where|which|whom|why|as|than)\s+(?:(?:the|an?|each|all|any)\s+)?(?:[a-z]+\s+)?(?:contractors?|offerors?|vendors?|they|it|he|she|one|${governmentNames.join('|')})\s*$`,
  'i',
);

/** The binding word stands in a clause that only describes something, or sets a condition. */
export function isEmbedded(before: string): boolean {
  // After a comma "which" adds something of its own: "a report, which must be signed".
  if (/(?:\b(?:that|what|as)|(?<!,\s*)\b(?:which|who|whom))\s*$/i.test(before)) return true;
  if (relative.test(before))
    return !/\b(?:agree|agrees|ensure|required|requires|understands|condition|provided)\s+that\s+\S+(?:\s+\S+){0,2}\s*$/i.test(
      before,
    );
  const clause = before.split(/;/).at(-1) ?? '';
  return /^\s*(?:if|when|where|unless|once|while|because|although|until|whether|should)\b[^,]*$/i.test(
    clause,
  );
}

export function mentionsBidder(text: string): boolean {
  return /\b(?:offerors?|bidders?|quoters?|offers?|proposals?|quotes?|quotations?|volumes?|resumes?)\b/i.test(
    text,
  );
}
