import { html } from 'htm/preact';
import { render } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { Accounts } from './accounts.js';
import { Administrators } from './administrators.js';
import { ApiError, ask } from './api.js';
import { Audit } from './audit.js';
import { Authority } from './authority.js';
import { Certificate } from './certificate.js';
import { Certificates } from './certificates.js';
import { Failures } from './failures.js';
import { Nodes } from './nodes.js';
import { Overview } from './overview.js';
import type { PageProps } from './page.js';
import { Settings } from './settings.js';
import { ErrorBox, useLoad, type View } from './view.js';

/** The user, as the server identifies them by the client certificate. */
interface Me {
  dn: string;
  role: Role | null;
  not_after: string;
}

type Role = 'auditor' | 'operator' | 'admin';

interface Page {
  title: string;
  /** Left out of the menu. */
  hidden?: boolean;
  view(props: PageProps): View;
}

const PAGES: Readonly<Record<string, Page>> = {
  overview: { title: 'Overview', view: Overview },
  certificates: { title: 'Certificates', view: Certificates },
  certificate: { title: 'Certificate', view: Certificate, hidden: true },
  accounts: { title: 'Accounts', view: Accounts },
  nodes: { title: 'Nodes', view: Nodes },
  failures: { title: 'Failures', view: Failures },
  audit: { title: 'Audit log', view: Audit },
  authority: { title: 'Authority', view: Authority },
  administrators: { title: 'Administrators', view: Administrators },
  settings: { title: 'Settings', view: Settings },
};

/** `#/certificate/0a1b` is the page `certificate` and the reference `0a1b`. */
function place(): { name: string; reference: string } {
  const [, name = '', rest = ''] = /^#\/([a-z]+)(?:\/(.*))?$/.exec(location.hash) ?? [];
  if (!Object.hasOwn(PAGES, name)) return { name: 'overview', reference: '' };
  try {
    return { name, reference: decodeURIComponent(rest) };
  } catch {
    return { name, reference: '' };
  }
}

function App(): View {
  const [{ name, reference }, setPlace] = useState(place);
  const me = useLoad('me', () => ask<Me>('/client/status'));
  useEffect(() => {
    const follow = () => {
      setPlace(place());
      document.querySelector('main')?.focus();
    };
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, []);
  const page = PAGES[name];
  const title = page?.title ?? '';
  useEffect(() => {
    document.title = `${title} · uPKI`;
  }, [title]);
  const role = me.data?.role ?? null;
  return html`<a class="skip" href="#main" onClick=${skip}>Skip to content</a>
    <div class="frame">
      <nav class="side" aria-label="Pages">
        <strong>uPKI</strong>
        <ul>
          ${Object.entries(PAGES)
            .filter(([, { hidden }]) => !hidden)
            .map(([each, { title }]) => {
              const here = each === name || (each === 'certificates' && name === 'certificate');
              return html`<li><a href=${`#/${each}`} aria-current=${here ? 'page' : undefined}>${title}</a></li>`;
            })}
        </ul>
        <div class="who">${me.data && html`${me.data.dn}<br />${role ?? 'not an administrator'}`}</div>
      </nav>
      <main id="main" tabindex="-1">
        <h1>${title}</h1>
        ${
          me.error && (me.data === null || isStranger(me.error))
            ? html`<${NotSignedIn} error=${me.error} />`
            : page &&
              html`<${page.view}
                key=${`${name}/${reference}`}
                reference=${reference}
                operates=${role === 'operator' || role === 'admin'}
                administers=${role === 'admin'}
              />`
        }
      </main>
    </div>` as View;
}

function skip(event: Event): void {
  event.preventDefault();
  document.querySelector('main')?.focus();
}

/** Whether the server says that it knows no administrator here, or no more. */
const isStranger = (error: Error): boolean =>
  error instanceof ApiError && (error.status === 401 || error.status === 403);

function NotSignedIn({ error }: { error: Error }): View {
  if (!isStranger(error)) {
    return html`<${ErrorBox} error=${error} />
      <p class="faint">Nothing is known of who you are. This page asks again by itself.</p>` as View;
  }
  return html`<${ErrorBox} error=${error} />
    <p>
      The console is for administrators. Import your administrator certificate (.p12) into this browser and reload the page, or run
      <code>upki console</code> where the files of <code>upki admin add</code> are: it opens the same pages without importing
      anything.
    </p>` as View;
}

const root = document.querySelector('#app');
if (root) render(html`<${App} />` as View, root);
