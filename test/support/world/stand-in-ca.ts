import {
  CaUnavailable,
  type CertificateAuthority,
  type IssueRequest,
  type IssuingCa,
} from '../../../src/model/ca.js';
import { parseCsr } from '../../../src/x509/csr.js';
import type { TestPki } from '../../../tools/kit/test-pki.js';

/** While `away`, the CA cannot be reached. While `silent`, it revokes but its answer is lost. */
export interface Reachability {
  away: boolean;
  silent: boolean;
}

export type StandInCa = IssuingCa & Pick<CertificateAuthority, 'caCertificates' | 'crl' | 'ping'>;

/** A CA that issues every requested certificate. The tests of the CA cover the rules of issuance. */
export function standInCa(pki: TestPki, state: Reachability): StandInCa {
  const issued = new Map<string, { chain: string; serial: string }>();
  const revoked = new Set<string>();
  const reach = () => {
    if (state.away) throw new CaUnavailable('away');
  };
  return {
    issue: async ({ orderId, identifiers, csr }: IssueRequest) => {
      reach();
      const known = issued.get(orderId);
      if (known) return known;
      const names = identifiers.map(({ value }) => value);
      const chain = pki.certify(parseCsr(csr).publicKey.key, {
        names,
      });
      const made = { chain, serial: '' };
      issued.set(orderId, made);
      return made;
    },
    hasIssued: async (orderId) => {
      reach();
      return issued.has(orderId);
    },
    revoke: async (serial) => {
      reach();
      const already = revoked.has(serial);
      revoked.add(serial);
      if (state.silent) throw new CaUnavailable('no answer');
      return { already };
    },
    profiles: async () => [
      { name: 'server', description: 'TLS servers', maxValidity: 60 * 24 * 3600_000 },
      { name: 'webapp', description: 'Web applications', maxValidity: 60 * 24 * 3600_000 },
    ],
    caCertificates: async () => ({ root: pki.root, chain: '' }),
    crl: async () => new Uint8Array(),
    ping: async () => reach(),
  };
}
