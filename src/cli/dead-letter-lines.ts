import type { DeadLetter, DeadLetterGroup, DeadLetterSummary } from '../client/index.ts';
import { table } from './tables.ts';
import { columns, moment, oneLine } from './terminal.ts';

/** Dead letters for people. */

export function describeCauses(groups: readonly DeadLetterGroup[]): string {
  const rows = groups.map(({ count, queue, job, code, message, lastAt, cause }) => [
    String(count),
    `${queue}/${job}`,
    code,
    moment(lastAt),
    cause,
    oneLine(message),
  ]);
  return table(['LETTERS', 'JOB', 'CODE', 'LAST (UTC)', 'CAUSE', 'MESSAGE'], rows);
}

export function describeLetters(letters: readonly DeadLetterSummary[]): string {
  const rows = letters.map(({ id, queue, job, state, code, message, failedAt }) => [
    moment(failedAt),
    state,
    `${queue}/${job}`,
    id,
    oneLine(`${code}: ${message}`),
  ]);
  return table(['FAILED (UTC)', 'STATE', 'JOB', 'ID', 'ERROR'], rows);
}

/** A fact a line; then the message, the payload and the stack. */
export function describeLetter({ payload, stack, message, ...facts }: DeadLetter): string {
  const rows = Object.entries(facts).map(([name, value]) => [
    name,
    typeof value === 'string' ? value : JSON.stringify(value),
  ]);
  const trace = stack === undefined ? '' : `\n\n${stack}`;
  return `${columns(rows)}\n\n${message}\n\n${JSON.stringify(payload, undefined, 2)}${trace}`;
}

export function describeInShort({ queue, job, jobId, state, message }: DeadLetter): string {
  return `${queue}/${job} ${jobId}, ${state}: ${oneLine(message)}`;
}
