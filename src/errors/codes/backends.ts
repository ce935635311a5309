import { type ErrorEntry, entry } from './entry.ts';

/** The queue backend, the database and its migrations. */
export const backends = {
  QUEUE_UNAVAILABLE: entry(503, true, 'The queue backend is away: nothing was accepted. Try again.'),
  DATABASE_UNAVAILABLE: entry(503, true, 'The database is away. Try again.'),
  DATABASE_REFUSED: entry(500, false, 'Supabase refuses the key: check SUPABASE_SERVICE_ROLE_KEY.'),
  DATABASE_OUTDATED: entry(
    500,
    false,
    'The database lacks migrations of this version: run `npm run migrate` with its DATABASE_URL.',
  ),
  DATABASE_NEWER: entry(500, false, 'The database was migrated by a newer Millrace: upgrade this one.'),
  MIGRATION_FAILED: entry(500, false, 'A migration did not apply; nothing of it was kept.'),
  EMBEDDED_UNREACHABLE: entry(
    500,
    false,
    'The embedded PostgreSQL cannot reach its folder under its own user.',
  ),
  EMBEDDED_FAILED: entry(
    500,
    false,
    'The embedded PostgreSQL did not start; the message has its last words.',
  ),
} as const satisfies Record<string, ErrorEntry>;
