import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import { isQueueName, type JobDefinition, queues } from '../../queues/index.ts';
import { MillraceError } from '../errors/catalogue.ts';
import { messageOf } from '../errors/classify.ts';

/**
 * A payload that was typed, or is in a file or, for `-`, on stdin; `undefined` when none was given.
 * @throws MillraceError INVALID_REQUEST
 */
export async function readPayload(given: string | undefined, file: string | undefined): Promise<unknown> {
  if (given !== undefined && file !== undefined)
    throw new MillraceError('INVALID_REQUEST', 'Give the payload, or --file, not both.');
  if (file !== undefined) return parse(await readText(file));
  if (given === undefined) return undefined;
  return parse(given === '-' ? await text(process.stdin) : given);
}

/** Data alone gets the type of its job, where that has but one. */
export function wholePayload(queue: string, job: string, value: unknown): unknown {
  if (isWhole(value)) return value;
  const jobs: Readonly<Record<string, JobDefinition>> = isQueueName(queue) ? queues[queue].jobs : {};
  const schema = jobs[job]?.payload;
  const type: unknown = schema instanceof z.ZodObject ? schema.shape.type : undefined;
  return type instanceof z.ZodLiteral ? { type: type.value, data: value } : value;
}

/** Whether it is `{ type, data }`. */
export function isWhole(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'type' in value && 'data' in value;
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new MillraceError('INVALID_REQUEST', `--file cannot be read: ${messageOf(error)}.`, {
      cause: error,
    });
  }
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    throw new MillraceError('INVALID_REQUEST', `The payload is no valid JSON: ${messageOf(error)}.`, {
      cause: error,
    });
  }
}
