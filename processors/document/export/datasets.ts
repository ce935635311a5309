import type { ExportDataset } from '../../../src/integrations/database/port.ts';

/** `amount` is a decimal number of money, `day` a plain date, `time` a moment, `list` texts. */
export type ColumnType = 'text' | 'number' | 'amount' | 'boolean' | 'day' | 'time' | 'list';

export interface DatasetColumn {
  /** The same in the request, in the table and in the file's header. */
  readonly name: string;
  readonly type: ColumnType;
  /** Width in letters, for workbooks. */
  readonly width: number;
}

const widths: Readonly<Record<ColumnType, number>> = {
  text: 24,
  number: 12,
  amount: 18,
  boolean: 10,
  day: 12,
  time: 21,
  list: 40,
};

function columns(
  types: Readonly<Record<string, ColumnType | [ColumnType, number]>>,
): readonly DatasetColumn[] {
  return Object.entries(types).map(([name, spec]) => {
    const [type, width] = typeof spec === 'string' ? [spec, widths[spec]] : spec;
    return { name, type, width };
  });
}

/** The datasets that can be exported, with all columns that each has. Raw records and hashes stay inside. */
export const datasets: Readonly<Record<ExportDataset, readonly DatasetColumn[]>> = {
  opportunities: columns({
    notice_id: ['text', 36],
    title: ['text', 60],
    solicitation: 'text',
    agency: ['text', 38],
    office: ['text', 38],
    notice_type: 'text',
    set_aside: ['text', 30],
    naics: ['text', 10],
    classification: ['text', 14],
    posted_on: 'day',
    response_deadline: 'time',
    archive_on: 'day',
    active: 'boolean',
    place_state: ['text', 12],
    place_country: ['text', 14],
    award_amount: 'amount',
    award_on: 'day',
    awardee: ['text', 36],
    url: ['text', 50],
    first_seen_at: 'time',
    updated_at: 'time',
  }),
  entities: columns({
    uei: ['text', 16],
    legal_name: ['text', 50],
    dba_name: ['text', 36],
    cage_code: ['text', 12],
    status: ['text', 14],
    purpose: 'text',
    registered_on: 'day',
    activated_on: 'day',
    updated_on: 'day',
    expires_on: 'day',
    excluded: 'boolean',
    url: ['text', 40],
    city: 'text',
    state: ['text', 10],
    zip: ['text', 12],
    country: ['text', 10],
    naics: ['text', 10],
    business_types: 'list',
    sba_types: 'list',
    first_seen_at: 'time',
    updated_at: 'time',
  }),
  proposals: columns({
    id: ['text', 30],
    notice_id: ['text', 36],
    title: ['text', 60],
    status: ['text', 16],
    amount: 'amount',
    currency: ['text', 10],
    due_on: 'day',
    submitted_on: 'day',
    decided_on: 'day',
    created_at: 'time',
    updated_at: 'time',
  }),
  stories: columns({
    id: ['text', 30],
    title: ['text', 60],
    content: ['text', 80],
    sector_tag: 'text',
    impact_tags: 'list',
    revision: 'number',
    hype_score: 'number',
    ethics_score: 'number',
    reality_check: ['text', 60],
    eli5_summary: ['text', 60],
    enhanced_revision: 'number',
    model: 'text',
    created_at: 'time',
    updated_at: 'time',
  }),
  deliveries: columns({
    job_key: ['text', 40],
    recipient: ['text', 36],
    template: 'text',
    provider: ['text', 14],
    status: ['text', 14],
    message_id: ['text', 40],
    reason: ['text', 50],
    attempts: 'number',
    claimed_at: 'time',
    sent_at: 'time',
  }),
};
