import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { exitCodeOf, faultText } from '../../src/cli/exit-code.ts';
import { createProgram } from '../../src/cli/program.ts';
import type { Service } from '../../src/lifecycle/service.ts';
import { until } from '../support/platform.ts';
import { at, jwtSecret, openSite, type Site, textAt } from '../support/site.ts';

let site: Site;
let working: Service;
let away = true;
const ran: string[] = [];

beforeAll(async () => {
  site = await openSite({
    processors: {
      email: {
        'send-welcome': async ({ data }) => {
          const user = textAt(data, 'userId');
          if (away || user === 'broken') throw new Error('The provider answered 503.');
          ran.push(user);
          return { status: 'sent', provider: 'test' };
        },
      },
    },
  });
  working = await site.workOff();
  vi.stubEnv('JWT_SECRET', jwtSecret);
  vi.stubEnv('DATA_DIR', site.world.dataDir);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await working?.stop();
  await site?.close();
});

/** Hears what a command writes to stderr. */
let onStderr: (text: string) => void = () => undefined;

/** Runs a command in this process, as `millrace.ts` would in its own, and tells what it wrote and its exit code. */
async function run(...args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const written = { stdout: '', stderr: '' };
  const spies = (['stdout', 'stderr'] as const).map((name) =>
    vi.spyOn(process[name], 'write').mockImplementation((text) => {
      written[name] += String(text);
      if (name === 'stderr') onStderr(String(text));
      return true;
    }),
  );
  const program = createProgram();
  try {
    await program.parseAsync(args, { from: 'user' });
    return { code: 0, ...written };
  } catch (error) {
    return {
      code: exitCodeOf(error),
      stdout: written.stdout,
      stderr: `${written.stderr}${faultText(error)}`,
    };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}
/** The same, asking the platform of this test. */
const millrace = (...args: readonly string[]) => run(...args, '--url', site.service.url);
const json = async (...args: readonly string[]): Promise<unknown> =>
  JSON.parse((await millrace(...args, '--json')).stdout);

/** Lets jobs die, and gives the ids of their letters. */
async function die(...users: readonly string[]): Promise<string[]> {
  away = true;
  const ids: string[] = [];
  for (const userId of users) {
    const payload = { type: 'welcome', data: { userId, email: 'ada@example.com', name: 'Ada' } };
    const { id } = await site.platform.queues.addUntyped('email', 'send-welcome', payload, { attempts: 1 });
    await until('it is dead', async () => (await site.platform.queues.job('email', id))?.state === 'failed');
    const [letter] = await site.deadLetters.list({ jobId: id }, undefined, 1);
    ids.push(letter?.id ?? '');
  }
  away = false;
  return ids;
}

describe('millrace dead-letters', () => {
  it('lists causes and letters, opens one, replays it edited, and all that fit', async () => {
    const [one = ''] = await die('first', 'second', 'third');
    const causes = await millrace('dead-letters', 'list');
    expect(causes.stdout).toMatch(/LETTERS +JOB +CODE/);
    expect(causes.stdout).toMatch(/3 +email\/send-welcome +UNKNOWN .*The provider answered <n>/);
    const letters = await json('dead-letters', 'list', '--letters', '--limit', '2', '--words', 'provider');
    expect(at(letters, 'deadLetters')).toHaveLength(2);
    expect(at(letters, 'nextCursor')).toEqual(expect.any(String));
    expect((await millrace('dead-letters', 'show', one)).stdout).toContain('"userId": "first"');

    const payload = JSON.stringify({
      type: 'welcome',
      data: { userId: 'edited', email: '[masked]', name: 'x' },
    });
    const replayed = await millrace('dead-letters', 'replay', one, '--payload', payload, '--yes');
    expect(replayed).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^Job \S+ of email goes again/),
    });
    await until('it ran', async () => ran.includes('edited'));

    const dry = await millrace('dead-letters', 'replay', '--queue', 'email', '--dry-run');
    expect(dry).toMatchObject({ code: 0, stdout: expect.stringMatching(/^2 fit:/) });
    // Nobody is there to say yes.
    expect(await millrace('dead-letters', 'replay', '--queue', 'email')).toMatchObject({ code: 2 });
    expect(ran).toHaveLength(1);
    const all = await millrace('dead-letters', 'replay', '--queue', 'email', '--per-second', '50', '--yes');
    expect(all).toMatchObject({ code: 0, stderr: expect.stringContaining('2 of 2 done') });
    await until('all ran', async () => ran.length === 3);
    expect((await millrace('dead-letters', 'list')).stdout).toBe('There are no dead letters.\n');
  });

  it('discards one and many, and says by its exit code what could not be done', async () => {
    const [one = ''] = await die('fourth', 'fifth');
    expect(await millrace('dead-letters', 'discard', one, '--reason', 'a test', '--yes')).toMatchObject({
      code: 0,
    });
    const again = await millrace('dead-letters', 'replay', one, '--yes');
    expect(again).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('DEAD_LETTER_CLOSED'),
    });
    const rest = await json('dead-letters', 'discard', '--queue', 'email', '--reason', 'a test', '--yes');
    expect(rest).toMatchObject({ state: 'done', total: 1, done: 1 });

    await die('sixth');
    await site.world.pool.query(
      `update dead_letters set content = jsonb_set(content, '{payload,data}', '{}') where state = 'open'`,
    );
    const incomplete = await millrace('dead-letters', 'replay', '--yes');
    expect(incomplete).toMatchObject({ code: 1, stderr: expect.stringContaining('INVALID_PAYLOAD') });
    const wrong = [
      await millrace('dead-letters', 'replay', one, '--queue', 'email', '--yes'),
      await millrace('dead-letters', 'replay', '--payload', '{}', '--yes'),
      await millrace('dead-letters', 'discard', one),
      await millrace('dead-letters', 'show', 'nothing'),
    ];
    expect(wrong.map(({ code }) => code)).toEqual([2, 2, 2, 1]);
  });
});

