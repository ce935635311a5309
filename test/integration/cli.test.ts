import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UnrecoverableError } from '../../src/errors/catalogue.ts';
import type { RunContext } from '../../src/worker/run-context.ts';
import { jwtSecret, openSite, reminder, type Site } from '../support/site.ts';

const binary = join(import.meta.dirname, '../../src/cli/millrace.ts');
const welcome = { userId: 'user-1', email: 'ada@example.com', name: 'Ada' };

let site: Site;
let folder: string;

beforeAll(async () => {
  site = await openSite({ processors: { email: { 'send-welcome': work, 'send-reminder': refuse } } });
  folder = await mkdtemp(join(tmpdir(), 'millrace-cli-'));
});
afterAll(async () => {
  await site.close();
  await rm(folder, { recursive: true, force: true });
});

async function work({ log, progress }: RunContext): Promise<unknown> {
  log.info({}, 'Asking the provider');
  progress(50, 'Half');
  return { status: 'sent', provider: 'outbox', messageId: 'm-1' };
}

async function refuse(): Promise<never> {
  throw new UnrecoverableError('There is no such mailbox.', { code: 'MAIL_REJECTED' });
}

interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

const environment = () => ({
  PATH: process.env.PATH,
  JWT_SECRET: jwtSecret,
  DATABASE_URL: site.world.databaseUrl,
  DATA_DIR: folder,
  NODE_ENV: 'test',
});

/** Runs the real program. */
async function bare(args: readonly string[], stdin = ''): Promise<Outcome> {
  const child = spawn(process.execPath, [binary, ...args], { env: environment() });
  child.stdin.end(stdin);
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  return { code, out: out.trim(), err: err.trim() };
}

const millrace = (...args: readonly string[]) => bare([...args, '--url', site.service.url]);

async function addReminder(options: object = {}): Promise<string> {
  return (await site.platform.queues.addUntyped('email', 'send-reminder', reminder, options)).id;
}

describe('millrace add', { timeout: 120_000 }, () => {
  it('adds a job from data, a file and stdin, and says how to look at it', async () => {
    const plain = await millrace(
      'add',
      'email',
      'send-welcome',
      JSON.stringify(welcome),
      '--delay',
      '1h',
      '--key',
      'k-1',
    );
    expect(plain).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^Added email\/send-welcome \S+, delayed\.\n.*job show email/),
    });
    const file = join(folder, 'welcome.json');
    await writeFile(file, JSON.stringify({ type: 'welcome', data: welcome }));
    const again = await millrace('add', 'email', 'send-welcome', '--file', file, '--key', 'k-1', '--json');
    expect(JSON.parse(again.out)).toMatchObject({ state: 'delayed', created: false });
    const piped = await bare(
      ['add', 'email', 'send-welcome', '-', '--json', '--url', site.service.url],
      JSON.stringify(welcome),
    );
    expect(JSON.parse(piped.out)).toMatchObject({ queue: 'email', created: true });
  });

  it('waits for the result, shows the log, and ends with 4 when the job fails', async () => {
    const done = await millrace('add', 'email', 'send-welcome', JSON.stringify(welcome), '--wait');
    expect(done).toMatchObject({ code: 0, out: expect.stringContaining('"messageId": "m-1"') });
    expect(done.out).toContain('Asking the provider');
    const failed = await millrace(
      'add',
      'email',
      'send-reminder',
      JSON.stringify(reminder),
      '--wait',
      '--json',
    );
    expect(failed.code).toBe(4);
    expect(JSON.parse(failed.out.split('\n').at(-1) ?? '')).toMatchObject({
      event: 'end',
      job: { state: 'failed' },
    });
  });

  it('ends with 1 and the path of each wrong field when it is refused, with 2 when it was asked wrongly', async () => {
    const refused = await millrace('add', 'email', 'send-welcome', '{"userId":"user-1"}');
    expect(refused).toMatchObject({
      code: 1,
      out: '',
      err: expect.stringMatching(/^INVALID_PAYLOAD: .*data\.email/),
    });
    expect(await millrace('add', 'email', 'send-welcome', '{')).toMatchObject({
      code: 1,
      err: expect.stringContaining('no valid JSON'),
    });
    expect(await millrace('add', 'email')).toMatchObject({
      code: 2,
      err: expect.stringContaining('Usage: millrace add'),
    });
    expect(await millrace('add', 'email', 'send-welcome', '{}', '--delay', 'soon')).toMatchObject({
      code: 2,
    });
  });

  it('says what to do when nobody answers', async () => {
    const away = await bare(['queues', '--url', 'http://127.0.0.1:1']);
    expect(away).toMatchObject({ code: 1, err: expect.stringMatching(/^NOT_READY: .*npm start/) });
  });
});

