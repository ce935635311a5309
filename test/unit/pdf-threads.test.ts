import { describe, expect, it } from 'vitest';
import { type Drawing, pdfThreads } from '../../processors/document/pdf-threads.ts';
import { figuresOf, sampleRows } from '../integration/report-data.ts';
import { readPdf } from '../integration/report-files.ts';

/** Rows that fill their cells, each with words of its own: what takes most. */
const drawing = (count: number): Drawing => {
  const rows = sampleRows(count, '2026-08-25', 90).map((row, index) => {
    const words = Array.from({ length: 60 }, (_, at) => `word${index * 60 + at}`).join(' ');
    return { ...row, title: words, agency: words, noticeType: words, setAside: words };
  });
  const head = { title: 'Report', range: { start: '2026-08-25', end: '2026-11-22' } };
  const generatedAt = new Date('2026-11-22T12:00:00Z');
  return {
    kind: 'report',
    task: {
      maxRows: 2_000,
      report: { ...head, kind: 'opportunities', generatedAt, figures: figuresOf(rows), rows },
    },
  };
};

describe('threads that draw PDFs', () => {
  it('refuse what takes more memory than they may, and go on with the next', async () => {
    const draw = pdfThreads({ maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 8 });
    await expect(draw(drawing(2_000))).rejects.toMatchObject({ code: 'TOO_LARGE', retryable: false });
    const { bytes, rows } = await draw(drawing(3));
    expect(rows).toBe(3);
    expect((await readPdf(Buffer.from(bytes))).pages.length).toBeGreaterThan(0);
  });

  it('stop in the middle with the signal’s reason', async () => {
    const stop = new AbortController();
    const reason = new Error('cancelled');
    const drawn = pdfThreads({ maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 24 })(
      drawing(2_000),
      stop.signal,
    );
    setImmediate(() => stop.abort(reason));
    await expect(drawn).rejects.toBe(reason);
  });
});
