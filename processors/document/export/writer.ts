import type { Writable } from 'node:stream';
import type { ExportRow } from '../../../src/integrations/database/port.ts';
import { createBreather } from '../pacing.ts';
import { drained, taken } from '../report/feeding.ts';
import type { DatasetColumn } from './datasets.ts';

/**
 * Writes rows into `sink` and ends it; resolves to how many there were. It waits while the sink is full, and throws when
 * the sink breaks or the rows cannot be read; the sink is then for its owner to destroy.
 */
export type ExportWriter = (
  columns: readonly DatasetColumn[],
  batches: AsyncIterable<readonly ExportRow[]>,
  sink: Writable,
) => Promise<number>;

/** Letters given to the sink at once. V8 keeps longer strings, of more than 128 KB, until it cleans up all of its memory. */
const pieceLetters = 32_768;

/** A format in which each row is a piece of text by itself. */
export function textWriter(
  head: (columns: readonly DatasetColumn[]) => string,
  lineOf: (columns: readonly DatasetColumn[]) => (row: ExportRow) => string,
): ExportWriter {
  return async (columns, batches, sink) => {
    const breathe = createBreather();
    const line = lineOf(columns);
    sink.write(head(columns));
    let rows = 0;
    for await (const batch of batches) {
      let text = '';
      for (const row of batch) {
        text += line(row);
        if (text.length < pieceLetters) continue;
        sink.write(text);
        text = '';
      }
      sink.write(text);
      rows += batch.length;
      await drained(sink);
      await breathe();
    }
    sink.end();
    await taken(sink);
    return rows;
  };
}

/** `2024-01-31 17:00:00.5+00` in ISO 8601: `2024-01-31T17:00:00.5Z`. The source gives times in UTC. */
export function isoTime(value: string): string {
  return `${value.slice(0, 10)}T${value.slice(11, -3)}Z`;
}

/** The items of a list, which comes as JSON. */
export function listItems(value: string): readonly string[] {
  const items: unknown = JSON.parse(value);
  return Array.isArray(items) ? items.map(String) : [];
}
