import { type QueueName, queueNames } from '../queues/index.ts';
import type { Fault } from '../src/errors/catalogue.ts';
import { nearest } from './nearest.ts';
import { groups, type Values, type Variable } from './schema.ts';

/** A process's environment, or one made up by a test. */
export type Environment = Readonly<Record<string, string | undefined>>;

function variables(): [string, Variable][] {
  return Object.values(groups).flatMap((group): [string, Variable][] => Object.entries(group));
}

/** A variable's text; an empty one means "not set": compose files and CI systems pass unset variables that way. */
function given(environment: Environment, name: string): string | undefined {
  return environment[name]?.trim() || undefined;
}

/** The values of all secrets, and the passwords in those that are addresses, for the redaction of logs and errors. */
export function secretsOf(environment: Environment = process.env): string[] {
  return variables().flatMap(([name, { secret }]) => {
    const value = given(environment, name);
    return secret === true && value !== undefined ? [value, ...passwordOf(value)] : [];
  });
}

/** A driver may show the password without the rest of its address, and decoded. */
function passwordOf(value: string): string[] {
  const password = URL.canParse(value) ? new URL(value).password : '';
  if (password === '') return [];
  try {
    return [password, decodeURIComponent(password)];
  } catch {
    return [password];
  }
}

/** Variables that are set, and checked, though nothing in this version reads them: a start says so. */
export function plannedSettings(environment: Environment = process.env): string[] {
  return variables().flatMap(([name, { planned }]) =>
    planned === true && given(environment, name) !== undefined ? [name] : [],
  );
}

/** What each variable says, as far as it can be read; what cannot goes to `faults`. */
export function parseValues(environment: Environment, faults: Fault[]): Partial<Values> {
  const values: Record<string, unknown> = {};
  for (const [name, { schema, secret, default: preset }] of variables()) {
    const raw = given(environment, name) ?? preset;
    const parsed = schema.safeParse(raw);
    if (parsed.success) {
      values[name] = parsed.data;
    } else {
      const wants = parsed.error.issues.map((issue) => issue.message).join('; ');
      const got =
        secret === true ? 'a value that is kept secret' : raw === undefined ? 'nothing' : `"${raw}"`;
      faults.push({ path: name, message: `${wants}; got ${got}` });
    }
  }
  return values;
}

/** `QUEUE_<NAME>_CONCURRENCY`, by queue. */
export function parseQueueConcurrency(environment: Environment, faults: Fault[]): Map<QueueName, number> {
  const byVariable = new Map(
    queueNames.map((queue) => [`QUEUE_${queue.toUpperCase().replaceAll('-', '_')}_CONCURRENCY`, queue]),
  );
  const limits = new Map<QueueName, number>();
  for (const [name, value] of Object.entries(environment)) {
    if (!/^QUEUE_.*_CONCURRENCY$/.test(name) || value === undefined || value.trim() === '') continue;
    const queue = byVariable.get(name);
    if (queue === undefined) {
      faults.push({
        path: name,
        message: `names no queue; did you mean ${nearest(name, [...byVariable.keys()])}?`,
      });
    } else if (!/^[1-9]\d{0,2}$/.test(value.trim())) {
      faults.push({ path: name, message: `must be a whole number from 1 to 999; got "${value}"` });
    } else {
      limits.set(queue, Number(value));
    }
  }
  return limits;
}
