import { html } from 'htm/preact';
import { ask } from './api.js';
import { type Member, Timeline } from './timeline.js';
import { Shown, State, Table, Time, useLoad, type View } from './view.js';

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
  const set = useLoad('set', () => ask<Member[]>('/private/authority'));
  return html`<${Shown} of=${set}>${(members: Member[]) => html`<${Members} members=${members} />`}<//>
  <${Shown} of=${loaded}>
    ${({ root, issuer, crl, profiles }: Offer) => html`
      <${Shape} title="Root in use" it=${root} />
      <${Shape} title="Issuer in use" it=${issuer} />
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

/** Roots and issuers, and the state and the next step of a rollover. */
function Members({ members }: { members: Member[] }): View {
  const roots = members.filter(
    ({ kind, state }) => kind === 'root' && state !== 'ended' && state !== 'retired',
  );
  const crosses = members.filter(({ kind }) => kind === 'cross');
  const due = members.find(({ state, kind }) => kind === 'issuer' && state === 'active')?.successor_due;
  return html`${members
    .filter(({ warning }) => warning)
    .map(({ id, warning }) => html`<p key=${id} class="box warn" role="status">${warning}</p>`)}
    <p>
      ${
        roots.length > 1
          ? html`<b>A rollover of the root is under way</b>: ${roots.length} roots are published${crosses.length > 0 && ' and cross-certified'}. Take the next step on the CA’s machine (<code>upki ca rollover root --switch</code>, then <code>--retire</code>).`
          : 'No rollover of the root is under way.'
      }
      ${due && html` The next issuer will be made automatically from <${Time} at=${due} />.`}
    </p>
    <${Timeline} members=${members} />
    <${Table} caption="Roots and issuers" columns=${['What', 'State', 'Valid from', 'Until', 'Key', 'CRL', 'Id']} empty="The CA reports none."
      rows=${members.map(({ kind, state, dn, not_before, not_after, key, crl, id, revoked }) => [
        html`${kind}<br /><span class="faint">${dn}</span>`,
        html`<${State} is=${revoked ? 'revoked' : state} />`,
        html`<${Time} at=${not_before} />`,
        html`<${Time} at=${not_after} />`,
        key,
        crl ? html`${crl.number}, next by <${Time} at=${crl.next_update} />` : '',
        html`<code>${id}</code>`,
      ])} />` as View;
}
