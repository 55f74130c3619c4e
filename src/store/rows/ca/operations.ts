import type {
  AuthorityRecord,
  CertificateFilter,
  DocumentKind,
  Page,
  RevokedEntry,
  StoredCrl,
} from '../../contract/ca.js';
import type { CertificateQuery } from '../../contract/certificate-query.js';
import type { AdministratorRecord, NodeRecord, PeerRecord, PeerRole } from '../../contract/registry.js';
import type { AuditOperations } from '../audit.js';
import type { SettingsOperations } from '../settings.js';
import type { AuthorityRow } from './authorities.js';
import type { CertificateRow } from './certificates.js';
import type { DocumentRow } from './documents.js';
import type { FigureOperations } from './figures.js';

/** The authorities of this CA. */
export interface AuthorityOperations {
  listAuthorities(): AuthorityRow[];
  addAuthority(record: AuthorityRecord, instead: string | null, entry: string): boolean;
  changeAuthority(
    id: string,
    change: Partial<Pick<AuthorityRecord, 'keyRef' | 'renewFrom' | 'retiredAt' | 'sealedKey' | 'usedFrom'>>,
    entry: string,
  ): boolean;
  lastCertificateEnd(issuer: string): number | null;
}

/** Issued and revoked certificates. */
export interface CertificateOperations {
  /** The certificate the order has already; undefined: this one was stored. */
  recordCertificate(
    row: CertificateRow,
    names: string[],
    entry: string,
    evenRetired: boolean,
    key: string | null,
  ): 'issuer retired' | 'key compromised' | CertificateRow | undefined;
  findByOrder(orderId: string): CertificateRow | undefined;
  findBySerial(serial: string): CertificateRow | undefined;
  listByCn(cn: string, limit: number): CertificateRow[];
  listAdminCertificates(): CertificateRow[];
  listCertificates(
    after: string | null,
    limit: number,
    now: number,
    filter: CertificateFilter,
  ): Page<CertificateRow>;
  searchCertificates(
    after: string | null,
    limit: number,
    now: number,
    query: CertificateQuery,
  ): Page<CertificateRow>;
  revoke(
    serial: string,
    at: number,
    reason: number | null,
    entry: string,
    compromisedKey: string | null,
  ): 'already' | 'revoked' | 'unknown';
  unrevoke(serial: string, entry: string): boolean;
  markDeleted(serial: string, at: number, entry: string): boolean;
}

/** RFC 5280 §5. */
export interface CrlOperations {
  listRevoked(issuer: string, after: string | null, limit: number, endedFrom: number): Page<RevokedEntry>;
  allocateCrlNumber(issuer: string, now: number): number;
  isCrlCurrent(issuer: string, number: number): boolean;
  putCrl(issuer: string, crl: StoredCrl): boolean;
  getCrl(issuer: string): StoredCrl | null;
}

/** The users of the CA: nodes, administrators, and the channel's admitted keys. */
export interface RegistryOperations {
  putNode(node: NodeRecord, entry: string): void;
  getNode(cn: string): NodeRecord | null;
  listNodes(after: string | null, limit: number): Page<NodeRecord>;
  removeNode(cn: string, entry: string): boolean;
  addAdmin(
    dn: string,
    role: 'admin' | 'auditor' | 'operator',
    addedAt: number,
    byName: number,
    serial: string | null,
    entry: string,
  ): boolean;
  setAdminRole(dn: string, role: 'admin' | 'auditor' | 'operator', entry: string): boolean;
  bindAdmin(dn: string, serials: string[], entry: string): boolean;
  removeAdmin(dn: string, entry: string): boolean;
  listAdmins(): AdministratorRecord[];
  findAdminBySerial(serial: string): AdministratorRecord | null;
  isCompromisedKey(fingerprint: string): boolean;
  listCompromisedKeys(after: number, limit: number): { items: string[]; next: number };
  admitPeer(
    publicKey: string,
    role: PeerRole,
    cn: string,
    addedAt: number,
    serial: string | null,
    entry: string,
  ): void;
  addPeerCertificate(publicKey: string, serial: string): void;
  findPeer(publicKey: string): PeerRecord | null;
  listPeers(): PeerRecord[];
  revokePeer(publicKey: string, at: number, entry: string): boolean;
}

/** Copies of ACME objects, as JSON that the CA does not read. */
export interface DocumentOperations {
  putDocument(row: DocumentRow, keptAt: number): void;
  getDocument(kind: DocumentKind, id: string): DocumentRow | undefined;
  listDocuments(
    kind: DocumentKind,
    parentId: string | null,
    after: string | null,
    limit: number,
  ): Page<DocumentRow>;
}

/** Deletes what was kept long enough, a bounded number at a time. */
export interface PurgeOperations {
  purgeCertificates(before: number, limit: number): number;
  purgeDocuments(before: number, limit: number): number;
  countPurgeable(before: number): [certificates: number, documents: number];
}

/** Every row operation of the CA, each one atomic step: what SQLite and PostgreSQL both carry out. */
export interface CaOperations
  extends AuthorityOperations,
    CertificateOperations,
    CrlOperations,
    RegistryOperations,
    DocumentOperations,
    PurgeOperations,
    AuditOperations,
    FigureOperations,
    SettingsOperations {}
