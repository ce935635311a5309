import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTokens } from '../../src/access/tokens.ts';
import { readConversionXml } from '../support/conversion-xml.ts';
import { type MillraceProcess, startMillrace } from '../support/millrace-process.ts';
import { pdfOf, simpleInvoice, threeLines } from '../support/pdf-file.ts';
import { until } from '../support/platform.ts';
import { ask, at, textAt } from '../support/site.ts';
import { createWorld, type World } from '../support/world.ts';

const jwtSecret = 'a-secret-of-the-tests-with-more-than-32-bytes';

/** The seed's walk-through: a PDF goes in over HTTP, or as a row; its XML comes out. */
describe('PDF to XML, through the whole platform', () => {
  let world: World;
  let millrace: MillraceProcess;
  let url: string;
  let token: string;
  beforeAll(async () => {
    world = await createWorld();
    millrace = await startMillrace({
      DATABASE_URL: world.databaseUrl,
      DATA_DIR: world.dataDir,
      JWT_SECRET: jwtSecret,
      NODE_ENV: 'test',
    });
    const port = /http:\/\/\S+:(\d+)\/api/.exec(millrace.output())?.[1];
    url = `http://127.0.0.1:${port}`;
    token = await createTokens(jwtSecret).issue(
      { role: 'producer', subject: 'test' },
      new Date(Date.now() + 3_600_000),
    );
  });
  afterAll(async () => {
    await millrace.kill('SIGTERM');
    await world.close();
  });

  const upload = async (pdf: Buffer, fields: Readonly<Record<string, string>> = {}) => {
    const form = new FormData();
    form.append('file', new Blob([new Uint8Array(pdf)], { type: 'application/pdf' }), 'test.pdf');
    for (const [name, value] of Object.entries(fields)) form.append(name, value);
    const response = await fetch(`${url}/api/upload`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${token}` },
      body: form,
    });
    return { status: response.status, json: await response.json() };
  };
  const settled = async (id: string) => {
    let last: unknown;
    await until(`conversion ${id} to end`, async () => {
      last = (await ask(`${url}/api/conversions/${id}`, 'GET', { token })).json;
      return ['complete', 'failed'].includes(String(at(last, 'data.conversion.status')));
    });
    return at(last, 'data.conversion');
  };

  it('takes an upload and gives its XML', async () => {
    const answer = await upload(await simpleInvoice(threeLines));
    expect(answer).toMatchObject({
      status: 201,
      json: {
        success: true,
        data: { conversion: { status: 'queued', fileName: 'test.pdf', mapping: 'default' } },
      },
    });
    const id = textAt(answer.json, 'data.conversion.id');
    expect(await settled(id)).toMatchObject({
      status: 'complete',
      attempts: 1,
      lineItems: 3,
      converter: 'built-in',
      resultPath: `results/${id}.xml`,
      errorCode: null,
    });
    const result = await ask(`${url}/api/conversions/${id}/result`, 'GET', { token });
    expect(result.headers.get('Content-Type')).toBe('application/xml');
    expect(readConversionXml(result.text)).toMatchObject({
      mapping: 'default',
      pages: 1,
      fields: { invoiceNumber: 'INV-2026-0042', invoiceDate: '2026-11-24', total: '99.50' },
      currencies: { total: 'USD' },
      items: threeLines,
    });
  });

  it('takes a row that somebody else inserted', async () => {
    const key = textAt((await upload(await simpleInvoice(threeLines))).json, 'data.conversion.id');
    const { rows } = await world.pool.query<{ id: string }>(
      'insert into conversions (upload_path, mapping) values ($1, $2) returning id',
      [`./uploads/${key}.pdf`, 'default'],
    );
    expect(await settled(rows[0]?.id ?? '')).toMatchObject({ status: 'complete', lineItems: 3 });
  });

  it('says of a PDF without text that it has none', async () => {
    const blank = await upload(await pdfOf((doc) => doc.rect(50, 50, 100, 100).fill()));
    expect(await settled(textAt(blank.json, 'data.conversion.id'))).toMatchObject({
      status: 'failed',
      errorCode: 'NO_TEXT',
      attempts: 1,
      failedAt: expect.any(String),
    });
  });
});
