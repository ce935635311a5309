export interface Story {
  readonly id: string;
  readonly title: string;
  readonly content: string;
  readonly sectorTag: string | undefined;
  readonly impactTags: readonly string[];
  readonly revision: number;
  readonly hypeScore: number;
  readonly ethicsScore: number;
  readonly realityCheck: string | undefined;
  readonly eli5Summary: string | undefined;
  /** The revision that a model has scored last. */
  readonly enhancedRevision: number | undefined;
  readonly model: string | undefined;
  readonly jobId: string | undefined;
  /** Who added it; unknown of those from before it was kept. */
  readonly addedBy: string | undefined;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export interface StoryScores {
  readonly hypeScore: number;
  readonly ethicsScore: number;
}

export interface NewStory extends StoryScores {
  readonly id: string;
  readonly title: string;
  readonly content: string;
  readonly sectorTag: string | undefined;
  readonly impactTags: readonly string[];
  readonly jobId: string;
  /** Who adds it. */
  readonly addedBy?: string;
}

export interface Stories {
  create(story: NewStory): Promise<Story>;
  find(id: string): Promise<Story | undefined>;
  findByJob(jobId: string): Promise<Story | undefined>;
  /** Replaces the text and its local scores and counts the revision up. */
  edit(
    id: string,
    change: {
      title: string;
      content: string;
      sectorTag: string | undefined;
      impactTags: readonly string[];
    } & StoryScores,
  ): Promise<Story | undefined>;
  setJob(id: string, jobId: string): Promise<void>;
  /** Takes a story back that never got its job. */
  remove(id: string): Promise<void>;
  /** Writes a model's scores if the story still has that revision; `false` when it was edited since. */
  saveEnhancement(
    id: string,
    revision: number,
    scores: StoryScores & {
      realityCheck: string;
      eli5Summary: string;
      impactTags: readonly string[];
      model: string;
    },
  ): Promise<boolean>;
}
