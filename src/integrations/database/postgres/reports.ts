import type { ReportRow, ReportSource } from '../port.ts';
import type { Connection, Row } from './connection.ts';
import { number, text, textOrNone, timeOrNone } from './rows.ts';

/** Award amounts of SAM.gov are in US dollars. */
const currency = 'USD';

const totals = `
  select count(*) as opportunities,
         count(distinct agency) as agencies,
         count(*) filter (where active and response_deadline between now() and now() + interval '7 days') as closing_soon,
         coalesce(sum(award_amount), 0)::numeric(20, 2)::text as awarded
  from opportunities
  where posted_on between $1 and $2`;

const byAgency = `
  select coalesce(agency, 'Not stated') as name, count(*) as count
  from opportunities
  where posted_on between $1 and $2
  group by 1 order by 2 desc, 1`;

const bySetAside = `
  select coalesce(set_aside, 'Not stated') as name, count(*) as count
  from opportunities
  where posted_on between $1 and $2
  group by 1 order by 2 desc, 1`;

/**
 * Weeks begin on Monday (ISO 8601). Weeks without a posting are listed with 0, up to a year before the first and after
 * the last posting, so that a range of a thousand years does not make a list of 52,000 weeks.
 */
const byWeek = `
  with posted as (
    select date_trunc('week', posted_on::timestamp)::date as week, count(*) as count,
           min(posted_on) as first_day, max(posted_on) as last_day
    from opportunities
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
  select notice_id, title, agency, notice_type, set_aside, naics, posted_on, response_deadline,
         award_amount::text as award_amount, url
  from opportunities
  where posted_on between $1 and $2
  order by posted_on, notice_id`;

export function createReports(connection: Connection): ReportSource {
  return {
    figures: (range) =>
      connection.transaction(async (transaction) => {
        // One snapshot for all figures, so that the parts add up to the whole while a sync is writing.
        await transaction.query('set transaction isolation level repeatable read, read only');
        const days = [range.start, range.end];
        const [total] = await transaction.query(totals, days);
        if (total === undefined) throw new Error('A count without grouping always gives one row.');
        return {
          opportunities: number(total, 'opportunities'),
          agencies: number(total, 'agencies'),
          closingSoon: number(total, 'closing_soon'),
          awarded: { amount: text(total, 'awarded'), currency },
          byAgency: (await transaction.query(byAgency, days)).map((row) => ({
            agency: text(row, 'name'),
            count: number(row, 'count'),
          })),
          byWeek: (await transaction.query(byWeek, days)).map((row) => ({
            week: text(row, 'name'),
            count: number(row, 'count'),
          })),
          bySetAside: (await transaction.query(bySetAside, days)).map((row) => ({
            setAside: text(row, 'name'),
            count: number(row, 'count'),
          })),
        };
      }),
    async *opportunities(range, batchSize) {
      const batches = connection.batches(opportunities, [range.start, range.end], batchSize);
      for await (const rows of batches) yield rows.map(reportRow);
    },
  };
}

function reportRow(row: Row): ReportRow {
  return {
    noticeId: text(row, 'notice_id'),
    title: text(row, 'title'),
    agency: textOrNone(row, 'agency'),
    noticeType: textOrNone(row, 'notice_type'),
    setAside: textOrNone(row, 'set_aside'),
    naics: textOrNone(row, 'naics'),
    postedOn: text(row, 'posted_on'),
    responseDeadline: timeOrNone(row, 'response_deadline'),
    awardAmount: textOrNone(row, 'award_amount'),
    url: textOrNone(row, 'url'),
  };
}
