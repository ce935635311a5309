/** The port of the server: chosen once and kept, so that addresses stay good; another when somebody took it. */
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { errorCode } from './failures.ts';
import { type Layout, writeWhole } from './layout.ts';

/** Only programs of this machine may connect. */
export const HOST = '127.0.0.1';

/** The kept port when it is free, else a new one, which is kept. */
export async function choosePort(layout: Layout): Promise<number> {
  const kept = Number(await readFile(layout.port, 'utf8').catch(() => ''));
  if (Number.isInteger(kept) && kept > 0 && kept < 65_536 && (await isPortFree(kept))) return kept;
  const fresh = await bindOnce(0);
  await writeWhole(layout.port, `${fresh}\n`, 0o644);
  return fresh;
}

/** Whether a server could listen there now. */
export async function isPortFree(port: number): Promise<boolean> {
  try {
    await bindOnce(port);
    return true;
  } catch (error) {
    if (errorCode(error) === 'EADDRINUSE' || errorCode(error) === 'EACCES') return false;
    throw error;
  }
}

/** Listens for a moment, on a port of the system's choice for 0, and gives the port. */
async function bindOnce(port: number): Promise<number> {
  const server = createServer();
  server.listen(port, HOST);
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('a TCP server has no port');
  return address.port;
}
