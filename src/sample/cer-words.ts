/** Words for the sample of a clinical evaluation report: an invented infusion pump, its literature and its incidents. */

export const surnames = [
  'Abadi',
  'Bergström',
  'Castellanos',
  'Dvořák',
  'Eriksen',
  'Fernández',
  'Grigoriou',
  'Hartmann',
  'Ivanova',
  'Jørgensen',
  'Kowalczyk',
  'Lefèvre',
  'Moreau',
  'Nakamura',
  'O’Sullivan',
  'Papadopoulos',
  'Quist',
  'Rossi',
  'Szabó',
  'Tanaka',
  'Ustinov',
  'Vasquez',
  'Weiß',
  'Yıldız',
  'Žižka',
] as const;

export const initials = 'ABCDEFGHJKLMNPRSTW';

/** Invented journals. */
export const journals = [
  'J Infus Ther',
  'Eur Arch Anaesth Nurs',
  'Int J Bedside Dev',
  'Crit Care Equip',
  'Med Dev Safety Rev',
  'Acta Clin Instrum',
  'Paediatr Infus',
  'Hosp Pharm Pract',
] as const;

export interface Study {
  readonly design: string;
  readonly subject: string;
  readonly finding: string;
  readonly relevance: string;
}

export const studies: readonly [Study, ...Study[]] = [
  {
    design: 'randomised crossover study',
    subject: 'flow accuracy of volumetric infusion pumps at low rates',
    finding:
      'The mean deviation from the set rate was {percent} % (95 % CI ±{ci} %) over {n} infusions; no infusion left the ±5 % limit of IEC 60601-2-24 for longer than two minutes.',
    relevance: 'Performance: flow accuracy at rates between 0.5 and 5 ml/h.',
  },
  {
    design: 'prospective cohort study',
    subject: 'air-in-line alarms and their clinical consequences on adult wards',
    finding:
      'Of {n} alarms observed, {percent} % were clinically relevant. No air embolism occurred. Alarm fatigue was named by nurses in {wards} of 12 wards as the main burden.',
    relevance: 'Safety: alarm behaviour; comparable detector threshold (≥ 50 µl).',
  },
  {
    design: 'before-and-after study',
    subject: 'dose-error reduction software in intensive care',
    finding:
      'With a drug library of {wards}0 entries, intercepted programming errors rose to {percent} per 1,000 infusions; {n} infusions were reviewed. Hard limits were overridden in none.',
    relevance: 'Performance and safety: the library of the device works on the same principle.',
  },
  {
    design: 'systematic review',
    subject: 'adverse drug events related to infusion devices',
    finding:
      'Thirty-one studies with {n} patients were included. Events attributed to the device itself made up {percent} % of all events; free flow after cassette removal was the gravest cause.',
    relevance: 'State of the art: background rates of events, hazards to be addressed.',
  },
  {
    design: 'bench and clinical validation',
    subject: 'occlusion detection time in paediatric infusion',
    finding:
      'The median time to alarm at 1 ml/h was {wards} min ({n} tests). The bolus after release stayed below {percent}0 µl in all but two tests.',
    relevance: 'Safety: occlusion alarm and post-occlusion bolus in the smallest patients.',
  },
  {
    design: 'registry analysis',
    subject: 'battery failures of infusion pumps during transport',
    finding:
      'Among {n} transports, {percent} interruptions were due to an exhausted battery; all were noticed by the audible alarm, none led to lasting harm.',
    relevance: 'Safety: transport is an intended condition of use.',
  },
  {
    design: 'usability study',
    subject: 'programming errors of nurses with touch-screen pumps',
    finding:
      '{n} tasks were done by 36 nurses. The rate of use errors was {percent} per 100 tasks, and fell by half after an hour of training.',
    relevance: 'Usability: same class of user interface, same user groups.',
  },
];

export const populations = [
  'in adults',
  'in neonates ≤ 1.5 kg',
  'in children',
  'in oncology',
  'after cardiac surgery',
  'in home care',
  'in palliative care',
  'during interhospital transport',
] as const;

export const eventTypes: readonly [
  { readonly type: string; readonly worst: number },
  ...{ readonly type: string; readonly worst: number }[],
] = [
  { type: 'Air-in-line alarm, infusion interrupted', worst: 1 },
  { type: 'Occlusion alarm delayed', worst: 2 },
  { type: 'Flow rate below the set rate', worst: 3 },
  { type: 'Over-infusion after cassette change', worst: 4 },
  { type: 'Battery exhausted during transport', worst: 2 },
  { type: 'Display unreadable', worst: 1 },
  { type: 'Use error: wrong drug library entry', worst: 3 },
  { type: 'Leak at the administration set', worst: 1 },
  { type: 'Skin irritation below the fixation', worst: 0 },
  { type: 'Unintended stop without alarm', worst: 4 },
];

/** Mildest first. */
export const severities = ['Negligible', 'Minor', 'Moderate', 'Serious', 'Death'] as const;

export const outcomes: readonly (readonly [string, ...string[]])[] = [
  ['No harm; infusion continued', 'Recovered without treatment'],
  ['Recovered; set replaced', 'Recovered after the infusion was restarted', 'Pump exchanged, no sequelae'],
  ['Recovered after additional medication', 'Prolonged observation for 24 hours, recovered'],
  [
    'Intervention necessary; recovered after transfer to intensive care',
    'Recovering at the time of the report',
  ],
  ['Patient died; causal relation to the device judged unlikely by the coroner'],
];
