import { z } from 'zod';

/** A mark is kept by what is made of a marked schema, such as by `.max()`; of wrappers each has its own. */
export function isSensitive(schema: z.ZodType): boolean {
  return schema.meta()?.sensitive === true;
}

/** The schema in a wrapper that says nothing of what a value is; `undefined` when it is no such wrapper. */
export function wrappedIn(schema: z.ZodType): unknown {
  return schema instanceof z.ZodOptional ||
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault ||
    schema instanceof z.ZodNonOptional ||
    schema instanceof z.ZodCatch ||
    schema instanceof z.ZodReadonly
    ? schema.def.innerType
    : undefined;
}

/** Whether a schema says of a text, number or boolean what it is; `z.any()` and its like take everything. */
export function isPlain(schema: z.ZodType): boolean {
  return plain.has(schema.def.type);
}

const plain: ReadonlySet<string> = new Set([
  'string',
  'number',
  'boolean',
  'bigint',
  'literal',
  'enum',
  'template_literal',
] satisfies z.core.$ZodTypeDef['type'][]);
