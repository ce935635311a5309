import type { CerRequest } from '../../../queues/cer-request.ts';
import type { Block, Fact } from './content.ts';
import { fact } from './parts.ts';

/** What was evaluated, in figures. */
export function considered({
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

export function deviceFacts({ device }: CerRequest): Fact[] {
  return [
    { label: 'Name', value: device.name },
    { label: 'Model', value: device.model },
    { label: 'Manufacturer', value: device.manufacturer },
    { label: 'Class (MDR)', value: device.class },
    ...fact('UDI-DI', device.udiDi),
  ];
}

export function scopeBlocks(request: CerRequest): Block[] {
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

export function equivalenceBlocks({ equivalence }: CerRequest): Block[] {
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
