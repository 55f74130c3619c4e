import type { FastifyInstance } from 'fastify';
import { Problem } from '../../model/problem.js';
import type { AcmeContext } from '../context.js';
import { requirePostAsGet } from '../payload.js';

interface CertificatePath {
  Params: { id: string; alternate?: string };
}

/** RFC 8555 §7.4.2: downloading certificates. */
export function certificateRoutes(app: FastifyInstance, { ra, signed, alternateChains }: AcmeContext): void {
  for (const url of ['/cert/:id', '/cert/:id/:alternate']) {
    app.post<CertificatePath>(url, async (request, reply) => {
      const { id } = request.params;
      const { account, payload, links, ahead } = await signed.byAccountAbout(request, 'certificate', id);
      requirePostAsGet(payload);
      const certificate = await ra.certificates.get(account, id, ahead);
      const chains = [certificate.chain, ...(await alternateChains(certificate))];
      const asked = chainNumber(request.params.alternate);
      const chain = chains[asked];
      if (chain === undefined) throw new Problem('malformed', 'there is no such chain', { status: 404 });
      const others = chains.flatMap((_, number) =>
        number === asked
          ? []
          : [`<${links.certificate(certificate.id, number || undefined)}>;rel="alternate"`],
      );
      if (others.length > 0) reply.header('link', [links.index, ...others]);
      reply.type('application/pem-certificate-chain'); // §9.1
      return chain;
    });
  }
}

/** 0 is the default chain, at the certificate's own URL. */
function chainNumber(segment: string | undefined): number {
  if (segment === undefined) return 0;
  return /^[1-9]\d?$/.test(segment) ? Number(segment) : -1;
}
