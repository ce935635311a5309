import type { Row } from '../postgres/connection.ts';
import { number } from '../postgres/rows.ts';

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

/** A list of numbers. */
export function numbers(row: Row, column: string): number[] {
  const value = row[column];
  if (Array.isArray(value) && value.every((item) => typeof item === 'number')) return value;
  throw new Error(`Column ${column} holds no list of numbers.`);
}

/** An object of numbers by name. */
export function counts(row: Row, column: string): Record<string, number> {
  const value = rowOf(row[column]);
  return Object.fromEntries(Object.keys(value).map((name) => [name, number(value, name)]));
}
