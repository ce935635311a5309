import { extname } from 'node:path';
import { runInThread, ThreadFailure } from '../../lifecycle/bounded-thread.ts';
import type { ExtractionAnswer, ExtractionLimits, ExtractionTask } from './extraction.ts';
import { megabytes, refuse } from './faults.ts';
import type { TextExtractor } from './port.ts';

export interface TextExtractorOptions extends Partial<ExtractionLimits> {
  /** For one file, in ms; the thread is then ended, whatever it does. */
  readonly timeoutMs?: number;
  /** For one file, beside the file itself. */
  readonly maxMemoryBytes?: number;
}

const defaults: ExtractionLimits = {
  maxPages: 5_000,
  maxCharacters: 10_000_000,
  maxUnpackedBytes: 300 * 1024 * 1024,
};

/** The sources run as they are, and the image runs what was built from them. */
const file = new URL(`./extraction-worker${extname(import.meta.url)}`, import.meta.url);

/** Reads files in a thread of their own each, which is ended when it takes too long or too much. */
export function createTextExtractor({
  timeoutMs = 120_000,
  maxMemoryBytes = 512 * 1024 * 1024,
  ...limits
}: TextExtractorOptions = {}): TextExtractor {
  return {
    async extract(bytes, signal) {
      signal.throwIfAborted();
      const own = new Uint8Array(bytes);
      const externalBytes = maxMemoryBytes + bytes.length * 3;
      const data: ExtractionTask = { bytes: own, limits: { ...defaults, ...limits } };
      const bounds = { timeoutMs, heapBytes: maxMemoryBytes, externalBytes, signal };
      const answer = await runInThread({ file, data, moved: [own.buffer], ...bounds }).catch(
        (error: unknown) => {
          throw error instanceof ThreadFailure ? faultOf(error, timeoutMs, externalBytes) : error;
        },
      );
      if (!isAnswer(answer)) throw new Error('The thread that reads files answered something else.');
      if (answer.ok) return answer.text;
      throw refuse(answer.code, answer.message);
    },
  };
}

/** Only our own worker posts here. */
function isAnswer(answer: unknown): answer is ExtractionAnswer {
  return typeof answer === 'object' && answer !== null && 'ok' in answer;
}

function faultOf({ fault, cause }: ThreadFailure, timeoutMs: number, externalBytes: number) {
  switch (fault) {
    case 'timeout':
      return refuse('ATTACHMENT_UNREADABLE', `The file could not be read within ${timeoutMs / 1_000} s.`);
    case 'memory':
      return refuse(
        'ATTACHMENT_TOO_LARGE',
        `Reading the file took more than ${megabytes(externalBytes)} of memory.`,
      );
    case 'crash':
      return refuse(
        'ATTACHMENT_UNREADABLE',
        'The program that reads such files broke down over this one.',
        cause,
      );
  }
}
