import type { CerRequest } from '../../../queues/cer-request.ts';
import type { Block, CerContent, Fact, Section } from './content.ts';
import { considered, deviceFacts, equivalenceBlocks, scopeBlocks } from './device.ts';
import { literature, manufacturerData, postMarketParts, referenceBlocks } from './evidence.ts';
import { type Drafts, type NarrativeKey, narrativeBlock } from './narrative.ts';
import { dayOf, fact, section } from './parts.ts';

export interface ReportHead {
  readonly id: string;
  readonly createdAt: Date;
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
