import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedServer } from '../../src/backend/embedded-server.ts';

/**
 * Runs a folder laid out like the image, with PostgreSQL and Redis by URL, until /health says that all is well; then stops it as
 * Docker would. Called by `.ci/image-steps` with the folder and Redis' address.
 */
const [folder = '', redisUrl = ''] = process.argv.slice(2);
const dataDir = await mkdtemp(join(tmpdir(), 'millrace-image-'));
const server = await startEmbeddedServer({ dataDir });
const port = 18_500;

const service = spawn(process.execPath, ['dist/src/main.js'], {
  cwd: folder,
  env: {
    PATH: process.env.PATH ?? '',
    NODE_ENV: 'production',
    DATA_DIR: join(dataDir, 'data'),
    PORT: String(port),
    METRICS_PORT: '19090',
    REDIS_URL: `${redisUrl}/12`,
    DATABASE_URL: server.url,
    JWT_SECRET: 'a secret of the image check, long enough',
    ADMIN_PASSWORD: 'a password of the image check',
  },
  stdio: ['ignore', 'inherit', 'inherit'],
});
const ended = once(service, 'exit');
let failure: string | undefined;
try {
  const health = await untilHealthy(`http://127.0.0.1:${port}/health`);
  const metrics = await fetch('http://127.0.0.1:19090/metrics');
  if (!metrics.ok) throw new Error(`/metrics answered ${metrics.status}`);
  console.log(`the image's service is healthy: ${JSON.stringify(health)}`);
} catch (error) {
  failure = String(error);
} finally {
  service.kill('SIGTERM');
  const [code] = await ended;
  if (code !== 0) failure ??= `the service ended with ${code}`;
  await server.stop();
  await rm(dataDir, { recursive: true, force: true });
}
if (failure !== undefined) {
  console.error(failure);
  process.exitCode = 1;
}

async function untilHealthy(url: string): Promise<unknown> {
  const deadline = Date.now() + 30_000;
  while (Date.now() < deadline) {
    const answer = await fetch(url).catch(() => undefined);
    if (answer?.ok) return answer.json();
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('The service was not healthy within 30 s.');
}
