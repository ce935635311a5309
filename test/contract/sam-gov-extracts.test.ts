import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MillraceError, RateLimitedError } from '../../src/errors/catalogue.ts';
import { createSamGov, type SamGovOptions } from '../../src/integrations/sam-gov/client.ts';
import { BrokenExtractError, type ExtractFile, type SamGov } from '../../src/integrations/sam-gov/port.ts';
import {
  type SamGovSandbox,
  type SandboxOptions,
  startSamGovSandbox,
} from '../../src/sample/sam-gov-sandbox.ts';
import { ueiOf, wireEntity } from '../support/entities.ts';

/** Extracts of Entity Management v3: the real client against the sandbox, and against what a server may get wrong. */

const apiKey = 'SAM-2f0c/41+9d e8-secret';
const never = new AbortController().signal;
const entities = Array.from({ length: 40 }, (_, index) =>
  wireEntity(index, { registrationDate: `2024-03-${String((index % 20) + 1).padStart(2, '0')}` }),
);

let folder: string;
let sandbox: SamGovSandbox;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-test-extracts-'));
});
afterEach(async () => {
  await sandbox?.close();
  await rm(folder, { recursive: true, force: true });
});

async function open(served: Partial<SandboxOptions> = {}) {
  sandbox = await startSamGovSandbox({ opportunities: [], entities, apiKey, host: '127.0.0.1', ...served });
  return clientOf(`${sandbox.url}/prod`);
}

function clientOf(baseUrl: string, options: Partial<SamGovOptions> = {}): SamGov {
  return createSamGov({ apiKey, baseUrl, minIntervalMs: 0, extractFolder: folder, ...options });
}

async function tokenOf(samGov: SamGov, query = {}): Promise<string> {
  const answer = await samGov.requestExtract(query, never);
  if (answer === 'too many') throw new Error('There are too many.');
  return answer.token;
}

async function fetched(samGov: SamGov, token: string): Promise<ExtractFile> {
  const answer = await samGov.fetchExtract(token, never);
  if (answer.state !== 'fetched') throw new Error(`It is ${answer.state}.`);
  return answer.file;
}

async function recordsOf(file: ExtractFile): Promise<unknown[]> {
  const records: unknown[] = [];
  for await (const { record } of file.records()) records.push(record);
  return records;
}

async function failure(work: Promise<unknown>): Promise<Error> {
  const error = await work.then(
    () => new Error('It succeeded.'),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof MillraceError) && !(error instanceof BrokenExtractError)) throw error;
  for (const part of ['2f0c', 'e8-secret']) expect(`${error.message} ${error.stack}`).not.toContain(part);
  return error;
}

