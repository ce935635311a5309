import type { Connection } from '../postgres/connection.ts';

/**
 * Calls a function of `migrations/` by its parameters' names and gives what it answers, as JSON says it. Domains that
 * consist of such calls alone are written once, for every driver.
 */
export type CallFunction = (name: string, args?: Readonly<Record<string, unknown>>) => Promise<unknown>;

/** Names come from our own code; values go as parameters, lists and objects as JSON. */
export function callerOn(connection: Connection): CallFunction {
  return async (name, args = {}) => {
    const names = Object.keys(args);
    const list = names.map((parameter, index) => `${parameter} => $${index + 1}`).join(', ');
    const values = Object.values(args).map((value) =>
      typeof value === 'object' && value !== null && !(value instanceof Date) ? JSON.stringify(value) : value,
    );
    const [row] = await connection.query(`select ${name}(${list}) as answer`, values);
    return row?.answer;
  };
}
