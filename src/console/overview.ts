import { html } from 'htm/preact';
import { ask } from './api.js';
import { byDay } from './by-day.js';
import { CertificateTable, type FoundCertificate } from './certificates.js';
import { Chart } from './chart.js';
import { type Failure, FailureTable } from './failures.js';
import { ErrorBox, Shown, Time, useLoad, usePages, type View } from './view.js';

interface Health {
  status?: string;
}

interface Hour {
  hour: string;
  issued: number;
  failed: number;
  revoked: number;
}

/** Days in the charts. */
const DAYS = 30;

interface Crl {
  crl: { number: number; next_update: string };
}

/** What needs attention: health, certificates about to expire without renewal, latest failures. */
export function Overview(): View {
  const health = useLoad('health', () => ask<Health>('/public/health'));
  const options = useLoad('crl', () => ask<Crl>('/private/options'));
  const late = usePages<FoundCertificate>('/private/certificates', 'certificates', {
    ...{ expires_in: '14d', not_renewed: 'true', state: 'good' },
  });
  const activity = useLoad('activity', () => ask<Hour[]>('/private/activity'));
  const failures = usePages<Failure>('/private/failures', 'failures', { limit: 10 });
  const overdue = options.data !== null && Date.parse(options.data.crl.next_update) < Date.now();
  return html`<ul class="tiles">
      <li>
        Health
        ${
          health.error
            ? html`<b class="bad">unhealthy</b>${health.error.message}`
            : html`<b class="good">${health.data === null ? '…' : 'healthy'}</b>The RA, its store and the CA answer`
        }
      </li>
      <li>
        Late to renew
        <b class=${late.data?.length ? 'warn' : 'good'}>${late.data === null ? '…' : `${late.data.length}${late.more ? ' or more' : ''}`}</b>
        Expire within 14 days and were not renewed
      </li>
      <li>
        Revocation list
        <b class=${overdue ? 'bad' : ''}>${options.data === null ? '…' : `number ${options.data.crl.number}`}</b>
        ${options.data && html`Next by <${Time} at=${options.data.crl.next_update} />`}
        ${overdue && html`<span class="bad"> (overdue)</span>`}
      </li>
    </ul>
    <${ErrorBox} error=${options.error} />
    <h2>The last thirty days</h2>
    <${Shown} of=${activity}>${(hours: Hour[]) => html`<${Charts} hours=${hours} />`}<//>
    <h2>Late to renew</h2>
    <${Shown} of=${late}>
      ${(found: FoundCertificate[]) =>
        html`<${CertificateTable} found=${found} empty="No certificate expires within 14 days without a renewal." />`}
    <//>
    <h2>Latest failures</h2>
    <${Shown} of=${failures}>
      ${(found: Failure[]) => html`<${FailureTable} failures=${found.slice(0, 10)} />`}
    <//>` as View;
}

function Charts({ hours }: { hours: Hour[] }): View {
  const bars = (of: (hour: Hour) => number) =>
    byDay(
      hours.map((each) => ({ hour: each.hour, count: of(each) })),
      DAYS,
      new Date(),
    );
  return html`<div class="charts">
    <${Chart} title="Issued by ACME" bars=${bars(({ issued }) => issued)} tone="good" />
    <${Chart} title="Failed" bars=${bars(({ failed }) => failed)} tone="bad" />
    <${Chart} title="Revoked" bars=${bars(({ revoked }) => revoked)} tone="warn" />
  </div>` as View;
}
