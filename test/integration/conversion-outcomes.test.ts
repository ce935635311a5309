import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createBreaker } from '../../src/integrations/conversion-gateway/breaker.ts';
import { createGateway } from '../../src/integrations/conversion-gateway/client.ts';
import { type ConversionPlatform, openConversionPlatform } from '../support/conversion-platform.ts';
import {
  type FakeGateway,
  goodXml,
  startFakeGateway,
  statusAnswer,
  xmlAnswer,
} from '../support/fake-gateway.ts';
import { until } from '../support/platform.ts';
import { createWorld, type World } from '../support/world.ts';

let world: World;
let gateway: FakeGateway;
let platform: ConversionPlatform;
beforeAll(async () => {
  world = await createWorld();
  gateway = await startFakeGateway();
  const breaker = createBreaker({ failures: 1_000 });
  platform = await openConversionPlatform(world, {
    converter: createGateway({ url: gateway.url, timeoutMs: 20_000, breaker }),
  });
  await platform.openWorkers().start();
  await platform.openIntake().start();
});
afterAll(async () => {
  await platform.close();
  await gateway.close();
  await world.close();
});

describe('what becomes of a row', () => {
  it('that the gateway converts: complete, with the XML as it came', async () => {
    gateway.answerWith(xmlAnswer());
    const row = await platform.settled(await platform.insert());
    expect(row).toMatchObject({
      status: 'complete',
      attempts: 1,
      resultPath: `results/${row.id}.xml`,
      resultBytes: goodXml.length,
      lineItems: undefined,
      converter: 'gateway',
      errorCode: undefined,
      leasedBy: undefined,
      startedAt: expect.any(Date),
      completedAt: expect.any(Date),
      failedAt: undefined,
    });
    expect(await text(await platform.storage.get(row.resultPath ?? ''))).toBe(goodXml);
    const job = () => platform.queues.job('document', row.jobKey ?? '');
    await until('the job to be completed', async () => (await job())?.state === 'completed');
    expect((await job())?.result).toEqual({
      status: 'complete',
      conversionId: row.id,
      resultPath: row.resultPath,
      bytes: goodXml.length,
    });
  });

  it.each([
    [406, 'GW_4XX'],
    [413, 'TOO_LARGE'],
    [415, 'GW_4XX'],
  ])('that the gateway refuses with %i: failed at once with %s', async (status, code) => {
    gateway.answerWith(statusAnswer(status, 'mapping unknown'));
    const row = await platform.settled(await platform.insert(), 'failed');
    expect(row).toMatchObject({
      attempts: 1,
      errorCode: code,
      errorMessage: expect.stringContaining('mapping unknown'),
      failedAt: expect.any(Date),
      completedAt: undefined,
      resultPath: undefined,
      leasedBy: undefined,
    });
    // The row is written first: a dead letter whose row still waits would be the worse of the two.
    await until('the dead letter', async () => {
      const letters = await platform.deadLetters.list('document');
      return letters.find(({ jobId }) => jobId === row.jobKey)?.error.code === code;
    });
    expect(await platform.storage.exists(`results/${row.id}.xml`)).toBe(false);
  });

  it('at which the gateway fails again and again: failed after its attempts', async () => {
    gateway.answerWith(statusAnswer(502));
    const row = await platform.settled(await platform.insert(), 'failed');
    expect(row).toMatchObject({ attempts: 3, errorCode: 'GW_5XX' });
  });

  it('whose second attempt gets well-formed XML: complete', async () => {
    let asked = 0;
    gateway.answerWith((response, request) => {
      asked += 1;
      return xmlAnswer(asked === 1 ? '<a>' : goodXml)(response, request);
    });
    expect(await platform.settled(await platform.insert())).toMatchObject({
      attempts: 2,
      errorCode: undefined,
    });
  });

  it('that the gateway makes wait: no attempt is counted', async () => {
    let asked = 0;
    gateway.answerWith((response, request) => {
      asked += 1;
      return (asked === 1 ? statusAnswer(429, '', { 'Retry-After': '1' }) : xmlAnswer())(response, request);
    });
    expect(await platform.settled(await platform.insert())).toMatchObject({ attempts: 1 });
    expect(asked).toBe(2);
  });

  it('whose upload is not there: IO_ERROR', async () => {
    gateway.answerWith(xmlAnswer());
    const add = async (path: string) => {
      const { rows } = await world.pool.query<{ id: string }>(
        'insert into conversions (upload_path) values ($1) returning id',
        [path],
      );
      return rows[0]?.id ?? '';
    };
    for (const path of [
      'uploads/none.pdf',
      '/etc/passwd',
      '../../etc/passwd',
      'a/../../b',
      'uploads/\\x.pdf',
    ]) {
      expect(await platform.settled(await add(path), 'failed')).toMatchObject({ errorCode: 'IO_ERROR' });
    }
  });

  it('whose job is cancelled while it waits, or runs: failed, and says so', async () => {
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    gateway.answerWith(async (response, request) => {
      await held;
      await xmlAnswer()(response, request);
    });
    const ids = await Promise.all(Array.from({ length: 6 }, () => platform.insert()));
    await until('all to be claimed', async () => {
      const rows = await Promise.all(ids.map((id) => platform.row(id)));
      return rows.every(({ status }) => status === 'processing');
    });
    let waiting: Awaited<ReturnType<typeof waitingOf>>;
    await until('a job to wait', async () => {
      waiting = await waitingOf(ids);
      return waiting !== undefined;
    });
    await platform.jobs.cancel('document', waiting?.jobKey ?? '', 'Ada');
    const cancelled = await platform.settled(waiting?.id ?? '', 'failed');
    expect(cancelled).toMatchObject({
      errorCode: 'UNKNOWN',
      errorMessage: expect.stringContaining('Cancelled by Ada.'),
    });
    release();
    for (const id of ids) if (id !== waiting?.id) await platform.settled(id);
  });

  async function waitingOf(ids: readonly string[]) {
    for (const id of ids) {
      const row = await platform.row(id);
      const job = await platform.queues.job('document', row.jobKey ?? '');
      if (job?.state === 'waiting') return row;
    }
    return undefined;
  }
});

