import pg from 'pg';
import { MillraceError } from '../../../errors/catalogue.ts';
import { classify } from '../../../errors/classify.ts';
import { awayMs, foundNobody } from '../away.ts';

/** A row as it comes from the wire, before it is read. */
export type Row = Readonly<Record<string, unknown>>;

/** What repositories run their statements on. */
export interface Connection {
  /**
   * @throws MillraceError DATABASE_UNAVAILABLE when the server is away, with `retryAfterMs` when there was none to connect
   * to; the driver's own error otherwise.
   */
  query(sql: string, parameters?: readonly unknown[]): Promise<readonly Row[]>;
  /** Runs `work` in one transaction; an error rolls it back. */
  transaction<T>(work: (connection: Connection) => Promise<T>): Promise<T>;
  /** Reads a query's rows in batches through a cursor, from one snapshot. */
  batches(sql: string, parameters: readonly unknown[], batchSize: number): AsyncIterable<readonly Row[]>;
}

/** Dates stay `2024-01-31`: a `Date` would move them by the process's zone. */
const DATE_OID = 1_082;
const types = new pg.TypeOverrides();
types.setTypeParser(DATE_OID, (value: string) => value);

/** Opens the pool of the application's own tables. `max` counts connections. */
export function openPool(url: string, max: number, applicationName = 'millrace'): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    max,
    types,
    application_name: applicationName,
    connectionTimeoutMillis: 5_000,
    keepAlive: true,
  });
  // An idle client that loses its server is replaced at the next query; unheard, the event would end the process.
  pool.on('error', () => undefined);
  // So would that of a client in use; its statement rejects in any case.
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}

export function connect(pool: pg.Pool): Connection {
  return {
    query: (sql, parameters) => run(() => pool.query(sql, [...(parameters ?? [])])),
    async transaction(work) {
      const client = await reachable(() => pool.connect());
      let broken = false;
      try {
        await client.query('begin');
        const result = await work(onClient(client));
        await client.query('commit');
        return result;
      } catch (error) {
        await client.query('rollback').catch(() => {
          broken = true;
        });
        throw translate(error);
      } finally {
        client.release(broken);
      }
    },
    batches: (sql, parameters, batchSize) => readBatches(pool, sql, parameters, batchSize),
  };
}

function onClient(client: pg.PoolClient): Connection {
  const connection: Connection = {
    query: (sql, parameters) => run(() => client.query(sql, [...(parameters ?? [])])),
    transaction: (work) => work(connection),
    batches: () => {
      throw new Error('A cursor opens its own transaction; it cannot run inside another.');
    },
  };
  return connection;
}

async function* readBatches(pool: pg.Pool, sql: string, parameters: readonly unknown[], batchSize: number) {
  const client = await reachable(() => pool.connect());
  let finished = false;
  try {
    await client.query('begin isolation level repeatable read read only');
    await client.query(`declare batch no scroll cursor for ${sql}`, [...parameters]);
    while (true) {
      const { rows } = await client.query<Row>(`fetch ${Math.trunc(batchSize)} from batch`);
      if (rows.length === 0) break;
      yield rows;
    }
    await client.query('commit');
    finished = true;
  } catch (error) {
    throw translate(error);
  } finally {
    // A reader that stops early leaves a transaction open: such a client is not worth mending.
    client.release(!finished);
  }
}

async function run(query: () => Promise<pg.QueryResult<Row>>): Promise<readonly Row[]> {
  return (await reachable(query)).rows;
}

/** Says of an error that means that no answer came that the database is away; passes on any other. */
export async function reachable<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw translate(error);
  }
}

function translate(error: unknown): unknown {
  if (error instanceof MillraceError) return error;
  const { code } = classify(error);
  // pg says "timeout exceeded" and "terminated" without a code; both mean that no answer came.
  const noAnswer =
    error instanceof Error &&
    !('code' in error) &&
    !('severity' in error) &&
    /^(timeout|Connection terminated|Client has)/.test(error.message);
  if (code !== 'NETWORK' && code !== 'DATABASE_UNAVAILABLE' && !noAnswer) return error;
  if (error instanceof Error && 'code' in error && error.code === diskFull) {
    return new MillraceError(
      'DATABASE_UNAVAILABLE',
      'The disk of the database is full, and nothing was written. Free space there, then try again.',
      { cause: error },
    );
  }
  return new MillraceError(
    'DATABASE_UNAVAILABLE',
    'The database does not answer. Check the server, and DATABASE_URL where it is set; the embedded server says in postgres.log in DATA_DIR why it ended.',
    { cause: error, ...(wasNotThere(error) ? { retryAfterMs: awayMs } : {}) },
  );
}

const diskFull = '53100';

/**
 * 57P03: it is starting or stopping. A connection that breaks later on does cost an attempt: it may be the statement that
 * the server dies of.
 */
function wasNotThere(error: unknown): boolean {
  return foundNobody(error) || (error instanceof Error && 'code' in error && error.code === '57P03');
}
