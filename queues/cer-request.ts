import { z } from 'zod';
import { email, isoDate, line, webUrl } from './fields.ts';

/**
 * What a clinical evaluation report is made from. It is stored beside its job, which only bears the report's id, so it
 * may be far larger than a payload; the bounds of each list keep a report to what can still be laid out in minutes.
 */

/** Characters that neither HTML nor XML can hold, and that have no meaning in prose. */
const unprintable = /[^\P{Cc}\n\r\t]/u;

/** Text of several lines and paragraphs, for people. Line ends become `\n`. */
const prose = (max = 20_000) =>
  z
    .string()
    .trim()
    .min(1)
    .max(max)
    .refine((text) => !unprintable.test(text), 'must not hold control characters')
    .transform((text) => text.replace(/\r\n?/g, '\n'));

/** One text or a list of them; a list comes out. */
const texts = z
  .union([prose(), z.array(prose(5_000)).min(1).max(100)], { error: 'must be a text or a list of texts' })
  .transform((value) => (typeof value === 'string' ? [value] : value));

/** MDR 2017/745, annex VIII; Is, Im and Ir are the class I devices that a notified body looks at. */
const deviceClass = z.enum(['I', 'Is', 'Im', 'Ir', 'IIa', 'IIb', 'III'], {
  error: 'must be a class of the MDR: I, Is, Im, Ir, IIa, IIb or III',
});

const device = z.strictObject({
  name: line(200),
  manufacturer: line(200),
  model: line(200),
  udiDi: line(100).optional(),
  class: deviceClass,
  intendedPurpose: prose(),
  indications: texts,
  contraindications: texts,
});

/** MEDDEV 2.7/1 rev. 4, appendix A1: the three kinds of characteristics in which a device may be equivalent. */
const equivalence = z.strictObject({
  device: line(200),
  manufacturer: line(200).optional(),
  clinical: prose(),
  technical: prose(),
  biological: prose(),
  conclusion: prose().optional(),
});

const clinicalInvestigation = z
  .strictObject({
    id: line(60).optional(),
    title: line(500),
    design: prose(2_000).optional(),
    subjects: z.int().min(0).max(10_000_000).optional(),
    start: isoDate.optional(),
    end: isoDate.optional(),
    results: prose(),
    limitations: prose(5_000).optional(),
  })
  .refine(({ start, end }) => start === undefined || end === undefined || start <= end, {
    error: 'must not end before it starts',
    path: ['end'],
  });

const literatureItem = z.strictObject({
  /** How drafts and the text cite it, such as `L12`. */
  id: line(60),
  citation: prose(2_000),
  summary: prose(),
  relevance: prose(5_000),
});

const adverseEvent = z.strictObject({
  date: isoDate,
  type: line(200),
  /** In the words of the manufacturer's own scale. */
  severity: line(60),
  outcome: line(500),
});

const standard = z
  .union([
    line(300),
    z.strictObject({ reference: line(100), title: line(300).optional(), applied: line(100).optional() }),
  ])
  .transform((value) => (typeof value === 'string' ? { reference: value } : value));

const evaluator = z.strictObject({
  name: line(200),
  qualifications: prose(5_000),
  role: line(200).optional(),
  organisation: line(200).optional(),
});

/** Text of the author's own for sections that the data above does not make. What is absent is drafted, or awaits its author. */
const sections = z.strictObject({
  summary: prose().optional(),
  scope: prose().optional(),
  background: prose().optional(),
  manufacturerData: prose().optional(),
  literatureSearch: prose().optional(),
  safety: prose().optional(),
  performance: prose().optional(),
  postMarket: prose().optional(),
  conclusions: prose().optional(),
});

const notify = z
  .strictObject({ email: email.optional(), url: webUrl.optional() })
  .refine((to) => to.email !== undefined || to.url !== undefined, {
    error: 'must name an email, a url or both',
  });

export const cerRequest = z.strictObject({
  /** The report's own number and version, as the manufacturer counts them. */
  reportNumber: line(100).optional(),
  version: line(40).optional(),
  device,
  equivalence: equivalence.optional(),
  clinicalInvestigations: z.array(clinicalInvestigation).max(200).default([]),
  literature: z
    .array(literatureItem)
    .max(2_000)
    .superRefine((items, context) => {
      const seen = new Set<string>();
      items.forEach(({ id: name }, index) => {
        if (seen.has(name))
          context.addIssue({ code: 'custom', path: [index, 'id'], message: 'is the id of an earlier item' });
        seen.add(name);
      });
    })
    .default([]),
  adverseEvents: z.array(adverseEvent).max(10_000).default([]),
  standards: z.array(standard).max(500).default([]),
  riskBenefit: prose().optional(),
  evaluator,
  sections: sections.optional(),
  notify: notify.optional(),
});

/** As a caller writes it. */
export type CerRequestInput = z.input<typeof cerRequest>;
/** As it is stored and rendered. */
export type CerRequest = z.output<typeof cerRequest>;
