import type { CerRequest } from '../../../queues/cer-request.ts';
import type { Block, CerContent, Claim, Fact, Section } from './content.ts';
import { postMarketBlocks } from './post-market.ts';

/** Narrative that the data does not make by itself; what the request leaves empty may be drafted by a model. */
export const narrativeKeys = [
  'summary',
  'background',
  'safety',
  'performance',
  'riskBenefit',
  'postMarket',
  'conclusions',
] as const;

export type NarrativeKey = (typeof narrativeKeys)[number];

/** What came of asking a model. */
export interface Drafts {
  readonly model: string;
  readonly sections: { readonly [K in NarrativeKey]?: { readonly claims: readonly Claim[] } | undefined };
  /** Drafts that were not taken, and why, for the place where they would have stood. */
  readonly refused: { readonly [K in NarrativeKey]?: string | undefined };
}

export interface ReportHead {
  readonly id: string;
  readonly createdAt: Date;
}

/** The author's own text for a section, if the request has any. */
export function narrativeOf(request: CerRequest, key: NarrativeKey): string | undefined {
  return key === 'riskBenefit' ? request.riskBenefit : request.sections?.[key];
}

/**
 * Lays a request out in the sections of MEDDEV 2.7/1 rev. 4, appendix A9 ("Proposed table of contents for the clinical
 * evaluation report").
 */
export function reportContent(request: CerRequest, drafts: Drafts | undefined, head: ReportHead): CerContent {
  const { device } = request;
  const narrative = (key: NarrativeKey) => narrativeBlock(request, drafts, key);
  const drafted = drafts !== undefined && Object.keys(drafts.sections).length > 0;
  const sections: Section[] = [
    section('1', 'Summary', [{ kind: 'facts', facts: considered(request) }, narrative('summary')]),
    section('2', 'Scope of the clinical evaluation', scopeBlocks(request)),
    section('3', 'Clinical background, current knowledge, state of the art', [narrative('background')]),
    section(
      '4',
      'Device under evaluation',
      [{ kind: 'facts', facts: deviceFacts(request) }],
      [
        section('4.1', 'Intended purpose', [{ kind: 'prose', text: device.intendedPurpose }]),
        section('4.2', 'Indications', [{ kind: 'list', items: device.indications }]),
        section('4.3', 'Contraindications', [{ kind: 'list', items: device.contraindications }]),
      ],
    ),
    section('5', 'Demonstration of equivalence', equivalenceBlocks(request)),
    manufacturerData(request),
    literature(request),
    section(
      '8',
      'Analysis of the clinical data',
      [],
      [
        section('8.1', 'Safety', [narrative('safety')]),
        section('8.2', 'Performance', [narrative('performance')]),
        section('8.3', 'Acceptability of the benefit/risk profile', [narrative('riskBenefit')]),
      ],
    ),
    section('9', 'Post-market surveillance', ...postMarketParts(request, narrative('postMarket'))),
    section('10', 'Conclusions', [narrative('conclusions')]),
    section('11', 'Dates and signatures', signatureBlocks(request, head)),
    section('12', 'References', referenceBlocks(request)),
  ];
  return {
    title: 'Clinical Evaluation Report',
    device: device.name,
    manufacturer: device.manufacturer,
    cover: coverFacts(request, head),
    caution: drafted
      ? `Parts of this report were drafted by a language model (${drafts.model}) and are marked as drafts. Each must be reviewed by the evaluator before the report is signed.`
      : undefined,
    sections,
  };
}

function section(
  number: string,
  title: string,
  blocks: readonly Block[],
  parts: readonly Section[] = [],
): Section {
  return { id: `section-${number.replace('.', '-')}`, number, title, blocks, parts };
}

function narrativeBlock(request: CerRequest, drafts: Drafts | undefined, key: NarrativeKey): Block {
  const own = narrativeOf(request, key);
  if (own !== undefined) return { kind: 'prose', text: own };
  const draft = drafts?.sections[key];
  if (drafts !== undefined && draft !== undefined) {
    return {
      kind: 'draft',
      notice: `Draft by ${drafts.model}, to be reviewed. It was made from the data of this report alone; the ids in brackets are those of the references.`,
      claims: draft.claims,
    };
  }
  const refused = drafts?.refused[key];
  return {
    kind: 'awaiting',
    text: `This section awaits its author.${refused === undefined ? '' : ` A draft was refused: ${refused}`}`,
  };
}

