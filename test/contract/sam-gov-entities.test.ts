import { afterEach, describe, expect, it } from 'vitest';
import { MillraceError } from '../../src/errors/catalogue.ts';
import { createSamGov } from '../../src/integrations/sam-gov/client.ts';
import type { EntityQuery } from '../../src/integrations/sam-gov/port.ts';
import {
  type SamGovSandbox,
  type SandboxOptions,
  startSamGovSandbox,
} from '../../src/sample/sam-gov-sandbox.ts';
import { ueiOf, wireEntity } from '../support/entities.ts';

/** Entity Management v3: the real client against the sandbox, and the sandbox against what is known of the service. */

const apiKey = 'SAM-2f0c/41+9d e8-secret';
const never = new AbortController().signal;
const entities = Array.from({ length: 23 }, (_, index) =>
  wireEntity(index, { registrationDate: `2024-03-${String(index + 1).padStart(2, '0')}` }),
);

let sandbox: SamGovSandbox;
afterEach(() => sandbox.close());

async function open(served: Partial<SandboxOptions> = {}) {
  sandbox = await startSamGovSandbox({ opportunities: [], entities, apiKey, host: '127.0.0.1', ...served });
  return createSamGov({ apiKey, baseUrl: `${sandbox.url}/prod`, minIntervalMs: 0 });
}

async function search(query: EntityQuery, served: Partial<SandboxOptions> = {}) {
  const client = await open(served);
  return client.searchEntities(query, never);
}

async function get(query: string) {
  const response = await fetch(
    `${sandbox.url}/entity-information/v3/entities?api_key=${encodeURIComponent(apiKey)}&${query}`,
  );
  const body: unknown = await response.json();
  return { status: response.status, body };
}

async function failure(work: Promise<unknown>): Promise<MillraceError> {
  const error = await work.then(
    () => new Error('It succeeded.'),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof MillraceError)) throw error;
  for (const part of ['2f0c', 'e8-secret']) expect(`${error.message} ${error.stack}`).not.toContain(part);
  return error;
}

describe('a search for entities', () => {
  it('comes in tens, by the index of the page', async () => {
    const page = await search({ page: 2 });
    expect(page.totalRecords).toBe(23);
    expect(page.records).toHaveLength(3);
    expect(page.records[0]).toMatchObject({ entityRegistration: { ueiSAM: ueiOf(20) } });
    expect(sandbox.log[0]?.parameters).toEqual({
      includeSections: 'entityRegistration,coreData,assertions',
      page: '2',
      size: '10',
    });
  });

  it('narrows by days and by UEIs, with operators as they are', async () => {
    const page = await search({
      registered: { start: '2024-03-02', end: '2024-03-04' },
      updated: { start: '2026-04-01', end: '2026-04-01' },
      ueis: [ueiOf(1), ueiOf(2), ueiOf(9)],
      page: 0,
    });
    expect(page.totalRecords).toBe(2);
    expect(sandbox.log[0]?.parameters).toMatchObject({
      registrationDate: '[03/02/2024,03/04/2024]',
      updateDate: '[04/01/2026,04/01/2026]',
      ueiSAM: `[${ueiOf(1)}~${ueiOf(2)}~${ueiOf(9)}]`,
    });
  });

  it('takes a lone record that comes without its list, and none that come as the text "0"', async () => {
    expect(await search({ ueis: [ueiOf(5)], page: 0 })).toMatchObject({
      totalRecords: 1,
      records: [{ entityRegistration: { ueiSAM: ueiOf(5) } }],
    });
    await sandbox.close();
    expect(await search({ ueis: ['ZZZZZZZZZZZZ'], page: 0 })).toEqual({ totalRecords: 0, records: [] });
  });

  it('goes on by the link to the next page where the number of records is missing', async () => {
    const client = await open();
    const ten = entities.slice(0, 10);
    const body = (value: unknown) => ({ kind: 'status' as const, status: 200, body: JSON.stringify(value) });
    sandbox.script(
      body({ totalRecords: null, entityData: ten, links: { nextLink: 'https://api.sam.gov/...' } }),
      body({ entityData: ten, links: {} }),
      body({ totalRecords: null, entityData: entities.slice(0, 4) }),
      body({ totalRecords: null, entityData: [] }),
      body({ totalRecords: 40, entityData: [] }),
    );
    const total = async (page: number) => (await client.searchEntities({ page }, never)).totalRecords;
    expect(await total(1)).toBe(21);
    expect(await total(1)).toBe(20);
    expect(await total(2)).toBe(24);
    expect(await total(0)).toBe(0);
    expect(await failure(total(1))).toMatchObject({ code: 'SYNC_UNAVAILABLE' });
  });

  it('tells of a refusal what v3 says, and which key is wrong in no place', async () => {
    const error = await failure(search({ page: 1_001 }));
    expect(error).toMatchObject({ code: 'SYNC_REJECTED', retryable: false });
    expect(error.message).toContain('Results Too Large');
    await sandbox.close();
    const wrong = await failure(search({ page: 0 }, { apiKey: 'another' }));
    expect(wrong).toMatchObject({ code: 'SYNC_UNAUTHORIZED', retryable: false });
    await sandbox.close();
    const client = await open({ dailyLimit: 0 });
    expect(await failure(client.searchEntities({ page: 0 }, never))).toMatchObject({
      code: 'SYNC_RATE_LIMITED',
    });
  });
});

describe('the sandbox, of entities', () => {
  it.each([
    ['size=11', 'size is 11', 'Size Cannot Exceed 10 Records'],
    ['page=1001&size=10', 'Results Too Large', 'Results Too Large'],
    ['registrationDate=2024-03-01', 'Dates must be specified in the MM/DD/YYYY format.', /MM/],
    ['nosuch=1', 'The search parameter, nosuch does not exist.', /nosuch/],
    [
      `ueiSAM=[${Array.from({ length: 101 }, (_, index) => ueiOf(index)).join('~')}]`,
      'More than 100 UEI SAM are not allowed.',
      /100/,
    ],
    ['ueiSAM=%5BUEX000000001%5D', /not allowed/, /not allowed/],
  ])('refuses %s', async (query, message, detail) => {
    await open();
    const answer = await get(query);
    expect(answer).toMatchObject({ status: 400, body: { status: 400, errorCode: '400' } });
    expect(answer.body).toHaveProperty(
      'message',
      typeof message === 'string' ? message : expect.stringMatching(message),
    );
    expect(answer.body).toHaveProperty(
      'detail',
      typeof detail === 'string' ? detail : expect.stringMatching(detail),
    );
  });

  it('serves the last page that is within reach', async () => {
    await open();
    expect((await get('page=1000&size=10')).status).toBe(200);
  });
});
