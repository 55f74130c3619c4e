import type { CaStore } from './ca.js';
import type { RaStore } from './ra.js';

/** The reads of the RA's store: the holder of a reader cannot write. */
export type RaReader = Pick<
  RaStore,
  | 'findAccountByThumbprint'
  | 'findAuthorizationByToken'
  | 'findCertificateByAriId'
  | 'findCertificateBySerial'
  | 'findNodeBySeed'
  | 'findNodeBySerial'
  | 'findNodeIssuances'
  | 'findValidAuthorizations'
  | 'getAccount'
  | 'getAuthorization'
  | 'getCertificate'
  | 'getNode'
  | 'getOrder'
  | 'getSetting'
  | 'listNodes'
  | 'listOrderIds'
  | 'listSettings'
  | 'readAudit'
  | 'auditEnds'
>;

/** The reads of the CA's store. */
export type CaReader = Pick<
  CaStore,
  | 'findByOrder'
  | 'findBySerial'
  | 'findNewestByCn'
  | 'findPeer'
  | 'getCrl'
  | 'getNode'
  | 'isCrlCurrent'
  | 'listAdmins'
  | 'listByCn'
  | 'listCertificates'
  | 'listNodes'
  | 'listPeers'
  | 'listRevoked'
  | 'searchCertificates'
>;