describe('millrace job run-again', () => {
  it('runs a job again with its own payload, edited data, or a file; and says what is wrong', async () => {
    away = false;
    ran.length = 0;
    const payload = { type: 'welcome', data: { userId: 'again', email: 'ada@example.com', name: 'Ada' } };
    const { id } = await site.platform.queues.addUntyped('email', 'send-welcome', payload);
    const first = await millrace('job', 'run-again', 'email', id, '--wait');
    expect(first).toMatchObject({ code: 0, stdout: expect.stringMatching(/^State +completed$/m) });

    const data = JSON.stringify({ userId: 'edited-again', email: '[masked]', name: 'x' });
    const second = await json('job', 'run-again', 'email', id, '--data', data, '--key', 'k-1');
    expect(second).toMatchObject({ queue: 'email', name: 'send-welcome', id: expect.any(String) });
    expect(await json('job', 'run-again', 'email', id, '--data', data, '--key', 'k-1')).toMatchObject({
      id: at(second, 'id'),
    });
    await until('they ran', async () => ran.includes('edited-again'));
    expect(ran.filter((user) => user === 'edited-again')).toHaveLength(1);

    const wrong = [
      await millrace('job', 'run-again', 'email', id, '--data', '{"userId":7}'),
      await millrace('job', 'run-again', 'email', id, '--data', '{'),
      await millrace('job', 'run-again', 'email', id, '--file', 'there-is-no-such.json'),
      await millrace('job', 'run-again', 'email', 'nothing'),
      await millrace('job', 'run-again', 'email'),
    ];
    expect(wrong.map(({ code, stderr }) => [code, /^[A-Z_]+(?=:)/.exec(stderr)?.[0]])).toEqual([
      [1, 'INVALID_PAYLOAD'],
      [1, 'INVALID_REQUEST'],
      [1, 'INVALID_REQUEST'],
      [1, 'JOB_NOT_FOUND'],
      [2, undefined],
    ]);
    expect(wrong[0]?.stderr).toContain('data.userId');
  });
});

describe('millrace job list', () => {
  it('finds jobs in the index by words and filters, as a table, as JSON and page by page', async () => {
    vi.stubEnv('DATABASE_URL', site.world.databaseUrl);
    const addedAt = new Date('2026-11-20T10:00:00Z');
    const seen = { queue: 'email', name: 'send-welcome', addedAt, stateAt: addedAt };
    await site.world.database.jobIndex.record([
      { ...seen, jobId: 'old-1', state: 'completed', owner: 'shop', durationMs: 12, content: 'acme' },
      {
        ...seen,
        jobId: 'old-2',
        state: 'failed',
        owner: 'shop',
        addedAt: new Date('2026-11-20T11:00:00Z'),
        content: 'acme pumps',
        error: { code: 'MAIL_REJECTED', message: 'There is no\nsuch mailbox.' },
      },
    ]);
    const list = (...args: readonly string[]) => run('job', 'list', ...args);
    const table = await list('acme', '--owner', 'shop');
    expect(table.stdout.split('\n')).toEqual([
      expect.stringMatching(/^ADDED \(UTC\) +STATE +JOB +ID +TRIES +TOOK +ERROR$/),
      expect.stringMatching(
        /^2026-11-20 11:00:00 +failed +email\/send-welcome +old-2 .*MAIL_REJECTED: There is no such mailbox\.$/,
      ),
      expect.stringMatching(/^2026-11-20 10:00:00 +completed +email\/send-welcome +old-1 .*12 ms$/),
      '',
    ]);
    const first = await list('acme', '--limit', '1');
    const [, cursor = ''] = /^There are more: --cursor (\S+)$/m.exec(first.stderr) ?? [];
    expect((await list('acme', '--limit', '1', '--cursor', cursor)).stdout).toContain('old-1');
    const found = JSON.parse((await list('pum*', '--state', 'failed', '--json')).stdout);
    expect(found).toMatchObject({ jobs: [{ jobId: 'old-2', owner: 'shop' }], nextCursor: null });
    expect((await list('--from', '2026-11-20', '--to', '2026-11-20T10:30Z')).stdout).toContain('old-1');
    expect(await list('nothing')).toMatchObject({ code: 0, stdout: 'No job fits.\n' });

    const wrong = [
      await list('--state', 'nope'),
      await list('--limit', '0'),
      await list('--from', 'yesterday'),
      await list('--cursor', 'x'),
    ];
    expect(wrong.map(({ code }) => code)).toEqual([2, 2, 2, 1]);
    expect(wrong.map(({ stdout }) => stdout)).toEqual(['', '', '', '']);
  });
});

