import type { DateRange, WeekFigures, WeekOpportunity } from '../../port.ts';
import type { Connection, Row } from '../connection.ts';
import { number, text, truth } from '../rows.ts';
import { proposalColumns, readProposalRow } from './proposals.ts';
import { readReportRow, reportColumns } from './rows.ts';

/** The seven days after the week, in UTC. */
const closes = `active and response_deadline >= ($2::date + 1)::timestamp at time zone 'UTC'
         and response_deadline < ($2::date + 8)::timestamp at time zone 'UTC'`;
const isSaved = `exists (select 1 from saved_opportunities as s where s.user_id = $1 and s.notice_id = o.notice_id)`;

const totals = `
  select (select count(*) from opportunities where posted_on between $2 and $3) as new_opportunities,
         (select count(*) from proposals where user_id = $1 and status in ('draft', 'submitted', 'under-review'))
           as open_proposals,
         (select count(*) from proposals where user_id = $1 and submitted_on between $2 and $3) as submitted_proposals`;

const closing = `
  select count(*) as all, count(*) filter (where ${isSaved}) as saved from opportunities as o where ${closes}`;

const newByAgency = `
  select coalesce(agency, 'Not stated') as agency, count(*) as count
  from opportunities where posted_on between $1 and $2
  group by 1 order by 2 desc, 1`;

const postedByWeek = `
  with weeks as (
    select series::date as week
    from generate_series(date_trunc('week', $1::date::timestamp) - interval '49 days', $2::date::timestamp,
                         interval '7 days') as series
  ), posted as (
    select date_trunc('week', posted_on::timestamp)::date as week, count(*) as count
    from opportunities where posted_on between date_trunc('week', $1::date::timestamp)::date - 49 and $2
    group by 1
  )
  select weeks.week::text as week, coalesce(posted.count, 0) as count
  from weeks left join posted using (week) order by 1`;

const newRows = `
  select ${reportColumns}, ${isSaved} as saved
  from opportunities as o where posted_on between $2 and $3
  order by saved desc, posted_on desc, notice_id limit $4`;

const closingRows = `
  select ${reportColumns}, ${isSaved} as saved
  from opportunities as o where ${closes}
  order by saved desc, response_deadline, notice_id limit $3`;

const proposalRows = `
  select ${proposalColumns}
  from proposals as p left join opportunities as o on o.notice_id = p.notice_id
  where p.user_id = $1
    and (p.status in ('draft', 'submitted', 'under-review') or (p.updated_at at time zone 'UTC')::date between $2 and $3)
  order by p.due_on nulls last, p.updated_at desc, p.id limit $4`;

export async function weekFigures(
  connection: Connection,
  userId: string,
  { start, end }: DateRange,
  limit: number,
): Promise<WeekFigures> {
  const [total] = await connection.query(totals, [userId, start, end]);
  const [soon] = await connection.query(closing, [userId, end]);
  if (total === undefined || soon === undefined) throw new Error('A count without grouping gives one row.');
  return {
    newOpportunities: number(total, 'new_opportunities'),
    closing: number(soon, 'all'),
    closingSaved: number(soon, 'saved'),
    openProposals: number(total, 'open_proposals'),
    submittedProposals: number(total, 'submitted_proposals'),
    newByAgency: (await connection.query(newByAgency, [start, end])).map((row) => ({
      agency: text(row, 'agency'),
      count: number(row, 'count'),
    })),
    postedByWeek: (await connection.query(postedByWeek, [start, end])).map((row) => ({
      week: text(row, 'week'),
      count: number(row, 'count'),
    })),
    newRows: (await connection.query(newRows, [userId, start, end, limit])).map(readWeekRow),
    closingRows: (await connection.query(closingRows, [userId, end, limit])).map(readWeekRow),
    proposalRows: (await connection.query(proposalRows, [userId, start, end, limit])).map(readProposalRow),
  };
}

function readWeekRow(row: Row): WeekOpportunity {
  return { ...readReportRow(row), saved: truth(row, 'saved') };
}