describe('a job that somebody adds by hand', () => {
  const byHand = (conversionId: string) =>
    platform.queues.addJob('document', 'convert-pdf', { type: 'pdf-to-xml', data: { conversionId } });

  it('converts a failed row again, and leaves a complete one alone', async () => {
    gateway.answerWith(statusAnswer(400));
    const failed = await platform.settled(await platform.insert(), 'failed');
    gateway.answerWith(xmlAnswer());
    await byHand(failed.id);
    expect(await platform.settled(failed.id)).toMatchObject({
      attempts: 2,
      errorCode: undefined,
      failedAt: undefined,
    });
    const asked = gateway.requests.length;
    const { id: jobId } = await byHand(failed.id);
    await until(
      'the job to end',
      async () => (await platform.queues.job('document', jobId))?.state === 'completed',
    );
    expect(gateway.requests.length).toBe(asked);
    expect((await platform.queues.job('document', jobId))?.result).toMatchObject({ status: 'complete' });
  });

  it('for no row fails for good', async () => {
    const { id } = await byHand('none');
    await until(
      'the job to fail',
      async () => (await platform.queues.job('document', id))?.state === 'failed',
    );
    expect((await platform.queues.job('document', id))?.failure).toContain('[CONVERSION_NOT_FOUND]');
  });

  it('and a failed job that is retried takes its row again', async () => {
    gateway.answerWith(statusAnswer(400));
    const failed = await platform.settled(await platform.insert(), 'failed');
    await until(
      'the failure to be recorded',
      async () => (await platform.queues.job('document', failed.jobKey ?? ''))?.state === 'failed',
    );
    gateway.answerWith(xmlAnswer());
    await platform.jobs.retry('document', failed.jobKey ?? '', 'ops');
    expect(await platform.settled(failed.id)).toMatchObject({ jobKey: failed.jobKey, errorCode: undefined });
  });
});

describe('a gateway that is down', () => {
  it('makes jobs wait at no cost of attempts, and all are done once it is back', async () => {
    const other = await createWorld();
    const patient = await openConversionPlatform(other, {
      converter: createGateway({
        url: gateway.url,
        timeoutMs: 20_000,
        // Longer than the test looks at what waits: each try of the breaker's own costs its job an attempt.
        breaker: createBreaker({ failures: 2, openMs: 3_000 }),
      }),
      concurrency: 1,
      capacity: 6,
    });
    try {
      gateway.answerWith(statusAnswer(503));
      const before = gateway.begun;
      await patient.openWorkers().start();
      await patient.openIntake().start();
      const ids = await Promise.all(Array.from({ length: 6 }, () => patient.insert()));
      await until('jobs to wait for the gateway', async () => {
        const counts = await patient.queues.counts('document');
        return counts.delayed >= 4 && gateway.begun - before >= 2;
      });
      const waiting = await Promise.all(ids.map((id) => patient.row(id)));
      expect(waiting.filter(({ attempts }) => attempts === 0).length).toBeGreaterThanOrEqual(3);
      gateway.answerWith(xmlAnswer());
      for (const id of ids) expect((await patient.settled(id)).attempts).toBeLessThanOrEqual(3);
    } finally {
      await patient.close();
      await other.close();
    }
  });
});
