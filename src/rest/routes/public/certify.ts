import { z } from 'zod';
import { addressOf } from '../../../http/peer.js';
import type { Certification } from '../../../ra/nodes/certification.js';
import { fromPem, toPem } from '../../../x509/pem.js';
import { formatQuery, profileName, text, time } from '../../fields.js';
import { chooseFormat, JSON_OR_CHAIN } from '../../format.js';
import { FileAnswer, publicRoute, type Route } from '../../route.js';
import { sansJson, sansResult } from '../../sans.js';

/** The enrolment of a node with its seed. */
export function certifyRoute(certification: Pick<Certification, 'certify'>): Route {
  return publicRoute('POST', '/public/certify', {
    summary:
      'Certifies the key of a CSR for the node that has the seed: the certificate says what was registered. The same seed ' +
      'and key again get the same certificate.',
    query: formatQuery(JSON_OR_CHAIN),
    body: z.strictObject({
      csr: text('Certification request, PEM; it may name no other than the registered names', 32_768),
      seed: z.string().max(1024).nullish().describe('One-time seed of a node'),
      profile: profileName.nullish().describe('Not another than the registered one'),
    }),
    files: [JSON_OR_CHAIN.chain],
    failures: {
      401: 'There is no seed.',
      429: 'Too many wrong seeds came from this address.',
      422: 'The certificate authority refused, though names and seed are right.',
    },
    result: z.object({
      cn: z.string(),
      profile: z.string(),
      sans: sansResult,
      serial: z.string().describe('Lower-case hex'),
      not_after: time,
      certificate: z.string().describe('PEM of the certificate alone'),
      chain: z.string().describe('PEM of the issuing chain, issuer first, root left out'),
    }),
    audited: (_, { cn, serial }) => ({ cn, issued: serial }),
    async handle({ body, query, request, reply }) {
      const format = chooseFormat(JSON_OR_CHAIN, { query, request, reply });
      const { cn, profile, names, serial, notAfter, chain } = await certification.certify(
        { ...body, profile: body.profile ?? undefined },
        addressOf(request),
      );
      if (format === 'chain') return new FileAnswer(JSON_OR_CHAIN.chain, chain, { cn, issued: serial });
      const [certificate = '', ...issuers] = fromPem('CERTIFICATE', chain).map((der) =>
        toPem('CERTIFICATE', der),
      );
      return {
        cn,
        profile,
        sans: sansJson(names),
        serial,
        not_after: notAfter,
        certificate,
        chain: issuers.join(''),
      };
    },
  });
}
