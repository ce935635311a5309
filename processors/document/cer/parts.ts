import type { Block, Fact, Section } from './content.ts';

/** A section with the anchor of its number. */
export function section(
  number: string,
  title: string,
  blocks: readonly Block[],
  parts: readonly Section[] = [],
): Section {
  return { id: `section-${number.replace('.', '-')}`, number, title, blocks, parts };
}

/** A line of facts, where the request has it. */
export function fact(label: string, value: string | undefined): Fact[] {
  return value === undefined ? [] : [{ label, value }];
}

/** The day of a moment, in UTC. */
export function dayOf(date: Date): string {
  return date.toISOString().slice(0, 10);
}
