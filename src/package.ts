import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The folder of `package.json`: the same whether the sources run or what was built of them. */
export const packageRoot = findRoot(import.meta.dirname);

/** This Millrace's version. */
export const version = readVersion();

function findRoot(from: string): string {
  if (existsSync(join(from, 'package.json'))) return from;
  const parent = dirname(from);
  if (parent === from) throw new Error('Millrace cannot find its package.json.');
  return findRoot(parent);
}

function readVersion(): string {
  const parsed: unknown = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8'));
  const found =
    typeof parsed === 'object' && parsed !== null && 'version' in parsed ? parsed.version : undefined;
  return typeof found === 'string' ? found : '0.0.0';
}
