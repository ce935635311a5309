import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Storage } from '../../src/integrations/storage/port.ts';
import { simpleInvoice, threeLines } from '../support/pdf-file.ts';
import { until } from '../support/platform.ts';
import { at, openSite, type Site, textAt } from '../support/site.ts';

const mebibyte = 2 ** 20;
const maxBytes = 40 * mebibyte;

let site: Site;
let token: string;
let pdf: Buffer;
beforeAll(async () => {
  site = await openSite();
  token = await site.token('producer');
  pdf = await simpleInvoice(threeLines);
});
afterAll(() => site.close());
beforeEach(() => site.world.pool.query('delete from conversions'));

/** A part of a form, as a client may write it; whatever it says goes out as it stands. */
interface Part {
  readonly head: string;
  readonly body: Buffer | string;
}

const file = (body: Buffer | string, name = 'a.pdf', field = 'file'): Part => ({
  head: `Content-Disposition: form-data; name="${field}"; filename="${name}"\r\nContent-Type: application/pdf`,
  body,
});
const plain = (name: string, body: string): Part => ({
  head: `Content-Disposition: form-data; name="${name}"`,
  body,
});

function formOf(parts: readonly Part[]): Buffer {
  return Buffer.concat([
    ...parts.flatMap(({ head, body }) => [
      Buffer.from(`--b\r\n${head}\r\n\r\n`),
      Buffer.from(body),
      Buffer.from('\r\n'),
    ]),
    Buffer.from('--b--\r\n'),
  ]);
}

function begin(headers: Readonly<Record<string, string>> = {}): ClientRequest {
  return httpRequest(`${site.service.url}/api/upload`, {
    method: 'POST',
    headers: {
      Authorization: `Bearer ${token}`,
      'Content-Type': 'multipart/form-data; boundary=b',
      ...headers,
    },
  });
}

async function answerOf(outgoing: ClientRequest): Promise<{ status: number; json: unknown }> {
  const [answer]: IncomingMessage[] = await once(outgoing, 'response');
  if (answer === undefined) throw new Error('No answer came.');
  return { status: answer.statusCode ?? 0, json: JSON.parse(await text(answer)) };
}

/** Sends a whole request; with `Content-Length`, as most clients do. */
async function send(body: Buffer, headers: Readonly<Record<string, string>> = {}) {
  const outgoing = begin({ 'Content-Length': String(body.length), ...headers });
  const answer = answerOf(outgoing);
  outgoing.end(body);
  return answer;
}

const post = (...parts: readonly Part[]) => send(formOf(parts));

async function left(): Promise<{ files: readonly string[]; rows: number; marks: number }> {
  const files = await readdir(site.world.dataDir, { recursive: true, withFileTypes: true });
  const { rows } = await site.world.pool.query<{ rows: number; marks: number }>(
    'select (select count(*)::int from conversions) as rows, (select count(*)::int from storage_removals) as marks',
  );
  return {
    files: files.flatMap((entry) => (entry.isFile() ? [join(entry.parentPath, entry.name)] : [])),
    rows: rows[0]?.rows ?? 0,
    marks: rows[0]?.marks ?? 0,
  };
}