describe('an extract', () => {
  it('is asked for, is prepared, and then holds the records of its search in their order', async () => {
    const samGov = await open({ extractPolls: 2 });
    const token = await tokenOf(samGov, { registered: { start: '2024-03-02', end: '2024-03-03' } });
    expect(sandbox.log[0]).toMatchObject({
      path: '/prod/entity-information/v3/entities',
      parameters: {
        format: 'json',
        includeSections: 'entityRegistration,coreData,assertions',
        registrationDate: '[03/02/2024,03/03/2024]',
      },
      outcome: 200,
    });
    expect(await samGov.fetchExtract(token, never)).toEqual({ state: 'preparing' });
    expect(await samGov.fetchExtract(token, never)).toEqual({ state: 'preparing' });
    expect(await samGov.keptExtract(token)).toBeUndefined();
    const file = await fetched(samGov, token);
    const found = [1, 2, 21, 22].map((index) => entities[index]);
    expect(await recordsOf(file)).toEqual(found);

    // A later attempt of the sync has it without asking.
    const before = sandbox.requests;
    const kept = await clientOf(sandbox.url).keptExtract(token);
    expect(kept).toMatchObject({ sha256: file.sha256, bytes: file.bytes });
    expect(kept && (await recordsOf(kept))).toEqual(found);
    expect(sandbox.requests).toBe(before);
    await kept?.remove();
    expect(await readdir(folder)).toEqual([]);
    expect(await samGov.keptExtract(token)).toBeUndefined();
  });

  it('of more records than one may have is refused as too many', async () => {
    const samGov = await open({ extractLimit: 39 });
    expect(await samGov.requestExtract({}, never)).toBe('too many');
    expect(await tokenOf(samGov, { updated: { start: '2020-01-01', end: '2020-01-02' } })).not.toBe('');
  });

  it('whose link has ended says so', async () => {
    const samGov = await open();
    const token = await tokenOf(samGov);
    sandbox.expireExtracts();
    expect(await samGov.fetchExtract(token, never)).toEqual({ state: 'expired' });
  });

  it('waits for the quota', async () => {
    const samGov = await open({ dailyLimit: 1 });
    const token = await tokenOf(samGov);
    const error = await failure(samGov.fetchExtract(token, never));
    expect(error).toBeInstanceOf(RateLimitedError);
    expect(error).toMatchObject({ code: 'SYNC_RATE_LIMITED' });
  });

  it('with a wrong key is refused for good, and the key stands nowhere', async () => {
    const samGov = await open({ apiKey: 'another' });
    expect(await failure(samGov.requestExtract({}, never))).toMatchObject({ code: 'SYNC_UNAUTHORIZED' });
    expect(await failure(samGov.fetchExtract('t', never))).toMatchObject({ code: 'SYNC_UNAUTHORIZED' });
  });

  it('that is cut, stops, or is broken leaves nothing behind', async () => {
    const samGov = await open({ extractPolls: 0 });
    const impatient = clientOf(sandbox.url, { timeoutMs: 2_000 });
    const token = await tokenOf(samGov);
    sandbox.script(
      { kind: 'cut-file' },
      { kind: 'hang-in-file' },
      { kind: 'reset' },
      { kind: 'broken-file' },
    );
    for (const [client, said] of [
      [samGov, /cannot be reached/],
      [impatient, /did not answer within 2000 ms/],
      [samGov, /cannot be reached/],
    ] as const) {
      const error = await failure(client.fetchExtract(token, never));
      expect(error).toMatchObject({ code: 'SYNC_UNAVAILABLE', message: expect.stringMatching(said) });
    }
    expect(await failure(samGov.fetchExtract(token, never))).toBeInstanceOf(BrokenExtractError);
    expect(await readdir(folder)).toEqual([]);
    expect(await recordsOf(await fetched(samGov, token))).toHaveLength(40);
  });

  it('is broken off by its signal, in the middle of the file too', async () => {
    const samGov = await open({ extractPolls: 0 });
    const token = await tokenOf(samGov);
    sandbox.script({ kind: 'hang-in-file' });
    const stop = new AbortController();
    const work = samGov.fetchExtract(token, stop.signal);
    await sandbox.arrival(2);
    stop.abort(new Error('stopped'));
    await expect(work).rejects.toThrow('stopped');
    expect(await readdir(folder)).toEqual([]);
  });

  it('larger than it may be, as it comes or unpacked, is not kept', async () => {
    const samGov = await open({ extractPolls: 0 });
    const token = await tokenOf(samGov);
    const size = (await fetched(samGov, token)).bytes;
    for (const limit of [{ maxExtractBytes: size - 1 }, { maxUnpackedBytes: 10 * size - 1 }]) {
      const error = await failure(clientOf(sandbox.url, limit).fetchExtract(token, never));
      expect(error.message).toMatch(/larger than/);
    }
    expect(await readdir(folder)).toHaveLength(1);
  });
});

