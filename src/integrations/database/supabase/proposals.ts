import type { Proposals } from '../port.ts';
import { readProposal } from '../postgres/proposals.ts';
import type { Api } from './api.ts';
import { upsert } from './upsert.ts';

/** The proposals that users work on. */
export function createProposals(api: Api): Proposals {
  return {
    upsert: (proposals) =>
      upsert(
        api,
        'proposals',
        proposals.map((proposal) => ({
          id: proposal.id,
          user_id: proposal.userId,
          notice_id: proposal.noticeId ?? null,
          title: proposal.title,
          status: proposal.status,
          amount: proposal.amount ?? null,
          currency: proposal.currency,
          due_on: proposal.dueOn ?? null,
          submitted_on: proposal.submittedOn ?? null,
          decided_on: proposal.decidedOn ?? null,
          updated_at: proposal.updatedAt,
        })),
      ),
    async find(id) {
      // Money as text: a JSON number would be rounded.
      const [row] = await api.rows(api.tables.from('proposal_rows').select().eq('id', id).limit(1));
      return row === undefined ? undefined : readProposal(row);
    },
  };
}
