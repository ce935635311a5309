/** A story carries no more tags than this. */
const mostTags = 20;

/** The author's tags, then the model's that say something new; letter case makes no difference. */
export function mergeTags(author: readonly string[], model: readonly string[]): string[] {
  const merged = new Map<string, string>();
  for (const tag of [...author, ...model]) {
    const key = tag.toLowerCase();
    if (!merged.has(key)) merged.set(key, tag);
  }
  return [...merged.values()].slice(0, Math.max(mostTags, author.length));
}
