import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type SamGovSandbox, startSamGovSandbox } from '../../src/sample/sam-gov-sandbox.ts';

/** The sandbox against what is known of the real service: whoever tests with it relies on these. */

const notices = Array.from({ length: 7 }, (_, index) => ({
  noticeId: `n${index}`,
  title: `Notice ${index}`,
  postedDate: `2026-01-0${index + 1}`,
  description: index === 0 ? null : `https://api.sam.gov/prod/opportunities/v1/noticedesc?noticeid=n${index}`,
}));

let sandbox: SamGovSandbox;
beforeAll(async () => {
  sandbox = await startSamGovSandbox({ opportunities: notices, apiKey: 'right-key', host: '127.0.0.1' });
});
afterAll(() => sandbox.close());

async function get(path: string, parameters: Record<string, string>) {
  const query = new URLSearchParams({ api_key: 'right-key', ...parameters });
  const response = await fetch(`${sandbox.url}${path}?${query}`);
  const text = await response.text();
  const json: unknown =
    response.headers.get('content-type') === 'application/json' ? JSON.parse(text) : undefined;
  return { status: response.status, text, json };
}

const range = { postedFrom: '01/01/2026', postedTo: '01/31/2026' };
const search = (parameters: Record<string, string>) => get('/opportunities/v2/search', parameters);

describe('the sandbox', () => {
  it('gives one record when no limit is asked for', async () => {
    const { json } = await search(range);
    expect(json).toMatchObject({
      totalRecords: 7,
      limit: 1,
      offset: 0,
      opportunitiesData: [{ noticeId: 'n6' }],
    });
  });

  it('takes offset as the index of the page, under /prod too', async () => {
    const { json } = await get('/prod/opportunities/v2/search', { ...range, limit: '3', offset: '1' });
    expect(json).toMatchObject({
      opportunitiesData: [{ noticeId: 'n3' }, { noticeId: 'n2' }, { noticeId: 'n1' }],
    });
  });

  it('gives one stray record past the last page', async () => {
    const { json } = await search({ ...range, limit: '3', offset: '3' });
    expect(json).toMatchObject({ totalRecords: 7, opportunitiesData: [{ noticeId: 'n0' }] });
  });

  it('takes 364 days and refuses 365', async () => {
    expect((await search({ postedFrom: '01/01/2026', postedTo: '12/31/2026' })).status).toBe(200);
    expect(await search({ postedFrom: '01/01/2026', postedTo: '01/01/2027' })).toMatchObject({
      status: 400,
      json: { errorMessage: 'Date range must be no more than 1 year apart' },
    });
  });

  it.each([
    [{}, 'PostedFrom and PostedTo are mandatory'],
    [{ ...range, postedTo: '2026-01-31' }, 'Invalid Date Entered. Expected date format is MM/dd/yyyy'],
    [{ ...range, limit: '1001' }, 'Limit valid range is 0-1000. Please provide valid input.'],
    [{ ...range, offset: '-1' }, 'limit/offset must be a positive number.'],
  ])('refuses %j', async (parameters, message) => {
    expect(await search(parameters)).toMatchObject({ status: 400, json: { errorMessage: message } });
  });

  it('answers a wrong key with HTML, and leaves unknown parameters aside', async () => {
    const wrong = await search({ ...range, api_key: 'wrong' });
    expect(wrong).toMatchObject({ status: 403, json: undefined });
    expect(wrong.text).toContain('API_KEY_INVALID');
    expect((await search({ ...range, nosuch: 'filter' })).json).toMatchObject({ totalRecords: 7 });
  });

  it('has descriptions, and says of others that there is none', async () => {
    const describe = (noticeid: string) => get('/opportunities/v1/noticedesc', { noticeid });
    expect((await describe('n1')).json).toEqual({ description: '<p>Notice 1</p>' });
    expect(await describe('n0')).toMatchObject({
      status: 404,
      json: { errorMessage: 'Description Not Found' },
    });
  });
});
