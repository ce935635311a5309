/** Text from outside as part of a message: one line, without control characters, at most `max` characters. */
export function quote(text: string, max: number): string {
  const line = text
    .slice(0, 4 * max)
    .replace(/[\p{Cc}\p{Cf}\p{Cs}\s]+/gu, ' ')
    .trim();
  return line.length <= max ? line : `${line.slice(0, max - 1)}…`;
}
