import type { RequestHandler } from 'express';
import type { z } from 'zod';
import type { AuditAction } from '../../access/audit-actions.ts';
import type { Permission, Principal } from '../../access/roles.ts';
import type { Fault } from '../../errors/catalogue.ts';
import { parse } from '../../http/answer.ts';
import type { Markup } from '../../http/html.ts';
import type { AuditDetail } from '../../integrations/database/port.ts';
import type { NavigationEntry } from './navigation.ts';
import type { FormOptions } from './parts/forms.ts';

type Part = z.ZodType | undefined;
type Read<P extends Part> = P extends z.ZodType ? z.output<P> : undefined;

/** A step on the way from the overview to a page; the page itself has no address here. */
export interface Crumb {
  readonly label: string;
  readonly href: string;
}

/** What a page shows. */
export interface Shown {
  /** Instead of the page's own title, when it depends on what is shown. */
  readonly title?: string;
  /** Between the overview and this page. */
  readonly crumbs?: readonly Crumb[];
  /** Of the answer; 200 when absent. 400 where the page itself tells what is wrong with what was asked for. */
  readonly status?: 400;
  readonly body: Markup;
}

/** A form that was not taken, so that the page can show it again with what was typed. */
export interface FailedForm {
  readonly action: string;
  readonly values: Readonly<Record<string, string>>;
  readonly message: string;
  readonly details: readonly Fault[];
}

/** What a page knows when it is rendered. */
export interface View<P = undefined, Q = undefined> {
  readonly params: P;
  readonly query: Q;
  readonly principal: Principal;
  readonly now: Date;
  /** The address that was asked for, with its query. */
  readonly address: string;
  readonly failed: FailedForm | undefined;
  may(permission: Permission): boolean;
  /** A form for one of the page's own actions; `undefined` for whoever may not, so it can be put into the page as it is. */
  form(action: string, options: FormOptions): Markup | undefined;
}

/**
 * What came of an action: where to go on, and what to tell there; or what it shows at once, this one time, since it may
 * stand behind no address.
 */
export type Done =
  | {
      /** An address of ours; the page that the form was on when absent. */
      readonly to?: string;
      readonly notice: string;
    }
  | { readonly shown: Shown };

export interface ActionCall<P, B> {
  readonly params: P;
  readonly body: B;
  readonly principal: Principal;
  readonly correlationId: string;
  /** Adds to the audit entry what came of it. */
  note(detail: AuditDetail): void;
}

/** A change that a page offers. Who may is asked, the form's origin checked and the audit entry written before it runs. */
export interface ActionDescription<P extends Part, B extends Part> {
  readonly permission: Permission;
  readonly audit: AuditAction;
  /** Of the page's path, as the page has it. */
  readonly params?: P;
  /** Of the form's fields, each a text; empty ones count as absent. */
  readonly body?: B;
  /** On what it is done, as `<kind>:<id>`. */
  object(params: Read<P>, body: Read<B>): string;
  /** For what cannot be undone: what is asked before it is done. */
  confirm?(params: Read<P>, body: Read<B>): Question;
  run(call: ActionCall<Read<P>, Read<B>>): Promise<Done>;
}

export interface Question {
  readonly question: string;
  /** What the button says that does it. */
  readonly yes: string;
}

/** An action on what it is to be done, its form read. */
interface PlannedAction {
  readonly object: string;
  readonly question: Question | undefined;
  run(call: Omit<ActionCall<unknown, unknown>, 'params' | 'body'>): Promise<Done>;
}

export interface Action {
  readonly permission: Permission;
  readonly audit: AuditAction;
  /** @throws MillraceError INVALID_REQUEST naming each wrong field. */
  plan(params: unknown, fields: unknown): PlannedAction;
}

/** A page of the console: one file in `pages/`, named once in `pages/index.ts`. `P` and `Q` are the schemas of its path and query. */
export interface PageDescription<P extends Part, Q extends Part> {
  /** Below `/admin`, as Express writes it: `/dead-letters/:id`. */
  readonly path: string;
  readonly title: string;
  /** Which entry of the navigation it is, or belongs to. */
  readonly nav: NavigationEntry;
  readonly permission: Permission;
  readonly params?: P;
  /** Of the query; empty fields of a form count as absent, and those that it does not name are let be. */
  readonly query?: Q;
  readonly actions?: Readonly<Record<string, Action>>;
  /** Shows another page of ours in a frame, which its policy has to allow. */
  readonly frames?: boolean;
  render(view: View<Read<P>, Read<Q>>): Promise<Shown>;
}

export interface ConsolePage
  extends Pick<PageDescription<Part, Part>, 'path' | 'title' | 'nav' | 'permission' | 'actions' | 'frames'> {
  /** @throws MillraceError INVALID_REQUEST naming what is wrong with the address. */
  render(view: View<unknown, unknown>): Promise<Shown>;
}

/** What is no page but belongs to one: a table as CSV, a mail in its frame, a stream. Its handlers write the answer. */
export interface ConsoleFile {
  /** Below `/admin`, as Express writes it. */
  readonly path: string;
  readonly permission: Permission;
  readonly handlers: readonly RequestHandler[];
}

/** Describes a page; the types of its view follow from the schemas. */
export function definePage<P extends Part = undefined, Q extends Part = undefined>(
  description: PageDescription<P, Q>,
): ConsolePage {
  const { params, query, render, ...page } = description;
  return {
    ...page,
    render: (view) =>
      render({
        ...view,
        params: read(params, view.params, 'address'),
        query: read(query, view.query, 'query'),
      }),
  };
}

/** Describes an action; the types of its call follow from the schemas. */
export function defineAction<P extends Part = undefined, B extends Part = undefined>(
  description: ActionDescription<P, B>,
): Action {
  const { permission, audit, object, confirm, run } = description;
  return {
    permission,
    audit,
    plan(address, fields) {
      const params = read(description.params, address, 'address');
      const body = read(description.body, fields, 'form');
      return {
        object: object(params, body),
        question: confirm?.(params, body),
        run: (call) => run({ ...call, params, body }),
      };
    },
  };
}

function read<P extends Part>(schema: P | undefined, value: unknown, part: string): Read<P>;
function read(schema: Part, value: unknown, part: string): unknown {
  return schema === undefined ? undefined : parse(schema, value, part);
}
