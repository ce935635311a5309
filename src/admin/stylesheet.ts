/** The style of our own pages, as text so that a build needs to copy nothing. */
export const stylesheet = `:root {
  color-scheme: light dark;
  --ground: #f4f5f7; --card: #fff; --text: #1b2430; --muted: #5b6675; --line: #d5dae1;
  --accent: #1d5fa8; --on-accent: #fff; --fault: #a3231d;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #151a21; --card: #1e252e; --text: #e8ecf1; --muted: #9aa6b5; --line: #36404d;
    --accent: #6aa9ee; --on-accent: #10161d; --fault: #ff9b94;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1.5rem;
  background: var(--ground); color: var(--text);
  font: 16px/1.5 system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif;
}
main { width: 100%; max-width: 24rem; background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 2rem; }
h1 { font-size: 1.4rem; margin: 0 0 .25rem; }
h2 { font-size: 1rem; margin: 1.75rem 0 .5rem; padding-top: 1.25rem; border-top: 1px solid var(--line); }
p { margin: 0 0 1rem; color: var(--muted); } body:not(.console) small { display: block; color: var(--muted); }
p.fault { color: var(--fault); border-left: 3px solid var(--fault); padding-left: .75rem; }
label { display: block; font-weight: 600; margin: .75rem 0 .25rem; }
input, textarea {
  width: 100%; padding: .55rem .7rem; font: inherit; color: inherit; background: var(--ground);
  border: 1px solid var(--line); border-radius: 6px;
}
textarea { font-family: ui-monospace, 'DejaVu Sans Mono', monospace; font-size: .85rem; resize: vertical; }
button {
  margin-top: 1rem; width: 100%; padding: .6rem; font: inherit; font-weight: 600; cursor: pointer;
  color: var(--on-accent); background: var(--accent); border: 0; border-radius: 6px;
}
a.button { display: block; padding: .6rem; text-align: center; font-weight: 600; text-decoration: none; color: var(--on-accent); background: var(--accent); border-radius: 6px; }
button.quiet { color: var(--accent); background: none; border: 1px solid var(--line); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
a { color: var(--accent); }
`;
