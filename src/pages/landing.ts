import { html, Markup } from '../lib/html.js';
import { CLIENTS } from './client-lines.js';
import { PROFILE_FILE, ROOTS_FILE, type Root, rootFile, shownFingerprint } from './roots.js';
import { STYLE } from './style.js';
import { BUNDLE, trustLines } from './trust-lines.js';

/** The listener that serves the page: the main one requests a client certificate, the other two do not. */
export type Listener = 'main' | 'plain' | 'pages';

/** The data of the landing page. */
interface LandingFacts {
  roots: readonly Root[];
  /** One SVG for each root: a QR code with the URL of this page. */
  qrCodes: readonly string[];
  /** Scheme, host and port of the RA's URLs. */
  base: string;
  /** The same for the plain listener; null when there is none. */
  plainBase: string | null;
  /** The same of the HTTPS listener for visitors; null when there is none. */
  visitorsBase: string | null;
  /** The listener of this answer. On the plain one, an image from another listener shows whether the root is trusted. */
  listener: Listener;
  version: string;
}

/** Path of the self-test image, which loads only where the root is trusted. */
export const SELF_TEST_PATH = '/trust/works.svg';

/** The self-test image. */
export const SELF_TEST_SVG =
  '<svg xmlns="http://www.w3.org/2000/svg" width="330" height="30" role="img" aria-label="This browser trusts the root."><rect width="330" height="30" rx="6" fill="#1a7f37"/><text x="12" y="20" font-family="system-ui,sans-serif" font-size="15" fill="#fff">This browser trusts the root.</text></svg>\n';

/** URL fragment that selects a root. Its section then says that the link has the same fingerprint. */
export const rootAnchor = ({ sha256 }: Pick<Root, 'sha256'>): string => `sha256-${sha256}`;

