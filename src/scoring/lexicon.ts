/**
 * The words that the local scores go by. Each word means one thing only: that is what keeps the scores monotone, and
 * it is checked when this file is loaded. Words are small ASCII letters, with `-` and `'` inside.
 */
export type Mark =
  | 'superlative'
  | 'absolute'
  | 'promise'
  | 'hedge'
  | 'attribution'
  | 'group'
  | 'harm'
  | 'voice'
  | `concern:${Topic}`;

/** What a story may be worried about; how many of these it touches counts as well as how often. */
export const topics = [
  'privacy',
  'fairness',
  'safety',
  'consent',
  'accountability',
  'work',
  'environment',
  'truth',
] as const;

export type Topic = (typeof topics)[number];

const words: Readonly<Record<Mark, string>> = {
  superlative: `amazing astonishing astounding awesome best biggest breathtaking brilliant cutting-edge dazzling
    epic exceptional extraordinary fantastic fastest finest game-changer game-changing genius greatest groundbreaking
    ground-breaking highest huge immense incredible incredibly jaw-dropping largest leading legendary magical massive
    mind-blowing mindblowing miracle miraculous monumental next-generation next-level outstanding paradigm-shifting
    phenomenal powerful remarkable revolutionary revolutionise revolutionises revolutionize revolutionizes
    revolutionizing seismic sensational smartest spectacular state-of-the-art strongest stunning superb superhuman
    supercharged transformative ultimate unbelievable unmatched unparalleled unprecedented unrivaled unrivalled
    world-class world-changing breakthrough breakthroughs`,
  absolute: `absolutely all-in-one always certain certainly completely definitely entirely everyone everything
    everywhere flawless flawlessly foolproof forever guarantee guaranteed guarantees impossible inevitable inevitably
    instantly limitless never nobody only perfect perfectly proven totally undeniable undeniably undoubtedly unlimited
    unstoppable utterly zero-risk risk-free`,
  promise: `future imminent imminently poised promise promised promises promising shall soon someday tomorrow
    upcoming vision visionary will won't`,
  hedge: `allegedly almost apparent apparently appear appears approximately arguably around caution cautioned cautious
    claimed claims could doubt doubts early estimate estimated estimates expected experimental fairly if indicate
    indicates largely likely limited limitation limitations may maybe might modest modestly mostly often partial
    partially partly perhaps possible possibly potential potentially preliminary presumably probably relatively roughly
    seem seems sometimes somewhat suggest suggests tentative tentatively uncertain uncertainty unclear unconfirmed
    unknown unproven unlikely unverified usually would`,
  attribution: `according analysis cited cites dataset documented evidence experiment experiments found journal
    measured paper peer-reviewed preprint published replicated report reported reports researcher researchers said says
    source sources statistics studies study survey surveyed told trial trials wrote`,
  group: `adolescents asylum-seekers children citizens communities community consumers customers disabled elderly
    employees families girls homeless immigrants indigenous inmates jobseekers kids learners migrants minorities minority
    neighborhoods neighbourhoods older parents passengers patients pedestrians people poor prisoners pupils refugees
    residents seniors students teenagers teens tenants underserved users victims voters vulnerable women workers`,
  harm: `abuse abused abusive attack attacks breach breached breaches casualties coerced cruel damage damaged damages
    danger dangerous dead deadly death deaths died exploit exploitation exploited fatal fraud harass harassed harassment
    harm harmed harmful harms hurt injured injuries injury kill killed kills lethal misuse misused outrage scam scams
    stolen suffer suffered suffering theft threat threatened threats traumatic unsafe violence violent`,
  voice: `activist activists advocate advocates although argue argues benefit benefits concerned concerns critic
    criticised criticism criticized critics debate debated despite drawback drawbacks ethical ethicist ethicists ethics
    however moral nonetheless objected objection objections opponents oppose opposed tradeoff tradeoffs trade-off
    trade-offs warn warned warning warnings warns watchdog whereas worried worries worry`,
  'concern:privacy': `anonymised anonymity anonymized biometric biometrics confidential ccpa eavesdropping
    facial-recognition fingerprinting gdpr hipaa leak leaked leaks monitored personal privacy private profiling
    re-identified snooping spying spyware stalking stalkerware surveillance tracked tracking`,
  'concern:fairness': `bias biased biases discriminate discriminated discriminates discrimination discriminatory
    disparities disparity disproportionate disproportionately equality equity exclusion fair fairness inequality
    inequities prejudice prejudiced racial racism racist redlining sexism sexist stereotype stereotypes unequal unfair
    unfairly`,
  'concern:safety': `hazard hazardous hazards malfunction malfunctioned malfunctions oversight recall recalled risk risks
    risky safe safeguard safeguards safely safety security vulnerabilities vulnerability weapon weapons`,
  'concern:consent': `autonomy coercion consent consented consenting dark-pattern dark-patterns informed
    manipulate manipulated manipulation manipulative non-consensual nonconsensual opt-in opt-out opted scraped scraping
    unaware unsuspecting unwitting unwittingly`,
  'concern:accountability': `accountability accountable audit audited audits banned complaint complaints court courts
    explainability explainable fined illegal illegally investigated investigation lawsuit lawsuits liability liable
    negligence negligent opaque regulate regulated regulation regulations regulator regulators regulatory
    responsibility responsible sued transparency transparent unaccountable unlawful whistleblower whistleblowers`,
  'concern:work': `automated-away burnout displaced fired gig-economy joblessness layoff layoffs livelihood livelihoods
    precarious redundancies sweatshop sweatshops underpaid unemployed unemployment union unions unpaid wage wages`,
  'concern:environment': `carbon climate contaminated contamination deforestation e-waste emission emissions fossil
    landfill landfills pollute polluted pollution sustainability toxic unsustainable`,
  'concern:truth': `conspiracy deceive deceived deception deceptive deepfake deepfakes disinformation fabricated fake
    faked hallucinate hallucinated hallucination hallucinations hoax hoaxes mislead misleading misinformation plagiarism
    propaganda`,
};

export const lexicon: ReadonlyMap<string, Mark> = build();

/** No word is longer, so a longer token need not be looked up. */
export const longestWord = Math.max(...[...lexicon.keys()].map((word) => word.length));

function build(): Map<string, Mark> {
  const map = new Map<string, Mark>();
  for (const mark of marks()) {
    for (const word of words[mark].split(/\s+/)) {
      const other = map.get(word);
      if (other !== undefined) throw new Error(`"${word}" stands under both ${other} and ${mark}.`);
      map.set(word, mark);
    }
  }
  return map;
}

function marks(): Mark[] {
  const concerns = topics.map((topic) => `concern:${topic}` as const);
  return [
    'superlative',
    'absolute',
    'promise',
    'hedge',
    'attribution',
    'group',
    'harm',
    'voice',
    ...concerns,
  ];
}
