import type { Users } from '../port.ts';
import { readUser } from '../postgres/users.ts';
import type { Api } from './api.ts';
import { upsert } from './upsert.ts';

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
    async unsubscribe({ userId, email, kind }) {
      await api.call('unsubscribe_mail', { p_user_id: userId, p_email: email, p_kind: kind });
    },
  };
}