function coverFacts({ device, evaluator, reportNumber, version }: CerRequest, head: ReportHead): Fact[] {
  return [
    { label: 'Device', value: device.name },
    { label: 'Model', value: device.model },
    { label: 'Manufacturer', value: device.manufacturer },
    { label: 'Class (MDR)', value: device.class },
    ...fact('UDI-DI', device.udiDi),
    ...fact('Report number', reportNumber),
    ...fact('Version', version),
    { label: 'Evaluator', value: evaluator.name },
    { label: 'Date', value: dayOf(head.createdAt) },
    { label: 'Report id', value: head.id },
  ];
}

function considered({
  device,
  clinicalInvestigations,
  literature: items,
  adverseEvents,
}: CerRequest): Fact[] {
  const dates = adverseEvents.map(({ date }) => date).sort();
  const [first] = dates;
  const last = dates.at(-1);
  const span = first === undefined || last === undefined ? '' : `, ${first} to ${last}`;
  return [
    { label: 'Device', value: `${device.name}, ${device.model}` },
    { label: 'Clinical investigations', value: String(clinicalInvestigations.length) },
    { label: 'Publications appraised', value: String(items.length) },
    { label: 'Adverse events', value: `${adverseEvents.length}${span}` },
  ];
}

function deviceFacts({ device }: CerRequest): Fact[] {
  return [
    { label: 'Name', value: device.name },
    { label: 'Model', value: device.model },
    { label: 'Manufacturer', value: device.manufacturer },
    { label: 'Class (MDR)', value: device.class },
    ...fact('UDI-DI', device.udiDi),
  ];
}

function scopeBlocks(request: CerRequest): Block[] {
  const { device, equivalence, standards, sections } = request;
  const basis =
    equivalence === undefined
      ? 'Data of the device itself'
      : `Data of the device itself, and of the equivalent ${equivalence.device}`;
  return [
    ...(sections?.scope === undefined ? [] : [{ kind: 'prose' as const, text: sections.scope }]),
    {
      kind: 'facts',
      facts: [
        { label: 'Device', value: `${device.name}, ${device.model} (class ${device.class})` },
        { label: 'Basis of the evaluation', value: basis },
        { label: 'Method', value: 'MEDDEV 2.7/1 revision 4' },
      ],
    },
    standards.length === 0
      ? { kind: 'awaiting', text: 'No standards were named in the request.' }
      : {
          kind: 'table',
          caption: 'Standards and guidance applied',
          columns: [
            { header: 'Reference', share: 2 },
            { header: 'Title', share: 5 },
            { header: 'Applied', share: 1.4 },
          ],
          rows: standards.map((standard) => [
            standard.reference,
            'title' in standard ? (standard.title ?? '') : '',
            'applied' in standard ? (standard.applied ?? '') : '',
          ]),
        },
  ];
}

function equivalenceBlocks({ equivalence }: CerRequest): Block[] {
  if (equivalence === undefined)
    return [{ kind: 'prose', text: 'Equivalence to another device is not claimed.' }];
  return [
    {
      kind: 'facts',
      facts: [
        { label: 'Equivalent device', value: equivalence.device },
        ...fact('Manufacturer', equivalence.manufacturer),
      ],
    },
    { kind: 'label', text: 'Clinical characteristics' },
    { kind: 'prose', text: equivalence.clinical },
    { kind: 'label', text: 'Technical characteristics' },
    { kind: 'prose', text: equivalence.technical },
    { kind: 'label', text: 'Biological characteristics' },
    { kind: 'prose', text: equivalence.biological },
    ...(equivalence.conclusion === undefined
      ? []
      : [
          { kind: 'label' as const, text: 'Conclusion' },
          { kind: 'prose' as const, text: equivalence.conclusion },
        ]),
  ];
}

