import { z } from 'zod';
import { present } from '../../../lib/present.js';
import type { CertificateAuthority } from '../../../model/ca.js';
import type { CertificateDetails, ListedCertificate } from '../../../model/ca-register.js';
import { Refused } from '../../../model/refusal.js';
import { isForTlsServers, parseCertificate } from '../../../x509/certificate.js';
import { firstFromPem } from '../../../x509/pem.js';
import {
  certificateJson,
  certificateState,
  certificateSummary,
  certificateWithPem,
  commonName,
  pageOf,
  pageQuery,
  summaryJson,
  time,
} from '../../fields.js';
import { publicRoute, type Route } from '../../route.js';

/** Limit of certificates of a name in an answer: years of renewals. */
const HISTORY = 100;

/** Only certificates of servers are public, because servers send them to all clients; those of people and administrators are not. */
const isPublic = ({ forServers, profile }: Pick<ListedCertificate, 'forServers' | 'profile'>): boolean =>
  forServers && profile !== 'admin';

const forServers = ({ certificate }: CertificateDetails): boolean =>
  certificate !== '' && isForTlsServers(parseCertificate(firstFromPem('CERTIFICATE', certificate)));

/** The certificates of servers, which are public. */
export function publicCertificateRoutes(ca: Pick<CertificateAuthority, 'list' | 'byCommonName'>): Route[] {
  return [
    publicRoute('GET', '/public/certs', {
      summary:
        'Issued certificates of servers, a page at a time; a page may be short, go on while there is a `next`.',
      query: pageQuery.extend({
        state: certificateState.optional(),
        cn: commonName.optional(),
        expires_before: time.optional(),
      }),
      result: pageOf({ certificates: z.array(certificateSummary) }),
      async handle({ query: { limit, cursor, state, cn, expires_before: expiresBefore } }) {
        const { certificates, next } = await ca.list({
          after: cursor ?? null,
          limit,
          ...present({ state, cn, expiresBefore }),
        });
        return { certificates: certificates.filter(isPublic).map(summaryJson), next };
      },
    }),
    publicRoute('GET', '/public/certs/{cn}', {
      summary: 'The newest certificate of a common name, and the earlier ones.',
      params: z.strictObject({ cn: commonName }),
      result: certificateWithPem.extend({ history: z.array(certificateSummary) }),
      async handle({ path: { cn } }) {
        const [newest, ...earlier] = (await ca.byCommonName(cn, HISTORY)).filter((each) =>
          isPublic({ ...each, forServers: forServers(each) }),
        );
        if (!newest)
          throw new Refused('notFound', 'no server has a certificate of this common name', { field: 'cn' });
        return { ...certificateJson(newest), history: earlier.map(certificateJson) };
      },
    }),
  ];
}
