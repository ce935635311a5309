import { html, type Markup } from '../../../http/html.ts';
import type { FailedForm } from '../page.ts';

/** How a form of an action looks. */
export interface FormOptions {
  /** What its button says. */
  readonly label: string;
  /** Sent along unseen, such as which row it is about. */
  readonly hidden?: Readonly<Record<string, string>>;
  /** Fields to fill in, made by `field`, `area` or `choice`. */
  readonly fields?: Markup | readonly Markup[];
  /** For what cannot be undone; `quiet` for a small button in a row. */
  readonly tone?: 'danger' | 'quiet';
  /** For screen readers, where the label alone does not say on what: "Pause email". */
  readonly name?: string;
}

/** A form of an action, as the router completes it. */
export function actionForm(
  address: string,
  formToken: string,
  { label, hidden = {}, fields, tone, name }: FormOptions,
): Markup {
  return html`<form method="post" action="${address}" class="action"><input type="hidden" name="formToken" value="${formToken}">${Object.entries(
    hidden,
  ).map(
    ([key, value]) => html`<input type="hidden" name="${key}" value="${value}">`,
  )}${fields}<button class="${
    tone ?? 'plain'
  }"${name === undefined ? undefined : html` aria-label="${name}"`}>${label}</button></form>`;
}

export interface Field {
  readonly name: string;
  readonly label: string;
  readonly value?: string | undefined;
  /** What to write, in a few words below the field. */
  readonly hint?: string;
  readonly required?: boolean;
  /** What is wrong with what was written, told beside it. */
  readonly fault?: string | undefined;
}

/** What is wrong with one field of a form that was not taken. */
export function faultAt(failed: FailedForm | undefined, name: string): string | undefined {
  return failed?.details.find(({ path }) => path === name)?.message;
}

export function field({
  type = 'text',
  ...rest
}: Field & { readonly type?: 'text' | 'search' | 'number' | 'datetime-local' | 'date' }): Markup {
  const { name, label, value, required } = rest;
  return html`<div class="field"><label for="f-${name}">${label}</label><input id="f-${name}" type="${type}" name="${name}" value="${
    value ?? ''
  }"${describedBy(rest)}${required === true ? html` required` : undefined} autocomplete="off">${hintOf(rest)}</div>`;
}

export function area({ rows = 12, ...rest }: Field & { readonly rows?: number }): Markup {
  const { name, label, value, required } = rest;
  // The parser drops one newline after the tag, so that a text that begins with one keeps it.
  return html`<div class="field wide"><label for="f-${name}">${label}</label><textarea id="f-${name}" name="${name}" rows="${rows}" spellcheck="false"${describedBy(
    rest,
  )}${required === true ? html` required` : undefined}>
${value ?? ''}</textarea>${hintOf(rest)}</div>`;
}

export interface Option {
  readonly value: string;
  readonly label: string;
}

/** One of several; an option with the value `''` stands for none. */
export function choice({ options, ...rest }: Field & { readonly options: readonly Option[] }): Markup {
  const { name, label, value } = rest;
  return html`<div class="field"><label for="f-${name}">${label}</label><select id="f-${name}" name="${name}"${describedBy(
    rest,
  )}>${options.map(
    (option) =>
      html`<option value="${option.value}"${option.value === (value ?? '') ? html` selected` : undefined}>${option.label}</option>`,
  )}</select>${hintOf(rest)}</div>`;
}

/** Names as options, after one that stands for all of them. */
export function optionsOf(names: readonly string[], all?: string): Option[] {
  const options = names.map((name) => ({ value: name, label: name }));
  return all === undefined ? options : [{ value: '', label: all }, ...options];
}

export function tick({ name, label, checked }: { name: string; label: string; checked?: boolean }): Markup {
  return html`<div class="field tick"><input id="f-${name}" type="checkbox" name="${name}" value="yes"${
    checked === true ? html` checked` : undefined
  }><label for="f-${name}">${label}</label></div>`;
}

/** A form that asks for the same page with another query: it can be bookmarked and sent to others. */
export function filterForm(path: string, fields: readonly Markup[], label = 'Filter'): Markup {
  return html`<form method="get" action="${path}" class="filter" role="search" aria-label="${label}">${fields}<div class="field buttons"><button>${label}</button> <a href="${path}">Clear</a></div></form>`;
}

function describedBy({ name, hint, fault }: Field): Markup | undefined {
  const ids = [
    ...(fault === undefined ? [] : [`e-${name}`]),
    ...(hint === undefined ? [] : [`h-${name}`]),
  ].join(' ');
  const invalid = fault === undefined ? undefined : html` aria-invalid="true"`;
  return ids === '' ? undefined : html` aria-describedby="${ids}"${invalid}`;
}

function hintOf({ name, hint, fault }: Field): Markup {
  return html`${fault === undefined ? undefined : html`<small class="wrong" id="e-${name}">${fault}</small>`}${
    hint === undefined ? undefined : html`<small class="hint" id="h-${name}">${hint}</small>`
  }`;
}