describe('an upload', () => {
  it('is kept whole, with its row, and says where to look', async () => {
    const answer = await post(
      plain('mapping', 'invoice-de'),
      file(pdf, 'Rechnung "5".pdf'.replaceAll('"', '%22')),
    );
    expect(answer.status).toBe(201);
    const id = textAt(answer.json, 'data.conversion.id');
    const row = await site.world.database.conversions.find(id);
    expect(row).toMatchObject({
      uploadPath: `uploads/${id}.pdf`,
      mapping: 'invoice-de',
      uploadBytes: pdf.length,
      status: 'queued',
    });
    const chunks: Buffer[] = [];
    for await (const chunk of await site.storage.get(row?.uploadPath ?? '')) chunks.push(Buffer.from(chunk));
    expect(Buffer.concat(chunks).equals(pdf)).toBe(true);
    const shown = await site.ask('GET', `/api/conversions/${id}`, { token });
    expect(at(shown.json, 'data.conversion')).toMatchObject({
      id,
      status: 'queued',
      errorCode: null,
      jobId: null,
    });
    await site.storage.remove(row?.uploadPath ?? '');
  });

  it('is shown to its own service and to readers; what came past the API to every service', async () => {
    const answer = await post(plain('mapping', 'default'), file(pdf));
    const id = textAt(answer.json, 'data.conversion.id');
    const other = await site.token('producer', 'another');
    for (const path of [id, `${id}/result`]) {
      const hidden = await site.ask('GET', `/api/conversions/${path}`, { token: other });
      expect([hidden.status, at(hidden.json, 'error.code')]).toEqual([404, 'CONVERSION_NOT_FOUND']);
    }
    for (const bearer of [token, await site.token('viewer'), await site.token('operator')])
      expect((await site.ask('GET', `/api/conversions/${id}`, { token: bearer })).status).toBe(200);
    await site.world.pool.query('update conversions set added_by = null where id = $1', [id]);
    expect((await site.ask('GET', `/api/conversions/${id}`, { token: other })).status).toBe(200);
    await site.storage.remove(`uploads/${id}.pdf`);
  });

  it('takes the mapping after the file too, and a PDF with a line before its header', async () => {
    const answer = await post(file(Buffer.concat([Buffer.from('junk\n'), pdf])), plain('mapping', 'default'));
    expect(answer.status).toBe(201);
    await site.storage.remove(`uploads/${textAt(answer.json, 'data.conversion.id')}.pdf`);
  });

  it('of 40 MB passes, and of a byte more is refused with 413, streamed or announced', async () => {
    const big = Buffer.alloc(maxBytes, 'x');
    pdf.copy(big);
    const whole = await post(file(big));
    expect(whole.status).toBe(201);
    await site.storage.remove(`uploads/${textAt(whole.json, 'data.conversion.id')}.pdf`);
    await site.world.pool.query('delete from conversions');

    const more = await post(file(Buffer.concat([big, Buffer.from('x')])));
    expect([more.status, at(more.json, 'error.code')]).toEqual([413, 'TOO_LARGE']);
    const announced = begin({ 'Content-Length': String(10 * maxBytes) });
    const refused = answerOf(announced);
    announced.write('--b\r\n');
    expect((await refused).status).toBe(413);
    announced.destroy();
    expect(await left()).toEqual({ files: [], rows: 0, marks: 0 });
  });

  it.each([
    [
      'no form',
      415,
      'UNSUPPORTED_MEDIA',
      undefined,
      { 'Content-Type': 'application/json' },
      Buffer.from('{}'),
    ],
    [
      'a form without a boundary',
      400,
      'INVALID_REQUEST',
      undefined,
      { 'Content-Type': 'multipart/form-data; x=1' },
      Buffer.from(''),
    ],
    [
      'a text that is called a PDF',
      415,
      'UNSUPPORTED_MEDIA',
      undefined,
      {},
      formOf([file('Dear Sirs, '.repeat(1_000))]),
    ],
    ['an empty file', 415, 'UNSUPPORTED_MEDIA', undefined, {}, formOf([file('')])],
    ['no file', 400, 'INVALID_REQUEST', ['file'], {}, formOf([plain('mapping', 'default')])],
    ['nothing at all', 400, 'INVALID_REQUEST', ['file'], {}, formOf([])],
    [
      'a file of another name',
      400,
      'INVALID_REQUEST',
      ['document', 'file'],
      {},
      formOf([file('%PDF-1.7', 'a.pdf', 'document')]),
    ],
    [
      'a file that is text',
      400,
      'INVALID_REQUEST',
      ['file', 'file'],
      {},
      formOf([plain('file', '%PDF-1.7')]),
    ],
    ['two files', 400, 'INVALID_REQUEST', ['file'], {}, formOf([file('%PDF-1.7'), file('%PDF-1.7')])],
    [
      'a field that nobody asked for',
      400,
      'INVALID_REQUEST',
      ['mappings'],
      {},
      formOf([file('%PDF-1.7'), plain('mappings', 'x')]),
    ],
    [
      'a malformed mapping',
      400,
      'INVALID_REQUEST',
      ['mapping'],
      {},
      formOf([file('%PDF-1.7'), plain('mapping', '../x')]),
    ],
    [
      'an empty mapping',
      400,
      'INVALID_REQUEST',
      ['mapping'],
      {},
      formOf([file('%PDF-1.7'), plain('mapping', '')]),
    ],
    [
      'an endless mapping',
      400,
      'INVALID_REQUEST',
      ['mapping'],
      {},
      formOf([file('%PDF-1.7'), plain('mapping', 'x'.repeat(5_000))]),
    ],
    [
      'a mapping that there is not',
      400,
      'INVALID_REQUEST',
      ['mapping'],
      {},
      formOf([file('%PDF-1.7'), plain('mapping', 'unknown')]),
    ],
    [
      'a form that is cut short',
      400,
      'INVALID_REQUEST',
      undefined,
      {},
      formOf([file('%PDF-1.7')]).subarray(0, -8),
    ],
  ])('with %s is refused and leaves nothing', async (_what, status, code, paths, headers, body) => {
    const answer = await send(body, headers);
    expect([answer.status, at(answer.json, 'error.code')]).toEqual([status, code]);
    const details = at(answer.json, 'error.details');
    expect(Array.isArray(details) ? details.map((fault) => at(fault, 'path')) : undefined).toEqual(paths);
    expect(await left()).toEqual({ files: [], rows: 0, marks: 0 });
  });

  it('whose client goes away in the middle leaves nothing', async () => {
    const outgoing = begin({ 'Content-Length': String(maxBytes) });
    outgoing.on('error', () => undefined);
    outgoing.write(
      formOf([file(Buffer.concat([pdf, Buffer.alloc(3 * mebibyte)]))]).subarray(0, 2 * mebibyte),
    );
    await until('the file to be begun', async () => (await left()).files.length === 1);
    outgoing.destroy();
    await until('nothing to be left', async () => {
      const { files, rows, marks } = await left();
      return files.length + rows + marks === 0;
    });
  });

  it('needs a token, and a large body without one is not read', async () => {
    const outgoing = begin({ 'Content-Length': String(maxBytes), Authorization: 'Bearer none' });
    const answer = answerOf(outgoing);
    outgoing.write('--b\r\n');
    expect((await answer).status).toBe(401);
    outgoing.destroy();
  });
});

