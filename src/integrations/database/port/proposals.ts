export const proposalStatuses = [
  'draft',
  'submitted',
  'under-review',
  'awarded',
  'rejected',
  'withdrawn',
] as const;

export type ProposalStatus = (typeof proposalStatuses)[number];

/** A proposal that a user works on. Days are plain dates, the amount a decimal string. */
export interface Proposal {
  readonly id: string;
  readonly userId: string;
  readonly noticeId: string | undefined;
  readonly title: string;
  readonly status: ProposalStatus;
  readonly amount: string | undefined;
  /** ISO 4217. */
  readonly currency: string;
  readonly dueOn: string | undefined;
  readonly submittedOn: string | undefined;
  readonly decidedOn: string | undefined;
  readonly updatedAt: Date;
}

export interface Proposals {
  /** Run again with the same ids it replaces the rows. Their users must be there. */
  upsert(proposals: readonly Proposal[]): Promise<void>;
  find(id: string): Promise<Proposal | undefined>;
}

/** A proposal with the agency of the notice that it answers, where that is known. */
export interface ProposalRow extends Proposal {
  readonly agency: string | undefined;
}
