import type { DateRange } from '../../../src/integrations/database/port.ts';
import { mondayOf } from '../../weeks.ts';
import type { Customer } from './report.ts';

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const;
const counts = new Intl.NumberFormat('en-US');
const shares = new Intl.NumberFormat('en-US', { style: 'percent', minimumFractionDigits: 1 });

/** `2024-01-31` as `31 Jan 2024`, which reads the same on both sides of the Atlantic. */
export function dayText(day: string): string {
  const [year, month, date] = day.split('-');
  return `${Number(date)} ${months[Number(month) - 1]} ${year}`;
}

export function shortDayText(day: string): string {
  return dayText(day).split(' ').slice(0, 2).join(' ');
}

export function monthText(day: string): string {
  return dayText(day).split(' ').slice(1).join(' ');
}

/** `31 Jan 2024 17:00 UTC`. */
export function timeText(time: Date): string {
  const iso = time.toISOString();
  return `${dayText(iso.slice(0, 10))} ${iso.slice(11, 16)} UTC`;
}

export function periodText({ start, end }: DateRange): string {
  return start === end ? dayText(start) : `${dayText(start)} to ${dayText(end)}`;
}

/** What figures by week must say of their ends, as weeks begin on Mondays and periods on any day; nothing for whole weeks. */
export function weeksText({ start, end }: DateRange): string {
  const [first, last] = [new Date(start), new Date(end)];
  const [fromMonday, toSunday] = [first.getUTCDay() === 1, last.getUTCDay() === 0];
  if (fromMonday && toSunday) return '';
  if (mondayOf(first) === mondayOf(last)) return ' (not a whole week)';
  if (fromMonday) return ' (last not whole)';
  return toSunday ? ' (first not whole)' : ' (first and last not whole)';
}

export function countText(count: number): string {
  return counts.format(count);
}

export function shareText(share: number): string {
  return shares.format(share);
}

/** A decimal number as text, with its thousands apart; digits are never lost to floating point. */
export function amountText(amount: string): string {
  const [whole = '', fraction] = amount.split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}

/** An amount of money for a headline: `$12.4M`. */
export function shortMoneyText({ amount, currency }: { amount: string; currency: string }): string {
  return new Intl.NumberFormat('en-US', {
    style: 'currency',
    currency,
    notation: 'compact',
    maximumFractionDigits: 1,
  }).format(Number(amount));
}

/** `1 opportunity`, `2 opportunities`. */
export function opportunitiesText(count: number): string {
  return `${countText(count)} ${count === 1 ? 'opportunity' : 'opportunities'}`;
}

/** `1 proposal`, `2 proposals`. */
export function proposalsText(count: number): string {
  return `${countText(count)} ${count === 1 ? 'proposal' : 'proposals'}`;
}

/** `Ada Lovelace, Analytical Engines`. */
export function customerText({ name, company = '' }: Customer): string {
  return [name, company].filter((part) => part !== '').join(', ');
}
