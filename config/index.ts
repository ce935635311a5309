import { ConfigError, type Fault } from '../src/errors/catalogue.ts';
import { crossCheck } from './cross-check.ts';
import { type Environment, parseQueueConcurrency, parseValues } from './parse.ts';
import { schedules } from './schedules.ts';
import type { Role, Values } from './schema.ts';
import { shape } from './shape.ts';

export { plannedSettings, secretsOf } from './parse.ts';
export type { Schedule } from './schedules.ts';
export type { BackendKind } from './shape.ts';
export type { StorageConfig } from './storage.ts';
export type { Environment, Role };
export { schedules };

export type Config = ReturnType<typeof shape>;

/**
 * Reads and checks the whole environment; this is the only place that does.
 * @throws ConfigError with every fault at once: each names the variable, what it wants and, unless it is a
 * secret, what it got.
 */
export function loadConfig(environment: Environment = process.env): Config {
  const faults: Fault[] = [];
  const values = parseValues(environment, faults);
  const concurrency = parseQueueConcurrency(environment, faults);
  // A variable that is wrong by itself is told about once; it counts as not set for those that depend on it.
  const wrong = new Set(faults.map((fault) => fault.path));
  faults.push(...crossCheck(values).filter((fault) => !wrong.has(fault.path)));
  if (!isComplete(values, faults)) throw new ConfigError(faults);
  return deepFreeze(shape(values, concurrency));
}

/** The keys and the schemas are those of `groups`, so when none has a fault what they parsed is `Values`. */
function isComplete(_values: Partial<Values>, faults: readonly Fault[]): _values is Values {
  return faults.length === 0;
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) deepFreeze(inner);
  }
  return value;
}
