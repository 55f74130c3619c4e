import { html } from 'htm/preact';
import { ask } from './api.js';
import { byDay } from './by-day.js';
import { CertificateTable, type FoundCertificate } from './certificates.js';
import { Chart } from './chart.js';
import { type Condition, Ends, Sentences, Tiles } from './condition.js';
import { type Failure, FailureTable } from './failures.js';
import { ErrorBox, Shown, useLoad, usePages, type View } from './view.js';

interface Hour {
  hour: string;
  issued: number;
  failed: number;
  revoked: number;
}

/** Days in the charts. */
const DAYS = 30;

/** Things that need attention: the state of the system, expiries, certificates about to expire without renewal, latest failures. */
export function Overview(): View {
  const condition = useLoad('status', () => ask<Condition>('/private/status'));
  const late = usePages<FoundCertificate>('/private/certificates', 'certificates', {
    ...{ expires_in: '14d', not_renewed: 'true', state: 'good' },
  });
  const activity = useLoad('activity', () => ask<Hour[]>('/private/activity'));
  const failures = usePages<Failure>('/private/failures', 'failures', { limit: 10 });
  // What was known before says nothing about now.
  const now = condition.error === null ? condition.data : null;
  return html`<${ErrorBox} error=${condition.error} />
    <${Tiles} of=${now} />
    ${now && html`<${Sentences} of=${now} />`}
    <h2>The last thirty days</h2>
    <${Shown} of=${activity}>${(hours: Hour[]) => html`<${Charts} hours=${hours} />`}<//>
    <h2>What ends</h2>
    ${condition.data && html`<${Ends} of=${condition.data} />`}
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
