import { html } from 'htm/preact';
import { useState } from 'preact/hooks';
import { More, Shown, State, Table, Time, usePages, type View } from './view.js';

export interface FoundCertificate {
  cn: string;
  dn: string;
  serial: string;
  profile: string;
  state: string;
  not_before: string;
  not_after: string;
  issued_at: string;
  sans: { type: string; value: string }[];
  account?: string;
  order?: string;
  reason?: string;
  revoked_at?: string;
}

const STATES = ['', 'good', 'held', 'revoked', 'expired'];

/** The search, page by page. */
export function Certificates(): View {
  const [asked, setAsked] = useState<Record<string, string>>({});
  const pages = usePages<FoundCertificate>('/private/certificates', 'certificates', asked);
  const search = (event: SubmitEvent) => {
    event.preventDefault();
    if (!(event.target instanceof HTMLFormElement)) return;
    const given = [...new FormData(event.target)].map(([name, value]) => [name, String(value).trim()]);
    setAsked(Object.fromEntries(given.filter(([, value]) => value !== '')));
  };
  return html`<form class="row" role="search" onSubmit=${search}>
      <label>Name, glob or network<input name="name" placeholder="*.example.internal" /></label>
      <label>Serial<input name="serial" autocomplete="off" /></label>
      <label>State<select name="state">${STATES.map((each) => html`<option value=${each}>${each || 'any'}</option>`)}</select></label>
      <label>Ends within<input name="expires_in" placeholder="14d" size="6" /></label>
      <label>Profile<input name="profile" size="10" /></label>
      <button>Search</button>
    </form>
    <${Shown} of=${pages}>
      ${(found: FoundCertificate[]) =>
        html`<${CertificateTable} found=${found} empty=${pages.more ? 'None on this page; continue with More.' : 'No certificate matches.'} />`}
    <//>
    <${More} pages=${pages} />` as View;
}

/** Link to the page of a certificate. */
const certificateLink = (serial: string): string => `#/certificate/${serial}`;

/** Certificates, one a line. */
export function CertificateTable({ found, empty }: { found: FoundCertificate[]; empty: string }): View {
  return html`<${Table}
    caption="Certificates"
    columns=${['Name', 'State', 'Expires', 'Profile', 'Serial']}
    empty=${empty}
    rows=${found.map(({ cn, sans, dn, serial, state, not_after, profile }) => [
      html`<a href=${certificateLink(serial)}>${cn || sans[0]?.value || dn}</a>${sans.length > 1 && html` <span class="faint">and ${sans.length - 1} more</span>`}`,
      html`<${State} is=${state} />`,
      html`<${Time} at=${not_after} />`,
      profile,
      html`<code>${serial.length > 16 ? `${serial.slice(0, 16)}…` : serial}</code>`,
    ])}
  />` as View;
}
