import { expect, it } from 'vitest';
import type { NewDeadLetter } from '../../../src/integrations/database/port.ts';
import type { Open } from '../database.ts';

const day = '2026-05-01T';

function letter(n: number, over: Partial<NewDeadLetter> = {}): NewDeadLetter {
  return {
    id: `dl-${n}-1-3`,
    cause: 'c'.repeat(16),
    causeMessage: 'The provider is away (<n>).',
    queue: 'email',
    job: 'send-welcome',
    jobId: String(n),
    code: 'MAIL_UNAVAILABLE',
    message: `The provider mail.example.com is away (${n}).`,
    attempts: 3,
    addedAt: `${day}09:00:00.123Z`,
    failedAt: `${day}10:00:${String(n).padStart(2, '0')}.500Z`,
    correlationId: `c-${n}`,
    addedBy: undefined,
    content: { payload: { type: 'welcome', data: ['ä', null, 1.5] }, key: `k-${n}`, stack: 'Error\n  at x' },
    ...over,
  };
}

/** Dead letters as people find them. */
export function deadLetters(open: Open): void {
  const records = () => open().database.deadLetters;

  it('takes letters in once, and gives them back as they came', async () => {
    const letters = [1, 2, 3, 4, 5].map((n) => letter(n));
    expect(await records().keep(letters)).toEqual([]);
    expect(await records().keep(letters.map((each) => ({ ...each, message: 'changed' })))).toEqual([]);
    expect(await records().find('dl-2-1-3')).toMatchObject({
      id: 'dl-2-1-3',
      jobId: '2',
      message: 'The provider mail.example.com is away (2).',
      addedAt: new Date(`${day}09:00:00.123Z`),
      failedAt: new Date(`${day}10:00:02.500Z`),
      correlationId: 'c-2',
      addedBy: undefined,
      state: 'open',
      content: { payload: { type: 'welcome', data: ['ä', null, 1.5] }, key: 'k-2', stack: 'Error\n  at x' },
    });
    expect(await records().find('dl-none')).toBeUndefined();
  });

  it('lists those that failed last first, page by page, also with equal times', async () => {
    await records().keep([letter(6, { failedAt: `${day}10:00:05.500Z` })]);
    const seen: string[] = [];
    for (let cursor: string | undefined; ; ) {
      const page = await records().list({ state: 'open' }, cursor, 2);
      seen.push(...page.map(({ jobId }) => jobId));
      cursor = page.at(-1)?.cursor;
      if (page.length < 2) break;
    }
    expect(seen).toEqual(['6', '5', '4', '3', '2', '1']);
  });

  it('finds by queue, job, code, cause, time and words', async () => {
    await records().keep([
      letter(10, {
        queue: 'sync',
        job: 'sam-gov-sync',
        code: 'SYNC_REJECTED',
        cause: 'd'.repeat(16),
        causeMessage: 'Refused.',
        message: 'SAM.gov refuses https://api.sam.gov/search?a=b',
      }),
    ]);
    const ids = async (filter: Parameters<ReturnType<typeof records>['list']>[0]) =>
      (await records().list(filter, undefined, 100)).map(({ jobId }) => jobId);
    expect(await ids({ queue: 'sync' })).toEqual(['10']);
    expect(await ids({ job: 'sam-gov-sync' })).toEqual(['10']);
    expect(await ids({ code: 'SYNC_REJECTED' })).toEqual(['10']);
    expect(await ids({ cause: 'd'.repeat(16) })).toEqual(['10']);
    expect(await ids({ jobId: '3' })).toEqual(['3']);
    expect(await ids({ words: 'search refus' })).toEqual(['10']);
    expect(await ids({ words: 'EXAMPLE (2)' })).toEqual(['2']);
    expect(await ids({ words: "' & | ! :*" })).toEqual([]);
    expect(
      await ids({ from: new Date(`${day}10:00:02.500Z`), until: new Date(`${day}10:00:04.500Z`) }),
    ).toEqual(['3', '2']);
    expect(await records().count({ state: 'open', queue: 'email' })).toBe(6);
    expect(await records().groups({ state: 'open' }, 10)).toEqual([
      {
        cause: 'c'.repeat(16),
        queue: 'email',
        job: 'send-welcome',
        code: 'MAIL_UNAVAILABLE',
        message: 'The provider is away (<n>).',
        count: 6,
        firstAt: new Date(`${day}10:00:01.500Z`),
        lastAt: new Date(`${day}10:00:05.500Z`),
      },
      expect.objectContaining({ cause: 'd'.repeat(16), count: 1 }),
    ]);
  });

  it('gives a letter to one of many, until its claim has ended', async () => {
    const claims = await Promise.all(['a', 'b', 'c'].map((owner) => records().claim('dl-1-1-3', owner, 60)));
    expect(claims.filter(Boolean)).toHaveLength(1);
    const owner = ['a', 'b', 'c'][claims.indexOf(true)] ?? '';
    const closing = { id: 'dl-1-1-3', state: 'replayed', by: 'ops', replayJob: '1' } as const;
    expect(await records().close({ ...closing, owner: 'nobody' })).toBe(false);
    expect(await records().abandoned(10)).toEqual([]);
    await open().pool.query(
      `update dead_letters set claimed_until = now() - interval '1 s' where id = 'dl-1-1-3'`,
    );
    expect(await records().abandoned(10)).toEqual(['dl-1-1-3']);
    expect(await records().close({ ...closing, owner })).toBe(true);
    expect(await records().close({ ...closing, owner })).toBe(false);
    expect(await records().claim('dl-1-1-3', owner, 60)).toBe(false);
    expect(await records().find('dl-1-1-3')).toMatchObject({
      state: 'replayed',
      closedBy: 'ops',
      replayJob: '1',
      closedAt: expect.any(Date),
    });
    expect(await records().keep([letter(1), letter(2)])).toEqual(['dl-1-1-3']);
  });

  it('works an operation off in one process at a time, and leaves alone what came later', async () => {
    const { operations } = records();
    const wanted = {
      id: 'op-1',
      kind: 'replay',
      filter: { queue: 'email' },
      perSecond: 2.5,
      reason: undefined,
      requestedBy: 'ops',
    } as const;
    const started = await operations.start(wanted);
    expect(started).toMatchObject({ ...wanted, state: 'running', total: 5, done: 0, failed: 0 });
    expect((await operations.start({ ...wanted, perSecond: 9 })).perSecond).toBe(2.5);
    await records().keep([letter(20)]);
    const claims = await Promise.all(['p', 'q'].map((owner) => operations.claim(owner, 60)));
    expect(claims.filter((claim) => claim !== undefined)).toHaveLength(1);
    const owner = claims[0] === undefined ? 'q' : 'p';
    const first = await operations.next('op-1', 3);
    expect(first.map(({ id }) => id)).toEqual(['dl-2-1-3', 'dl-3-1-3', 'dl-4-1-3']);
    await records().close({ id: 'dl-2-1-3', owner: 'x', state: 'replayed', by: 'ops', operation: 'op-1' });
    const seq = first[2]?.seq ?? '';
    const note = { id: 'op-1', owner, seq, failed: 2, fault: 'INVALID_PAYLOAD: wrong', seconds: 60 };
    expect(await operations.note({ ...note, owner: 'another' })).toBe(false);
    expect(await operations.note(note)).toBe(true);
    expect((await operations.next('op-1', 9)).map(({ id }) => id)).toEqual(['dl-5-1-3', 'dl-6-1-3']);
    expect(await operations.find('replay', 'op-1')).toMatchObject({
      done: 1,
      failed: 2,
      fault: 'INVALID_PAYLOAD: wrong',
    });
    expect(await operations.find('discard', 'op-1')).toBeUndefined();
    expect(await operations.stop('replay', 'op-1')).toMatchObject({
      state: 'stopped',
      endedAt: expect.any(Date),
    });
    expect(await operations.note({ id: 'op-1', owner, seq: '0', seconds: 60 })).toBe(false);
    await operations.start({ ...wanted, id: 'op-2', kind: 'discard', reason: 'old' });
    expect(await operations.claim('p', 60)).toMatchObject({ id: 'op-2', reason: 'old' });
    expect(await operations.claim('q', 60)).toBeUndefined();
    expect(await operations.note({ id: 'op-2', owner: 'p', seq: '0', seconds: 0 })).toBe(true);
    expect(await operations.claim('q', 60)).toMatchObject({ id: 'op-2' });
    expect(await operations.note({ id: 'op-2', owner: 'q', seq: '0', ended: true, seconds: 9 })).toBe(false);
    expect((await operations.list(10)).map(({ id, state }) => [id, state])).toEqual([
      ['op-2', 'done'],
      ['op-1', 'stopped'],
    ]);
  });

  it('forgets what was closed long ago, and nothing that is open', async () => {
    expect(await records().forget(new Date(Date.now() - 60_000), 10)).toBe(0);
    expect(await records().forget(new Date(Date.now() + 60_000), 10)).toBe(2);
    expect(await records().find('dl-1-1-3')).toBeUndefined();
    expect(await records().count({})).toBe(6);
  });
}
