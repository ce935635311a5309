import type { CerRequestInput } from '../../queues/cer-request.ts';
import {
  eventTypes,
  initials,
  journals,
  outcomes,
  populations,
  severities,
  studies,
  surnames,
} from './cer-words.ts';
import { createRandom, type Random } from './random.ts';

const seed = 20_260_624;
const dayMs = 24 * 3_600_000;
const months = 30;

/**
 * A request for a clinical evaluation report, of the size that real ones have: 60 publications and 400 adverse events of
 * the thirty months before `asOf`, on an infusion pump that does not exist. The same `asOf` gives the same request. Two
 * sections are left empty, so that it shows what becomes of those.
 */
export function makeCerRequest({
  asOf,
  literature = 60,
  adverseEvents = 400,
}: {
  asOf: Date;
  literature?: number;
  adverseEvents?: number;
}): CerRequestInput {
  const forLiterature = createRandom(seed);
  const forEvents = createRandom(seed + 1);
  return {
    ...fixedParts,
    literature: Array.from({ length: literature }, (_, index) => publication(forLiterature, index, asOf)),
    adverseEvents: Array.from({ length: adverseEvents }, () => incident(forEvents, asOf)).sort((a, b) =>
      a.date < b.date ? -1 : a.date > b.date ? 1 : 0,
    ),
  };
}

function publication(random: Random, index: number, asOf: Date) {
  const study = random.pick(studies);
  const authors = Array.from(
    { length: random.whole(2, 4) },
    () => `${random.pick(surnames)} ${random.characters(1, initials)}`,
  );
  const first = random.whole(1, 480);
  const year = asOf.getUTCFullYear() - random.whole(1, 9);
  const subject = `${study.subject.charAt(0).toUpperCase()}${study.subject.slice(1)}`;
  const finding = study.finding
    .replaceAll('{n}', String(random.whole(48, 2_400)))
    .replaceAll('{percent}', `${random.whole(1, 9)}.${random.whole(0, 9)}`)
    .replaceAll('{ci}', `0.${random.whole(2, 9)}`)
    .replaceAll('{wards}', String(random.whole(3, 11)));
  return {
    id: `L${index + 1}`,
    citation: `${authors.join(', ')}. ${subject} ${random.pick(populations)}: a ${study.design}. ${random.pick(journals)}. ${year};${random.whole(4, 60)}(${random.whole(1, 6)}):${first}–${first + random.whole(5, 14)}.`,
    summary: finding,
    relevance: study.relevance,
  };
}

function incident(random: Random, asOf: Date) {
  const { type, worst } = random.pick(eventTypes);
  // Grave outcomes are rare even where they are possible.
  let grade = 0;
  while (grade < worst && random.chance(grade < 2 ? 0.55 : 0.16)) grade += 1;
  const date = new Date(asOf.getTime() - random.whole(1, months * 30) * dayMs);
  const [fallback, ...further] = outcomes[grade] ?? ['Recovered'];
  return {
    date: date.toISOString().slice(0, 10),
    type,
    severity: severities[grade] ?? 'Minor',
    outcome: random.pick([fallback ?? 'Recovered', ...further]),
  };
}

