/** Each row of a table as a card: its name, and below it each cell beside what its column is called. */
const cards = (table: string) => `
  ${table} table, ${table} caption, ${table} tbody, ${table} th { display: block; }
  ${table} thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  ${table} tr { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 17rem), 1fr)); gap: 0 1.5rem; padding: .5rem .6rem; border-top: 1px solid var(--line); }
  .console ${table} tbody th { order: -1; } ${table} tbody th.number::before { content: attr(data-head) ' '; }
  .console ${table} tbody th, .console ${table} .words { grid-column: 1 / -1; }
  .console ${table} tbody th, .console ${table} td { padding: .1rem 0; border: 0; text-align: left; white-space: normal; }
  ${table} td { display: grid; grid-template-columns: 7rem minmax(0, 1fr); gap: .6rem; overflow-wrap: anywhere; }
  ${table} td::before { content: attr(data-head); color: var(--muted); }
  .console ${table} .words { min-width: 0; } .console ${table} .clip { max-width: 100%; }
`;

/** The style of the console, after that of the small pages; as text so that a build needs to copy nothing. */
export const consoleStyle = `
:root { --good: #176b3a; --bad: #a3231d; --warn: #7a5200; --busy: #1d5fa8; --stripe: #f8f9fb; --soft: #8fb4dc; --bar: #fff; }
@media (prefers-color-scheme: dark) {
  :root { --good: #7bd49b; --bad: #ff9b94; --warn: #f0c36a; --busy: #8fc0f5; --stripe: #222a34; --soft: #3f6796; --bar: #1a2028; }
}
body.console {
  display: grid; place-items: stretch; padding: 0; line-height: 1.45; font-size: 15px;
  grid-template: auto 1fr / 13rem minmax(0, 1fr); grid-template-areas: 'bar bar' 'nav main';
}
.console .skip { position: absolute; left: -999rem; top: 0; background: var(--card); padding: .5rem 1rem; z-index: 2; }
.console .skip:focus { left: 0; }
.console .bar { grid-area: bar; display: flex; justify-content: space-between; align-items: center; gap: 1rem; padding: .5rem 1.25rem; background: var(--bar); border-bottom: 1px solid var(--line); }
.console .brand { font-weight: 700; font-size: 1.1rem; color: var(--text); text-decoration: none; }
.console .who { margin: 0; display: flex; flex-wrap: wrap; gap: 0 1rem; justify-content: end; overflow-wrap: anywhere; }
.console nav.main { grid-area: nav; padding: 1rem .5rem; border-right: 1px solid var(--line); background: var(--bar); }
.console nav ul, .console nav ol { list-style: none; margin: 0; padding: 0; }
.console nav.main .group { display: block; padding: .5rem .75rem .15rem; font-size: .75rem; font-weight: 600; text-transform: uppercase; letter-spacing: .05em; color: var(--muted); }
.console nav.main a { display: block; padding: .35rem .75rem; border-radius: 6px; color: var(--text); text-decoration: none; }
.console nav.main a:hover { background: var(--ground); text-decoration: underline; }
.console nav.main a[aria-current] { background: var(--accent); color: var(--on-accent); }
.console main { grid-area: main; max-width: 84rem; padding: 1.25rem 1.5rem 4rem; background: none; border: 0; border-radius: 0; overflow-wrap: anywhere; }
.console main:focus { outline: none; }
.console h1 { margin: 0 0 1rem; font-size: 1.5rem; }
.console h2 { border: 0; padding: 0; margin: 2rem 0 .6rem; font-size: 1.1rem; }
.console h3 { margin: 1.25rem 0 .4rem; font-size: 1rem; }
.console p { color: inherit; margin: 0 0 .75rem; max-width: 60rem; }
.console small, .console .hint, .console .ago, .console .none, .console .empty { color: var(--muted); }
.console small { font-size: .85em; }
.console .crumbs ol { display: flex; flex-wrap: wrap; gap: .25rem; font-size: .875rem; margin-bottom: .35rem; }
.console .crumbs li + li::before { content: '/'; margin-right: .25rem; color: var(--muted); }
.console .notice { border: 1px solid var(--good); border-left-width: 4px; border-radius: 6px; padding: .6rem .9rem; background: var(--card); }
.console .fault { border: 1px solid var(--bad); border-left-width: 4px; border-radius: 6px; padding: .6rem .9rem; background: var(--card); color: var(--bad); margin-bottom: 1rem; }
.console .fault p { margin: 0; } .console .fault ul { margin: .4rem 0 0; padding-left: 1.25rem; }
.console .table { container: table / inline-size; overflow-x: auto; border: 1px solid var(--line); border-radius: 8px; background: var(--card); margin-bottom: 1rem; overflow-wrap: normal; }
.console table { border-collapse: collapse; width: 100%; font-size: .9rem; }
.console caption { text-align: left; padding: .6rem; font-weight: 600; }
.console th, .console td { text-align: left; padding: .45rem .6rem; border-top: 1px solid var(--line); vertical-align: top; }
.console thead th { color: var(--muted); font-weight: 600; white-space: nowrap; }
.console tbody th { font-weight: 600; } .console th small { font-weight: 400; }
.console tbody tr:nth-child(even) { background: var(--stripe); }
.console .number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.console time span, .console .ago, .console .whole { white-space: nowrap; }
.console .words { min-width: 13rem; } .console .words code { overflow-wrap: anywhere; }
.console .clip { display: inline-block; max-width: 9rem; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; vertical-align: bottom; } .console a .clip { text-decoration: underline; }
.console td bdi { overflow-wrap: break-word; } .console tbody th bdi, .console tbody th code { overflow-wrap: anywhere; }
.console td ul { margin: 0; padding-left: 1rem; } .console ul.plain { list-style: none; margin: 0; padding: 0; }
.console td { unicode-bidi: isolate; }
.console .unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); padding: 0; }
.console .empty { max-width: none; border: 1px dashed var(--line); border-radius: 8px; padding: 1rem; }
.console .badge { display: inline-block; padding: .05rem .5rem; border: 1px solid currentColor; border-radius: 99px; font-size: .8rem; font-weight: 600; white-space: nowrap; color: var(--muted); }
.console .badge.good { color: var(--good); } .console .badge.bad { color: var(--bad); }
.console .badge.warn { color: var(--warn); } .console .badge.busy { color: var(--busy); }
.console .facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 18rem), 1fr)); gap: .5rem 1.5rem; margin: 0 0 1rem; padding: .9rem 1rem; background: var(--card); border: 1px solid var(--line); border-radius: 8px; }
.console .tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(6.4rem, 1fr)); gap: .75rem; margin: 0 0 1rem; }
.console .tiles > div { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: .6rem .9rem; }
.console .tiles dd { font-size: 1.35rem; font-weight: 600; font-variant-numeric: tabular-nums; }
.console .tiles small { display: block; font-weight: 400; font-size: .8rem; }
.console dt { color: var(--muted); font-size: .8rem; } .console dd { margin: 0; overflow-wrap: anywhere; }
.console code, .console pre, .console textarea { font-family: ui-monospace, 'DejaVu Sans Mono', monospace; font-size: .85em; }
.console pre.block { max-height: 32rem; overflow: auto; white-space: pre-wrap; overflow-wrap: anywhere; margin: 0 0 1rem; padding: .75rem 1rem; background: var(--card); border: 1px solid var(--line); border-radius: 8px; unicode-bidi: isolate; }
.console .id { white-space: nowrap; } .console .id code { white-space: normal; overflow-wrap: anywhere; }
.console button { width: auto; margin: 0; padding: .45rem .9rem; white-space: nowrap; }
.console button.quiet, .console button.copy, .console .live button { padding: .15rem .6rem; font-size: .85rem; font-weight: 500; color: var(--accent); background: none; border: 1px solid var(--line); }
.console button.copy { margin-left: .4rem; padding: 0 .4rem; font-size: .75rem; }
.console button.danger { background: var(--bad); }
.console .live { font-size: .85rem; color: var(--muted); display: flex; gap: .5rem; align-items: center; }
.console form.action { display: inline-block; margin: 0; } .console form.action:has(.field) { display: flex; flex-wrap: wrap; gap: .75rem 1rem; align-items: end; }
.console .filter { display: flex; flex-wrap: wrap; gap: .75rem 1rem; align-items: start; margin-bottom: 1rem; padding: .75rem 1rem; background: var(--card); border: 1px solid var(--line); border-radius: 8px; }
.console .field { flex: 0 1 11rem; min-width: min(100%, 9rem); } .console .field.wide { flex: 1 1 100%; }
.console .field.tick { display: flex; gap: .5rem; align-items: center; } .console .field.tick input { width: auto; }
.console .field.buttons, .console .buttons { display: flex; flex-wrap: wrap; gap: .75rem; align-items: center; flex: 0 0 auto; }
.console .filter .buttons { padding-top: 1.45rem; }
.console label { margin: 0 0 .2rem; font-size: .85rem; }
.console input, .console select, .console textarea { width: 100%; padding: .4rem .55rem; font: inherit; color: inherit; background: var(--ground); border: 1px solid var(--muted); border-radius: 6px; }
.console .hint, .console .wrong { display: block; font-size: .8rem; } .console .wrong { color: var(--bad); font-weight: 600; }
.console [aria-invalid] { border-color: var(--bad); }
.console .pager { display: flex; gap: 1rem; margin: 0 0 1rem; }
.console .tabs ul { display: flex; flex-wrap: wrap; gap: .25rem; border-bottom: 1px solid var(--line); margin-bottom: 1rem; }
.console .tabs a { display: block; padding: .4rem .8rem; text-decoration: none; border-bottom: 3px solid transparent; }
.console .tabs a[aria-current] { border-color: var(--accent); color: var(--text); font-weight: 600; }
.console .charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 18rem), 1fr)); gap: 1rem; margin-bottom: 1rem; }
.console .chart { margin: 0; padding: .75rem 1rem; background: var(--card); border: 1px solid var(--line); border-radius: 8px; min-width: 0; }
.console .chart figcaption { font-weight: 600; font-size: .9rem; }
.console .chart .legend { list-style: none; display: flex; gap: 1rem; margin: .15rem 0 .5rem; padding: 0; font-size: .8rem; color: var(--muted); }
.console .chart .key { display: inline-block; width: .75rem; height: .75rem; border-radius: 2px; margin-right: .35rem; vertical-align: -1px; }
.console .chart .plot { position: relative; border-top: 1px dashed var(--line); border-bottom: 1px solid var(--muted); }
.console .chart .most { position: absolute; top: 0; left: 0; font-size: .75rem; color: var(--muted); background: var(--card); padding-right: .35rem; }
.console .chart svg { display: block; width: 100%; height: 8rem; }
.console .chart .span { display: flex; justify-content: space-between; font-size: .75rem; color: var(--muted); margin-bottom: .5rem; }
.console .chart .table { max-height: 18rem; overflow-y: auto; margin-top: .5rem; }
.console rect.good { fill: var(--good); } .console .key.good { background: var(--good); }
.console rect.bad { fill: var(--bad); } .console .key.bad { background: var(--bad); }
.console rect.strong { fill: var(--accent); } .console .key.strong { background: var(--accent); }
.console rect.soft { fill: var(--soft); } .console .key.soft { background: var(--soft); }
.console summary { cursor: pointer; color: var(--accent); font-size: .85rem; }
.console iframe.mail { width: 100%; height: 70vh; border: 1px solid var(--line); border-radius: 8px; background: #fff; }
@media (max-width: 78rem) {
  body.console { grid-template: auto auto 1fr / minmax(0, 1fr); grid-template-areas: 'bar' 'nav' 'main'; }
  .console .bar { padding: .5rem 1rem; }
  .console nav.main { border: 0; border-bottom: 1px solid var(--line); padding: .35rem .5rem; overflow-x: auto; }
  .console nav.main ul { display: flex; flex-wrap: wrap; } .console nav.main .group { display: none; }
  .console nav.main a { white-space: nowrap; padding: .35rem .6rem; }
  .console main { padding: 1rem 1rem 3rem; }
  .console th, .console td { padding: .45rem .4rem; } .console thead th { white-space: normal; } .console .number small { white-space: normal; }
  .console .clip { max-width: 6rem; } .console .words { min-width: 10rem; }
}
@media (max-width: 38rem) {
  .console nav.main ul { flex-wrap: nowrap; }
  .console .filter { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); } .console .filter .buttons { padding-top: 0; grid-column: 1 / -1; }
  .console .filter .field { min-width: 0; } .console .field:has([type='datetime-local']) { grid-column: 1 / -1; }
}
@container table (max-width: 38rem) {${cards('.many')}}
@container table (max-width: 56rem) {${cards('.most')}}
`;
