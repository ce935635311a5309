import type { DateRange, ProposalFigures, ProposalRow } from '../../port.ts';
import type { Connection, Row } from '../connection.ts';
import { readProposal, readStatus } from '../proposals.ts';
import { number, text, textOrNone } from '../rows.ts';

/** Days are days in UTC, as everywhere. */
const inRange = `user_id = $1 and ((updated_at at time zone 'UTC')::date between $2 and $3 or submitted_on between $2 and $3)`;

const byStatus = `
  select status, currency, count(*) as count, coalesce(sum(amount), 0)::numeric(20, 2)::text as amount
  from proposals where ${inRange}
  group by 1, 2 order by 3 desc, 1, 2`;

/** At most two years of weeks: a longer range is not read by week. */
const submittedByWeek = `
  with weeks as (
    select series::date as week
    from generate_series(date_trunc('week', greatest($2::date, $3::date - 728)::timestamp), $3::date::timestamp,
                         interval '7 days') as series
  )
  select weeks.week::text as week, count(proposals.id) as count
  from weeks left join proposals
    on user_id = $1 and submitted_on between $2 and $3 and date_trunc('week', submitted_on::timestamp)::date = weeks.week
  group by 1 order by 1`;

export const proposalColumns = `p.id, p.user_id, p.notice_id, p.title, p.status, p.amount::text as amount, p.currency,
         p.due_on, p.submitted_on, p.decided_on, p.updated_at, o.agency`;

const rows = `
  select ${proposalColumns}
  from (select * from proposals where ${inRange} order by updated_at desc, id limit $4) as p
  left join opportunities as o on o.notice_id = p.notice_id
  order by p.updated_at desc, p.id`;

export async function proposalFigures(
  connection: Connection,
  userId: string,
  { start, end }: DateRange,
  limit: number,
): Promise<ProposalFigures> {
  const asked = [userId, start, end];
  const groups = await connection.query(byStatus, asked);
  const weeks = await connection.query(submittedByWeek, asked);
  const found = await connection.query(rows, [...asked, limit]);
  return {
    total: groups.reduce((sum, row) => sum + number(row, 'count'), 0),
    byStatus: groups.map((row) => ({
      status: readStatus(row),
      currency: text(row, 'currency'),
      count: number(row, 'count'),
      amount: text(row, 'amount'),
    })),
    submittedByWeek: weeks.map((row) => ({ week: text(row, 'week'), count: number(row, 'count') })),
    rows: found.map(readProposalRow),
  };
}

export function readProposalRow(row: Row): ProposalRow {
  return { ...readProposal(row), agency: textOrNone(row, 'agency') };
}
