import { z } from 'zod';
import type { CerRequest } from '../../../queues/cer-request.ts';
import { MillraceError } from '../../../src/errors/catalogue.ts';
import type { LanguageModel } from '../../../src/integrations/llm/port.ts';
import { type DraftAnswer, draftQuestion } from './draft-question.ts';
import { type Drafts, type NarrativeKey, narrativeKeys, narrativeOf } from './narrative.ts';

/** What came of asking a model, as it is kept with the report. */
const keptDrafts = z.strictObject({
  model: z.string(),
  sections: z.partialRecord(
    z.enum(narrativeKeys),
    z.strictObject({
      claims: z.array(z.strictObject({ text: z.string(), literature: z.array(z.string()) })),
    }),
  ),
  refused: z.partialRecord(z.enum(narrativeKeys), z.string()),
});

export interface DraftOptions {
  readonly llm: LanguageModel;
  /** What an earlier attempt has kept, as JSON. */
  readonly kept: unknown;
  save(drafts: Drafts): Promise<void>;
  /** Until when the report may wait for a model that asks it to. */
  readonly waitUntil: number;
  readonly signal: AbortSignal;
  /** Hears why there are no drafts. */
  onFailure(error: unknown): void;
}

/** A model that answers nonsense, or is away for a moment, is asked once more. */
const mostAsks = 2;

/**
 * Has the sections drafted that the request leaves empty. A model that fails costs the drafts and never the report: the
 * sections then say that they await their author.
 * @throws RateLimitedError when the model asks to wait and the report can; the signal's reason; what `save` throws.
 */
export async function draftSections(request: CerRequest, options: DraftOptions): Promise<Drafts | undefined> {
  const earlier = keptDrafts.safeParse(options.kept);
  if (earlier.success) return earlier.data;
  const wanted = narrativeKeys.filter((key) => narrativeOf(request, key) === undefined);
  // Each claim must cite literature, so without any there is nothing to be drafted.
  if (wanted.length === 0 || request.literature.length === 0) return undefined;
  const answered = await ask(request, wanted, options);
  if (answered === undefined) return undefined;
  await options.save(answered);
  return answered;
}

async function ask(
  request: CerRequest,
  wanted: readonly NarrativeKey[],
  { llm, waitUntil, signal, onFailure }: DraftOptions,
): Promise<Drafts | undefined> {
  for (let asks = 1; ; asks += 1) {
    try {
      const { value, model } = await llm.ask(draftQuestion(request, wanted), signal);
      return checked(value, wanted, request, model);
    } catch (error) {
      signal.throwIfAborted();
      const wait = error instanceof MillraceError ? error.retryAfterMs : undefined;
      if (wait !== undefined && Date.now() + wait <= waitUntil) throw error;
      const again = error instanceof MillraceError && error.retryable && wait === undefined;
      if (again && asks < mostAsks) continue;
      onFailure(error);
      return undefined;
    }
  }
}

/** Takes the drafts that hold to the rules, each section by itself; of the others it keeps why they were refused. */
function checked(
  answer: DraftAnswer,
  wanted: readonly NarrativeKey[],
  request: CerRequest,
  model: string,
): Drafts {
  const known = new Set(request.literature.map(({ id }) => id));
  const sections: Partial<Record<NarrativeKey, { claims: DraftAnswer['sections'][number]['claims'] }>> = {};
  const refused: Partial<Record<NarrativeKey, string>> = {};
  for (const key of wanted) {
    const given = answer.sections.filter(({ section }) => section === key);
    const [draft] = given;
    const fault =
      given.length > 1 ? 'it came twice.' : draft === undefined ? undefined : faultOf(draft.claims, known);
    if (fault !== undefined) refused[key] = fault;
    else if (draft !== undefined && draft.claims.length > 0) sections[key] = { claims: draft.claims };
  }
  return { model, sections, refused };
}

function faultOf(
  claims: DraftAnswer['sections'][number]['claims'],
  known: ReadonlySet<string>,
): string | undefined {
  for (const { literature } of claims) {
    if (literature.length === 0) return 'one of its claims cites no literature.';
    const stranger = literature.find((id) => !known.has(id));
    if (stranger !== undefined)
      return `it cites “${stranger.slice(0, 60).toWellFormed()}”, which is not among the literature of this report.`;
  }
  return undefined;
}
