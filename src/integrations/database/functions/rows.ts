import type { Row } from '../postgres/connection.ts';

/** A function's answer that is an object, or `null` where there is none. */
export function rowOrNone(answer: unknown): Row | undefined {
  return answer === null || answer === undefined ? undefined : rowOf(answer);
}

/** A function's answer that is an object. */
function rowOf(answer: unknown): Row {
  if (typeof answer !== 'object' || answer === null || Array.isArray(answer)) {
    throw new Error(`A function answered ${typeof answer} where an object was expected.`);
  }
  return Object.fromEntries(Object.entries(answer));
}
