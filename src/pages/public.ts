import type { FastifyInstance, FastifyReply } from 'fastify';
import { asksForHtml } from '../http/accepts.js';
import { BoundedMap } from '../lib/bounded-map.js';
import type { CertificateAuthority } from '../model/ca.js';
import { Problem } from '../model/problem.js';
import { type Listener, landingPage, rootAnchor, SELF_TEST_PATH, SELF_TEST_SVG } from './landing.js';
import { MOBILECONFIG_TYPE, mobileconfig } from './mobileconfig.js';
import { PROFILE_FILE, ROOTS_FILE, type Root, readRoots } from './roots.js';
import { pagePolicy } from './style.js';

interface PublicPagesOptions {
  ca: Pick<CertificateAuthority, 'caCertificates'>;
  version: string;
  /** Scheme, host and port of the RA's URLs, for the Host header of the request. */
  baseUrl(host: string | undefined): string;
  /** Ports of the plain listener and the one for visitors; null if there is none. */
  ports(): { plain: number | null; pages: number | null };
  /** The listener of these routes. */
  listener: Listener;
}

/**
 * The landing page at `/` for browsers, and the files of the root. A program that does not accept HTML gets 404 there, as at
 * any unknown URL.
 */
export async function publicPages(app: FastifyInstance, options: PublicPagesOptions): Promise<void> {
  const { ca, baseUrl, version, listener } = options;
  const roots = async (): Promise<Root[]> => readRoots((await ca.caCertificates()).root);
  const qrCodes = new QrCodes();

  app.get('/', async (request, reply) => {
    reply.header('vary', 'accept');
    if (!asksForHtml(request.headers.accept)) throw nothing();
    const base = baseUrl(request.headers.host);
    const { plain, pages } = options.ports();
    const plainBase = plain === null ? null : baseAt('http', base, plain);
    const visitorsBase = pages === null ? null : baseAt('https', base, pages);
    const known = await roots();
    const codes = known.map((root) => qrCodes.of(`${plainBase ?? base}/#${rootAnchor(root)}`));
    reply.header('content-security-policy', pagePolicy(visitorsBase ?? base));
    return send(
      reply,
      'text/html; charset=utf-8',
      landingPage({
        ...{ roots: known, qrCodes: await Promise.all(codes), version, listener },
        ...{ base, plainBase, visitorsBase },
      }),
    );
  });

  app.get<{ Params: { file: string } }>('/trust/:file', async (request, reply) => {
    const { file } = request.params;
    if (`/trust/${file}` === SELF_TEST_PATH) {
      // The page on the plain listener has another origin than the image.
      reply.header('cross-origin-resource-policy', 'cross-origin');
      return send(reply, 'image/svg+xml', SELF_TEST_SVG);
    }
    if (`/trust/${file}` === ROOTS_FILE) {
      const all = await roots();
      return send(reply, PEM_TYPE, all.map(({ pem }) => pem).join(''));
    }
    if (`/trust/${file}` === PROFILE_FILE) {
      reply.header('content-disposition', 'attachment; filename="upki-root.mobileconfig"');
      return send(reply, MOBILECONFIG_TYPE, mobileconfig(await roots()));
    }
    const [, number = '1', extension] = /^root(?:-([2-9]))?\.(cer|crt)$/.exec(file) ?? [];
    if (extension === undefined) throw nothing();
    const root = (await roots())[Number(number) - 1];
    if (root === undefined) throw nothing();
    if (extension === 'cer') return send(reply, 'application/x-x509-ca-cert', root.der);
    return send(reply, PEM_TYPE, root.pem);
  });
}

function send(reply: FastifyReply, type: string, content: Buffer | string): Buffer | string {
  reply.type(type).header('cache-control', 'no-cache').header('referrer-policy', 'no-referrer');
  return content;
}

const nothing = () => new Problem('malformed', 'there is nothing at this URL', { status: 404 });

const PEM_TYPE = 'application/x-pem-file';

/** The base of another listener on the same host. */
function baseAt(scheme: 'http' | 'https', base: string, port: number): string {
  return new URL(`${scheme}://${new URL(base).hostname}:${port}`).origin;
}

/** Makes QR codes on first use and caches them: each takes a millisecond, and the library has 30 files. */
class QrCodes {
  readonly #made = new BoundedMap<string, Promise<string>>(64);

  /** SVG without a declaration. */
  of(text: string): Promise<string> {
    let made = this.#made.get(text);
    if (made === undefined) {
      made = import('qrcode').then(({ default: library }) =>
        library.toString(text, { type: 'svg', margin: 1, errorCorrectionLevel: 'M' }),
      );
      this.#made.set(text, made);
    }
    return made;
  }
}