const fixedParts = {
  reportNumber: 'CER-AV2-007',
  version: '3.1',
  device: {
    name: 'Aurelia V2 volumetric infusion pump',
    manufacturer: 'Aurelia Infusion Systems GmbH, Graz',
    model: 'AV2-400 and AV2-410 (paediatric)',
    udiDi: '09120099990017',
    class: 'IIb',
    intendedPurpose:
      'The Aurelia V2 is intended for the controlled intravenous administration of fluids, drugs, blood products and parenteral nutrition to patients of all ages at rates of 0.1 to 1,200 ml/h, by trained health professionals in hospitals and during transport between and within them.\n\nIt is not intended for use during magnetic resonance imaging, nor by lay persons.',
    indications: [
      'Intravenous therapy that needs a constant and accurate rate',
      'Titration of vasoactive and sedative drugs with the drug library',
      'Transfusion of blood products through the sets named in the instructions for use',
      'Parenteral nutrition in adults, children and neonates',
    ],
    contraindications: [
      'Enteral feeding',
      'Epidural and intrathecal administration',
      'Use in hyperbaric chambers and in the MR environment',
    ],
  },
  equivalence: {
    device: 'Aurelia V1 volumetric infusion pump',
    manufacturer: 'Aurelia Infusion Systems GmbH, Graz',
    clinical:
      'Same clinical condition, same site in the body, same population and same kind of user. Severity and stage of the conditions treated do not differ; the range of rates of the V2 contains that of the V1.',
    technical:
      'Same peristaltic drive with twelve fingers, same occlusion sensor and air detector (threshold 50 µl). The V2 has a capacitive touch screen in place of keys, a battery of 5.2 Ah in place of 3.9 Ah, and a wireless interface by which the drug library is updated; it cannot start or change an infusion.',
    biological:
      'The pump has no contact with the patient or the infusate. The administration sets are the same (materials assessed after ISO 10993-1, report BIO-114).',
    conclusion:
      'The differences do not affect clinical safety and performance. Equivalence is demonstrated; the manufacturer holds the technical documentation of both devices.',
  },
  clinicalInvestigations: [
    {
      id: 'AV2-CI-01',
      title: 'Flow accuracy and alarm performance of the Aurelia V2 in adult intensive care',
      design: 'Prospective, single-arm, three centres; ISO 14155:2020',
      subjects: 214,
      start: '2023-03-06',
      end: '2024-01-26',
      results:
        'The primary endpoint was met: 98.7 % of 1,902 infusions stayed within ±5 % of the set rate (lower bound of the 95 % confidence interval 98.1 %; target 95 %). Median time to occlusion alarm at 5 ml/h was 3.4 min. Eleven adverse device effects were recorded, none of them serious.',
      limitations:
        'No comparator arm; patients with rates below 0.5 ml/h were few (n = 9), which the second investigation addresses.',
    },
    {
      id: 'AV2-CI-02',
      title: 'Low-rate infusion with the AV2-410 in neonates',
      design: 'Prospective, randomised against syringe pumps, one centre',
      subjects: 46,
      start: '2024-02-12',
      end: '2024-11-29',
      results:
        'Start-up delay to steady flow at 0.5 ml/h was 4.1 min (syringe pumps: 9.8 min; p < 0.001). Blood pressure variability during vasoactive infusion did not differ (2.9 against 3.1 mmHg). One occlusion alarm was later than 20 min, after a clamp had been left closed.',
    },
  ],
  standards: [
    {
      reference: 'EN IEC 60601-1:2006 + A1:2013 + A2:2021',
      title: 'General requirements for basic safety and essential performance',
      applied: 'in full',
    },
    {
      reference: 'EN 60601-2-24:2015',
      title: 'Particular requirements for infusion pumps and controllers',
      applied: 'in full',
    },
    {
      reference: 'EN ISO 14971:2019 + A11:2021',
      title: 'Application of risk management to medical devices',
      applied: 'in full',
    },
    {
      reference: 'EN 62366-1:2015 + A1:2020',
      title: 'Application of usability engineering',
      applied: 'in full',
    },
    {
      reference: 'EN ISO 14155:2020',
      title: 'Clinical investigation of medical devices for human subjects',
      applied: 'in full',
    },
    {
      reference: 'MDCG 2020-6',
      title: 'Sufficient clinical evidence for legacy devices',
      applied: 'as guidance',
    },
  ],
  riskBenefit:
    'The benefit is the delivery of the prescribed dose at the prescribed time, which gravity infusion cannot give for the indications above. The residual risks of the risk management file (RMF-AV2, revision 9) were compared with the events of the last thirty months: no hazard occurred that the file does not hold, and no rate exceeded its estimate.\n\nThe most severe residual risk, over-infusion after a cassette change, is controlled by the anti-free-flow clamp and by the alarm; its observed rate lies below that reported for comparable devices. The benefit/risk ratio is judged acceptable for all indications and populations named.',
  evaluator: {
    name: 'Dr. med. Helena Kranjc',
    role: 'Clinical evaluator',
    organisation: 'Kranjc Clinical Affairs',
    qualifications:
      'Physician, specialist in anaesthesiology and intensive care; eleven years of clinical practice with infusion devices; six years of clinical evaluation of class IIb and III devices; training in systematic reviews and medical writing. Declaration of interests of 12 January on file.',
  },
  sections: {
    summary:
      'This evaluation covers the Aurelia V2 in all its models and indications. It rests on two clinical investigations of the device, on the literature appraised in section 7, and on the post-market surveillance of thirty months. The general safety and performance requirements 1, 8 and 17 of the MDR are met on the basis of sufficient clinical evidence; gaps are addressed by the PMCF plan PMCF-AV2, revision 2.',
    background:
      'Intravenous infusion by volumetric pump is the standard of care wherever a drug acts within minutes or has a narrow therapeutic range. The hazards are known: deviation from the set rate, late detection of an occlusion, air in the line, free flow, use errors in programming, and loss of power.\n\nAlternatives are gravity infusion with a drip controller, syringe pumps for small volumes, and elastomeric pumps outside hospitals. Benchmarks for this evaluation were taken from the literature: accuracy within ±5 %, occlusion alarm within 20 min at 1 ml/h, a rate of serious incidents below 1 in 10,000 infusions.',
    literatureSearch:
      'Three databases were searched on 8 January for publications of the last ten years with the terms (“infusion pump” OR “volumetric pump”) AND (accuracy OR alarm OR safety OR “adverse event”), without limits of language. Of 1,164 records 1,021 remained after duplicates were removed; 142 were read in full. Two persons appraised each independently for suitability and data contribution after MEDDEV 2.7/1 rev. 4, appendix A6; the publications below were included.',
    safety:
      'No unknown hazard was identified in the investigations, the literature or post-market surveillance. Serious events are rare and belong to hazards that the risk management file holds. The delayed occlusion alarms reported are within the specification of the device in all cases but one, in which the clamp of the set was closed.',
    postMarket:
      'Events were taken from complaints, vigilance reports and the service database. Trend analysis after article 88 of the MDR found no statistically significant increase of any type. Two field notices concerned the labelling of the paediatric drug library; both are closed.',
  },
} satisfies CerRequestInput;
