import { html } from 'htm/preact';
import { useState } from 'preact/hooks';
import { ask, send } from './api.js';
import { Dialog, type Step } from './dialog.js';
import { type Failure, FailureTable } from './failures.js';
import type { PageProps } from './page.js';
import { More, Shown, State, Table, Time, useLoad, usePages, type View } from './view.js';

interface Account {
  id: string;
  status: string;
  contact: string[];
  created_at: string;
  key: string;
  key_id?: string;
  node?: string;
  used_at?: string;
  used_from?: string;
}

interface Story extends Account {
  orders: number;
  latest_orders: string[];
  failures: Failure[];
}

/** ACME accounts, or one of them. */
export function Accounts(props: PageProps): View {
  return (props.reference === '' ? html`<${Listing} />` : html`<${One} ...${props} />`) as View;
}

function Listing(): View {
  const pages = usePages<Account>('/private/accounts', 'accounts');
  return html`<${Shown} of=${pages}>
      ${(accounts: Account[]) => html`<${Table}
        caption="Accounts"
        columns=${['Account', 'Status', 'Contact', 'Created', 'Last used']}
        empty="No ACME client has created an account yet."
        rows=${accounts.map(({ id, status, contact, created_at, used_at }) => [
          html`<a href=${`#/accounts/${encodeURIComponent(id)}`}>${id}</a>`,
          html`<${State} is=${status} />`,
          contact.join(', ') || html`<span class="faint">none</span>`,
          html`<${Time} at=${created_at} />`,
          html`<${Time} at=${used_at} />`,
        ])}
      />`}
    <//>
    <${More} pages=${pages} />` as View;
}

function One({ reference, operates }: PageProps): View {
  const path = `/private/accounts/${encodeURIComponent(reference)}`;
  const loaded = useLoad(path, () => ask<Story>(path));
  const [step, setStep] = useState<Step | null>(null);
  const stop = () =>
    setStep({
      ...{ title: 'Deactivate this account?', action: 'Deactivate it', danger: true },
      async run(form) {
        await send('POST', `${path}/stop`, { revoke_certificates: form.get('revoke') === 'on' });
        loaded.reload();
      },
    });
  return html`<${Shown} of=${loaded}>
    ${(it: Story) => html`
      <dl>
        <dt>Account</dt><dd>${it.id}</dd>
        <dt>Status</dt><dd><${State} is=${it.status} /></dd>
        <dt>Contact</dt><dd>${it.contact.join(', ') || 'none'}</dd>
        <dt>Made</dt><dd><${Time} at=${it.created_at} /></dd>
        <dt>Last used</dt><dd><${Time} at=${it.used_at} />${it.used_from && ` from ${it.used_from}`}</dd>
        <dt>Key</dt><dd><code>${it.key}</code></dd>
        ${it.node && html`<dt>Node</dt><dd>${it.node}</dd>`}
        <dt>Orders kept</dt><dd>${it.orders}</dd>
      </dl>
      ${operates && it.status === 'valid' && html`<div class="buttons"><button class="danger" type="button" onClick=${stop}>Deactivate …</button></div>`}
      <h2>Latest failures</h2>
      <${FailureTable} failures=${it.failures} />
      ${
        step &&
        html`<${Dialog} step=${step} onClose=${() => setStep(null)}>
          <p>Account <strong>${it.id}</strong>: its next request is refused. This cannot be undone; its client must create a new account.</p>
          <label><span><input type="checkbox" name="revoke" /> Also revoke every certificate it ordered</span></label>
        <//>`
      }
    `}
  <//>` as View;
}
