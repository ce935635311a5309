import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

/**
 * Adds to package-lock.json the optional packages of other platforms that a registry mirror did not have when the lock
 * was made: npm leaves them out without a word, and `npm ci` then refuses the lock. Run after each `npm install` there.
 */
const entry = z.looseObject({
  version: z.string().optional(),
  dev: z.boolean().optional(),
  optionalDependencies: z.record(z.string(), z.string()).optional(),
});
const lock = z.looseObject({ packages: z.record(z.string(), entry) });

const file = join(import.meta.dirname, '../package-lock.json');
const parsed = lock.parse(JSON.parse(await readFile(file, 'utf8')));
const added: string[] = [];

for (const [path, { dev, optionalDependencies = {} }] of Object.entries(parsed.packages)) {
  for (const [name, version] of Object.entries(optionalDependencies)) {
    const wanted = version.replace(/^[\^~]/, '');
    const platform = platformOf(name);
    // Beside its parent, where the top level has another version of it.
    const beside = `${path.slice(0, path.lastIndexOf('node_modules/'))}node_modules/${name}`;
    const places = [`node_modules/${name}`, beside, `${path}/node_modules/${name}`];
    if (platform === undefined || places.some((place) => parsed.packages[place]?.version === wanted))
      continue;
    const key = parsed.packages[`node_modules/${name}`] === undefined ? `node_modules/${name}` : beside;
    parsed.packages[key] = {
      version: wanted,
      ...platform,
      ...(dev === true ? { dev } : {}),
      optional: true,
    };
    added.push(name);
  }
}

const { '': root, ...others } = parsed.packages;
const sorted = Object.fromEntries(Object.entries(others).sort(([a], [b]) => a.localeCompare(b, 'en')));
parsed.packages = root === undefined ? sorted : { '': root, ...sorted };
await writeFile(file, `${JSON.stringify(parsed, null, 2)}\n`);
console.log(added.length === 0 ? 'The lock is complete.' : `Added: ${added.join(', ')}`);

/** Reads the platform off a name such as `binding-linux-x64-musl`; npm skips packages that are for another one. */
function platformOf(name: string): { os: string[]; cpu: string[]; libc?: string[] } | undefined {
  const found =
    /(android|darwin|freebsd|linux|openharmony|win32|windows)-(arm64|arm|x64|ia32|ppc64|riscv64|s390x|loong64)(?:-(.*))?$/.exec(
      name,
    );
  const [, os, cpu, rest = ''] = found ?? [];
  if (os === undefined || cpu === undefined) return undefined;
  const platform = { os: [os === 'windows' ? 'win32' : os], cpu: [cpu] };
  if (os !== 'linux') return platform;
  return rest.startsWith('musl')
    ? { ...platform, libc: ['musl'] }
    : rest.startsWith('gnu')
      ? { ...platform, libc: ['glibc'] }
      : platform;
}
