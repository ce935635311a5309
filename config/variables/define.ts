import { z } from 'zod';

/** A variable of the environment: what it takes, its default and what it means. */
export interface Variable<T extends z.ZodType = z.ZodType> {
  readonly schema: T;
  /** As one would write it in `.env`; absent when there is none, or when it is derived. */
  readonly default?: string;
  /** What the default is derived from, for the documents. */
  readonly derived?: string;
  readonly description: string;
  /** Never printed, and scrubbed from logs. */
  readonly secret?: boolean;
  /** Checked, but nothing in this version reads it yet; a start with it set says so. */
  readonly planned?: boolean;
}

export function variable<T extends z.ZodType>(schema: T, about: Omit<Variable<T>, 'schema'>): Variable<T> {
  return { schema, ...about };
}

export const text = z.string().trim().min(1);
export const whole = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d+$/, `must be a whole number from ${min} to ${max}`)
    .transform(Number)
    .refine((value) => value >= min && value <= max, `must be a whole number from ${min} to ${max}`);
export const flag = z
  .enum(['true', 'false'], { error: 'must be true or false' })
  .transform((value) => value === 'true');
export const httpUrl = z
  .url({ protocol: /^https?$/, error: 'must be an http or https address' })
  .transform((url) => url.replace(/\/+$/, ''));

/** `#`, `/` and `@` in a password end the address early. */
export const encoded = 'special characters of a password are percent-encoded';
