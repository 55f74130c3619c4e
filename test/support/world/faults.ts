import type { IssuedCertificate } from '../../../src/model/ca.js';
import type { CaClient } from '../../../src/ra/ca/client.js';

/** Decides whether a request is carried out and whether it is answered. */
export type Fault<T> = (carryOut: () => Promise<T>) => Promise<T>;

/** The faults between RA and CA. */
export interface Faults {
  issue?: Fault<IssuedCertificate>;
  enroll?: Fault<IssuedCertificate>;
  reissue?: Fault<IssuedCertificate>;
  revoke?: Fault<{ already: boolean }>;
}

/** The client of the CA, with these faults. */
export function faultyCa(ca: CaClient, faults: Faults): CaClient {
  const issue = ca.issue.bind(ca);
  const enroll = ca.enroll.bind(ca);
  const reissue = ca.reissue.bind(ca);
  const revoke = ca.revoke.bind(ca);
  const through = <T>(fault: Fault<T> | undefined, carryOut: () => Promise<T>) =>
    fault ? fault(carryOut) : carryOut();
  ca.issue = (request) => through(faults.issue, () => issue(request));
  ca.enroll = (request) => through(faults.enroll, () => enroll(request));
  ca.reissue = (serial, csr) => through(faults.reissue, () => reissue(serial, csr));
  ca.revoke = (serial, reason) => through(faults.revoke, () => revoke(serial, reason));
  return ca;
}
