import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { loadConfig } from '../../config/index.ts';
import { jobsAtOnce, mailsAtOnce } from '../../src/composition/at-once.ts';
import { lookAround } from '../../src/composition/preflight.ts';
import { atOnce } from '../../src/integrations/mail/at-once.ts';
import { sampleMail } from '../contract/mail-provider.ts';

/** A provider that answers when it is told to, the earliest mail first. */
function heldProvider() {
  const answers: { resolve: (sent: { messageId: string }) => void; reject: (error: Error) => void }[] = [];
  const got: string[] = [];
  const provider = {
    name: 'held',
    perSecond: 7,
    send({ jobKey }: { readonly jobKey: string }) {
      got.push(jobKey);
      return new Promise<{ messageId: string }>((resolve, reject) => answers.push({ resolve, reject }));
    },
  };
  const next = () => {
    const answer = answers.shift();
    if (answer === undefined) throw new Error('No mail waits for its answer.');
    return answer;
  };
  return {
    provider,
    got,
    accept: () => next().resolve({ messageId: 'm' }),
    fail: (e: Error) => next().reject(e),
  };
}

const never = new AbortController().signal;
const mail = (jobKey: string) => sampleMail({ jobKey });

describe('mails at once', () => {
  it('are no more than so many, and the others follow in their order', async () => {
    const { provider, got, accept } = heldProvider();
    const limited = atOnce(provider, 2);
    const sent = ['a', 'b', 'c', 'd'].map((key) => limited.send(mail(key), never));
    expect(got).toEqual(['a', 'b']);
    accept();
    await sent[0];
    await expect.poll(() => got).toEqual(['a', 'b', 'c']);
    accept();
    await sent[1];
    await expect.poll(() => got).toEqual(['a', 'b', 'c', 'd']);
    accept();
    accept();
    await expect(Promise.all(sent)).resolves.toHaveLength(4);
    // All places are free again.
    const last = [limited.send(mail('e'), never), limited.send(mail('f'), never)];
    expect(got).toHaveLength(6);
    accept();
    accept();
    await Promise.all(last);
  });

  it('give their place on when they fail', async () => {
    const { provider, got, accept, fail } = heldProvider();
    const limited = atOnce(provider, 1);
    const first = limited.send(mail('a'), never);
    const second = limited.send(mail('b'), never);
    fail(new Error('refused'));
    await expect(first).rejects.toThrow('refused');
    await expect.poll(() => got).toEqual(['a', 'b']);
    accept();
    await expect(second).resolves.toEqual({ messageId: 'm' });
  });

  it('leave the line when they are stopped, and never go out', async () => {
    const { provider, got, accept } = heldProvider();
    const limited = atOnce(provider, 1);
    const stop = new AbortController();
    const first = limited.send(mail('a'), never);
    const stopped = limited.send(mail('b'), stop.signal);
    const third = limited.send(mail('c'), never);
    stop.abort(new Error('the worker stops'));
    await expect(stopped).rejects.toThrow('the worker stops');
    await expect(limited.send(mail('d'), stop.signal)).rejects.toThrow('the worker stops');
    accept();
    await first;
    await expect.poll(() => got).toEqual(['a', 'c']);
    accept();
    await third;
    expect(got).toEqual(['a', 'c']);
  });

  it('keep what else there is of their provider', () => {
    const { provider } = heldProvider();
    expect(atOnce(provider, 1)).toMatchObject({ name: 'held', perSecond: 7 });
  });
});

describe('a worker process', () => {
  const config = (environment: Readonly<Record<string, string>>) =>
    loadConfig({ QUEUE_EMAIL_CONCURRENCY: '50', ...environment });
  const sendGrid = { SENDGRID_API_KEY: 'SG.test' };

  it('has half as many mails more in hand than SendGrid is given at a time, and with other providers none', () => {
    const inHand = (concurrency: number) =>
      mailsAtOnce(config({ ...sendGrid, QUEUE_EMAIL_CONCURRENCY: String(concurrency) }));
    expect([1, 2, 5, 50].map(inHand)).toEqual([
      { inHand: 1, atProvider: 1 },
      { inHand: 3, atProvider: 2 },
      { inHand: 7, atProvider: 5 },
      { inHand: 75, atProvider: 50 },
    ]);
    const limited = { ...sendGrid, EMAIL_RATE_LIMIT: '100' };
    expect(mailsAtOnce(config(limited))).toEqual({ inHand: 50, atProvider: 50 });
    expect(mailsAtOnce(config({ EMAIL_PROVIDER: 'outbox' }))).toEqual({ inHand: 50, atProvider: 50 });
    const smtp = { EMAIL_PROVIDER: 'smtp', SMTP_URL: 'smtp://localhost' };
    expect(mailsAtOnce(config(smtp))).toEqual({ inHand: 50, atProvider: 20 });
  });

  it('runs as many jobs of the other queues as they are set to', () => {
    const { email, ...others } = config(sendGrid).worker.concurrency;
    expect(jobsAtOnce(config(sendGrid))).toEqual({ ...others, email: 75 });
    expect(email).toBe(50);
  });

  it('is warned of a pool that is too small for all that it has in hand', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'millrace-at-once-'));
    onTestFinished(() => rm(dataDir, { recursive: true }));
    const backend = { inspect: async () => [] };
    // With 12 jobs of the other queues, 62 are not too many for eight connections, and 87 are.
    const settings = { DATA_DIR: dataDir, DATABASE_POOL_MAX: '8', CHROMIUM_PATH: 'none' };
    const pools = async (environment: Readonly<Record<string, string>>) =>
      (await lookAround(config({ ...settings, ...environment }), backend))
        .filter(({ about }) => about === 'DATABASE_POOL_MAX')
        .map(({ message }) => message);
    expect(await pools({ EMAIL_PROVIDER: 'outbox' })).toEqual([]);
    expect(await pools(sendGrid)).toEqual([expect.stringContaining('8 connections serve 87 jobs at once')]);
    expect(await pools({ ...sendGrid, ROLE: 'api' })).toEqual([]);
    expect(await pools({ ...sendGrid, DATABASE_POOL_MAX: '10' })).toEqual([]);
  });
});
