import { type Fault, listFaults, MillraceError } from '../errors/catalogue.ts';

/** Payloads may have a fault for each of their thousands of items; nobody mends more than these at a time. */
const mostFaults = 100;

/**
 * Prepares every item, or none: the faults of all are told at once, with paths that begin with the item's index.
 * @throws MillraceError with the code of the first fault; INVALID_PAYLOAD and INVALID_OPTIONS are gathered.
 */
export function prepareAll<Item, Ready>(items: readonly Item[], prepare: (item: Item) => Ready): Ready[] {
  const ready: Ready[] = [];
  const faults: Fault[] = [];
  let first: MillraceError | undefined;
  for (const [index, item] of items.entries()) {
    try {
      ready.push(prepare(item));
    } catch (error) {
      if (!(error instanceof MillraceError)) throw error;
      first ??= error;
      faults.push(...faultsAt(index, error));
      if (faults.length >= mostFaults || !gathered.has(error.code)) break;
    }
  }
  if (first === undefined) return ready;
  const details = faults.slice(0, mostFaults);
  throw new MillraceError(first.code, `Nothing was added. ${listFaults(details)}`, { details });
}

const gathered = new Set(['INVALID_PAYLOAD', 'INVALID_OPTIONS']);

function faultsAt(index: number, { message, details }: MillraceError): Fault[] {
  if (details === undefined) return [{ path: `[${index}]`, message }];
  return details.map((fault) => ({
    path: fault.path === '(root)' ? `[${index}]` : `[${index}].${fault.path}`,
    message: fault.message,
  }));
}
