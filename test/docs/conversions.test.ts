import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { createTokens } from '../../src/access/tokens.ts';
import { mappingSchema } from '../../src/integrations/conversion-gateway/built-in/mapping.ts';
import { openMappings } from '../../src/integrations/conversion-gateway/built-in/mappings.ts';
import { readPageTexts } from '../../src/integrations/conversion-gateway/built-in/page-text.ts';
import { readDocument } from '../../src/integrations/conversion-gateway/built-in/read-document.ts';
import { xmlOf } from '../../src/integrations/conversion-gateway/built-in/xml.ts';
import { readConversionXml } from '../support/conversion-xml.ts';
import { startMillrace } from '../support/millrace-process.ts';
import { pdfOf, simpleInvoice, threeLines } from '../support/pdf-file.ts';
import { until } from '../support/platform.ts';
import { ask, at, textAt } from '../support/site.ts';
import { createWorld } from '../support/world.ts';

const run = promisify(execFile);
const root = join(import.meta.dirname, '../..');
const page = await readFile(join(root, 'docs/conversions.md'), 'utf8');

describe('docs/conversions.md', () => {
  it('shows a mapping that reads what it says', async () => {
    const shown = /<!-- test:mapping -->\n```json\n([\s\S]*?)```/.exec(page)?.[1] ?? '';
    const mapping = mappingSchema.parse(JSON.parse(shown));
    const pdf = await pdfOf((doc) => {
      doc
        .fontSize(10)
        .text('Delivery note: DN-4711', 40, 40)
        .text('Ship date', 300, 40)
        .text('11/24/2026', 300, 54);
      doc.text('Ship to', 40, 70).text('Ada Lovelace', 40, 84).text('12 Analytical Row', 40, 98);
      doc.text('Part', 40, 140).text('Shipped', 300, 140);
      doc.text('Pump', 40, 160).text('3', 300, 160).text('Hose', 40, 180).text('12', 300, 180);
      doc.text('Page 1', 40, 200).text('Total', 40, 230).text('15', 300, 230);
    });
    const pages = await readPageTexts(new Uint8Array(pdf), { maxPages: 10, maxItems: 1_000 });
    expect(readConversionXml(xmlOf(readDocument(pages, 'delivery', mapping)))).toMatchObject({
      fields: { shipDate: '2026-11-24', noteNumber: '4711', shipTo: 'Ada Lovelace\n12 Analytical Row' },
      items: [
        { part: 'Pump', shipped: '3' },
        { part: 'Hose', shipped: '12' },
      ],
    });
  });

  it('shows XML that is valid', () => {
    const shown = /```xml\n([\s\S]*?)```/.exec(page)?.[1] ?? '';
    expect(readConversionXml(shown)).toMatchObject({ fields: { total: '713072.08' } });
  });
});

const jwtSecret = 'a-secret-of-the-tests-with-more-than-32-bytes';

describe('the commands of docs/conversions.md', { timeout: 120_000 }, () => {
  it('bring a PDF in over HTTP and as a row, and its XML out', async () => {
    const world = await createWorld();
    const millrace = await startMillrace({
      DATABASE_URL: world.databaseUrl,
      DATA_DIR: world.dataDir,
      JWT_SECRET: jwtSecret,
      NODE_ENV: 'test',
    });
    const inAnHour = new Date(Date.now() + 3_600_000);
    const token = await createTokens(jwtSecret).issue({ role: 'producer', subject: 'reader' }, inAnHour);
    const settled = async (id: string) => {
      let last: unknown;
      await until(`conversion ${id} to end`, async () => {
        last = (await ask(`${millrace.url}/api/conversions/${id}`, 'GET', { token })).json;
        return ['complete', 'failed'].includes(String(at(last, 'data.conversion.status')));
      });
      return at(last, 'data.conversion');
    };
    try {
      await writeFile(join(world.dataDir, 'test.pdf'), await simpleInvoice(threeLines));
      // The seed's own line, with the token that it has no need of.
      const command = /```bash\n(curl [^\n]+)\n```/.exec(page)?.[1] ?? '';
      expect(command).toContain('-F "file=@test.pdf"');
      const { stdout } = await run('bash', ['-c', command.replace(/http:\/\/localhost:\d+/, millrace.url)], {
        cwd: world.dataDir,
        env: { PATH: process.env.PATH, TOKEN: token },
      });
      const id = textAt(JSON.parse(stdout), 'data.conversion.id');
      expect(await settled(id)).toMatchObject({ status: 'complete', resultPath: `results/${id}.xml` });
      const { text } = await ask(`${millrace.url}/api/conversions/${id}/result`, 'GET', { token });
      expect(readConversionXml(text).items).toEqual(threeLines);
      expect(await readFile(join(world.dataDir, `storage/results/${id}.xml`), 'utf8')).toBe(text);

      const insert = /```sql\n(insert [^\n]+)\n```/.exec(page)?.[1] ?? '';
      const uploaded = `uploads/${id}.pdf`;
      const statement = insert.replace('uploads/test.pdf', uploaded).replace(/;$/, ' returning id');
      expect(statement).toContain(uploaded);
      const { rows } = await world.pool.query<{ id: string }>(statement);
      expect(await settled(rows[0]?.id ?? '')).toMatchObject({ status: 'complete', lineItems: 3 });
    } finally {
      await millrace.kill('SIGTERM');
      await world.close();
    }
  });
});

describe('mapping files', () => {
  const mappings = openMappings([join(root, 'mappings')]);

  it('that come with the platform are mappings', async () => {
    for (const name of ['default', 'invoice-de']) expect((await mappings.load(name)).lineItems).toBeDefined();
  });

  it('are looked for by plain names alone', async () => {
    for (const name of ['../package', 'default.json', '', 'a/b', '.', 'x'.repeat(65)]) {
      expect(await mappings.has(name)).toBe(false);
      await expect(mappings.load(name)).rejects.toMatchObject({
        code: 'MAPPING_NOT_FOUND',
        retryable: false,
      });
    }
  });

  it('that are none are refused with the path of each fault', async () => {
    const own = await mkdtemp(join(tmpdir(), 'millrace-mappings-'));
    await writeFile(
      join(own, 'default.json'),
      '{ "fields": [{ "name": "a", "labels": [] }], "lineItem": {} }',
    );
    await writeFile(join(own, 'no-json.json'), '{ "fields": [');
    const broken = openMappings([own, join(root, 'mappings')]);
    await expect(broken.load('default')).rejects.toMatchObject({
      code: 'MAPPING_INVALID',
      details: [
        { path: 'fields[0].labels' },
        { path: '(root)', message: expect.stringContaining('lineItem') },
      ],
    });
    await expect(broken.load('no-json')).rejects.toMatchObject({ code: 'MAPPING_INVALID' });
    await expect(broken.load('invoice-de')).resolves.toBeDefined();
    await rm(own, { recursive: true });
  });
});
