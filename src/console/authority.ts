import { html } from 'htm/preact';
import { ask } from './api.js';
import { Shown, Table, Time, useLoad, type View } from './view.js';

interface AuthorityCertificate {
  dn: string;
  not_before: string;
  not_after: string;
  key: string;
  sha256: string;
}

interface Offer {
  root: AuthorityCertificate;
  issuer: AuthorityCertificate;
  profiles: { name: string; description: string; acme: boolean; max_validity: number }[];
  crl: { number: number; this_update: string; next_update: string };
}

const DAY = 86_400;

/** The CA's certificates, its revocation list and what it issues. */
export function Authority(): View {
  const loaded = useLoad('authority', () => ask<Offer>('/private/options'));
  return html`<${Shown} of=${loaded}>
    ${({ root, issuer, crl, profiles }: Offer) => html`
      <${Shape} title="Root" it=${root} />
      <${Shape} title="Issuer" it=${issuer} />
      <h2>Revocation list</h2>
      <dl>
        <dt>Number</dt><dd>${crl.number}</dd>
        <dt>Signed</dt><dd><${Time} at=${crl.this_update} /></dd>
        <dt>Next by</dt><dd><${Time} at=${crl.next_update} /></dd>
      </dl>
      <h2>Profiles</h2>
      <${Table} caption="Profiles" columns=${['Profile', 'For', 'By ACME', 'Longest validity']} empty="There are no profiles."
        rows=${profiles.map(({ name, description, acme, max_validity }) => [
          name,
          description,
          acme ? 'yes' : 'no',
          max_validity >= DAY
            ? `${Math.round(max_validity / DAY)} days`
            : `${Math.round(max_validity / 3600)} hours`,
        ])} />
    `}
  <//>` as View;
}

function Shape({ title, it }: { title: string; it: AuthorityCertificate }): View {
  return html`<h2>${title}</h2>
    <dl>
      <dt>Subject</dt><dd>${it.dn}</dd>
      <dt>Valid</dt><dd><${Time} at=${it.not_before} /> to <${Time} at=${it.not_after} /></dd>
      <dt>Key</dt><dd>${it.key}</dd>
      <dt>SHA-256</dt><dd><code>${it.sha256}</code></dd>
    </dl>` as View;
}
