import type { CerRequest } from '../../../queues/cer-request.ts';
import type { Block, Section } from './content.ts';
import { fact, section } from './parts.ts';
import { postMarketBlocks } from './post-market.ts';

export function manufacturerData({ clinicalInvestigations, sections }: CerRequest): Section {
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

export function literature({ literature: items, sections }: CerRequest): Section {
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

export function postMarketParts(request: CerRequest, narrative: Block): [Block[], Section[]] {
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

export function referenceBlocks({ literature: items }: CerRequest): Block[] {
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
