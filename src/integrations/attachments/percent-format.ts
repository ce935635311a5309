/** What stands in a number format for itself or for no character: quoted text, an escaped letter, a gap, a fill, a condition. */
const literals = /"[^"]*"|\\.|_.|\*.|\[[^\]]*\]/gu;
/** As many as Excel shows. */
const maxDecimals = 30;
/** Making one takes far longer than using it, and a sheet has many cells of the same format. */
const formatters = new Map<string, Intl.NumberFormat>();

/**
 * `0.25` under the number format `0.0%` as a person sees it: `25.0%`; nothing when the format shows no percents
 * (ECMA-376 part 1, 18.8.31). Of its sections the first counts: others say how negative numbers look, not how exact they are.
 */
export function shownPercent(value: number, format: string | undefined): string | undefined {
  if (format === undefined || !format.includes('%')) return undefined;
  const [shown = ''] = format.replace(literals, '').split(';');
  if (!shown.includes('%')) return undefined;
  const decimals = (/\.([0#?]+)/.exec(shown)?.[1] ?? '').slice(0, maxDecimals);
  return formatter(decimals.replaceAll(/[#?]/g, '').length, decimals.length, shown.includes(',')).format(
    value,
  );
}

function formatter(
  minimumFractionDigits: number,
  maximumFractionDigits: number,
  useGrouping: boolean,
): Intl.NumberFormat {
  const key = `${minimumFractionDigits} ${maximumFractionDigits} ${useGrouping}`;
  const known = formatters.get(key);
  if (known !== undefined) return known;
  const made = new Intl.NumberFormat('en', {
    style: 'percent',
    minimumFractionDigits,
    maximumFractionDigits,
    useGrouping,
  });
  formatters.set(key, made);
  return made;
}
