import { parentPort, workerData } from 'node:worker_threads';
import { type ExtractionAnswer, ExtractionFault, type ExtractionTask } from './extraction.ts';
import { readFile } from './read-file.ts';

/** The thread that reads one file and ends: whatever the file does to a parser, it does it here. */
async function answer(task: ExtractionTask): Promise<ExtractionAnswer> {
  try {
    return { ok: true, text: await readFile(task) };
  } catch (error) {
    if (error instanceof ExtractionFault) return { ok: false, code: error.code, message: error.message };
    return {
      ok: false,
      code: 'ATTACHMENT_UNREADABLE',
      message:
        'The file is broken: the programs that read its kind give up on it. Save it again and send that.',
    };
  }
}

const task: ExtractionTask = workerData;
parentPort?.postMessage(await answer(task));
