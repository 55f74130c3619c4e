import { html } from 'htm/preact';
import { Table, Time, type View } from './view.js';

/** How everything is, as `private/status` returns it. */
export interface Condition {
  status: 'well' | 'warning' | 'failing';
  ra: { name: string; certificate_ends: string };
  authorities: { id: string; kind: string; state: string; dn: string; not_after: string }[];
  crls: { issuer: string; number: number; next_update: string }[];
  certificates?: { good: number; ending?: number; late: number; revoked: number };
  last_backup?: string;
  troubles: string[];
  warnings: string[];
}

const SAID = {
  well: ['good', 'well', 'RA, store and CA work'],
  warning: ['warn', 'attention', 'It works; what to look at is below'],
  failing: ['bad', 'failing', 'What does not work is below'],
} as const;

/** The state in a few tiles; null: it is not known yet. */
export function Tiles({ of: condition }: { of: Condition | null }): View {
  if (condition === null) return html`<ul class="tiles"><li>State<b>…</b></li></ul>` as View;
  const { status, certificates, crls, authorities, last_backup: backup } = condition;
  const [tone, word, sentence] = SAID[status];
  return html`<ul class="tiles">
    <li>State<b class=${tone}>${word}</b>${sentence}</li>
    <li>
      Certificates
      ${
        certificates
          ? html`<b>${certificates.good.toLocaleString()} good</b>
            ${`${certificates.revoked.toLocaleString()} revoked, ${(certificates.ending ?? 0).toLocaleString()} end within 14 days`}`
          : html`<b class="warn">unknown</b>The CA counts them, and does not answer`
      }
    </li>
    <li>
      Late to renew
      <b class=${certificates?.late ? 'warn' : 'good'}>${certificates?.late.toLocaleString() ?? '…'}</b>
      Past their renewal window, and nothing has replaced them
    </li>
    ${crls.map(
      ({ issuer, number, next_update: next }) => html`<li>
        CRL of the ${authorities.find(({ id }) => id === issuer)?.kind ?? issuer}
        <b class=${isOver(next) ? 'bad' : ''}><${Time} at=${next} /></b>
        ${`Next update${isOver(next) ? ', overdue' : ''}; number ${number}`}
      </li>`,
    )}
    <li>Last backup<b>${backup ? html`<${Time} at=${backup} />` : 'none'}</b>By upki backup on the RA’s machine</li>
  </ul>` as View;
}

const isOver = (time: string): boolean => Date.parse(time) < Date.now();

/** Current and coming faults, as sentences. */
export function Sentences({ of: { troubles, warnings } }: { of: Condition }): View | null {
  if (troubles.length + warnings.length === 0) return null;
  return html`<ul class="box sentences" role="status" aria-label="What to look at">
    ${troubles.map((each) => html`<li class="bad">${each}</li>`)}
    ${warnings.map((each) => html`<li class="warn">${each}</li>`)}
  </ul>` as View;
}

/** Things that expire, the next one first. */
export function Ends({ of: { ra, authorities } }: { of: Condition }): View {
  const parts = [
    { what: 'Certificate of the RA', name: ra.name, end: ra.certificate_ends },
    ...authorities.map(({ kind, state, dn, not_after: end }) => ({
      ...{ what: `${kind.charAt(0).toUpperCase()}${kind.slice(1)}, ${state}`, name: dn, end },
    })),
  ].sort((one, other) => Date.parse(one.end) - Date.parse(other.end));
  return html`<${Table} caption="What ends" columns=${['What', 'Name', 'Ends']} empty="Nothing is known that ends."
    rows=${parts.map(({ what, name, end }) => [what, name, html`<${Time} at=${end} />`])} />` as View;
}
