import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readOpportunity } from '../../processors/sync/read-opportunity.ts';
import { makeSample } from '../../src/sample/index.ts';

const minimal = { noticeId: 'n1', title: 'Infusion Pumps', postedDate: '2026-02-02' };

function rowOf(record: unknown) {
  const reading = readOpportunity(record);
  if (!('row' in reading)) throw new Error(`Put aside: ${reading.reject.reason}`);
  return reading.row;
}

function rejectOf(record: unknown) {
  const reading = readOpportunity(record);
  if (!('reject' in reading)) throw new Error('It was read.');
  return reading.reject;
}

describe('a record', () => {
  it('is read as the service writes it', () => {
    const row = rowOf({
      ...minimal,
      solicitationNumber: 'N6264926RK007',
      fullParentPathName: 'DEPT OF DEFENSE.DEPT OF THE NAVY.NAVSUP',
      type: 'Solicitation',
      archiveDate: '2026-02-25',
      typeOfSetAside: 'SBA',
      responseDeadLine: '2026-02-10T10:00:00+09:00',
      naicsCode: '336611',
      classificationCode: 'J999',
      active: 'Yes',
      award: { date: '2026-03-01', amount: '1,234,567.80', awardee: { name: 'KESTREL LLC' } },
      description: 'https://api.sam.gov/prod/opportunities/v1/noticedesc?noticeid=n1',
      placeOfPerformance: { state: { code: 'KR-48' }, country: { code: 'KOR' } },
      uiLink: 'https://sam.gov/workspace/contract/opp/n1/view',
    });
    expect(row).toMatchObject({
      noticeId: 'n1',
      title: 'Infusion Pumps',
      solicitation: 'N6264926RK007',
      agency: 'DEPT OF DEFENSE',
      office: 'NAVSUP',
      noticeType: 'Solicitation',
      setAside: 'SBA',
      naics: '336611',
      classification: 'J999',
      postedOn: '2026-02-02',
      responseDeadline: '2026-02-10T01:00:00.000Z',
      archiveOn: '2026-02-25',
      active: true,
      placeState: 'KR-48',
      placeCountry: 'KOR',
      awardAmount: '1234567.80',
      awardOn: '2026-03-01',
      awardee: 'KESTREL LLC',
      url: 'https://sam.gov/workspace/contract/opp/n1/view',
      descriptionUrl: 'https://api.sam.gov/prod/opportunities/v1/noticedesc?noticeid=n1',
    });
    expect(row.contentHash).toMatch(/^[0-9a-f]{64}$/);
  });

  it('is read with everything else null or absent', () => {
    const nothing = {
      solicitationNumber: null,
      fullParentPathName: null,
      award: null,
      pointOfContact: null,
      officeAddress: null,
      placeOfPerformance: null,
      resourceLinks: null,
      responseDeadLine: null,
      typeOfSetAside: null,
    };
    for (const record of [minimal, { ...minimal, ...nothing }]) {
      expect(rowOf(record)).toMatchObject({
        agency: null,
        office: null,
        responseDeadline: null,
        awardAmount: null,
        placeState: null,
        active: true,
      });
    }
  });

  it.each([
    [{ placeOfPerformance: {} }, { placeState: null, placeCountry: null }],
    [{ description: 'null' }, { descriptionUrl: null }],
    [{ uiLink: 'javascript:alert(1)' }, { url: null }],
    [{ award: { amount: 12.5 } }, { awardAmount: '12.5' }],
    [{ award: { amount: 1e300 } }, { awardAmount: null }],
    [{ award: 'none' }, { awardAmount: null, awardee: null }],
    [{ typeOfSetAside: 'NONE' }, { setAside: null }],
    [{ typeOfSetAside: 'No Set aside used' }, { setAside: null }],
    [{ naicsCode: null, naicsCodes: ['541512'] }, { naics: '541512' }],
    [{ active: 'No' }, { active: false }],
    [
      { department: 'VA', subTier: 'VHA', office: 'NCO 6' },
      { agency: 'VA', office: 'NCO 6' },
    ],
    [{ responseDeadLine: 'soon' }, { responseDeadline: null }],
    [{ responseDeadLine: '2026-02-30T10:00:00Z' }, { responseDeadline: null }],
    [{ responseDeadLine: '2026-02-10 17:00:00' }, { responseDeadline: '2026-02-10T17:00:00.000Z' }],
    [{ responseDeadLine: '2026-02-10T17:00:00-0500' }, { responseDeadline: '2026-02-10T22:00:00.000Z' }],
    [{ postedDate: '02/03/2026' }, { postedOn: '2026-02-03' }],
  ])('with %j gives %j', (change, expected) => {
    expect(rowOf({ ...minimal, ...change })).toMatchObject(expected);
  });

  it('is put aside for want of what a row cannot be without, with its id and its raw text', () => {
    expect(rejectOf('text')).toEqual({ recordId: undefined, reason: 'not an object', raw: 'text' });
    expect(rejectOf({ title: 'x' }).reason).toBe('no noticeId');
    expect(rejectOf({ ...minimal, title: ' ' })).toMatchObject({ recordId: 'n1', reason: 'no title' });
    expect(rejectOf({ ...minimal, postedDate: '2026-13-01' })).toMatchObject({
      reason: 'no postedDate that is a date',
      raw: { noticeId: 'n1' },
    });
  });

  it('loses the characters that no database takes', () => {
    const row = rowOf({ ...minimal, title: 'Pumps\u0000 and \ud800more', extra: { 'a\u0000': '\u0000' } });
    expect(row.title).toBe('Pumps and \ufffdmore');
    expect(JSON.stringify(row.raw)).not.toContain('\\u0000');
    const deep: unknown = JSON.parse(`${'['.repeat(5_000)}${']'.repeat(5_000)}`);
    expect(rejectOf({ ...minimal, deep })).toEqual({
      recordId: undefined,
      reason: 'nested too deeply',
      raw: null,
    });
  });

  it('is read or put aside, whatever JSON it is; nothing throws', () => {
    const keys = fc.constantFrom(
      ...[
        'noticeId',
        'title',
        'postedDate',
        'award',
        'amount',
        'awardee',
        'placeOfPerformance',
        'state',
        'active',
      ],
      ...['responseDeadLine', 'fullParentPathName', 'naicsCodes', 'description', 'uiLink', '__proto__'],
    );
    const anything = fc.oneof(
      fc.jsonValue(),
      fc.dictionary(keys, fc.oneof(fc.jsonValue(), fc.dictionary(keys, fc.jsonValue()))),
    );
    fc.assert(
      fc.property(anything, fc.boolean(), (value, complete) => {
        const record: unknown =
          complete && typeof value === 'object' && !Array.isArray(value) ? { ...value, ...minimal } : value;
        const reading = readOpportunity(JSON.parse(JSON.stringify(record)));
        expect('row' in reading || reading.reject.reason !== '').toBe(true);
        if (complete && record !== value) expect('row' in reading).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});

describe('the content hash', () => {
  it('is the same for another order of keys, null for absent, and other links', () => {
    const hash = rowOf({ ...minimal, award: null, links: [1] }).contentHash;
    expect(rowOf({ postedDate: '2026-02-02', title: 'Infusion Pumps', noticeId: 'n1' }).contentHash).toBe(
      hash,
    );
  });

  it('is another for any other value, also in fields that have no column', () => {
    const hashes = [
      minimal,
      { ...minimal, title: 'Infusion Pump' },
      { ...minimal, pointOfContact: [{ email: 'a@x.example' }] },
      { ...minimal, pointOfContact: [{ email: 'b@x.example' }] },
      { ...minimal, resourceLinks: [null] },
      { ...minimal, resourceLinks: [] },
    ].map((record) => rowOf(record).contentHash);
    expect(new Set(hashes).size).toBe(hashes.length);
  });
});

it('reads the whole sample', () => {
  const { opportunities } = makeSample({ asOf: new Date('2026-04-16T12:00:00Z'), opportunities: 400 });
  const rows = opportunities.map(rowOf);
  expect(new Set(rows.map((row) => row.noticeId)).size).toBe(400);
  expect(rows.every((row) => row.agency !== null && row.naics !== null)).toBe(true);
  expect(rows.filter((row) => row.responseDeadline !== null).length).toBeGreaterThan(300);
  expect(rows.some((row) => row.awardAmount !== null)).toBe(true);
});