describe('what a server may send as an extract', () => {
  /** A server whose every download is this body. */
  async function serving(body: Uint8Array, headers: Record<string, string> = {}) {
    const server = createServer((_request, response) => response.writeHead(200, headers).end(body));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('The server has no port.');
    return {
      samGov: clientOf(`http://127.0.0.1:${address.port}`),
      [Symbol.asyncDispose]: () => new Promise<void>((resolve) => void server.close(() => resolve())),
    };
  }

  const records = [wireEntity(1), wireEntity(2)];
  const text = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));

  it.each<[string, Uint8Array, Record<string, string>]>([
    ['a bare list', gzipSync(text(records)), {}],
    ['a list after a byte order mark', gzipSync(text(`\ufeff${JSON.stringify(records)}\n`)), {}],
    ['other fields before and behind', gzipSync(text({ links: { a: [1] }, entityData: records, x: {} })), {}],
    ['a proxy that unpacks', text({ entityData: records }), {}],
    ['a server that says how it is packed', gzipSync(text(records)), { 'content-encoding': 'gzip' }],
  ])('%s is read', async (_what, body, headers) => {
    await using server = await serving(body, headers);
    expect(await recordsOf(await fetched(server.samGov, 't'))).toEqual(records);
  });

  it('a lone record without its list, and none, are read', async () => {
    await using lone = await serving(gzipSync(text({ entityData: wireEntity(1) })));
    expect(await recordsOf(await fetched(lone.samGov, 'lone'))).toEqual([wireEntity(1)]);
    await using none = await serving(gzipSync(text({ totalRecords: 0, entityData: [] })));
    expect(await recordsOf(await fetched(none.samGov, 'none'))).toEqual([]);
  });

  it('JSON that ends too early, or is none, is broken', async () => {
    const whole = JSON.stringify({ entityData: records });
    for (const body of [whole.slice(0, -40), '<html>Sorry</html>', '', `${whole}]`]) {
      await using server = await serving(gzipSync(text(body)));
      const file = await fetched(server.samGov, body);
      expect(await failure(recordsOf(file))).toBeInstanceOf(BrokenExtractError);
      await file.remove();
    }
  });

  it('the key in a link is taken out', async () => {
    const link = `https://api.sam.gov/x?api_key=${encodeURIComponent(apiKey)}&y=1`;
    await using server = await serving(gzipSync(text([{ ...wireEntity(1), links: { self: [link] } }])));
    const [record] = await recordsOf(await fetched(server.samGov, 't'));
    expect(record).toMatchObject({ links: { self: ['https://api.sam.gov/x?api_key=[redacted]&y=1'] } });
  });

  it('an answer without a link to the extract is asked for again', async () => {
    await using server = await serving(text('Extract is on its way.'));
    expect(await failure(server.samGov.requestExtract({}, never))).toMatchObject({
      code: 'SYNC_UNAVAILABLE',
      message: expect.stringContaining('no link'),
    });
  });
});

describe('the sandbox, of extracts', () => {
  const get = async (path: string, query: string) => {
    const response = await fetch(`${sandbox.url}${path}?api_key=${encodeURIComponent(apiKey)}&${query}`);
    return { status: response.status, text: await response.text() };
  };

  it('answers as the page of the API says', async () => {
    await open();
    const asked = await get('/entity-information/v3/entities', `format=json&ueiSAM=${ueiOf(3)}`);
    expect(asked.text).toContain('https://api.sam.gov/entity-information/v3/download-entities?');
    expect(asked.text).toContain('REPLACE_WITH_API_KEY');
    const token = /token=([^\s&]+)/.exec(asked.text)?.[1];
    const early = await get('/entity-information/v3/download-entities', `token=${token}`);
    expect(early).toMatchObject({ status: 400, text: expect.stringContaining('not generated yet') });
    expect((await get('/entity-information/v3/download-entities', `token=${token}`)).status).toBe(200);
    expect((await get('/entity-information/v3/download-entities', 'token=none')).status).toBe(400);
    expect((await get('/entity-information/v3/entities', 'format=json&registrationDate=soon')).status).toBe(
      400,
    );
  });
});
