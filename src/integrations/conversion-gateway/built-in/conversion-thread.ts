import { parentPort, workerData } from 'node:worker_threads';
import { ConversionFault } from './fault.ts';
import { readPageTexts } from './page-text.ts';
import { readDocument } from './read-document.ts';
import type { ConversionAnswer, ConversionTask } from './task.ts';
import { xmlOf } from './xml.ts';

/** The thread that converts one PDF and ends: whatever the file does to the parser, it does it here. */
async function answer({ bytes, limits, name, mapping }: ConversionTask): Promise<ConversionAnswer> {
  try {
    const reading = readDocument(await readPageTexts(bytes, limits), name, mapping);
    return { ok: true, xml: xmlOf(reading), lineItems: reading.items.length };
  } catch (error) {
    if (error instanceof ConversionFault) return { ok: false, code: error.code, message: error.message };
    return {
      ok: false,
      code: 'PDF_UNREADABLE',
      message: 'The PDF is broken: its reader gives up on it. Save it again and send that.',
    };
  }
}

const task: ConversionTask = workerData;
parentPort?.postMessage(await answer(task));
