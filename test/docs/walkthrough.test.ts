import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../support/free-port.ts';

const run = promisify(execFile);
const root = join(import.meta.dirname, '../..');

/** What a new user does, command by command, on a folder of its own. */
describe('the README’s walk-through', () => {
  let dataDir: string;
  let environment: NodeJS.ProcessEnv;
  let port: number;
  let started: ChildProcess;
  let printed = '';

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'millrace-walk-'));
    port = await freePort();
    environment = {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      DATA_DIR: dataDir,
      PORT: String(port),
      HOST: '127.0.0.1',
    };
    // A group of its own, so that SIGINT reaches what npm has started, as a terminal's Ctrl-C does; npm then waits for it.
    started = spawn('npm', ['start'], {
      cwd: root,
      env: environment,
      detached: true,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const { stdout } = started;
    if (stdout === null) throw new Error('npm start has no output.');
    stdout.setEncoding('utf8');
    for await (const chunk of stdout.iterator({ destroyOnReturn: false })) {
      printed += String(chunk);
      if (printed.includes('npm run demo')) break;
    }
    stdout.resume();
  });
  afterAll(async () => {
    if (started.exitCode === null && started.pid !== undefined) {
      const ended = once(started, 'exit');
      process.kill(-started.pid, 'SIGINT');
      await ended;
    }
    await rm(dataDir, { recursive: true, force: true });
  });

  test('npm start prints where to look, a link that signs in once, and a token that works', async () => {
    expect(printed).toMatch(/Millrace \d+\.\d+\.\d+ is up/);
    expect(printed).toContain('Queues     embedded');
    expect(printed).toContain('Mail       outbox');
    expect(printed).toContain('SAM.gov    sandbox');
    const link = /(http:\/\/\S+\/admin\/sign-in\/\S+)/.exec(printed)?.[1] ?? '';
    const signedIn = await fetch(link, { redirect: 'manual' });
    expect(signedIn.status).toBeLessThan(400);
    const health = await fetch(`http://127.0.0.1:${port}/health`);
    expect(await health.json()).toMatchObject({ success: true, data: { status: 'up' } });
  });

  test('the curl commands add a job and look it up', async () => {
    const readme = await readFile(join(root, 'README.md'), 'utf8');
    const block = /```bash\n(curl -X POST[\s\S]*?)```/.exec(readme)?.[1] ?? '';
    const [add = '', look = ''] = block.split(/\n(?=curl -H)/);
    const token = /Token\s+(\S+)/.exec(printed)?.[1] ?? '';
    const shell = async (command: string) => {
      const { stdout } = await run('bash', ['-c', command.replaceAll('8500', String(port))], {
        env: { ...environment, TOKEN: token },
      });
      return JSON.parse(stdout);
    };
    const added = await shell(add);
    expect(added).toMatchObject({ success: true, data: { job: { queue: 'email', name: 'send-welcome' } } });
    expect((await shell(add)).data.job.id).toBe(added.data.job.id);
    const looked = await shell(look.replace('JOB_ID', added.data.job.id));
    expect(looked).toMatchObject({
      success: true,
      data: { job: { id: added.data.job.id, payload: { type: 'welcome' } } },
    });
  });

  test('npm run demo sends jobs of each queue and names what was made', { timeout: 240_000 }, async () => {
    const { stdout } = await run('npm', ['run', 'demo'], { cwd: root, env: environment });
    expect(stdout).not.toContain('starting the platform');
    expect(stdout, stdout).toMatch(/2000 records: 2000 new/);
    const products = (stdout.match(new RegExp(`${dataDir}/\\S+`, 'g')) ?? []).filter(
      (path) => extname(path) !== '',
    );
    const made: Record<string, number> = {};
    for (const path of products) made[extname(path)] = (made[extname(path)] ?? 0) + 1;
    expect(made).toEqual({ '.eml': 5, '.pdf': 7, '.xlsx': 3, '.csv': 2, '.ndjson': 1, '.txt': 1, '.xml': 1 });
    for (const path of products) expect((await stat(path)).size, path).toBeGreaterThan(500);
    expect(stdout.match(/hype \d/g)).toHaveLength(2);
    // The fan-outs found the sample's users: a summary for each, a reminder for those with something that closes soon.
    const reminders = Number(
      /Reminders to all users +50 users considered, (\d+) jobs added/.exec(stdout)?.[1],
    );
    expect(reminders, stdout).toBeGreaterThan(0);
    const outbox = await readdir(join(dataDir, 'outbox'));
    const mailsOf = (key: string) => outbox.filter((file) => file.startsWith(key)).length;
    expect(mailsOf('email-reminder-')).toBe(reminders);
    expect(mailsOf('email-summary-')).toBe(50);
    // The mails with the three weekly reports, and of the jobs added here one by one: five, and the README's.
    expect(stdout).toMatch(/mails with weekly reports +3 mails in/);
    expect(outbox).toHaveLength(reminders + 50 + 3 + 6);
  });
});
