import { afterLabel } from './labels.ts';
import type { Cell, Line } from './lines.ts';
import type { MappedField, Mapping } from './mapping.ts';
import { type Notation, readValue, type Value } from './values.ts';

export interface FoundField {
  readonly field: MappedField;
  readonly value: Value;
  /** As it stands in the document. */
  readonly raw: string;
}

/** A value stands no further from its label than this many heights of a letter, to the right and below. */
const reachRight = 40;
const reachBelow = 4;
/** Lines of one value below each other. */
const stacked = 1.8;
/** Cells of one value beside each other. */
const beside = 1.5;

/** The fields of a mapping that a document has, in the mapping's order. */
export function readFields(lines: readonly Line[], mapping: Mapping, notation: Notation): FoundField[] {
  const allLabels = mapping.fields.flatMap(({ labels }) => labels);
  const isLabel = (text: string) => afterLabel(text, allLabels)?.rest === '';
  return mapping.fields.flatMap((field) => {
    const order =
      field.look === 'last' ? lines.map((_, index) => lines.length - 1 - index) : [...lines.keys()];
    for (const at of order) {
      const found = fieldOn(lines, at, field, isLabel, notation);
      if (found !== undefined) return [found];
    }
    return [];
  });
}

function fieldOn(
  lines: readonly Line[],
  at: number,
  field: MappedField,
  isLabel: (text: string) => boolean,
  notation: Notation,
): FoundField | undefined {
  const line = lines[at];
  if (line === undefined) return undefined;
  for (const [index, cell] of line.cells.entries()) {
    const label = afterLabel(cell.text, field.labels);
    if (label === undefined) continue;
    const candidates = [
      ...(field.place === 'below' ? [] : [label.rest, ...toTheRight(line, index, isLabel)]),
      ...(field.place === 'right' || label.rest !== '' ? [] : below(lines, at, cell, field, isLabel)),
    ];
    for (const raw of candidates) {
      const found = fits(raw, field, notation);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

function fits(raw: string, field: MappedField, notation: Notation): FoundField | undefined {
  if (raw === '') return undefined;
  let text = raw;
  if (field.pattern !== undefined) {
    const match = new RegExp(field.pattern, 'u').exec(raw);
    if (match === null) return undefined;
    text = match[1] ?? match[0];
  }
  const value = readValue(text, field.type, notation);
  return value === undefined ? undefined : { field, value, raw };
}

/** The next cell, alone and with those that stand close to it; none where the next cell is a label itself. */
function toTheRight(line: Line, index: number, isLabel: (text: string) => boolean): string[] {
  const label = line.cells[index];
  const next = line.cells[index + 1];
  if (label === undefined || next === undefined || isLabel(next.text)) return [];
  if (next.left - label.right > reachRight * line.size) return [];
  let joined = next.text;
  let last = next;
  for (const cell of line.cells.slice(index + 2)) {
    if (cell.left - last.right > beside * line.size || isLabel(cell.text)) break;
    joined += ` ${cell.text}`;
    last = cell;
  }
  return joined === next.text ? [joined] : [joined, next.text];
}

/** What stands under a label, over as many lines as the field may have. */
function below(
  lines: readonly Line[],
  at: number,
  label: Cell,
  field: MappedField,
  isLabel: (text: string) => boolean,
): string[] {
  const start = lines[at];
  if (start === undefined) return [];
  const found: string[] = [];
  let above = start;
  for (const line of lines.slice(at + 1)) {
    const reach = found.length === 0 ? reachBelow : stacked;
    if (line.page !== start.page || line.y - above.y > reach * Math.max(line.size, above.size)) break;
    const cell = line.cells.find(({ left, right }) => left < label.right && label.left < right);
    if (cell === undefined) continue;
    if (isLabel(cell.text)) break;
    found.push(cell.text);
    above = line;
    if (found.length === field.lines) break;
  }
  return found.length === 0 ? [] : [found.join('\n')];
}