/** The page at `/` for people: static, without script. Every value is escaped. */
export function landingPage(facts: LandingFacts): string {
  const { roots, base, version } = facts;
  const directory = `${base}/acme/directory`;
  // Links lead to the visitors' listener if there is one, because it does not request a client certificate.
  const readable = facts.visitorsBase ?? base;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Certificates of ${new URL(base).hostname}</title>
<style>${new Markup(STYLE)}</style>
</head>
<body>
<main>
<h1>The certificate authority (CA) of this network</h1>
<p>Servers here get their certificates from it by ACME, as they would from a public CA. A device trusts these servers
once it has the root certificate below.</p>
<dl>
<dt>ACME directory</dt><dd><a href="${directory}"><code>${directory}</code></a></dd>
<dt>REST</dt><dd><a href="${readable}/api/v1/docs">reference</a></dd>
<dt>Revocation list</dt><dd><a href="${readable}/api/v1/public/crl">CRL</a></dd>
<dt>Software</dt><dd>uPKI ${version}</dd>
</dl>
<h2 id="root">${roots.length > 1 ? 'The root certificates' : 'The root certificate'}</h2>
<p><strong>Compare the fingerprint</strong> with the one your administrator gives you another way: on paper, by phone, in a chat you
trust. <code>upki start</code> prints it where the authority runs. A fingerprint that you read on this page alone proves nothing.</p>
${roots.length > 1 ? html`<p><strong>The root is being replaced.</strong> Trust each of these ${roots.length}: certificates of both are in use. The profile and the lines below have all of them.</p>` : html``}
${roots.map((root, index) => rootSection(root, index, facts.qrCodes[index] ?? ''))}
${roots.length > 1 ? html`<p><a href="${ROOTS_FILE}" download="${BUNDLE}">All of them in one file (.crt, PEM)</a></p>` : html``}
${selfTest(facts)}
<h2 id="trust">Trust it on a machine</h2>
<p>Each list of lines fetches ${roots.length > 1 ? `the ${roots.length} roots, compares their fingerprints and stops when one is another` : 'the root, compares its fingerprint and stops when it is another one'}.</p>
${trustSection(facts)}
<h2 id="phones">On a phone or tablet</h2>
<h3>iPhone, iPad</h3>
<p>Open the profile (.mobileconfig) above in Safari; then Settings, General, VPN &amp; Device Management: install it, and compare the
fingerprint there (More Details). Then Settings, General, About, Certificate Trust Settings: switch it on.</p>
<h3>Android</h3>
<p>Download the certificate (.cer) above; then Settings, Security, Encryption &amp; credentials, Install a certificate, CA certificate.
Compare the fingerprint under Trusted credentials, User. Browsers trust it; an app does so only if its developer allows it.</p>
<h2 id="acme">Get a certificate</h2>
<p>On the machine that has the name, as root, with its port 80 free. <code>${BUNDLE}</code> is what the lines for Debian above
have made. <a href="${readable}/api/v1/docs">More ways</a> are in the reference.</p>
${clientSections(directory)}
</main>
</body>
</html>
`.text;
}

function rootSection(root: Root, index: number, qrCode: string): Markup {
  const day = (time: number) => new Date(time).toISOString().slice(0, 10);
  return html`<section class="root" id="${rootAnchor(root)}" aria-label="${root.subject}"><div>
<h3>${root.subject}</h3>
<p>SHA-256<br><code>${shownFingerprint(root)}</code></p>
<p class="same">This is the fingerprint of the link that brought you here.</p>
<p class="faint">Valid from ${day(root.notBefore)} to ${day(root.notAfter)}</p>
<ul class="buttons">
<li><a href="${rootFile(index, 'cer')}" download="upki-root.cer">Windows, Android, Firefox (.cer)</a></li>
<li><a href="${PROFILE_FILE}">macOS, iOS (.mobileconfig)</a></li>
<li><a href="${rootFile(index, 'crt')}" download="upki-root.crt">Linux (.crt, PEM)</a></li>
</ul></div>
<div role="img" aria-label="QR code with the address of this page">${new Markup(qrCode)}</div>
</section>`;
}

/**
 * The test whether the browser trusts the root. Over plain HTTP, an image from an HTTPS listener shows it; over HTTPS, the missing
 * warning of the browser does. The main listener requests a client certificate even for an image, so its image loads only on demand.
 */
function selfTest({ listener, base, plainBase, visitorsBase }: LandingFacts): Markup {
  const head = html`<h2 id="test">Does this browser trust it?</h2>`;
  const picture = (from: string) =>
    html`<img loading="lazy" src="${from}${SELF_TEST_PATH}" alt="Not yet: this browser does not trust the root, or cannot reach ${from}.">`;
  if (listener === 'plain') {
    return visitorsBase === null
      ? html`${head}
<details><summary>Test it</summary>
<p>${picture(base)}</p>
<p class="faint">A browser that has a client certificate of this authority may ask which one to present: present none.</p></details>`
      : html`${head}
<p>${picture(visitorsBase)}</p>`;
  }
  const where =
    plainBase === null
      ? html``
      : html` For a test that does not depend on such a click, open <a href="${plainBase}/#test">${plainBase}</a>.`;
  return html`${head}
<p>This page came over HTTPS. If the browser showed no warning, it trusts the root.${where}</p>`;
}

function trustSection({ roots, base, plainBase }: LandingFacts): Markup {
  const sources = roots.map((root, index) => ({
    root,
    url: `${plainBase ?? base}${rootFile(index, 'cer')}`,
  }));
  const sections = trustLines(sources).map(({ title, note, lines }) =>
    linesSection(title, note ?? null, lines),
  );
  return html`${sections}`;
}

function clientSections(directoryUrl: string): Markup {
  const sections = Object.values(CLIENTS).map((of) => {
    const { title, lines } = of({ directoryUrl, rootPath: BUNDLE });
    return linesSection(title, null, lines);
  });
  return html`${sections}`;
}

function linesSection(title: string, note: string | null, lines: readonly string[]): Markup {
  return html`<details><summary>${title}</summary>
${note === null ? html`` : html`<p>${note}</p>`}
<pre tabindex="0" aria-label="Lines for ${title}">${lines.join('\n')}</pre></details>`;
}
