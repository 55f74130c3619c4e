import type { FastifyInstance } from 'fastify';
import type { LinkBuilder } from '../../acme/links.js';
import { version } from '../../lib/version.js';
import type { CertificateAuthority } from '../../model/ca.js';
import { Problem } from '../../model/problem.js';
import { consoleRoutes } from '../../pages/console-routes.js';
import { publicPages } from '../../pages/public.js';

/** The ports of the listeners beside the main one; null while there is no such listener. */
export interface OtherPorts {
  plain: number | null;
  pages: number | null;
}

interface PagesOptions {
  ca: Pick<CertificateAuthority, 'caCertificates'>;
  links: Pick<LinkBuilder, 'forHost' | 'baseForName'>;
  ports: Readonly<OtherPorts>;
}

/** The pages of every listener as fastify plugins. Only the main listener has the console, because it requests client certificates. */
export function pagesOf({ ca, links, ports }: PagesOptions) {
  const shared = { ca, version: version(), ports: () => ports };
  const mainBase = (host: string | undefined) => links.baseForName(host);
  // A request to the wrong port is answered with the right one.
  const pointTo = (app: FastifyInstance, paths: readonly string[], why: string) => {
    for (const path of paths) {
      app.all(path, ({ headers }) => {
        throw new Problem('malformed', `${why} at ${mainBase(headers.host)}`, { status: 404 });
      });
    }
  };
  return {
    main: async (app: FastifyInstance): Promise<void> => {
      const baseUrl = (host: string | undefined) => links.forHost(host).base;
      await app.register(publicPages, { ...shared, baseUrl, listener: 'main' });
      await app.register(consoleRoutes, {});
    },
    plain: async (app: FastifyInstance): Promise<void> => {
      await publicPages(app, { ...shared, baseUrl: mainBase, listener: 'plain' });
      const why = 'this is the plain-HTTP port, for CRL, OCSP and issuers: ACME and REST are';
      pointTo(app, ['/api/*', '/acme/*', '/directory'], why);
    },
    /** The pages of the listener for visitors. */
    pages: async (app: FastifyInstance): Promise<void> => {
      await publicPages(app, { ...shared, baseUrl: mainBase, listener: 'pages' });
      for (const path of ['/console', '/console/*']) {
        app.get(path, ({ headers }, reply) => reply.redirect(`${mainBase(headers.host)}/console/`, 307));
      }
      const why =
        'this port is for visitors and asks for no client certificate: ACME and the rest of REST are';
      pointTo(app, ['/api/*', '/acme/*', '/directory', '/.well-known/est/*'], why);
    },
  };
}
