import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../config/index.ts';
import { emailJobsAtOnce } from '../../src/composition/workers.ts';
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

it('runs half as many jobs of mails more than SendGrid is given mails, and with other providers none', () => {
  const jobs = (concurrency: number, environment: Readonly<Record<string, string>>) =>
    emailJobsAtOnce(loadConfig({ QUEUE_EMAIL_CONCURRENCY: String(concurrency), ...environment }));
  const sendGrid = { SENDGRID_API_KEY: 'SG.test' };
  expect([1, 2, 5, 50].map((concurrency) => jobs(concurrency, sendGrid))).toEqual([1, 3, 7, 75]);
  expect(jobs(50, { EMAIL_PROVIDER: 'outbox' })).toBe(50);
  expect(jobs(50, { EMAIL_PROVIDER: 'smtp', SMTP_URL: 'smtp://localhost' })).toBe(50);
});