function manufacturerData({ clinicalInvestigations, sections }: CerRequest): Section {
  const own = sections?.manufacturerData;
  const blocks: Block[] = own === undefined ? [] : [{ kind: 'prose', text: own }];
  if (own === undefined && clinicalInvestigations.length === 0)
    blocks.push({
      kind: 'awaiting',
      text: 'No data held by the manufacturer was named. This section awaits its author.',
    });
  const parts = clinicalInvestigations.map((investigation, index) => {
    const { id, title, design, subjects, start, end, results, limitations } = investigation;
    const period =
      start === undefined && end === undefined ? undefined : `${start ?? ''} to ${end ?? 'today'}`.trim();
    const facts = [
      ...fact('Identification', id),
      ...fact('Design', design),
      ...fact('Subjects', subjects === undefined ? undefined : String(subjects)),
      ...fact('Period', period),
    ];
    return section(`6.${index + 1}`, title, [
      ...(facts.length === 0 ? [] : [{ kind: 'facts' as const, facts }]),
      { kind: 'label', text: 'Results' },
      { kind: 'prose', text: results },
      ...(limitations === undefined
        ? []
        : [
            { kind: 'label' as const, text: 'Limitations' },
            { kind: 'prose' as const, text: limitations },
          ]),
    ]);
  });
  return section('6', 'Clinical data generated and held by the manufacturer', blocks, parts);
}

function literature({ literature: items, sections }: CerRequest): Section {
  const search = sections?.literatureSearch;
  return section(
    '7',
    'Clinical data from literature',
    [],
    [
      section('7.1', 'Literature search', [
        search === undefined
          ? { kind: 'awaiting', text: 'The search protocol awaits its author.' }
          : { kind: 'prose', text: search },
      ]),
      section('7.2', 'Appraisal', [
        items.length === 0
          ? { kind: 'awaiting', text: 'No literature was named in the request.' }
          : {
              kind: 'table',
              caption: `Publications appraised (${items.length})`,
              columns: [
                { header: 'Id', share: 0.8 },
                { header: 'Citation', share: 3 },
                { header: 'Summary', share: 4.2 },
                { header: 'Relevance', share: 2.4 },
              ],
              rows: items.map(({ id, citation, summary, relevance }) => [id, citation, summary, relevance]),
            },
      ]),
    ],
  );
}

function postMarketParts(request: CerRequest, narrative: Block): [Block[], Section[]] {
  if (request.adverseEvents.length === 0)
    return [[{ kind: 'prose', text: 'No adverse events were reported in the request.' }, narrative], []];
  const { overview, byType, list } = postMarketBlocks(request.adverseEvents);
  return [
    [narrative],
    [
      section('9.1', 'Events over time', overview),
      section('9.2', 'Events by type', byType),
      section('9.3', 'List of events', list),
    ],
  ];
}

function signatureBlocks({ evaluator, device }: CerRequest, head: ReportHead): Block[] {
  return [
    {
      kind: 'facts',
      facts: [
        { label: 'Date of the report', value: dayOf(head.createdAt) },
        { label: 'Evaluator', value: evaluator.name },
        ...fact('Role', evaluator.role),
        ...fact('Organisation', evaluator.organisation),
      ],
    },
    { kind: 'label', text: 'Qualifications' },
    { kind: 'prose', text: evaluator.qualifications },
    { kind: 'signature', who: evaluator.name, capacity: 'Clinical evaluator' },
    { kind: 'signature', who: '', capacity: `For the manufacturer, ${device.manufacturer}` },
  ];
}

function referenceBlocks({ literature: items }: CerRequest): Block[] {
  if (items.length === 0) return [{ kind: 'prose', text: 'No literature is cited.' }];
  return [
    {
      kind: 'table',
      caption: 'Literature',
      columns: [
        { header: 'Id', share: 1 },
        { header: 'Citation', share: 10 },
      ],
      rows: items.map(({ id, citation }) => [id, citation]),
    },
  ];
}

function fact(label: string, value: string | undefined): Fact[] {
  return value === undefined ? [] : [{ label, value }];
}

function dayOf(date: Date): string {
  return date.toISOString().slice(0, 10);
}
