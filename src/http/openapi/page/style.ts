/** The style of the API's page, as text so that a build needs to copy nothing. */
export const style = `:root {
  color-scheme: light dark;
  --ground: #f4f5f7; --card: #fff; --text: #1b2430; --muted: #5b6675; --line: #d5dae1;
  --accent: #1d5fa8; --on-accent: #fff; --good: #176b3a; --bad: #a3231d; --warn: #7a5200;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #151a21; --card: #1e252e; --text: #e8ecf1; --muted: #9aa6b5; --line: #36404d;
    --accent: #8fc0f5; --on-accent: #10161d; --good: #7bd49b; --bad: #ff9b94; --warn: #f0c36a;
  }
}
* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; }
body {
  margin: 0; display: grid; grid-template: auto 1fr / 16rem minmax(0, 1fr); grid-template-areas: 'bar bar' 'nav main';
  min-height: 100vh; background: var(--ground); color: var(--text); overflow-wrap: anywhere;
  font: 15px/1.5 system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif;
}
.skip { position: absolute; left: -999rem; top: 0; background: var(--card); padding: .5rem 1rem; z-index: 2; }
.skip:focus { left: 0; }
header { grid-area: bar; display: flex; justify-content: space-between; padding: .5rem 1.25rem; background: var(--card); border-bottom: 1px solid var(--line); }
header p { margin: 0; }
.brand { font-weight: 700; font-size: 1.1rem; }
nav { grid-area: nav; padding: 1rem; border-right: 1px solid var(--line); background: var(--card); }
nav ul { list-style: none; margin: 0; padding: 0; position: sticky; top: 1rem; max-height: calc(100vh - 2rem); overflow-y: auto; }
nav li { padding: .2rem 0; }
main { grid-area: main; padding: 1.25rem 1.5rem 4rem; max-width: 64rem; }
main:focus { outline: none; }
h1 { margin: 0 0 .75rem; font-size: 1.5rem; }
h2 { margin: 2.25rem 0 .5rem; font-size: 1.2rem; }
h3 { margin: 0; font-size: 1rem; font-weight: 600; }
h4 { margin: 1.25rem 0 .4rem; font-size: .9rem; }
p { margin: 0 0 .75rem; }
small, .hint, .said, .type { color: var(--muted); }
small, .hint { font-size: .85rem; }
a { color: var(--accent); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
code, pre, textarea { font-family: ui-monospace, 'DejaVu Sans Mono', monospace; font-size: .875em; }
.operation, .component, #bearer { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: .25rem 1rem; margin-bottom: .5rem; }
.operation[open], .component, #bearer { padding-bottom: 1rem; }
.operation summary { cursor: pointer; padding: .5rem 0; }
.operation summary h3 { display: inline; font-weight: 500; }
.operation .summary { color: var(--muted); }
.method { display: inline-block; min-width: 4.2rem; padding: .05rem .4rem; border: 1px solid currentColor; border-radius: 5px; font-size: .75rem; font-weight: 700; text-align: center; color: var(--accent); }
.method.post { color: var(--good); } .method.patch { color: var(--warn); } .method.delete { color: var(--bad); }
.component { padding-top: .75rem; } .component h3 { margin-bottom: .4rem; }
.schema { margin: 0 0 .5rem; padding-left: 1.1rem; border-left: 2px solid var(--line); list-style: none; }
.schema li { padding: .15rem 0; } ol.schema { list-style: decimal; padding-left: 1.75rem; }
.schema .schema { margin-top: .25rem; }
.name { font-weight: 700; color: var(--text); }
.mark { font-size: .75rem; padding: 0 .35rem; border: 1px solid var(--line); border-radius: 4px; white-space: nowrap; }
.answers { display: grid; grid-template-columns: 3.5rem minmax(0, 1fr); gap: .25rem .5rem; margin: 0; }
.answers dd { margin: 0; } .answers dd p { margin-bottom: .35rem; }
.status { font-weight: 700; } .status.good { color: var(--good); } .status.bad { color: var(--bad); }
.wide { overflow-x: auto; margin-bottom: .75rem; }
table { border-collapse: collapse; font-size: .9rem; }
th, td { text-align: left; padding: .35rem .6rem; border-top: 1px solid var(--line); vertical-align: top; }
.try { margin-top: 1rem; padding-top: .75rem; border-top: 1px solid var(--line); }
.field { margin: 0 0 .6rem; } label { display: block; font-weight: 600; font-size: .85rem; margin-bottom: .15rem; }
input, textarea { width: 100%; max-width: 40rem; padding: .4rem .55rem; font: inherit; color: inherit; background: var(--ground); border: 1px solid var(--muted); border-radius: 6px; }
textarea { max-width: none; font-family: ui-monospace, 'DejaVu Sans Mono', monospace; font-size: .85rem; resize: vertical; }
button { padding: .45rem 1.1rem; font: inherit; font-weight: 600; cursor: pointer; color: var(--on-accent); background: var(--accent); border: 0; border-radius: 6px; }
button:disabled { opacity: .6; cursor: progress; }
.answer:not(:empty) { margin-top: .75rem; }
.answer pre { max-height: 28rem; overflow: auto; margin: .4rem 0 0; padding: .6rem .8rem; background: var(--ground); border: 1px solid var(--line); border-radius: 6px; white-space: pre-wrap; overflow-wrap: anywhere; }
[hidden] { display: none !important; }
@media (max-width: 50rem) {
  body { grid-template: auto auto 1fr / minmax(0, 1fr); grid-template-areas: 'bar' 'nav' 'main'; }
  nav { border: 0; border-bottom: 1px solid var(--line); padding: .5rem 1rem; }
  nav ul { display: flex; flex-wrap: wrap; gap: 0 1rem; position: static; max-height: none; }
  main { padding: 1rem 1rem 3rem; }
  header { padding: .5rem 1rem; }
  .operation, .component, #bearer { padding-left: .7rem; padding-right: .7rem; }
}
`;
