import { html, type Markup } from '../../../http/html.ts';

const secondMs = 1_000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** A time in UTC, and how long ago or ahead it is; a dash for none. */
export function time(at: Date | undefined, now: Date): Markup {
  if (at === undefined) return none();
  const iso = at.toISOString();
  // Where there is little room the line breaks between the day and the hour, nowhere else.
  const shown = html`<span>${iso.slice(0, 10)}</span> <span>${iso.slice(11, 19)} UTC</span>`;
  return html`<time datetime="${iso}" title="${iso}">${shown}</time> <small class="ago">${relative(at, now)}</small>`;
}

/** "3 minutes ago", "in 2 hours". */
export function relative(at: Date, now: Date): string {
  const ms = at.getTime() - now.getTime();
  const length = Math.abs(ms);
  if (length < secondMs) return 'now';
  const [unitMs, unit] =
    length < minuteMs
      ? [secondMs, 'second']
      : length < hourMs
        ? [minuteMs, 'minute']
        : length < 2 * dayMs
          ? [hourMs, 'hour']
          : [dayMs, 'day'];
  const count = Math.floor(length / unitMs);
  const words = `${count} ${unit}${count === 1 ? '' : 's'}`;
  return ms < 0 ? `${words} ago` : `in ${words}`;
}

/** How long something took, from seconds, in the unit that fits: `35 ms`, `4.2 s`, `12 min`, `3.5 h`, `2.1 d`. */
export function duration(seconds: number | undefined): string {
  if (seconds === undefined) return '–';
  if (seconds < 1) return `${Math.round(seconds * 1_000)} ms`;
  if (seconds < 120) return `${rounded(seconds)} s`;
  if (seconds < 7_200) return `${rounded(seconds / 60)} min`;
  if (seconds < 172_800) return `${rounded(seconds / 3_600)} h`;
  return `${rounded(seconds / 86_400)} d`;
}

function rounded(value: number): string {
  return value >= 10 ? String(Math.round(value)) : String(Math.round(value * 10) / 10);
}

const grouped = new Intl.NumberFormat('en-GB', { maximumFractionDigits: 2 });

/** `1,234,567`. */
export function number(value: number): string {
  return grouped.format(value);
}

const byteUnits = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

/** `12 kB`: in powers of 1,000. */
export function bytes(count: number): string {
  let value = count;
  let unit = 0;
  while (value >= 1_000 && unit < byteUnits.length - 1) {
    value /= 1_000;
    unit += 1;
  }
  return `${rounded(value)} ${byteUnits[unit] ?? 'B'}`;
}

export type Tone = 'good' | 'bad' | 'warn' | 'busy' | 'quiet';

/** A state in a word; the colour only repeats what the word says. */
export function badge(text: string, tone: Tone = 'quiet'): Markup {
  return html`<span class="badge ${tone}">${text}</span>`;
}

/** An id, which the script lets one copy. */
export function id(text: string): Markup {
  return html`<span class="id" data-copy="${text}"><code>${text}</code></span>`;
}

/** A long text that is cut to a line where it is shown; whoever hovers, copies or listens gets all of it. */
export function clipped(text: string): Markup {
  return html`<span class="clip" title="${text}">${text}</span>`;
}

/** Text from outside: its direction stays its own affair. */
export function text(value: string): Markup {
  return html`<bdi>${value}</bdi>`;
}

/** An address with who it is left out, as it is shown to those who may not see whose it is: `a•••@example.com`. */
export function maskedAddress(value: string): string {
  const at = value.lastIndexOf('@');
  return at < 1 ? '•••' : `${value.slice(0, 1)}•••${value.slice(at)}`;
}

/** Something that is not there. */
export function none(): Markup {
  return html`<span class="none">–</span>`;
}

/** What turns the direction of text about, or is not seen at all (Unicode 16, 9.9 and "Trojan Source"). */
const unseen = /[\u0080-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;
const longestJson = 200_000;

/** A value as JSON to read, with what cannot be seen written as escapes. @param label says to screen readers what it is */
export function json(value: unknown, label: string): Markup {
  const written = (JSON.stringify(value, undefined, 2) ?? 'undefined').replace(
    unseen,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return block(written, label);
}

/** Text as it was written, lines kept: a log, a stack. */
export function block(written: string, label: string): Markup {
  const cut = written.length > longestJson;
  return html`<pre class="block" tabindex="0" role="region" aria-label="${label}">${cut ? written.slice(0, longestJson) : written}</pre>${
    cut
      ? html`<p class="hint">Cut after ${number(longestJson)} of ${number(written.length)} characters.</p>`
      : undefined
  }`;
}
