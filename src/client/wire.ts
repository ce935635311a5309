/** What the API's schemas say, as it is after JSON: times are ISO 8601, nothing is `undefined`. */
export type Wire<T> = T extends Date
  ? string
  : T extends readonly (infer Item)[]
    ? readonly Wire<Item>[]
    : T extends object
      ? { readonly [K in keyof T]: Wire<Exclude<T[K], undefined>> }
      : T;

/** What one asks with: times may be given as either. */
export type Given<T> = {
  readonly [K in keyof T]?: Exclude<T[K], undefined> extends Date ? Date | string : Exclude<T[K], undefined>;
};

/** A path with a query; what is absent is left out. */
export function withQuery(
  path: string,
  query: Readonly<Record<string, string | number | Date | undefined>>,
): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) search.set(name, value instanceof Date ? value.toISOString() : String(value));
  }
  const text = search.toString();
  return text === '' ? path : `${path}?${text}`;
}
