import { z } from 'zod';
import { sampleInvoice } from '../sample/invoice.ts';
import type { Demo, DemoJob } from './demo-jobs.ts';
import { placeOf, recordOf } from './demo-products.ts';

const conversion = z.object({
  conversion: z.object({
    id: z.string(),
    jobId: z.string().nullable(),
    errorCode: z.string().nullable(),
    errorMessage: z.string().nullable(),
  }),
});

/** Uploads an invoice as a web service would, and waits for the job that an intake makes of its row. */
export async function addConversion({ client, config }: Demo): Promise<DemoJob[]> {
  const form = new FormData();
  form.append('file', new Blob([await sampleInvoice()], { type: 'application/pdf' }), 'invoice.pdf');
  const { data } = await client.request({ method: 'POST', path: '/upload', body: form });
  let found = conversion.parse(data).conversion;
  while (found.jobId === null) {
    if (found.errorCode !== null) throw new Error(`${found.errorCode}: ${found.errorMessage}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
    const now = await client.request({ method: 'GET', path: `/conversions/${found.id}` });
    found = conversion.parse(now.data).conversion;
  }
  return [
    {
      label: 'Invoice as XML',
      queue: 'document',
      id: found.jobId,
      async product(end) {
        const { resultPath, lineItems, bytes } = recordOf(end.result);
        return `${placeOf(config, String(resultPath))} (${lineItems} line items, ${bytes} bytes)`;
      },
    },
  ];
}
