import type { FastifyInstance } from 'fastify';
import { addressOf } from '../../http/peer.js';
import type { AcmeContext } from '../context.js';
import { requireDer, requireObject } from '../payload.js';

/** RFC 8555 §7.6: revocation, signed by an account (kid) or by the certificate's own key (jwk). */
export function revocationRoutes(app: FastifyInstance, { ra, signed }: AcmeContext): void {
  app.post('/revoke-cert', async (request, reply) => {
    const signedRequest = await signed.byAccountOrKey(request);
    const payload = requireObject(signedRequest.payload);
    const certificate = requireDer(payload, 'certificate');
    const by =
      'account' in signedRequest
        ? { account: signedRequest.account }
        : { certificateKey: signedRequest.key.jwk };
    await ra.revocations.revoke(certificate, payload.reason, by, addressOf(request));
    return reply.code(200).send();
  });
}
