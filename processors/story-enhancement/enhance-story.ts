import type { Result } from '../../queues/index.ts';
import { UnrecoverableError } from '../../src/errors/catalogue.ts';
import type { Stories, Story } from '../../src/integrations/database/port.ts';
import type { LanguageModel } from '../../src/integrations/llm/port.ts';
import { roundScore } from '../../src/scoring/index.ts';
import { defineProcessor } from '../define.ts';
import { mergeTags } from './impact-tags.ts';
import { type StoryAnswer, storyQuestion } from './question.ts';

type Outcome = Omit<Result<'story-enhancement', 'enhance-story'>, 'success' | 'storyId' | 'processingTime'>;

/** How often one job asks again because the story was edited meanwhile. */
const mostRounds = 3;

/**
 * Has a story scored by a language model, and keeps what it says if the story is still the one it has read.
 * Run again after a death in between, it neither asks nor pays a second time for scores that were saved.
 */
export const enhanceStory = defineProcessor(
  'story-enhancement',
  'enhance-story',
  ['database', 'llm', 'settings'],
  async (context) => {
    const { database, llm, settings } = context.services;
    const { storyId } = context.data;
    const started = performance.now();

    const story = await findStory(database.stories, storyId);
    const outcome =
      savedOutcome(story) ??
      (llm === undefined
        ? localOutcome(story, 'OPENAI_API_KEY is not set: the scores are the local ones.')
        : await enhance({
            story,
            stories: database.stories,
            llm,
            signal: context.signal,
            onAnswer: () => context.progress(80, 'The model has answered'),
          }));

    const processingTime = Math.round(performance.now() - started);
    if (settings.debugScoring) logScores(context.log, story, outcome, processingTime);
    context.progress(100);
    return { success: true, storyId, ...outcome, processingTime };
  },
);

interface Enhancement {
  readonly story: Story;
  readonly stories: Stories;
  readonly llm: LanguageModel;
  readonly signal: AbortSignal;
  onAnswer(): void;
}

async function enhance({ story, stories, llm, signal, onAnswer }: Enhancement): Promise<Outcome> {
  let current = story;
  const tokens = { input: 0, output: 0 };
  for (let round = 1; round <= mostRounds; round += 1) {
    const answer = await llm.ask(storyQuestion(current), signal);
    onAnswer();
    tokens.input += answer.tokens.input;
    tokens.output += answer.tokens.output;
    const scores = scoresOf(current, answer.value);
    const saved = await stories.saveEnhancement(current.id, current.revision, {
      ...scores,
      model: answer.model,
    });
    if (saved) return { enhanced: true, enhancedScores: scores, model: answer.model, tokens };
    current = await findStory(stories, current.id);
    // Whoever edited it has added a job as well, which may have been quicker.
    const byAnother = savedOutcome(current);
    if (byAnother !== undefined) return { ...byAnother, tokens };
  }
  const note = `The story was edited ${mostRounds} times while a model read it: the scores are the local ones of its latest text.`;
  return { ...localOutcome(current, note), tokens };
}

async function findStory(stories: Stories, id: string): Promise<Story> {
  const story = await stories.find(id);
  if (story !== undefined) return story;
  throw new UnrecoverableError(
    `No story has the id "${id}"; it may have been deleted. There is nothing to score.`,
    {
      code: 'STORY_NOT_FOUND',
    },
  );
}

/** Rounded as the database keeps them, so that a later attempt reports the same scores. */
function scoresOf(story: Story, value: StoryAnswer) {
  return {
    hypeScore: roundScore(value.hypeScore),
    ethicsScore: roundScore(value.ethicsScore),
    realityCheck: value.realityCheck,
    eli5Summary: value.eli5Summary,
    impactTags: mergeTags(story.impactTags, value.impactTags),
  };
}

/** The outcome of an earlier attempt that saved its scores and did not live to say so. */
function savedOutcome(story: Story): Outcome | undefined {
  if (story.enhancedRevision !== story.revision) return undefined;
  return {
    enhanced: true,
    note: 'A model had scored this text before: it was not asked again.',
    enhancedScores: {
      hypeScore: story.hypeScore,
      ethicsScore: story.ethicsScore,
      ...(story.realityCheck === undefined ? {} : { realityCheck: story.realityCheck }),
      ...(story.eli5Summary === undefined ? {} : { eli5Summary: story.eli5Summary }),
      impactTags: [...story.impactTags],
    },
    ...(story.model === undefined ? {} : { model: story.model }),
  };
}

function localOutcome(story: Story, note: string): Outcome {
  const { hypeScore, ethicsScore } = story;
  return { enhanced: false, note, enhancedScores: { hypeScore, ethicsScore } };
}

/** Lengths and numbers only: the text of a story is no matter for logs. */
function logScores(
  log: { info(fields: object, message: string): void },
  story: Story,
  outcome: Outcome,
  milliseconds: number,
): void {
  log.info(
    {
      storyId: story.id,
      revision: story.revision,
      titleLength: story.title.length,
      contentLength: story.content.length,
      before: { hypeScore: story.hypeScore, ethicsScore: story.ethicsScore },
      after: { hypeScore: outcome.enhancedScores.hypeScore, ethicsScore: outcome.enhancedScores.ethicsScore },
      enhanced: outcome.enhanced,
      model: outcome.model,
      tokens: outcome.tokens,
      milliseconds,
    },
    'Story scored',
  );
}