describe('a storage that fails', () => {
  it('is answered with an error, and no row names a file that is not there', async () => {
    const full: Storage = {
      ...site.storage,
      put: async (_key, content) => {
        if ('resume' in content) content.resume();
        throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
      },
    };
    const other = await openSite({ storage: full });
    try {
      const form = new FormData();
      form.append('file', new Blob([new Uint8Array(pdf)]), 'a.pdf');
      const response = await fetch(`${other.service.url}/api/upload`, {
        method: 'POST',
        headers: { Authorization: `Bearer ${await other.token('producer')}` },
        body: form,
      });
      expect(response.status).toBe(500);
      const { rows } = await other.world.pool.query('select id from conversions');
      expect(rows).toEqual([]);
    } finally {
      await other.close();
    }
  });
});

describe('a conversion’s result', () => {
  const insert = (columns: string, values: string) =>
    site.world.pool.query(
      `insert into conversions (id, upload_path, ${columns}) values ('c1', 'uploads/c1.pdf', ${values})`,
    );
  const result = () => site.ask('GET', '/api/conversions/c1/result', { token });

  it('is the XML itself', async () => {
    const xml = '<?xml version="1.0"?><a>ü</a>';
    await site.storage.put('results/c1.xml', Buffer.from(xml));
    await insert(
      'status, result_path, result_bytes',
      `'complete', 'results/c1.xml', ${Buffer.byteLength(xml)}`,
    );
    const answer = await result();
    expect([answer.status, answer.text, answer.headers.get('Content-Type')]).toEqual([
      200,
      xml,
      'application/xml',
    ]);
    expect(answer.headers.get('Content-Disposition')).toBe('attachment; filename=c1.xml');
  });

  it.each([
    ['queued', "'queued', null, null", 'it is queued; ask again later'],
    ['failed', "'failed', 'NO_TEXT', 'It is a scan.'", 'it failed with NO_TEXT: It is a scan.'],
  ])('is not there while it is %s', async (_status, values, why) => {
    await insert('status, error_code, error_message', values);
    const answer = await result();
    expect([answer.status, at(answer.json, 'error.code')]).toEqual([409, 'CONVERSION_NOT_COMPLETE']);
    expect(at(answer.json, 'error.message')).toContain(why);
  });

  it('of no conversion is not found', async () => {
    for (const id of ['none', 'a.b', '..%2f..']) {
      const answer = await site.ask('GET', `/api/conversions/${id}/result`, { token });
      expect([400, 404]).toContain(answer.status);
    }
    expect((await site.ask('GET', '/api/conversions/c1', {})).status).toBe(401);
  });
});

describe('an idempotency key', () => {
  const keyed = (key: string, ...parts: readonly Part[]) => send(formOf(parts), { 'Idempotency-Key': key });
  let before: number;
  beforeEach(async () => {
    before = (await left()).files.length;
  });

  it('makes the same upload again the same conversion, and keeps one file', async () => {
    const first = await keyed('upload-1', plain('mapping', 'invoice-de'), file(pdf));
    const again = await keyed('upload-1', plain('mapping', 'invoice-de'), file(pdf, 'another name.pdf'));
    expect([first.status, again.status]).toEqual([201, 200]);
    expect(again.json).toEqual(first.json);
    expect(await left()).toMatchObject({ files: { length: before + 1 }, rows: 1, marks: 0 });
  });

  it('is refused for another file or mapping, and nothing of that is kept', async () => {
    await keyed('upload-2', file(pdf));
    const other = await keyed('upload-2', file(Buffer.concat([pdf, Buffer.from('\n')])));
    const mapping = await keyed('upload-2', plain('mapping', 'invoice-de'), file(pdf));
    for (const answer of [other, mapping]) {
      expect(answer.status).toBe(422);
      expect(at(answer.json, 'error.code')).toBe('IDEMPOTENCY_CONFLICT');
    }
    expect(await left()).toMatchObject({ files: { length: before + 1 }, rows: 1, marks: 0 });
  });

  it('that comes many times at once is one conversion', async () => {
    const answers = await Promise.all(Array.from({ length: 6 }, () => keyed('upload-3', file(pdf))));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 200, 200, 200, 201]);
    expect(new Set(answers.map(({ json }) => textAt(json, 'data.conversion.id'))).size).toBe(1);
    expect(await left()).toMatchObject({ files: { length: before + 1 }, rows: 1, marks: 0 });
  });

  it('is its caller’s own', async () => {
    await keyed('upload-4', file(pdf));
    const other = await send(formOf([file(pdf)]), {
      'Idempotency-Key': 'upload-4',
      Authorization: `Bearer ${await site.token('producer', 'somebody-else')}`,
    });
    expect(other.status).toBe(201);
    expect(await left()).toMatchObject({ rows: 2 });
  });
});
