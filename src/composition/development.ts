import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SamGov } from '../integrations/sam-gov/port.ts';

/** What development makes for itself, so that a newcomer needs to set nothing. None of it exists in production. */

/** The secret of tokens, made at the first start and kept in the data folder, so that tokens outlive a restart. */
export async function developmentSecret(dataDir: string): Promise<string> {
  const file = join(dataDir, 'jwt-secret');
  await mkdir(dataDir, { recursive: true });
  try {
    // `wx` leaves the choice to whichever of two first starts comes first.
    await writeFile(file, `${randomBytes(32).toString('base64url')}\n`, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
  return (await readFile(file, 'utf8')).trim();
}

export interface Sandbox {
  readonly samGov: SamGov;
  readonly url: string;
  close(): Promise<void>;
}

/** A SAM.gov on loopback with the sample data, so that the real client runs without a key. */
export async function startSandbox(extractFolder: string): Promise<Sandbox> {
  const [{ makeSample }, { startSamGovSandbox }, { createSamGov }] = await Promise.all([
    import('../sample/index.ts'),
    import('../sample/sam-gov-sandbox.ts'),
    import('../integrations/sam-gov/client.ts'),
  ]);
  const apiKey = randomBytes(12).toString('hex');
  const { opportunities, entities } = makeSample({ asOf: new Date() });
  const sandbox = await startSamGovSandbox({ opportunities, entities, apiKey, host: '127.0.0.1' });
  return {
    samGov: createSamGov({
      apiKey,
      baseUrl: sandbox.url,
      minIntervalMs: 0,
      extractFolder,
      extractPollMs: 1_000,
    }),
    url: sandbox.url,
    close: () => sandbox.close(),
  };
}
