import { html } from 'htm/preact';
import { useState } from 'preact/hooks';
import { ask } from './api.js';
import { ErrorBox, Table, type View } from './view.js';

interface Checked {
  name: string;
  would_be_issued: boolean;
  profile: string | null;
  findings: { step: string; target: string; outcome: string; ok: boolean }[];
}

/** `upki check NAME`: tries the validation of a name now. */
export function Check(): View {
  const [state, setState] = useState<{ of: string; checked: Checked | null; error: Error | null } | null>(
    null,
  );
  const look = (event: SubmitEvent) => {
    event.preventDefault();
    if (!(event.target instanceof HTMLFormElement)) return;
    const name = String(new FormData(event.target).get('name')).trim();
    if (name === '') return;
    setState({ of: name, checked: null, error: null });
    ask<Checked>('/private/check', { name }).then(
      (checked) => setState({ of: name, checked, error: null }),
      (error: Error) => setState({ of: name, checked: null, error }),
    );
  };
  const waiting = state !== null && state.checked === null && state.error === null;
  return html`<h2>Check a name</h2>
    <form class="row" onSubmit=${look}>
      <label>Name to check<input name="name" placeholder="app.example.internal" required /></label>
      <button disabled=${waiting}>Check now</button>
    </form>
    <div aria-live="polite">
      ${waiting && html`<p class="faint" role="status">Checking ${state.of} …</p>`}
      <${ErrorBox} error=${state?.error ?? null} />
      ${state?.checked && html`<${Findings} of=${state.checked} />`}
    </div>` as View;
}

function Findings({ of: { name, would_be_issued, profile, findings } }: { of: Checked }): View {
  return html`<p class="box">
      <b class=${would_be_issued ? 'good' : 'bad'}>${
        would_be_issued
          ? `A certificate for ${name} would be issued`
          : `No certificate for ${name} would be issued`
      }</b>${profile && html` (profile ${profile})`}
    </p>
    <${Table} caption="Steps" columns=${['', 'Step', 'Target', 'Result']} empty="Nothing was checked."
      rows=${findings.map(({ step, target, outcome, ok }) => [
        html`<span class=${ok ? 'good' : 'bad'}>${ok ? 'ok' : 'no'}</span>`,
        step,
        target,
        outcome,
      ])} />` as View;
}
