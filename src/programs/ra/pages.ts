import type { FastifyInstance } from 'fastify';
import type { LinkBuilder } from '../../acme/links.js';
import { version } from '../../lib/version.js';
import type { CertificateAuthority } from '../../model/ca.js';
import { Problem } from '../../model/problem.js';
import { consoleRoutes } from '../../pages/console-routes.js';
import { publicPages } from '../../pages/public.js';

const PLAIN_PORT = 'this is the plain-HTTP port, for CRL, OCSP and issuers';

export interface PagesOptions {
  ca: Pick<CertificateAuthority, 'caCertificates'>;
  links: Pick<LinkBuilder, 'forHost' | 'baseForName'>;
  /** Port of the plain listener; null until it listens, or when there is none. */
  plainPort(): number | null;
}

/** The pages of both listeners, each a fastify plugin: the console is on the one that proves who it is. */
export function pagesOf({ ca, links, plainPort }: PagesOptions) {
  const shared = { ca, version: version(), plainPort };
  return {
    main: async (app: FastifyInstance): Promise<void> => {
      const baseUrl = (host: string | undefined) => links.forHost(host).base;
      await app.register(publicPages, { ...shared, baseUrl, overPlain: false });
      await app.register(consoleRoutes, {});
    },
    plain: async (app: FastifyInstance): Promise<void> => {
      const baseUrl = (host: string | undefined) => links.baseForName(host);
      await publicPages(app, { ...shared, baseUrl, overPlain: true });
      // Who has the port wrong is told which is right.
      for (const path of ['/api/*', '/acme/*', '/directory']) {
        app.all(path, ({ headers }) => {
          throw new Problem('malformed', `${PLAIN_PORT}: ACME and REST are at ${baseUrl(headers.host)}`, {
            status: 404,
          });
        });
      }
    },
  };
}
