import { type Proposal, type ProposalStatus, type Proposals, proposalStatuses } from '../port.ts';
import type { Connection, Row } from './connection.ts';
import { text, textOrNone, time } from './rows.ts';

const upsert = `
  insert into proposals as p (id, user_id, notice_id, title, status, amount, currency, due_on, submitted_on, decided_on,
                              updated_at)
  select id, "userId", "noticeId", title, status, amount, currency, "dueOn", "submittedOn", "decidedOn", "updatedAt"
  from jsonb_to_recordset($1::jsonb) as r (id text, "userId" text, "noticeId" text, title text, status text,
    amount numeric, currency text, "dueOn" date, "submittedOn" date, "decidedOn" date, "updatedAt" timestamptz)
  on conflict (id) do update set
    user_id = excluded.user_id, notice_id = excluded.notice_id, title = excluded.title, status = excluded.status,
    amount = excluded.amount, currency = excluded.currency, due_on = excluded.due_on,
    submitted_on = excluded.submitted_on, decided_on = excluded.decided_on, updated_at = excluded.updated_at`;

/** The proposals that users work on. */
export function createProposals(connection: Connection): Proposals {
  return {
    async upsert(proposals) {
      // A statement may touch a row once only, so of two entries with one id the later is taken.
      const unique = [...new Map(proposals.map((proposal) => [proposal.id, proposal])).values()];
      if (unique.length > 0) await connection.query(upsert, [JSON.stringify(unique)]);
    },
    async find(id) {
      const [row] = await connection.query('select *, amount::text as amount from proposals where id = $1', [
        id,
      ]);
      return row === undefined ? undefined : readProposal(row);
    },
  };
}

export function readStatus(row: Row): ProposalStatus {
  const status = proposalStatuses.find((known) => known === row.status);
  if (status !== undefined) return status;
  throw new Error(`A proposal has the status ${String(row.status)}, which nobody knows.`);
}

export function readProposal(row: Row): Proposal {
  return {
    id: text(row, 'id'),
    userId: text(row, 'user_id'),
    noticeId: textOrNone(row, 'notice_id'),
    title: text(row, 'title'),
    status: readStatus(row),
    amount: textOrNone(row, 'amount'),
    currency: text(row, 'currency'),
    dueOn: textOrNone(row, 'due_on'),
    submittedOn: textOrNone(row, 'submitted_on'),
    decidedOn: textOrNone(row, 'decided_on'),
    updatedAt: time(row, 'updated_at'),
  };
}
