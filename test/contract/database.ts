import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '../../src/integrations/database/port.ts';
import { accessTables } from './database/access.ts';
import { activity } from './database/activity.ts';
import { analyticsAndCleanup } from './database/aging.ts';
import { alertLedger } from './database/alerts.ts';
import { auditLog } from './database/audit.ts';
import { cerReports } from './database/cer.ts';
import { control } from './database/control.ts';
import { conversions } from './database/conversions.ts';
import { deadLetters } from './database/dead-letters.ts';
import { jobIndex } from './database/job-index.ts';
import { lists } from './database/lists.ts';
import { mailLedger } from './database/mail.ts';
import { modelBudget } from './database/model-budget.ts';
import { reading } from './database/reading.ts';
import { records } from './database/records.ts';
import { schedules } from './database/schedules.ts';
import { syncing } from './database/syncing.ts';

/** A driver on a database of its own, and a way to look into it past the driver. */
export interface DatabaseFixture {
  readonly database: Database;
  readonly pool: pg.Pool;
  close(): Promise<void>;
}

/** What a group of cases runs on; it is there once the tests run. */
export type Open = () => DatabaseFixture;

/** What every driver of the application's tables promises; a driver adds its fixture. */
export function databaseContract(name: string, open: () => Promise<DatabaseFixture>): void {
  describe(`database on ${name}`, () => {
    let fixture: DatabaseFixture | undefined;
    beforeAll(async () => {
      fixture = await open();
    });
    afterAll(() => fixture?.close());
    const opened: Open = () => {
      if (fixture === undefined) throw new Error('The fixture did not open.');
      return fixture;
    };

    it('answers a ping with its latency', async () => {
      expect(await opened().database.ping()).toBeGreaterThan(0);
    });

    describe('users, stories, documents, proposals', () => records(opened));
    describe('clinical evaluation reports', () => cerReports(opened));
    describe('the ledger of mails', () => mailLedger(opened));
    describe('conversions', () => conversions(opened));
    describe('alerts', () => alertLedger(opened));
    describe('syncs', () => syncing(opened));
    describe('aggregates and cleaning', () => analyticsAndCleanup(opened));
    describe('the budget of language models', () => modelBudget(opened));
    describe('steering', () => control(opened));
    describe('tokens, sessions and tries', () => accessTables(opened));
    describe('dead letters', () => deadLetters(opened));
    describe('schedules', () => schedules(opened));
    describe('activity', () => activity(opened));
    describe('lists for people', () => lists(opened));
    describe('the index of jobs', () => jobIndex(opened));
    describe('the audit log', () => auditLog(opened));
    describe('reports and exports', () => reading(opened));
  });
}
