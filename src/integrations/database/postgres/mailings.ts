import type { ClosingOpportunity, MailingPage, Mailings, MailingUser } from '../port.ts';
import type { Connection, Row } from './connection.ts';
import { number, records, text, textOrNone, truth } from './rows.ts';

/** The pages of the fan-outs, by keyset: a page costs the same wherever it stands, and no transaction stays open. */
export function createMailings(connection: Connection): Mailings {
  return {
    async audience(kind) {
      const [row] = await connection.query(
        `select count(*) as users from users
         where case $1 when 'reminders' then wants_reminders else wants_summaries end`,
        [kind],
      );
      return row === undefined ? 0 : number(row, 'users');
    },
    async reminders(page) {
      const rows = await connection.query(
        'select * from reminder_page($1, $2, $3, $4, $5, $6)',
        wanted(page),
      );
      return rows.map((row) => ({
        ...readUser(row),
        opportunities: records(row, 'opportunities').map(readOpportunity),
      }));
    },
    async summaries(page, weekStart) {
      const rows = await connection.query('select * from summary_page($1, $2, $3, $4, $5, $6, $7)', [
        ...wanted(page),
        weekStart,
      ]);
      return rows.map((row) => ({
        ...readUser(row),
        deadlines: records(row, 'deadlines').map((item) => ({
          title: text(item, 'title'),
          deadline: text(item, 'deadline'),
        })),
        proposalsSubmitted: number(row, 'proposals_submitted'),
        awarded: readAwarded(row),
      }));
    },
    async summaryFigures({ weekStart, from, until, most }) {
      const [row] = await connection.query('select * from summary_figures($1, $2, $3, $4)', [
        weekStart,
        from,
        until,
        most,
      ]);
      if (row === undefined) throw new Error('summary_figures answered no row: its migration is damaged.');
      return {
        newOpportunities: number(row, 'new_opportunities'),
        closingSoon: number(row, 'closing_soon'),
        top: records(row, 'top').map(readOpportunity),
      };
    },
  };
}

function wanted({ after, limit, from, until, most, keyPrefix }: MailingPage): readonly unknown[] {
  return [after, limit, from, until, most, keyPrefix];
}

export function readUser(row: Row): MailingUser {
  return { userId: text(row, 'user_id'), email: text(row, 'email'), mailed: truth(row, 'mailed') };
}

export function readAwarded(row: Row): { amount: string; currency: string } | undefined {
  const amount = textOrNone(row, 'awarded_amount');
  const currency = textOrNone(row, 'awarded_currency');
  return amount === undefined || currency === undefined ? undefined : { amount, currency };
}

export function readOpportunity(row: Row): ClosingOpportunity {
  return {
    noticeId: text(row, 'notice_id'),
    title: text(row, 'title'),
    agency: textOrNone(row, 'agency'),
    deadline: text(row, 'deadline'),
    url: textOrNone(row, 'url'),
  };
}
