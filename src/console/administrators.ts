import { html } from 'htm/preact';
import { useState } from 'preact/hooks';
import { ask, send } from './api.js';
import { Dialog, type Step } from './dialog.js';
import type { PageProps } from './page.js';
import { Shown, Table, useLoad, type View } from './view.js';

interface Entry {
  dn: string;
  role: string;
}

/** Who administers. */
export function Administrators({ administers }: PageProps): View {
  const loaded = useLoad('admins', () => ask<Entry[]>('/private/admins'));
  const [step, setStep] = useState<{ dn: string; step: Step } | null>(null);
  const remove = (dn: string) =>
    setStep({
      dn,
      step: {
        ...{ title: 'Remove this administrator?', action: 'Remove', danger: true },
        async run() {
          await send('DELETE', `/private/admins/${encodeURIComponent(dn)}`);
          loaded.reload();
        },
      },
    });
  return html`<p>A key and certificate for an administrator are made on the machine of the CA: <code>upki admin add NAME --role auditor</code>.</p>
    <${Shown} of=${loaded}>
      ${(admins: Entry[]) => html`<${Table}
        caption="Administrators"
        columns=${['Administrator', 'Role', ...(administers ? [''] : [])]}
        empty="There is no administrator."
        rows=${admins.map(({ dn, role }) => [
          dn,
          role,
          ...(administers
            ? [
                html`<button class="plain" type="button" aria-label=${`Remove ${dn}`} onClick=${() => remove(dn)}>Remove …</button>`,
              ]
            : []),
        ])}
      />`}
    <//>
    ${
      step &&
      html`<${Dialog} step=${step.step} onClose=${() => setStep(null)}>
        <p><strong>${step.dn}</strong> is refused from the next request on, and the certificates of the name are revoked. If it is you, this console ends for you.</p>
      <//>`
    }` as View;
}
