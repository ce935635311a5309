import type { ReportSource } from '../port.ts';
import type { Connection } from './connection.ts';
import { proposalFigures } from './reports/proposals.ts';
import { readReportRow, reportColumns } from './reports/rows.ts';
import { weekFigures } from './reports/week.ts';
import { number, text, truth } from './rows.ts';

/** Award amounts of SAM.gov are in US dollars. */
const currency = 'USD';

/** Days with their counts: from the aggregates where those are up to date, else from the notices themselves. */
interface Days {
  readonly byAgency: string;
  readonly bySetAside: string;
}

const aggregates: Days = { byAgency: 'opportunities_by_agency', bySetAside: 'opportunities_by_set_aside' };
const notices: Days = {
  byAgency: '(select posted_on, agency, 1 as count, award_amount as awarded from opportunities) as notices',
  bySetAside: '(select posted_on, set_aside, 1 as count from opportunities) as notices',
};

const upToDate = `
  select v.version = r.version as up_to_date
  from analytics_versions v join analytics_refreshes r using (source)
  where source = 'opportunities'`;

const totals = (days: Days) => `
  select coalesce(sum(count), 0) as opportunities,
         count(distinct agency) as agencies,
         coalesce(sum(awarded), 0)::numeric(20, 2)::text as awarded
  from ${days.byAgency}
  where posted_on between $1 and $2`;

const closingSoon = `
  select count(*) as closing_soon
  from opportunities
  where posted_on between $1 and $2
    and active and response_deadline between now() and now() + interval '7 days'`;

const byAgency = (days: Days) => `
  select coalesce(agency, 'Not stated') as name, sum(count) as count
  from ${days.byAgency}
  where posted_on between $1 and $2
  group by 1 order by 2 desc, 1`;

const bySetAside = (days: Days) => `
  select coalesce(set_aside, 'Not stated') as name, sum(count) as count
  from ${days.bySetAside}
  where posted_on between $1 and $2
  group by 1 order by 2 desc, 1`;

/**
 * Weeks begin on Monday (ISO 8601). Weeks without a posting are listed with 0, up to a year before the first and after
 * the last posting, so that a range of a thousand years does not make a list of 52,000 weeks.
 */
const byWeek = (days: Days) => `
  with posted as (
    select date_trunc('week', posted_on::timestamp)::date as week, sum(count) as count,
           min(posted_on) as first_day, max(posted_on) as last_day
    from ${days.byAgency}
    where posted_on between $1 and $2
    group by 1
  ), extent as (
    select greatest($1::date, min(first_day) - 364) as first_day, least($2::date, max(last_day) + 364) as last_day
    from posted
    having count(*) > 0
  ), weeks as (
    select series::date as week
    from extent,
         generate_series(date_trunc('week', first_day::timestamp), last_day::timestamp, interval '7 days') as series
  )
  select weeks.week::text as name, coalesce(posted.count, 0) as count
  from weeks left join posted using (week)
  order by 1`;

const opportunities = `
  select ${reportColumns}
  from opportunities
  where posted_on between $1 and $2
  order by posted_on, notice_id`;

export function createReports(connection: Connection): ReportSource {
  return {
    figures: (range) =>
      snapshot(connection, async (transaction) => {
        const days = [range.start, range.end];
        const [known] = await transaction.query(upToDate);
        const source = known !== undefined && truth(known, 'up_to_date') ? aggregates : notices;
        const [total] = await transaction.query(totals(source), days);
        const [closing] = await transaction.query(closingSoon, days);
        if (total === undefined || closing === undefined)
          throw new Error('A count without grouping always gives one row.');
        return {
          opportunities: number(total, 'opportunities'),
          agencies: number(total, 'agencies'),
          closingSoon: number(closing, 'closing_soon'),
          awarded: { amount: text(total, 'awarded'), currency },
          byAgency: (await transaction.query(byAgency(source), days)).map((row) => ({
            agency: text(row, 'name'),
            count: number(row, 'count'),
          })),
          byWeek: (await transaction.query(byWeek(source), days)).map((row) => ({
            week: text(row, 'name'),
            count: number(row, 'count'),
          })),
          bySetAside: (await transaction.query(bySetAside(source), days)).map((row) => ({
            setAside: text(row, 'name'),
            count: number(row, 'count'),
          })),
        };
      }),
    async *opportunities(range, batchSize) {
      const batches = connection.batches(opportunities, [range.start, range.end], batchSize);
      for await (const rows of batches) yield rows.map(readReportRow);
    },
    proposals: (userId, range, limit) =>
      snapshot(connection, (transaction) => proposalFigures(transaction, userId, range, limit)),
    week: (userId, range, limit) =>
      snapshot(connection, (transaction) => weekFigures(transaction, userId, range, limit)),
    async weeklySubscribers({ after, limit, keyPrefix }) {
      const rows = await connection.query('select * from weekly_subscriber_page($1, $2, $3)', [
        after,
        limit,
        keyPrefix,
      ]);
      return rows.map((row) => ({
        userId: text(row, 'id'),
        email: text(row, 'email'),
        made: truth(row, 'made'),
      }));
    },
  };
}

/** One snapshot for all figures, so that the parts add up to the whole while a sync is writing. */
function snapshot<T>(connection: Connection, work: (transaction: Connection) => Promise<T>): Promise<T> {
  return connection.transaction(async (transaction) => {
    await transaction.query('set transaction isolation level repeatable read, read only');
    return work(transaction);
  });
}