it('refuses an address that is none, and says what to do where nobody answers', async () => {
  expect(await run('queues', '--url', 'nonsense')).toMatchObject({ code: 2 });
  const refusals = [
    [['job', 'show', 'email', 'nope'], /^JOB_NOT_FOUND: .*\nSee which there are: millrace job list\n$/],
    [
      ['dead-letters', 'show', 'nope'],
      /^DEAD_LETTER_NOT_FOUND: .*\nSee which there are: millrace dead-letters/,
    ],
    [
      ['add', 'email', 'send-welcome', '{}'],
      /^INVALID_PAYLOAD: .*\nWhat each job takes stands at \/api\/docs/,
    ],
  ] as const;
  for (const [words, stderr] of refusals)
    expect(await millrace(...words)).toMatchObject({ code: 1, stderr: expect.stringMatching(stderr) });
  expect(await run('queues', '--url', 'http://127.0.0.1:9')).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^NOT_READY: .*Start Millrace with/),
  });
});

describe('millrace schedules', () => {
  it('lists, runs, pauses, resumes and fills in', async () => {
    expect((await millrace('schedules', 'list')).stdout).toMatch(/data-cleanup +0 2 \* \* \* UTC +on /);
    const first = await json('schedules', 'run', 'data-cleanup', '--key', 'k');
    expect(await json('schedules', 'run', 'data-cleanup', '--key', 'k')).toEqual(first);
    expect((await millrace('schedules', 'pause', 'data-cleanup')).stdout).toContain('is paused');
    expect((await millrace('schedules', 'list')).stdout).toMatch(/data-cleanup .* paused /);
    expect((await millrace('schedules', 'resume', 'data-cleanup')).stdout).toContain('goes on');
    const span = ['--from', '2026-11-01', '--to', '2026-11-02T12:00Z'];
    const dry = await millrace('schedules', 'backfill', 'email-reminders', ...span, '--dry-run');
    expect(dry.stdout).toContain('2 have no job.');
    expect((await millrace('schedules', 'backfill', 'email-reminders', ...span, '--yes')).stdout).toBe(
      '2 jobs were made.\n',
    );
  });

  it('fills in a long span part after part, is stopped by Ctrl-C, and goes on when the same is said again', async () => {
    const span = ['--from', '2026-11-01', '--to', '2026-11-08T03:00Z', '--yes'];
    const fill = ['schedules', 'backfill', 'sam-gov-sync', ...span];
    onStderr = (text) => {
      if (text.includes('running')) process.listeners('SIGINT').at(-1)?.('SIGINT');
    };
    const stopped = await millrace(...fill);
    onStderr = () => undefined;
    expect(stopped).toMatchObject({ code: 130, stdout: '' });
    expect(stopped.stderr).toMatch(
      /\] 20 of 29 running\n.*\] 20 of 29 stopped\n20 of 29 jobs were made\. Say the same/,
    );
    const rest = await millrace(...fill, '--json');
    expect(rest.stderr).toMatch(/\] 9 of 9 done\n$/);
    expect(JSON.parse(rest.stdout)).toMatchObject({ made: 9, missing: 0, left: 0, nextCursor: null });
    const again = await millrace(...fill);
    expect(again).toMatchObject({
      code: 0,
      stderr: '',
      stdout: expect.stringMatching(/\n0 have no job\.\n$/),
    });
  });

  it('says what to do when its schedule is not there', async () => {
    expect(await millrace('schedules', 'pause', 'nothing')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('SCHEDULE_NOT_FOUND'),
    });
  });
});
