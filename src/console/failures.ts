import { html } from 'htm/preact';
import { useState } from 'preact/hooks';
import { More, Shown, Table, Time, usePages, type View } from './view.js';

export interface Failure {
  at: string;
  name: string;
  step: string;
  account?: string;
  why: string;
}

/** What came to nothing for clients, and why. */
export function Failures(): View {
  const [name, setName] = useState('');
  const pages = usePages<Failure>('/private/failures', 'failures', { name });
  const search = (event: SubmitEvent) => {
    event.preventDefault();
    if (event.target instanceof HTMLFormElement)
      setName(String(new FormData(event.target).get('name')).trim());
  };
  return html`<form class="row" role="search" onSubmit=${search}>
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
    empty="Nothing has failed within thirty days."
    rows=${failures.map(({ at, name, step, why }) => [html`<${Time} at=${at} />`, name, step, why])}
  />` as View;
}
