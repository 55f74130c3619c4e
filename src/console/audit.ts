import { html } from 'htm/preact';
import { useState } from 'preact/hooks';
import { ask } from './api.js';
import { type AuditRecord, checkLinks, type Verdict } from './audit-chain.js';
import { ErrorBox, More, Shown, State, Table, Time, usePages, type View } from './view.js';

interface Heads {
  heads: { chain: number; sequence: number }[];
  cuts: { chain: number; sequence: number; hash: string }[];
}

/** The RA's audit log, newest first. The browser can verify its hashes. */
export function Audit(): View {
  const pages = usePages<AuditRecord>('/private/audit', 'records');
  return html`<p class="faint">
      What was done through this RA and what was refused. The CA keeps a log of its own, on its machine: <code>upki audit list</code>.
    </p>
    <${Verification} />
    <${Shown} of=${pages}>
      ${(records: AuditRecord[]) => html`<${Table}
        caption="Audit log"
        columns=${['When', 'Who', 'From', 'Action', 'Outcome', 'What']}
        empty="The log is empty."
        rows=${records.map(({ entry }) => {
          const told = parsed(entry);
          const details = Object.entries(told.details ?? {}).map(([name, value]) => `${name}: ${value}`);
          return [
            html`<${Time} at=${told.at} />`,
            told.who ?? '',
            told.from ?? '',
            told.action ?? entry,
            html`<${State} is=${told.outcome ?? ''} />`,
            details.join(', '),
          ];
        })}
      />`}
    <//>
    <${More} pages=${pages} />` as View;
}

interface Told {
  at?: string;
  who?: string;
  from?: string;
  action?: string;
  outcome?: string;
  details?: Record<string, string | number>;
}

/** A tampered entry may not be JSON; it is then shown as text. */
function parsed(entry: string): Told {
  try {
    return JSON.parse(entry) as Told;
  } catch {
    return {};
  }
}

interface Checked {
  seen: number;
  verdicts: { chain: number; verdict: Verdict }[];
  error: Error | null;
  busy: boolean;
}

/** Recomputes every hash of the log in the browser, from the newest record to the first. */
function Verification(): View {
  const [state, setState] = useState<Checked>({ seen: 0, verdicts: [], error: null, busy: false });
  const verify = async () => {
    const verdicts: Checked['verdicts'] = [];
    let before = 0;
    setState({ seen: 0, verdicts, error: null, busy: true });
    try {
      const { heads, cuts } = await ask<Heads>('/private/audit/heads');
      for (const { chain } of heads) {
        const verdict = await checkLinks(
          (cursor) => ask('/private/audit', { chain, limit: 500, cursor: cursor ?? undefined }),
          (seen) => setState({ seen: before + seen, verdicts, error: null, busy: true }),
          cuts.find((cut) => cut.chain === chain) ?? null,
        );
        before += verdict.records;
        verdicts.push({ chain, verdict });
      }
      setState({ seen: before, verdicts, error: null, busy: false });
    } catch (error) {
      setState({ seen: before, verdicts, error: error as Error, busy: false });
    }
  };
  const { seen, verdicts, error, busy } = state;
  return html`<p><button class="plain" type="button" disabled=${busy} onClick=${verify}>Verify the log</button></p>
    <${ErrorBox} error=${error} />
    <div role="status">
      ${busy && html`<p>${seen} records checked …</p>`}
      ${
        !busy &&
        verdicts.map(({ chain, verdict: { records, fault, head } }) =>
          fault === null
            ? html`<p class="box">
                Chain ${chain}: all ${records} records are intact. Its head is record ${records}, <code>${head ?? ''}</code>. Note it:
                only a noted head reveals that records were cut off the end.
              </p>`
            : html`<p class="box error">Chain ${chain}, record ${fault.sequence}: ${fault.reason}.</p>`,
        )
      }
    </div>` as View;
}
