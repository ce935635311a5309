import { z } from 'zod';
import { type OwnedThing, ownedThings } from '../../queues/define.ts';
import type { JobDefinition } from '../../queues/index.ts';
import type { Fault } from '../errors/catalogue.ts';
import { formatPath } from '../errors/faults.ts';
import { wrappedIn } from './masking/schema-marks.ts';

/** A thing that a payload names. */
export interface Reference {
  readonly thing: OwnedThing;
  readonly id: string;
  /** Of the field, from the payload's root. */
  readonly path: string;
}

/**
 * Asks, for somebody who adds jobs from outside, whether they may name these things.
 * @returns a fault for each that they may not.
 */
export type ReferenceCheck = (references: readonly Reference[]) => Promise<readonly Fault[]>;

/** Any item of a list, or any field of a record. */
const each = Symbol('each');

interface Mark {
  readonly thing: OwnedThing;
  readonly path: readonly (string | typeof each)[];
}

const known = new WeakMap<JobDefinition, readonly Mark[]>();

/** The things that a payload names in fields that its job marks with `refersTo()`. @param payload as its schema gave it. */
export function referencesIn(definition: JobDefinition, payload: unknown): Reference[] {
  let marks = known.get(definition);
  if (marks === undefined) {
    marks = marksIn(definition.payload);
    known.set(definition, marks);
  }
  const found = marks.flatMap(({ thing, path }) =>
    valuesAt(payload, path).map(({ value, at }) => ({ thing, id: value, path: formatPath(at) })),
  );
  // Two alternatives of a union may have the same field.
  return [...new Map(found.map((reference) => [`${reference.thing} ${reference.path}`, reference])).values()];
}

/** Of a union each alternative counts: what a value is not has nothing in the field. */
function marksIn(schema: unknown, path: Mark['path'] = []): Mark[] {
  if (!(schema instanceof z.ZodType)) return [];
  const thing = ownedThings.find((one) => one === schema.meta()?.refersTo);
  if (thing !== undefined) return [{ thing, path }];
  const wrapped = wrappedIn(schema);
  if (wrapped !== undefined) return marksIn(wrapped, path);
  if (schema instanceof z.ZodArray) return marksIn(schema.def.element, [...path, each]);
  if (schema instanceof z.ZodRecord) return marksIn(schema.def.valueType, [...path, each]);
  if (schema instanceof z.ZodObject)
    return Object.entries(schema.def.shape).flatMap(([name, field]) => marksIn(field, [...path, name]));
  if (schema instanceof z.ZodUnion) return schema.def.options.flatMap((option) => marksIn(option, path));
  return [];
}

interface Found {
  readonly value: string;
  readonly at: readonly (string | number)[];
}

function valuesAt(value: unknown, path: Mark['path'], at: Found['at'] = []): Found[] {
  const [step, ...rest] = path;
  if (step === undefined) return typeof value === 'string' ? [{ value, at }] : [];
  if (Array.isArray(value))
    return step === each ? value.flatMap((item: unknown, index) => valuesAt(item, rest, [...at, index])) : [];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value)
    .filter(([name]) => step === each || step === name)
    .flatMap(([name, field]) => valuesAt(field, rest, [...at, name]));
}
