/** A story as the model gets to see it. */
export interface StoryText {
  readonly title: string;
  readonly content: string;
  readonly sectorTag: string | undefined;
}

export interface StoryEnhancement {
  readonly hypeScore: number;
  readonly ethicsScore: number;
  readonly realityCheck: string;
  readonly eli5Summary: string;
  readonly impactTags: readonly string[];
}

export interface ModelAnswer<T> {
  readonly value: T;
  /** The model that answered, as it names itself. */
  readonly model: string;
  readonly tokens: { readonly input: number; readonly output: number };
}

export interface LanguageModel {
  readonly name: string;
  /**
   * Scores a story. What comes back has been checked against the schema; scores out of range are refused.
   * @throws MillraceError AI_UNAUTHORIZED, AI_REJECTED (never retried), AI_INVALID_OUTPUT, AI_UNAVAILABLE (retried);
   * RateLimitedError AI_RATE_LIMITED with how long to wait.
   */
  enhanceStory(story: StoryText, signal: AbortSignal): Promise<ModelAnswer<StoryEnhancement>>;
  /** Asks the provider for as little as possible. @throws as `enhanceStory`. */
  check(signal: AbortSignal): Promise<{ readonly model: string; readonly latencyMs: number }>;
}
