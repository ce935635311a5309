/** What stands in a number format for itself or for no character: quoted text, an escaped letter, a gap, a fill, a condition. */
const literals = /"[^"]*"|\\.|_.|\*.|\[[^\]]*\]/gu;
/** Up to the first `;` that parts sections. */
const firstSection = /^(?:"[^"]*"|\\.|_.|\*.|\[[^\]]*\]|[^;])*/u;
/** A currency in a format: `[$€-407]`, `[$USD]`, `"$"`, `"EUR"`, `\$` or a sign by itself; or other text, which may hold one. */
const currencies =
  /\[\$(?<named>[^\]-]+)[^\]]*\]|"\s*(?<quoted>\p{Sc}|[A-Z]{3})\s*"|"[^"]*"|\\?(?<sign>\p{Sc})/gu;
/** A comma that divides by a thousand, a fraction, a power: such a number would say something else than its cell. */
const notPlain = /[0#?],+(?![0#?,])|\/|E[+-]/iu;
/** As many as Excel shows. */
const maxDecimals = 30;
/** Making one takes far longer than using it, and a sheet has many cells of the same format. */
const formatters = new Map<string, Intl.NumberFormat>();

/**
 * A share or an amount of money as a person sees it: `0.25` under the number format `0.0%` is `25.0%`, `1200.5` under
 * `"$"#,##0.00` is `$1,200.50`. Nothing when the format shows neither (ECMA-376 part 1, 18.8.31). Of its sections the first
 * counts: others say how negative numbers look, not how exact they are; those bear a minus here.
 */
export function shownNumber(value: number, format: string | undefined): string | undefined {
  if (format === undefined) return undefined;
  const [section = ''] = firstSection.exec(format) ?? [];
  const shown = section.replace(literals, '');
  if (shown.includes('%')) return formatter('percent', shown).format(value);
  if (!/[0#?]/.test(shown) || notPlain.test(shown)) return undefined;
  const [found] = [...section.matchAll(currencies)].flatMap(({ index, groups }) => {
    const sign = groups?.named ?? groups?.quoted ?? groups?.sign;
    return sign === undefined ? [] : { index, sign: sign.trim() };
  });
  if (found === undefined) return undefined;
  const { index, sign } = found;
  const digits = formatter('decimal', shown).format(Math.abs(value));
  const minus = /[1-9]/.test(digits) && value < 0 ? '-' : '';
  // Where the format has its first digit, without what only looks like one.
  const before = index < section.replace(literals, (part) => ' '.repeat(part.length)).search(/[0#?]/);
  if (!before) return `${minus}${digits} ${sign}`;
  return `${minus}${sign}${/\p{L}$/u.test(sign) ? ' ' : ''}${digits}`;
}

function formatter(style: 'percent' | 'decimal', shown: string): Intl.NumberFormat {
  const decimals = (/\.([0#?]+)/.exec(shown)?.[1] ?? '').slice(0, maxDecimals);
  const minimumFractionDigits = decimals.replaceAll(/[#?]/g, '').length;
  const maximumFractionDigits = decimals.length;
  const useGrouping = shown.includes(',');
  const key = `${style} ${minimumFractionDigits} ${maximumFractionDigits} ${useGrouping}`;
  const known = formatters.get(key);
  if (known !== undefined) return known;
  const made = new Intl.NumberFormat('en', {
    style,
    minimumFractionDigits,
    maximumFractionDigits,
    useGrouping,
  });
  formatters.set(key, made);
  return made;
}
