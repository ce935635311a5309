import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { queues } from '../../queues/index.ts';
import { makeSample } from '../../src/sample/index.ts';

const asOf = new Date('2026-04-16T12:00:00Z');
const sample = makeSample({ asOf });
const digest = (value: unknown) => createHash('sha256').update(JSON.stringify(value)).digest('hex');

describe('the sample', () => {
  it('has the promised sizes', () => {
    expect(sample.opportunities).toHaveLength(2_000);
    expect(sample.entities).toHaveLength(200);
    expect(sample.users).toHaveLength(50);
    expect(sample.stories).toHaveLength(100);
  });

  it('is the same each time, and its parts do not depend on each other', () => {
    expect(digest(makeSample({ asOf }))).toBe(digest(sample));
    const small = makeSample({ asOf, opportunities: 10 });
    expect(digest(small.stories)).toBe(digest(sample.stories));
    expect(digest(small.opportunities)).toBe(digest(sample.opportunities.slice(0, 10)));
  });

  it('repeats no id, address or name', () => {
    const unique = (values: readonly string[]) => expect(new Set(values).size).toBe(values.length);
    unique(sample.opportunities.map(({ noticeId }) => noticeId));
    unique(sample.entities.map(({ entityRegistration }) => entityRegistration.ueiSAM));
    unique(sample.entities.map(({ entityRegistration }) => entityRegistration.legalBusinessName));
    unique(sample.users.map(({ id }) => id));
    unique(sample.users.map(({ email }) => email));
    unique(sample.stories.map(({ content }) => content));
  });

  it('lies in the year before its day, on weekdays, with deadlines to come', () => {
    const posted = sample.opportunities.map(({ postedDate }) => postedDate);
    expect(posted.every((day) => day >= '2025-04-17' && day <= '2026-04-16')).toBe(true);
    expect(posted.every((day) => ![0, 6].includes(new Date(`${day}T00:00:00Z`).getUTCDay()))).toBe(true);
    expect(posted.filter((day) => day >= '2026-03-17').length).toBeGreaterThan(500);
    const open = sample.opportunities.filter(
      ({ responseDeadLine }) => typeof responseDeadLine === 'string' && new Date(responseDeadLine) > asOf,
    );
    expect(open.length).toBeGreaterThan(300);
  });

  it('has the gaps that real notices have', () => {
    const having = (field: string, value: unknown) =>
      sample.opportunities.filter((notice) => JSON.stringify(notice[field]) === JSON.stringify(value)).length;
    expect(having('placeOfPerformance', {})).toBeGreaterThan(0);
    expect(having('placeOfPerformance', null)).toBeGreaterThan(0);
    expect(having('description', 'null')).toBeGreaterThan(0);
    expect(having('pointOfContact', null)).toBeGreaterThan(0);
    expect(having('typeOfSetAside', 'NONE')).toBeGreaterThan(0);
    expect(sample.opportunities.some((notice) => 'department' in notice)).toBe(true);
  });

  it('has stories of 80 to 300 words, with no slot left open', () => {
    for (const { content, title } of sample.stories) {
      const words = content.split(/\s+/).length;
      expect(words).toBeGreaterThanOrEqual(80);
      expect(words).toBeLessThanOrEqual(300);
      expect(`${title} ${content}`).not.toMatch(/[{}]|undefined/);
    }
  });

  it('has users who keep an eye on open notices, about half of them on some that close within a week', () => {
    const ids = new Set(sample.users.map(({ id }) => id));
    const deadlines = new Map(
      sample.opportunities.map(({ noticeId, responseDeadLine }) => [noticeId, responseDeadLine]),
    );
    const week = asOf.getTime() + 7 * 86_400_000;
    const soon = sample.saved.filter(({ userId, noticeId }) => {
      expect(ids).toContain(userId);
      const deadline = Date.parse(String(deadlines.get(noticeId)));
      expect(deadline).toBeGreaterThan(asOf.getTime());
      return deadline < week;
    });
    const reminded = new Set(soon.map(({ userId }) => userId)).size;
    expect(reminded).toBeGreaterThan(10);
    expect(reminded).toBeLessThan(40);
  });

  it('has users who can be written to by our own jobs', () => {
    const welcome = queues.email.jobs['send-welcome'].payload;
    for (const { id, email, name, company } of sample.users) {
      const data = { userId: id, email, name, ...(company === undefined ? {} : { company }) };
      expect(welcome.safeParse({ type: 'welcome', data }).error).toBeUndefined();
    }
  });
});
