import { html } from 'htm/preact';
import { ask } from './api.js';
import { Shown, Table, useLoad, type View } from './view.js';

/** The RA's settings in effect; secrets are left out by the server. */
export function Settings(): View {
  const loaded = useLoad('settings', () => ask<Record<string, string>>('/private/config'));
  return html`<${Shown} of=${loaded}>
    ${(settings: Record<string, string>) => html`<${Table}
      caption="Settings"
      columns=${['Setting', 'Value']}
      empty="The server names no settings."
      rows=${Object.entries(settings).map(([name, value]) => [html`<code>${name}</code>`, html`<code>${value}</code>`])}
    />`}
  <//>` as View;
}
