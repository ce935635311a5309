import { z } from 'zod';

/** Names that a mapping gives become attribute values of the XML. */
const name = z
  .string()
  .max(60)
  .regex(/^[A-Za-z][A-Za-z0-9_-]*$/, 'must begin with a letter and hold only letters, digits, _ and -');

const label = z.string().trim().min(1).max(100);

const pattern = z
  .string()
  .min(1)
  .max(300)
  .refine((source) => {
    try {
      new RegExp(source, 'u');
      return true;
    } catch {
      return false;
    }
  }, 'must be a regular expression');

const type = z.enum(['text', 'number', 'amount', 'date']).default('text');

const field = z.strictObject({
  name,
  /** What stands before, or above, the value; the first that is found with a fitting value counts. */
  labels: z.array(label).min(1).max(50),
  type,
  /** Where the value stands: on the label's line (`right`), under it (`below`), or either. */
  place: z.enum(['right', 'below', 'any']).default('any'),
  /** What the value must look like; the first group, if there is one, is taken. */
  pattern: pattern.optional(),
  /** How many lines a value below may have, such as an address. */
  lines: z.int().min(1).max(10).default(1),
  /** `last` looks from the end of the document, for totals. */
  look: z.enum(['first', 'last']).default('first'),
});

const column = z.strictObject({
  name,
  /** What the column's header may say. */
  headers: z.array(label).min(1).max(50),
  type,
  /** A row without it is no line item. */
  required: z.boolean().default(false),
});

const lineItems = z
  .strictObject({
    columns: z.array(column).min(2).max(30),
    /** What begins the line after the last item. */
    end: z.array(label).max(50).default([]),
    /** Lines inside the table that are no items, such as a carried sum. */
    ignore: z.array(pattern).max(50).default([]),
  })
  .superRefine(({ columns }, context) => {
    if (!columns.some((one) => one.required && one.type !== 'text')) {
      context.addIssue({
        code: 'custom',
        path: ['columns'],
        message:
          'must have a required column of type number, amount or date: it tells an item from other lines',
      });
    }
    noRepeats(columns, ['columns'], context);
  });

/** How a kind of document is read; `docs/conversions.md` explains it with an example. */
export const mappingSchema = z
  .strictObject({
    $schema: z.string().optional(),
    description: z.string().max(500).optional(),
    /** What parts a number's decimals; `auto` goes by the document's own numbers. */
    decimal: z.enum(['auto', 'point', 'comma']).default('auto'),
    /** What 03/04/2026 means. */
    dateOrder: z.enum(['day-first', 'month-first']).default('day-first'),
    /** Of amounts that name none. */
    currency: z
      .string()
      .regex(/^[A-Z]{3}$/, 'must be an ISO 4217 code, for example USD')
      .optional(),
    fields: z.array(field).max(200).default([]),
    lineItems: lineItems.optional(),
  })
  .superRefine(({ fields }, context) => noRepeats(fields, ['fields'], context));

export type Mapping = z.output<typeof mappingSchema>;
export type MappedField = Mapping['fields'][number];
export type MappedTable = NonNullable<Mapping['lineItems']>;
export type MappedColumn = MappedTable['columns'][number];
export type ValueType = MappedField['type'];

function noRepeats(
  named: readonly { readonly name: string }[],
  path: readonly string[],
  context: z.RefinementCtx,
): void {
  const seen = new Set<string>();
  for (const [index, { name: given }] of named.entries()) {
    if (seen.has(given))
      context.addIssue({
        code: 'custom',
        path: [...path, index, 'name'],
        message: `"${given}" is there already`,
      });
    seen.add(given);
  }
}
