import { html, Markup, scriptJson } from "./markup.ts";

/** One page: its parts as markup, and what it carries in itself. */
export interface Frame {
  readonly title: string;
  readonly version: string;
  readonly header: Markup;
  readonly sections: readonly { readonly id: string; readonly title: string; readonly body: Markup }[];
  readonly footer: Markup;
  /** What the keys do. */
  readonly keys: readonly (readonly [key: string, what: string])[];
  readonly css: string;
  readonly scripts: readonly string[];
  /** Put before the styles, as a comment; empty for none. */
  readonly notice: string;
  /** For the scripts, as the JSON of the element `data`. */
  readonly data: unknown;
}

/** A whole document that needs no network: navigation, sections, and the scripts at its end. */
export function framed(frame: Frame): string {
  const { title, version, header, sections, footer, keys, css, scripts, notice, data } = frame;
  const comment = notice === "" ? "" : `<!-- ${notice}\n-->\n`;
  return `${
    html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:">
<meta name="color-scheme" content="light dark"><meta name="generator" content="kube-orrery ${version}"><title>${title} — kube-orrery</title>
${new Markup(`${comment}<style>${css}</style>`)}</head>
<body><a class="skip" href="#${sections[0]?.id ?? "main"}">Skip to ${(sections[0]?.title ?? "the content").toLowerCase()}</a>
<div class="layout"><nav aria-label="Sections"><p class="brand">${ORRERY}kube-orrery</p><ol>${sections.map(({ id, title: name }) => html`<li><a href="#${id}">${name}</a></li>`)}</ol>
<div class="tools"><button type="button" id="theme" title="Colours: follow the system, light, dark">Colours: system</button><button type="button" id="keys-button" aria-expanded="false" aria-controls="keys">Keys</button></div>
<div id="keys" hidden><dl>${keys.map(([key, what]) => html`<dt>${key}</dt><dd>${what}</dd>`)}</dl></div></nav>
<main>${header}${sections.map(({ id, title: name, body }) => html`<section id="${id}" aria-labelledby="${id}-h"><h2 id="${id}-h">${name}</h2>${body}</section>`)}
<footer>${footer}</footer></main></div>
<div id="now" role="status" aria-live="polite" class="sr"></div>
${new Markup(`<script type="application/json" id="data">${scriptJson(data)}</script>\n${scripts.map((script) => `<script>${script}</script>`).join("\n")}`)}
</body></html>`.text
  }\n`;
}

const ORRERY = new Markup(
  `<svg viewBox="0 0 24 24" width="22" height="22" aria-hidden="true"><circle cx="12" cy="12" r="3.2" fill="currentColor"/><ellipse cx="12" cy="12" rx="10" ry="4.6" fill="none" stroke="currentColor" stroke-width="1.2" transform="rotate(-24 12 12)"/><circle cx="20.6" cy="7.2" r="1.7" fill="currentColor"/><circle cx="4.7" cy="13.4" r="1.2" fill="currentColor"/></svg>`,
);
