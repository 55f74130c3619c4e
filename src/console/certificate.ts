import { html } from 'htm/preact';
import { useState } from 'preact/hooks';
import { ask, send } from './api.js';
import { CertificateTable, type FoundCertificate } from './certificates.js';
import { Dialog, type Step } from './dialog.js';
import type { PageProps } from './page.js';
import { Shown, State, Table, Time, useLoad, type View } from './view.js';

interface Story extends FoundCertificate {
  chain: string;
  node?: string;
  proofs: { name: string; by: string; at: string | null }[];
  origin?: string;
  replaced_by?: string;
  history: FoundCertificate[];
}

/** RFC 5280 §5.3.1: the reasons an operator can choose. */
const REASONS = ['unspecified', 'keyCompromise', 'affiliationChanged', 'superseded', 'cessationOfOperation'];

/** One certificate: its fields, its proofs, its history and the actions on it. */
export function Certificate({ reference, operates }: PageProps): View {
  const path = `/private/certificates/${encodeURIComponent(reference)}`;
  const loaded = useLoad(path, () => ask<Story>(path));
  const [step, setStep] = useState<Step | null>(null);
  const change = (title: string, action: string, verb: 'revoke' | 'hold' | 'unhold', serial: string) =>
    setStep({
      ...{ title, action, danger: verb === 'revoke' },
      async run(form) {
        const comment = String(form.get('comment') ?? '').trim();
        const reason = form.get('reason');
        await send('POST', `/private/certificates/actions/${verb}`, {
          serial,
          ...(comment !== '' && { comment }),
          ...(reason !== null && { reason }),
        });
        loaded.reload();
      },
    });
  return html`<${Shown} of=${loaded}>
      ${(it: Story) => html`
        <dl>
          <dt>Subject</dt><dd>${it.dn || 'none'}</dd>
          <dt>Names</dt><dd>${it.sans.map(({ value }) => value).join(', ') || 'none'}</dd>
          <dt>State</dt><dd><${State} is=${it.state} />${it.reason && html` (${it.reason}, <${Time} at=${it.revoked_at} />)`}</dd>
          <dt>Valid</dt><dd><${Time} at=${it.not_before} /> to <${Time} at=${it.not_after} /></dd>
          <dt>Profile</dt><dd>${it.profile}</dd>
          <dt>Serial</dt><dd><code>${it.serial}</code></dd>
          ${it.account && html`<dt>Account</dt><dd><a href=${`#/accounts/${encodeURIComponent(it.account)}`}>${it.account}</a></dd>`}
          ${it.node && html`<dt>Node</dt><dd>${it.node}</dd>`}
          ${it.origin && html`<dt>Origin</dt><dd>${it.origin}</dd>`}
          ${it.replaced_by && html`<dt>Replaced by</dt><dd><a href=${`#/certificate/${it.replaced_by}`}><code>${it.replaced_by}</code></a></dd>`}
        </dl>
        ${
          operates &&
          html`<div class="buttons">
            ${it.state !== 'revoked' && it.state !== 'expired' && html`<button class="danger" type="button" onClick=${() => change('Revoke this certificate?', 'Revoke it', 'revoke', it.serial)}>Revoke …</button>`}
            ${it.state === 'good' && html`<button class="plain" type="button" onClick=${() => change('Put this certificate on hold?', 'Hold it', 'hold', it.serial)}>Hold …</button>`}
            ${it.state === 'held' && html`<button class="plain" type="button" onClick=${() => change('End the hold?', 'End the hold', 'unhold', it.serial)}>End the hold …</button>`}
          </div>`
        }
        <h2>Proof of each name</h2>
        <${Table} caption="Proofs" columns=${['Name', 'By', 'At']} empty="It has no ACME order, or the order has been deleted."
          rows=${it.proofs.map(({ name, by, at }) => [name, by, html`<${Time} at=${at} />`])} />
        <h2>Chain</h2>
        <pre tabindex="0" aria-label="Chain in PEM">${it.chain}</pre>
        <h2>Other certificates of the same name</h2>
        <${CertificateTable} found=${it.history} empty="There are no others." />
        ${step && html`<${StepDialog} step=${step} certificate=${it} onClose=${() => setStep(null)} />`}
      `}
    <//>` as View;
}

function StepDialog(props: { step: Step; certificate: Story; onClose(): void }): View {
  const { step, certificate, onClose } = props;
  const names = certificate.sans.map(({ value }) => value).join(', ') || certificate.dn;
  return html`<${Dialog} step=${step} onClose=${onClose}>
    <p><strong>${names}</strong><br /><code>${certificate.serial}</code></p>
    ${
      step.danger
        ? html`<p>OCSP, the revocation list and renewal information show it at once. Clients that check revocation refuse servers with this certificate. This cannot be undone.</p>
            <label>Reason<select name="reason">${REASONS.map((each) => html`<option>${each}</option>`)}</select></label>`
        : html`<p>OCSP and the revocation list show it at once. Clients that check revocation refuse the certificate until the hold is ended.</p>`
    }
    <label>Comment for the audit log<input name="comment" maxlength="500" /></label>
  <//>` as View;
}
