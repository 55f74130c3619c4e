import { html } from 'htm/preact';
import type { ComponentChildren, VNode } from 'preact';
import { useCallback, useEffect, useState } from 'preact/hooks';
import { ApiError, ask, type Query } from './api.js';

export type View = VNode | VNode[];

/** The state of a request. */
interface Loaded<Data> {
  data: Data | null;
  error: Error | null;
  reload(): void;
}

/** Milliseconds between two refreshes, while the page is visible. */
const REFRESH = 30_000;

/** Loads now, when `key` changes and on `reload`; also, unless `still`, every half minute while the page is visible. */
export function useLoad<Data>(key: string, load: () => Promise<Data>, still = false): Loaded<Data> {
  const [state, setState] = useState<{ key: string; data: Data | null; error: Error | null }>({
    ...{ key, data: null, error: null },
  });
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    let wanted = true;
    load().then(
      (data) => wanted && setState({ key, data, error: null }),
      (error: Error) =>
        wanted && setState((before) => ({ key, error, data: before.key === key ? before.data : null })),
    );
    return () => {
      wanted = false;
    };
  }, [key, turn]);
  useEffect(() => {
    if (still) return;
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible') setTurn((before) => before + 1);
    }, REFRESH);
    return () => clearInterval(timer);
  }, [still]);
  const reload = useCallback(() => setTurn((before) => before + 1), []);
  const current = state.key === key;
  return { data: current ? state.data : null, error: current ? state.error : null, reload };
}

/** A listing with a cursor. */
interface Pages<Item> extends Loaded<Item[]> {
  /** Loads the next page; null at the end. */
  more: (() => void) | null;
}

type Page = Record<string, unknown>;

/**
 * Loads the first page, and further pages on request. A listing with several pages is not refreshed by itself, which would return
 * to the first page. `member` is the member of the answer that holds the items.
 */
export function usePages<Item>(path: string, member: string, query: Query = {}): Pages<Item> {
  const key = `${path} ${JSON.stringify(query)}`;
  const [rest, setRest] = useState<{ of: unknown; pages: Page[]; error: Error | null }>({
    ...{ of: null, pages: [], error: null },
  });
  const first = useLoad(key, () => ask<Page>(path, { limit: 50, ...query }), rest.pages.length > 0);
  const pages = first.data === null ? [] : [first.data, ...(rest.of === first.data ? rest.pages : [])];
  const next = nextOf(pages.at(-1));
  const more = () => {
    ask<Page>(path, { limit: 50, ...query, cursor: next ?? undefined }).then(
      (page) => setRest({ of: first.data, pages: [...pages.slice(1), page], error: null }),
      (error: Error) => setRest((before) => ({ ...before, error })),
    );
  };
  return {
    data: first.data === null ? null : pages.flatMap((page) => itemsOf<Item>(page, member)),
    error: first.error ?? rest.error,
    reload: first.reload,
    more: next === null ? null : more,
  };
}

const itemsOf = <Item>(page: Page, member: string): Item[] => (page[member] as Item[] | undefined) ?? [];
const nextOf = (page: Page | undefined): string | null => (typeof page?.next === 'string' ? page.next : null);

/** An error, with the server's message. */
export function ErrorBox({ error }: { error: Error | null }): View | null {
  if (error === null) return null;
  const status = error instanceof ApiError && error.status > 0 ? ` (${error.status})` : '';
  return html`<p class="box error" role="alert">${sentence(error.message)}${status}</p>` as View;
}

const sentence = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** The loaded data, or a note that it is loading, or its error. */
export function Shown<Data>({
  of: { data, error },
  children,
}: {
  of: Loaded<Data>;
  children: (data: Data) => ComponentChildren;
}): View {
  return html`<${ErrorBox} error=${error} />
    ${data === null ? error === null && html`<p class="faint" role="status">Loading …</p>` : children(data)}` as View;
}

/** A time in the browser's time zone; the tooltip has the exact time. */
export function Time({ at }: { at: string | null | undefined }): View {
  if (!at) return html`<span class="faint">never</span>` as View;
  const shown = new Date(at).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' });
  return html`<time datetime=${at} title=${at}>${shown}</time>` as View;
}

/** A table with column headings, rows of cells, and a text for an empty table. */
export function Table({
  caption,
  columns,
  rows,
  empty,
}: {
  caption: string;
  columns: readonly string[];
  rows: readonly (readonly ComponentChildren[])[];
  empty: string;
}): View {
  if (rows.length === 0) return html`<p class="box">${empty}</p>` as View;
  return html`<div class="scroll" tabindex="0" role="region" aria-label=${caption}>
    <table>
      <thead>
        <tr>
          ${columns.map((column) => html`<th scope="col">${column}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map((cells) => html`<tr>${cells.map((cell) => html`<td>${cell}</td>`)}</tr>`)}
      </tbody>
    </table>
  </div>` as View;
}

/** The button that fetches the next page. */
export function More({ pages }: { pages: Pages<unknown> }): View | null {
  if (pages.more === null) return null;
  return html`<p><button class="plain" type="button" onClick=${pages.more}>More</button></p>` as View;
}

const TONES: Readonly<Record<string, string>> = {
  ...{ good: 'good', valid: 'good', enrolled: 'good', success: 'good', healthy: 'good' },
  ...{ active: 'good', retiring: 'warn', retired: 'warn', ended: 'bad' },
  ...{ held: 'warn', expired: 'warn', waiting: 'warn', removing: 'warn' },
  ...{ revoked: 'bad', deactivated: 'bad' },
};

/** A state as coloured text. */
export function State({ is }: { is: string }): View {
  return html`<span class=${TONES[is] ?? ''}>${is}</span>` as View;
}
