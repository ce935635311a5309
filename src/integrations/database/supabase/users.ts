import type { Users } from '../port.ts';
import { readUser } from '../postgres/users.ts';
import type { Api } from './api.ts';
import { upsert } from './upsert.ts';

/** Rows in one request's body, and ids in one's address. */
const mostAtOnce = 1_000;
const mostInAddress = 50;

/** The people that mails and documents are for. */
export function createUsers(api: Api): Users {
  return {
    upsert: (users) =>
      upsert(
        api,
        'users',
        users.map(({ id, email, name, company }) => ({ id, email, name, company: company ?? null })),
      ),
    async find(id) {
      const [row] = await api.rows(
        api.tables.from('users').select('id, email, name, company').eq('id', id).limit(1),
      );
      return row === undefined ? undefined : readUser(row);
    },
    async saveOpportunities(saved) {
      const rows = saved.map(({ userId, noticeId }) => ({ user_id: userId, notice_id: noticeId }));
      for (let start = 0; start < rows.length; start += mostAtOnce) {
        await api.counted(
          api.tables.from('saved_opportunities').upsert(rows.slice(start, start + mostAtOnce), {
            onConflict: 'user_id,notice_id',
            ignoreDuplicates: true,
            count: 'exact',
          }),
        );
      }
    },
    async subscribeToReports(userIds, wanted) {
      for (let start = 0; start < userIds.length; start += mostInAddress) {
        const some = userIds.slice(start, start + mostInAddress);
        await api.counted(
          api.tables.from('users').update({ wants_reports: wanted }, { count: 'exact' }).in('id', some),
        );
      }
    },
    async unsubscribe({ userId, email, kind }) {
      await api.call('unsubscribe_mail', { p_user_id: userId, p_email: email, p_kind: kind });
    },
  };
}
