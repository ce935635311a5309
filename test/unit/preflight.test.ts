import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { clockSkew } from '../../src/backend/clock-skew.ts';
import { readSettings } from '../../src/backend/inspect-postgres.ts';
import { readInfo } from '../../src/backend/inspect-redis.ts';
import { MillraceError } from '../../src/errors/catalogue.ts';
import {
  lookAtFreeMemory,
  lookAtMemory,
  lookAtNode,
  lookAtPool,
  preflight,
  reachProviders,
  refuseFaults,
} from '../../src/preflight.ts';

const well = `# Server\r\nredis_version:7.0.15\r\n# Memory\r\nmaxmemory:0\r\nmaxmemory_policy:noeviction\r\n# Persistence\r\naof_enabled:1\r\n`;
const levels = (info: string) => readInfo(info).map(({ level }) => level);

describe('a Redis', () => {
  it('that keeps what it is given is left in peace', () => {
    expect(readInfo(well)).toEqual([]);
  });

  it('that would throw jobs away is a fault, or a warning while it has no limit', () => {
    const evicting = well.replace('noeviction', 'allkeys-lru');
    expect(levels(evicting.replace('maxmemory:0', 'maxmemory:1000000'))).toEqual(['fault']);
    expect(levels(evicting)).toEqual(['warning']);
    expect(readInfo(evicting)[0]?.message).toContain('config set maxmemory-policy noeviction');
  });

  it('that is too old is a fault, and one that forgets is a warning', () => {
    expect(levels(well.replace('7.0.15', '6.0.20'))).toEqual(['fault']);
    expect(levels(well.replace('7.0.15', '6.2.0'))).toEqual([]);
    expect(levels(well.replace('redis_version:7.0.15\r\n', ''))).toEqual(['fault']);
    expect(levels(well.replace('aof_enabled:1', 'aof_enabled:0'))).toEqual(['warning']);
  });
});

describe('a PostgreSQL', () => {
  const settings = { version: 180_004, most: 100, reserved: 3, used: 7, commit: 'on' };

  it('that has room for us is left in peace', () => {
    expect(readSettings(settings, 90)).toEqual([]);
  });

  it('is warned of for too few connections, loose commits and old age', () => {
    expect(readSettings(settings, 91)[0]?.message).toContain('91 connections, and the server has 90 left');
    expect(readSettings({ ...settings, commit: 'off' }, 1)).toHaveLength(1);
    expect(readSettings({ ...settings, version: 130_014 }, 1)).toHaveLength(1);
  });
});

describe('a clock', () => {
  it('counts as off by what the question took at most', () => {
    expect(clockSkew('Redis', 10_500, 10_000, 11_000)).toEqual([]);
    expect(clockSkew('Redis', 8_001, 10_000, 30_000)).toEqual([]);
    expect(clockSkew('Redis', 5_000, 10_000, 11_000)[0]?.message).toContain('5.0 s behind');
    expect(clockSkew('Redis', 18_000, 10_000, 11_000)[0]?.message).toContain('7.0 s ahead');
  });
});

describe('settings', () => {
  it('that do not fit each other are named with what would', () => {
    expect(lookAtPool(10, 100)).toEqual([]);
    expect(lookAtPool(10, 101)[0]?.message).toContain('at least 11');
    expect(lookAtMemory(2 ** 31, 2 ** 31)).toEqual([]);
    expect(lookAtMemory(2 ** 31 + 1, 2 ** 31)[0]?.about).toBe('MAX_MEMORY_RESTART');
    expect(lookAtFreeMemory(512 * 1024 ** 2)).toEqual([]);
    expect(lookAtFreeMemory(100 * 1024 ** 2)[0]?.message).toContain('Only 100 MB are free');
    expect(lookAtNode('24.21.0')).toEqual([]);
    expect(lookAtNode('20.20.2')[0]?.level).toBe('fault');
  });
});

describe('the look around', () => {
  const surroundings = (dataDir: string) => ({
    dataDir,
    databasePool: 10,
    concurrency: 17,
    memoryBytes: 1,
    inspectBackend: async () => [],
  });

  it('finds a folder that cannot be written to, makes one that is missing, and leaves nothing in it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'millrace-preflight-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    expect(await preflight(surroundings(join(folder, 'new/data')))).toEqual([]);
    expect(await readdir(join(folder, 'new/data'))).toEqual([]);
    await writeFile(join(folder, 'file'), '');
    const [finding] = await preflight(surroundings(join(folder, 'file')));
    expect(finding).toMatchObject({ level: 'fault', about: 'DATA_DIR' });
  });

  it('refuses a start for faults alone, and names each', () => {
    expect(() => refuseFaults([{ level: 'warning', about: 'Redis', message: 'Hm.' }])).not.toThrow();
    const faults = ['One.', 'Two.'].map((message) => ({ level: 'fault' as const, about: 'Redis', message }));
    expect(() => refuseFaults(faults)).toThrow(MillraceError);
    expect(() => refuseFaults(faults)).toThrow('Redis: One. Redis: Two.');
  });

  it('asks providers for a connection and no more', async () => {
    const server = createServer((socket) => socket.destroy());
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('No port was given.');
    const url = `http://127.0.0.1:${address.port}/v3?key=1`;
    expect(await reachProviders([{ name: 'SendGrid', url }])).toEqual([]);
    server.close();
    await once(server, 'close');
    const [finding] = await reachProviders([{ name: 'SendGrid', url }]);
    expect(finding).toMatchObject({ level: 'warning', about: 'SendGrid' });
    expect(finding?.message).not.toContain('key');
  });
});
