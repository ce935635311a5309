import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MillraceError } from '../../src/errors/catalogue.ts';
import { errorText, readPage, saysNoData } from '../../src/integrations/sam-gov/answers.ts';

describe('the text of an error', () => {
  it.each([
    [
      { errorCode: '400', errorMessage: 'PostedFrom and PostedTo are mandatory' },
      'PostedFrom and PostedTo are mandatory',
    ],
    [{ message: 'Message throttled out', description: 'You have exceeded' }, 'Message throttled out'],
    [{ description: 'too wide' }, 'too wide'],
    [{ error: { message: 'inner' } }, 'inner'],
    [{ error: 'plain' }, 'plain'],
    [{ status: 400, detail: 'last' }, 'last'],
  ])('is found in %j', (body, text) => {
    expect(errorText(JSON.stringify(body))).toBe(text);
  });

  it('is HTML without its tags, scripts and line breaks', () => {
    const html =
      '<html><style>b{}</style><script>alert("x")</script>\n<h1>API_KEY_INVALID</h1><p>No &lt;key&gt; &amp; no&nbsp;luck</p>';
    expect(errorText(html)).toBe('API_KEY_INVALID No <key> & no luck');
  });

  it('has at most 500 characters on one line, whatever came', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ maxLength: 2_000, unit: 'binary' }), fc.json()), (body) => {
        const text = errorText(body);
        expect(text.length).toBeLessThanOrEqual(500);
        expect(text).not.toMatch(/[\n\r\0]/);
        expect(text.isWellFormed()).toBe(true);
      }),
    );
    expect(errorText('x'.repeat(16_384))).toHaveLength(500);
    expect(errorText('<script '.repeat(2_000))).toBeTypeOf('string');
  });
});

describe('a 404', () => {
  it.each([
    'No Data found',
    '{"errorMessage":"No records found for the search"}',
    '{"message":"Data not found"}',
    '{"totalRecords":0,"opportunitiesData":[]}',
  ])('means an empty page: %s', (body) => {
    expect(saysNoData(body)).toBe(true);
  });

  it.each(['<h1>404 Not Found</h1>', '{"message":"no Route matched with those values"}', ''])(
    'means a wrong address: %s',
    (body) => {
      expect(saysNoData(body)).toBe(false);
    },
  );
});

describe('a page', () => {
  const record = { noticeId: 'a' };

  it('is read with its total as number or text', () => {
    expect(readPage(JSON.stringify({ totalRecords: 1, opportunitiesData: [record] }), 0, 10)).toEqual({
      totalRecords: 1,
      records: [record],
    });
    expect(
      readPage(JSON.stringify({ totalRecords: '12', opportunitiesData: [record] }), 1, 10).totalRecords,
    ).toBe(12);
    expect(readPage(JSON.stringify({ totalRecords: 0, opportunitiesData: null }), 0, 10).records).toEqual([]);
  });

  it.each([
    'not json',
    '[]',
    '{"totalRecords":null,"opportunitiesData":[{}]}',
    '{"totalRecords":-1,"opportunitiesData":[]}',
    '{"totalRecords":11,"opportunitiesData":[]}',
    '{"totalRecords":11}',
  ])('that cannot be told from a loss is asked for again: %s', (body) => {
    expect(() => readPage(body, 1, 10)).toThrow(
      expect.objectContaining({ code: 'SYNC_UNAVAILABLE', retryable: true }),
    );
  });

  it('never throws anything but SYNC_UNAVAILABLE', () => {
    fc.assert(
      fc.property(fc.json(), fc.nat(5), (body, page) => {
        try {
          expect(readPage(body, page, 10).totalRecords).toBeGreaterThanOrEqual(0);
        } catch (error) {
          expect(error).toBeInstanceOf(MillraceError);
        }
      }),
    );
  });
});
