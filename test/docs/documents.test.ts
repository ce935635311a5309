import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { exportPlan } from '../../processors/document/export/plan.ts';
import { documentQueue } from '../../queues/document.ts';

const docs = join(import.meta.dirname, '../../docs');

it('shows pictures that are there and light, and payloads that are taken', async () => {
  const doc = await readFile(join(docs, 'documents.md'), 'utf8');
  const pictures = [...doc.matchAll(/!\[[^\]]+\]\(([^)]+)\)/g)].map(([, path = '']) => path);
  expect(pictures.length).toBeGreaterThan(10);
  for (const path of pictures) expect((await stat(join(docs, path))).size).toBeLessThan(150_000);

  const [report, data] = [...doc.matchAll(/```json\n(.*?)```/gs)].map(([, json = '']): unknown =>
    JSON.parse(json),
  );
  documentQueue.jobs['generate-report'].payload.parse(report);
  exportPlan(documentQueue.jobs['export-data'].payload.parse(data).data);
});
