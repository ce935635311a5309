import type pg from 'pg';
import type { ReportFigures, ReportRow } from '../../src/integrations/database/port.ts';
import { openPool } from '../../src/integrations/database/postgres/connection.ts';

/** Made opportunities that hold what real ones do, and what breaks reports: scripts, formulas, length, nothing at all. */

const agencies = [
  'DEPT OF DEFENSE',
  'VETERANS AFFAIRS, DEPARTMENT OF',
  'GENERAL SERVICES ADMINISTRATION',
  'HEALTH AND HUMAN SERVICES, DEPARTMENT OF',
  'HOMELAND SECURITY, DEPARTMENT OF',
  'INTERIOR, DEPARTMENT OF THE',
  'AGRICULTURE, DEPARTMENT OF',
  'ENERGY, DEPARTMENT OF',
  'NATIONAL AERONAUTICS AND SPACE ADMINISTRATION',
  'JUSTICE, DEPARTMENT OF',
  'TRANSPORTATION, DEPARTMENT OF',
  'Υπουργείο Ψηφιακής Διακυβέρνησης',
  'Министерство транспорта',
  'STATE, DEPARTMENT OF',
] as const;

const subjects = [
  'Roof replacement and HVAC modernization at Building 4021',
  'Janitorial services',
  'Cloud migration support for the enterprise data platform, base year and four option years',
  'J041--Preventive maintenance for chillers and cooling towers at the medical center',
  'Laboratory equipment: mass spectrometer, delivery and installation included',
  'Προμήθεια εξοπλισμού και υπηρεσίες συντήρησης',
  'Поставка оборудования и техническое обслуживание',
  'Zażółć gęślą jaźń: mobile X-ray units, spare parts',
  'Architect-engineer IDIQ for flood-risk management studies in the lower basin/coastal region',
  '=HYPERLINK("http://example.com","Click")',
  '+1+1 training for field staff',
  '@SUM(1+1) of all parts',
  '-2+3 uniforms, assorted sizes',
  `${'Very long title of a requirement that goes on '.repeat(14)}and ends`,
  'Pneumonoultramicroscopicsilicovolcanoconiosisresearchandpreventionprogrammemanagementsupportservicescontract',
  'Line one\nline two\twith a tab',
] as const;

const noticeTypes = [
  'Solicitation',
  'Combined Synopsis/Solicitation',
  'Sources Sought',
  'Award Notice',
  undefined,
];
const setAsides = [
  'Total Small Business Set-Aside (FAR 19.5)',
  '8(a) Set-Aside (FAR 19.8)',
  'SDVOSB Sole Source',
  undefined,
];

export const dayMs = 24 * 60 * 60_000;
const dayOf = (time: number) => new Date(time).toISOString().slice(0, 10);

/** Rows in the order of a report: by day of posting, then by notice id. The same for the same arguments. */
export function sampleRows(count: number, from: string, days: number): ReportRow[] {
  const begin = Date.parse(`${from}T00:00:00Z`);
  const pick = <T>(list: readonly T[], index: number): T | undefined => list[index % list.length];
  return Array.from({ length: count }, (_, index) => {
    const random = (index * 7_919 + 104_729) % 1_000;
    const day = begin + Math.floor((index * days) / count) * dayMs;
    return {
      noticeId: `${String(index).padStart(6, '0')}${(index * 2_654_435_761).toString(16).padStart(12, '0')}`,
      title: `${pick(subjects, random) ?? ''}`,
      agency: random % 37 === 0 ? undefined : pick(agencies, Math.floor((random * random) / 60_000)),
      noticeType: pick(noticeTypes, random),
      setAside: pick(setAsides, random >> 1),
      naics: random % 11 === 0 ? undefined : String(541_500 + (random % 99)),
      postedOn: dayOf(day),
      responseDeadline:
        random % 9 === 0 ? undefined : new Date(day + (10 + (random % 40)) * dayMs + 61_200_000),
      awardAmount: random % 5 === 0 ? `${random * 12_345 + 17}.50` : undefined,
      url: random % 13 === 0 ? undefined : `https://sam.gov/opp/${index}/view`,
    };
  });
}

/** What the database would say of these rows; weeks are not filled. */
export function figuresOf(rows: readonly ReportRow[]): ReportFigures {
  const tally = (key: (row: ReportRow) => string) => {
    const counts = new Map<string, number>();
    for (const row of rows) counts.set(key(row), (counts.get(key(row)) ?? 0) + 1);
    return [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  };
  const weekOf = (day: string) => {
    const time = Date.parse(`${day}T00:00:00Z`);
    return dayOf(time - ((new Date(time).getUTCDay() + 6) % 7) * dayMs);
  };
  const cents = rows.reduce((sum, row) => sum + Math.round(Number(row.awardAmount ?? '0') * 100), 0);
  return {
    opportunities: rows.length,
    agencies: new Set(rows.flatMap((row) => row.agency ?? [])).size,
    closingSoon: 12,
    awarded: { amount: (cents / 100).toFixed(2), currency: 'USD' },
    byAgency: tally((row) => row.agency ?? 'Not stated').map(([agency, count]) => ({ agency, count })),
    bySetAside: tally((row) => row.setAside ?? 'Not stated').map(([setAside, count]) => ({
      setAside,
      count,
    })),
    byWeek: tally((row) => weekOf(row.postedOn))
      .map(([week, count]) => ({ week, count }))
      .sort((a, b) => (a.week < b.week ? -1 : 1)),
  };
}

/** Puts rows into a world's database. */
export async function insertRows(databaseUrl: string, rows: readonly ReportRow[]): Promise<void> {
  const pool: pg.Pool = openPool(databaseUrl, 1);
  await pool.query(
    `insert into opportunities (notice_id, title, agency, notice_type, set_aside, naics, posted_on, response_deadline,
                                award_amount, url, raw, content_hash)
     select r."noticeId", r.title, r.agency, r."noticeType", r."setAside", r.naics, r."postedOn", r."responseDeadline",
            r."awardAmount", r.url, '{}', 'hash'
     from jsonb_to_recordset($1) as r ("noticeId" text, title text, agency text, "noticeType" text, "setAside" text,
       naics text, "postedOn" date, "responseDeadline" timestamptz, "awardAmount" numeric, url text)`,
    [JSON.stringify(rows)],
  );
  await pool.end();
}
