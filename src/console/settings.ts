import { html } from 'htm/preact';
import { ask } from './api.js';
import { Shown, Table, useLoad, type View } from './view.js';

type Sources = Record<string, { value: string; source: string }>;

/** The RA's settings in effect, changed ones first. The server leaves secrets out. */
export function Settings(): View {
  const loaded = useLoad('settings', () => ask<Sources>('/private/config/sources'));
  return html`<p>These are the settings that <code>upki config</code> prints on the RA’s machine. A change takes effect after a restart; lists of names and key files take effect after <code>upki reload</code>.</p>
    <${Shown} of=${loaded}>
      ${(sources: Sources) => html`<${Table}
        caption="Settings"
        columns=${['Setting', 'Value', 'From']}
        empty="The server returned no settings."
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
