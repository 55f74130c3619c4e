import { html } from 'htm/preact';
import { useState } from 'preact/hooks';
import { Check } from './check.js';
import type { PageProps } from './page.js';
import { More, Shown, Table, Time, usePages, type View } from './view.js';

export interface Failure {
  at: string;
  name: string;
  step: string;
  account?: string;
  why: string;
}

/** Failed orders and validations with their reasons, and a check of a name now. */
export function Failures({ operates }: PageProps): View {
  const [name, setName] = useState('');
  const pages = usePages<Failure>('/private/failures', 'failures', { name });
  const search = (event: SubmitEvent) => {
    event.preventDefault();
    if (event.target instanceof HTMLFormElement)
      setName(String(new FormData(event.target).get('name')).trim());
  };
  return html`${operates && html`<${Check} />`}
    <h2>Failures</h2>
    <form class="row" role="search" onSubmit=${search}>
      <label>Name<input name="name" placeholder="app.example.internal" /></label>
      <button>Search</button>
    </form>
    <${Shown} of=${pages}>${(failures: Failure[]) => html`<${FailureTable} failures=${failures} />`}<//>
    <${More} pages=${pages} />` as View;
}

/** Failures, newest first. */
export function FailureTable({ failures }: { failures: Failure[] }): View {
  return html`<${Table}
    caption="Failures"
    columns=${['When', 'Name', 'Step', 'Why']}
    empty="Nothing has failed in the last thirty days."
    rows=${failures.map(({ at, name, step, why }) => [html`<${Time} at=${at} />`, name, step, why])}
  />` as View;
}
