import { html } from 'htm/preact';
import { ask } from './api.js';
import { Shown, Table, useLoad, type View } from './view.js';

type Sources = Record<string, { value: string; source: string }>;

/** The RA's settings in effect, those that somebody set first; secrets are left out by the server. */
export function Settings(): View {
  const loaded = useLoad('settings', () => ask<Sources>('/private/config/sources'));
  return html`<p>The same as <code>upki config</code> prints on the machine of the RA. A change there counts after a restart; lists of names and files of keys after <code>upki reload</code>.</p>
    <${Shown} of=${loaded}>
      ${(sources: Sources) => html`<${Table}
        caption="Settings"
        columns=${['Setting', 'Value', 'From']}
        empty="The server names no settings."
        rows=${ordered(sources).map(([name, { value, source }]) => [
          html`<code>${name}</code>`,
          html`<code>${value}</code>`,
          source === 'default' ? html`<span class="faint">default</span>` : source,
        ])}
      />`}
    <//>` as View;
}

function ordered(sources: Sources): [string, { value: string; source: string }][] {
  const isDefault = ({ source }: { source: string }) => Number(source === 'default');
  return Object.entries(sources).sort(([, left], [, right]) => isDefault(left) - isDefault(right));
}
