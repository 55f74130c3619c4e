import type { FastifyInstance } from 'fastify';
import type { LinkBuilder } from '../../acme/links.js';
import { version } from '../../lib/version.js';
import type { CertificateAuthority } from '../../model/ca.js';
import { consoleRoutes } from '../../pages/console-routes.js';
import { publicPages } from '../../pages/public.js';

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
    plain: (app: FastifyInstance): Promise<void> =>
      publicPages(app, { ...shared, baseUrl: (host) => links.baseForName(host), overPlain: true }),
  };
}
