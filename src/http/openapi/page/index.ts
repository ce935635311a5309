import { createHash } from 'node:crypto';
import { html, type Markup } from '../../html.ts';
import type { OpenApiDocument } from '../document.ts';
import type { JsonSchema } from '../schemas.ts';
import { markdown } from './markdown.ts';
import { type OperationBook, operationView, type ShownOperation } from './operation-view.ts';
import { nameOf } from './sample.ts';
import { schemaView } from './schema-view.ts';
import { script } from './script.ts';
import { style } from './style.ts';

/** What the page loads, by the name under which it is served beside it. */
export const pageAssets = {
  'style.css': { type: 'css', content: style },
  'try.js': { type: 'js', content: script },
} as const;

/** The document for people: to be read without a script, and to be tried with one. */
export function apiPage(document: OpenApiDocument): string {
  const { schemas, responses } = document.components;
  const named = namesIn(document);
  const shared = new Set(
    Object.keys(schemas).filter((name) => named.indexOf(name) !== named.lastIndexOf(name)),
  );
  const book: OperationBook = { schemas, shared, responses: Object(responses) };
  const sections = sectionsOf(document);
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Millrace API</title>
<link rel="stylesheet" href="${href('style.css')}">
<script src="${href('try.js')}" defer></script>
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
<header>
<p class="brand">Millrace API</p>
<p><a href="/api/openapi.json">openapi.json</a></p>
</header>
<nav aria-label="Operations">
<p class="field" id="finding" hidden><label for="find">Find</label><input id="find" type="search" autocomplete="off"></p>
<ul>${sections.map(({ id, name, operations }) => html`<li><a href="#${id}">${name}</a> <small>${operations.length}</small></li>`)}
<li><a href="#schemas">Schemas</a> <small>${shared.size}</small></li></ul>
</nav>
<main id="content" tabindex="-1">
<h1>Millrace API</h1>
${markdown(String(Object(document.info).description))}
<form id="bearer" hidden><p class="field"><label for="token">Token</label><input id="token" type="password" autocomplete="off" spellcheck="false" aria-describedby="token-hint"></p>
<p class="hint" id="token-hint">For trying operations here. It is kept in this page's memory alone, and gone with it. <code>npm run token -- create --role producer --subject me</code> makes one.</p></form>
<p id="found" role="status"></p>
${sections.map((section) => sectionView(section, book))}
<section id="schemas" aria-labelledby="schemas-heading"><h2 id="schemas-heading">Schemas</h2>
${[...shared].map((name) => html`<div class="component" id="schema-${name}"><h3>${name}</h3>${componentView(name, book)}</div>`)}
</section>
</main>
</body>
</html>
`.text;
}

interface Section {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly operations: readonly ShownOperation[];
}

function sectionsOf(document: OpenApiDocument): Section[] {
  const all = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method, path, operation })),
  );
  const tags: unknown = document.tags;
  if (!Array.isArray(tags)) return [];
  return tags.map(({ name, description }) => ({
    id: `tag-${String(name)
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, '-')}`,
    name,
    description,
    operations: all.filter(({ operation }) => operation.tags.includes(name)),
  }));
}

function sectionView({ id, name, description, operations }: Section, book: OperationBook): Markup {
  return html`<section aria-labelledby="${id}"><h2 id="${id}">${name}</h2>
${markdown(description)}
${operations.map((operation) => operationView(operation, book))}
</section>`;
}

/** The fields of a schema that others refer to. */
function componentView(name: string, book: OperationBook): Markup {
  const schema: JsonSchema = book.schemas[name] ?? {};
  const fields = schemaView(schema, book);
  const choices = Array.isArray(schema.enum)
    ? schema.enum.map((each) => html`<li><code>${String(each)}</code></li>`)
    : [];
  return choices.length === 0 ? fields : html`<ul class="schema">${choices}</ul>`;
}

/** The names of the schemas that the document refers to, each as often as it does. */
function namesIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  const own = nameOf(Object(value));
  return [...(own === undefined ? [] : [own]), ...Object.values(value).flatMap(namesIn)];
}

/** With what it holds in its address, so that a browser never shows an old one. */
function href(name: keyof typeof pageAssets): string {
  const version = createHash('sha256').update(pageAssets[name].content).digest('base64url').slice(0, 12);
  return `/api/docs/${name}?v=${version}`;
}
