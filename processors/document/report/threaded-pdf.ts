import { drawInThread } from '../pdf-threads.ts';
import { taken } from './feeding.ts';
import { mostListed, plainReport } from './pdf-task.ts';
import type { Renderer } from './report.ts';

/** Lays a report's PDF out in a thread, from as many rows as a PDF lists. */
export const renderPdfInThread: Renderer = async (report, sink, signal) => {
  const task = { report: await plainReport(report, mostListed), maxRows: mostListed };
  const { bytes, rows = 0, ...rendered } = await drawInThread({ kind: 'report', task }, signal);
  sink.end(bytes);
  await taken(sink);
  return { rows, ...rendered };
};
