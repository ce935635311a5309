import { randomBytes } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { availableParallelism, freemem, totalmem } from 'node:os';
import { join } from 'node:path';
import type { Finding } from './backend/port.ts';
import { MillraceError } from './errors/catalogue.ts';
import { messageOf } from './errors/classify.ts';

/** A place outside that the platform is set to use. */
export interface Provider {
  readonly name: string;
  readonly url: string;
}

export interface Surroundings {
  readonly dataDir: string;
  readonly databasePool: number;
  /** Jobs at once over all queues of this process; 0 where it runs none. */
  readonly concurrency: number;
  /** Worker processes times the memory that each may take, in bytes. */
  readonly memoryBytes: number;
  /** What the backend has found, see `Backend.inspect`. */
  inspectBackend(): Promise<Finding[]>;
}

/**
 * Above so many jobs for each connection they would wait for the database and not for their work. Most of them are mails,
 * which go to the ledger many in a statement, four statements at a time.
 */
const jobsPerConnection = 10;
/** Type stripping, and several packages, want at least this. */
const oldestNode = 22;
/** What one process takes once it has drawn its first report; below it the system begins to kill. */
const leastFreeBytes = 512 * 1024 ** 2;
const reachMs = 5_000;

/**
 * Looks before the leap: what a start can see in a moment and would regret later. Providers are not asked, since one that
 * is away must keep nobody from starting; `millrace doctor` asks them too.
 */
export async function preflight(surroundings: Surroundings): Promise<Finding[]> {
  const found = await Promise.all([
    lookAtNode(process.versions.node),
    surroundings.inspectBackend(),
    lookAtFolder(surroundings.dataDir),
    lookAtPool(surroundings.databasePool, surroundings.concurrency),
    lookAtMemory(
      surroundings.memoryBytes,
      Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY),
    ),
    lookAtFreeMemory(process.availableMemory()),
  ]);
  return found.flat();
}

/** @throws MillraceError PREFLIGHT_FAILED naming every fault there is. */
export function refuseFaults(findings: readonly Finding[]): void {
  const faults = findings.filter(({ level }) => level === 'fault');
  if (faults.length === 0) return;
  throw new MillraceError(
    'PREFLIGHT_FAILED',
    `This start would lose work. ${faults.map(({ about, message }) => `${about}: ${message}`).join(' ')}`,
  );
}

export function lookAtNode(version: string): Finding[] {
  if (Number(version.split('.')[0]) >= oldestNode) return [];
  return [
    {
      level: 'fault',
      about: 'Node.js',
      message: `${version} is too old: use ${oldestNode} or newer, best 24.`,
    },
  ];
}

async function lookAtFolder(folder: string): Promise<Finding[]> {
  const probe = join(folder, `.probe-${randomBytes(6).toString('hex')}`);
  try {
    await mkdir(folder, { recursive: true });
    await writeFile(probe, '', { flag: 'wx' });
    await rm(probe);
    return [];
  } catch (error) {
    return [
      {
        level: 'fault',
        about: 'DATA_DIR',
        message: `${folder} cannot be written to (${messageOf(error)}). Change its owner, or set DATA_DIR to another folder.`,
      },
    ];
  }
}

export function lookAtPool(pool: number, concurrency: number): Finding[] {
  if (concurrency <= pool * jobsPerConnection) return [];
  return [
    {
      level: 'warning',
      about: 'DATABASE_POOL_MAX',
      message: `${pool} connections serve ${concurrency} jobs at once, which will wait for them. Set it to at least ${Math.ceil(concurrency / jobsPerConnection)}, or lower the concurrency.`,
    },
  ];
}

export function lookAtMemory(wanted: number, there: number): Finding[] {
  if (wanted <= there) return [];
  const gigabytes = (bytes: number) => `${(bytes / 1024 ** 3).toFixed(1)} GB`;
  return [
    {
      level: 'warning',
      about: 'MAX_MEMORY_RESTART',
      message: `The worker processes may take ${gigabytes(wanted)}, and there are ${gigabytes(there)}: the system would kill them before they drain. Lower it, or WORKER_PROCESSES.`,
    },
  ];
}

export function lookAtFreeMemory(free: number): Finding[] {
  if (free >= leastFreeBytes) return [];
  const megabytes = (bytes: number) => `${Math.round(bytes / 1024 ** 2)} MB`;
  return [
    {
      level: 'warning',
      about: 'memory',
      message: `Only ${megabytes(free)} are free; a start wants ${megabytes(leastFreeBytes)}. End what else runs here, or give this machine or container more.`,
    },
  ];
}

/** Whether each provider takes a connection. No request is sent: most would count it, and some would refuse it. */
export function reachProviders(providers: readonly Provider[]): Promise<Finding[]> {
  return Promise.all(providers.map(reach)).then((found) => found.flat());
}

async function reach({ name, url }: Provider): Promise<Finding[]> {
  const { hostname, port, protocol } = new URL(url);
  const standard: Readonly<Record<string, number>> = {
    'https:': 443,
    'http:': 80,
    'smtp:': 587,
    'smtps:': 465,
  };
  try {
    await takesConnection(hostname.replace(/^\[|\]$/g, ''), Number(port) || (standard[protocol] ?? 443));
    return [];
  } catch (error) {
    return [
      {
        level: 'warning',
        about: name,
        message: `${hostname} takes no connection (${messageOf(error)}). Check its address and this machine's way out; its jobs will be tried again until they are dead letters.`,
      },
    ];
  }
}

function takesConnection(host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, timeout: reachMs });
    socket.once('connect', () => {
      socket.destroy();
      resolve();
    });
    socket.once('timeout', () => socket.destroy(new Error(`no answer in ${reachMs / 1_000} s`)));
    socket.once('error', reject);
  });
}

/** What `millrace doctor` prints of the machine itself. */
export function machine(): string {
  const gigabytes = (bytes: number) => (bytes / 1024 ** 3).toFixed(1);
  return `Node ${process.versions.node}, ${availableParallelism()} cores, ${gigabytes(freemem())} of ${gigabytes(totalmem())} GB free`;
}