describe('millrace job', { timeout: 120_000 }, () => {
  it('shows, promotes, retries and cancels', async () => {
    const id = await addReminder({ delay: 3_600_000 });
    expect(await millrace('job', 'show', 'email', id)).toMatchObject({
      code: 0,
      out: expect.stringMatching(/State +delayed/),
    });
    expect(await millrace('job', 'promote', 'email', id)).toMatchObject({ code: 0 });
    expect(await millrace('job', 'tail', 'email', id)).toMatchObject({
      code: 4,
      out: expect.stringContaining('MAIL_REJECTED'),
    });
    expect(await millrace('job', 'retry', 'email', id)).toMatchObject({
      code: 0,
      out: expect.stringContaining(id),
    });
    const waiting = await addReminder({ delay: 3_600_000 });
    const cancelled = await millrace('job', 'cancel', 'email', waiting, '--json');
    expect(JSON.parse(cancelled.out)).toMatchObject({ id: waiting, state: 'cancelled' });
    expect(await millrace('job', 'show', 'email', 'nothing')).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^JOB_NOT_FOUND/),
    });
  });
});

describe('millrace queues', { timeout: 120_000 }, () => {
  it('shows a table, or JSON, and pauses one', async () => {
    const { out } = await millrace('queues');
    expect(out.split('\n')[0]).toMatch(/^QUEUE +WAITING +ACTIVE/);
    expect(out).toMatch(/^story-enhancement +0/m);
    expect(await millrace('queues', 'pause', 'sync')).toMatchObject({
      code: 0,
      out: expect.stringContaining('is paused'),
    });
    const { out: json } = await millrace('queues', 'list', '--json');
    expect(JSON.parse(json)).toContainEqual(expect.objectContaining({ name: 'sync', paused: true }));
    await millrace('queues', 'resume', 'sync');
    expect(await millrace('queues', 'pause', 'nothing')).toMatchObject({ code: 2 });
  });
});

describe('what needs no platform', { timeout: 120_000 }, () => {
  it('writes previews of all mails', async () => {
    const dir = join(folder, 'mails');
    const { code, out } = await bare(['mails', 'preview', dir, '--json']);
    expect(code).toBe(0);
    expect(await readdir(dir)).toHaveLength(JSON.parse(out).length * 2);
  });

  it('migrates, and looks around', async () => {
    expect(await bare(['migrate'])).toMatchObject({ code: 0, out: 'The database is up to date.' });
    expect((await bare(['doctor'])).out).toMatch(/^Millrace .* on /);
  });

  it('explains each command with examples', async () => {
    expect((await bare(['--help'])).out).toMatch(
      /start[\s\S]*demo[\s\S]*migrate[\s\S]*doctor[\s\S]*add[\s\S]*job[\s\S]*queues[\s\S]*mails[\s\S]*token/,
    );
    expect((await bare(['add', '--help'])).out).toContain('Examples:');
  });

  it('starts the platform, which drains when it is told to', async () => {
    const child = execFile(process.execPath, [binary, 'start'], {
      env: {
        ...environment(),
        PORT: '0',
        METRICS_PORT: '0',
        ROLE: 'api',
        HOST: '127.0.0.1',
        EMAIL_PROVIDER: 'outbox',
      },
    });
    const exit = once(child, 'exit');
    let output = '';
    const up = new Promise<void>((resolve, reject) => {
      child.stdout?.on('data', (chunk: string) => {
        output += chunk;
        if (output.includes('is up')) resolve();
      });
      exit.then(() => reject(new Error(`It did not start: ${output}`)), reject);
    });
    await up;
    child.kill('SIGTERM');
    expect(await exit).toEqual([0, null]);
  });
});
