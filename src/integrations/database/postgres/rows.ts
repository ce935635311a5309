import type { Row } from './connection.ts';

/** Readers for columns: a value of another type than the schema promises is a defect, and is said to be one. */

export function text(row: Row, column: string): string {
  const value = row[column];
  if (typeof value !== 'string') throw unexpected(column, 'text', value);
  return value;
}

export function textOrNone(row: Row, column: string): string | undefined {
  return row[column] === null || row[column] === undefined ? undefined : text(row, column);
}

/** Integers, and the strings that pg makes of bigint and numeric. */
export function number(row: Row, column: string): number {
  const value = row[column];
  const parsed = typeof value === 'string' ? Number(value) : value;
  if (typeof parsed !== 'number' || Number.isNaN(parsed)) throw unexpected(column, 'a number', value);
  return parsed;
}

export function numberOrNone(row: Row, column: string): number | undefined {
  return row[column] === null || row[column] === undefined ? undefined : number(row, column);
}

export function truth(row: Row, column: string): boolean {
  const value = row[column];
  if (typeof value !== 'boolean') throw unexpected(column, 'a boolean', value);
  return value;
}

/** A time as pg parses it, or as JSON carries it: ISO 8601 with an offset. */
export function time(row: Row, column: string): Date {
  const value = row[column];
  const parsed = typeof value === 'string' ? new Date(value) : value;
  if (!(parsed instanceof Date) || Number.isNaN(parsed.getTime())) throw unexpected(column, 'a time', value);
  return parsed;
}

export function timeOrNone(row: Row, column: string): Date | undefined {
  return row[column] === null || row[column] === undefined ? undefined : time(row, column);
}

export function texts(row: Row, column: string): string[] {
  const value = row[column];
  if (!Array.isArray(value) || !value.every((item) => typeof item === 'string'))
    throw unexpected(column, 'texts', value);
  return value;
}

/** A JSON object. */
export function record(row: Row, column: string): Row {
  const value = row[column];
  if (!isRow(value)) throw unexpected(column, 'an object', value);
  return value;
}

/** The objects of a JSON array. */
export function records(row: Row, column: string): Row[] {
  const value = row[column];
  if (!Array.isArray(value) || !value.every(isRow)) throw unexpected(column, 'an array of objects', value);
  return value;
}

function isRow(value: unknown): value is Row {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function unexpected(column: string, wanted: string, value: unknown): Error {
  return new Error(
    `Column ${column} holds ${value === null ? 'null' : typeof value} where ${wanted} was expected.`,
  );
}
