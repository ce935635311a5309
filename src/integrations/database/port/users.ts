export interface User {
  readonly id: string;
  readonly email: string;
  readonly name: string;
  readonly company: string | undefined;
}

export interface Users {
  upsert(users: readonly User[]): Promise<void>;
  find(id: string): Promise<User | undefined>;
  /** Opportunities that users keep an eye on; one that is saved already stays as it is. The users must be there. */
  saveOpportunities(saved: readonly { readonly userId: string; readonly noticeId: string }[]): Promise<void>;
  /** Whether these users get the weekly report. */
  subscribeToReports(userIds: readonly string[], wanted: boolean): Promise<void>;
  /** Ends one kind of mail: for the user where there is one of that id, else for the address. */
  unsubscribe(person: { userId: string; email: string; kind: MailKind }): Promise<void>;
}

/** The kinds of mail that a person may want or not. Others, such as the welcome, are sent in any case. */
export const mailKinds = ['reminders', 'summaries', 'proposals', 'documents'] as const;

export type MailKind = (typeof mailKinds)[number];
