import type { User, Users } from '../port.ts';
import type { Connection, Row } from './connection.ts';
import { text, textOrNone } from './rows.ts';

/** The people that mails and documents are for. */
export function createUsers(connection: Connection): Users {
  return {
    async upsert(users) {
      // A statement may touch a row once only, so of two entries with one id the later is taken.
      const unique = [...new Map(users.map((user) => [user.id, user])).values()];
      if (unique.length === 0) return;
      await connection.query(
        `insert into users (id, email, name, company)
         select id, email, name, company
         from jsonb_to_recordset($1::jsonb) as r (id text, email text, name text, company text)
         on conflict (id) do update
           set email = excluded.email, name = excluded.name, company = excluded.company`,
        [JSON.stringify(unique)],
      );
    },
    async find(id) {
      const [row] = await connection.query('select id, email, name, company from users where id = $1', [id]);
      return row === undefined ? undefined : readUser(row);
    },
    async saveOpportunities(saved) {
      await connection.query(
        `insert into saved_opportunities (user_id, notice_id)
         select "userId", "noticeId" from jsonb_to_recordset($1::jsonb) as r ("userId" text, "noticeId" text)
         on conflict do nothing`,
        [JSON.stringify(saved)],
      );
    },
    async subscribeToReports(userIds, wanted) {
      await connection.query('update users set wants_reports = $2 where id = any($1)', [userIds, wanted]);
    },
    async unsubscribe({ userId, email, kind }) {
      await connection.query('select unsubscribe_mail($1, $2, $3)', [userId, email, kind]);
    },
  };
}

export function readUser(row: Row): User {
  return {
    id: text(row, 'id'),
    email: text(row, 'email'),
    name: text(row, 'name'),
    company: textOrNone(row, 'company'),
  };
}
