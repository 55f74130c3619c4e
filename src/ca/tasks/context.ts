import { createHash, timingSafeEqual } from 'node:crypto';
import { ErrorCode, TaskError } from '../../channel/errors.js';
import type { CaStore, CertificateRecord } from '../../store/contract/ca.js';
import { StoreRefused } from '../../store/contract/errors.js';
import type { FiguresWatch } from '../figures.js';
import type { Certifier } from '../issue/certifier.js';
import type { NodeIssuer } from '../issue/keys-made-here.js';
import type { OrderIssuer } from '../issue/orders.js';
import type { Reissuer } from '../issue/reissue.js';
import type { OcspResponder } from '../ocsp/responder.js';
import type { Administrators } from '../peers/administrators.js';
import type { ChannelCallers } from '../peers/callers.js';
import type { RegisteredPeers } from '../peers/registered-peers.js';
import type { Crls } from '../revoke/crls.js';
import type { Revocation } from '../revoke/revocation.js';

/** The dependencies of all task handlers. */
export interface CaServices {
  certifier: Certifier;
  orders: OrderIssuer;
  nodes: NodeIssuer;
  reissuer: Reissuer;
  revocation: Revocation;
  crls: Crls;
  ocsp: OcspResponder;
  peers: RegisteredPeers;
  callers: ChannelCallers;
  administrators: Administrators;
  /** Whether RAs may change the list of administrators. */
  adminsByRa: boolean;
  seed: string;
  /** The part of an issuer's life after which its successor is made. */
  succeedAt: number;
  /** The encryption secret for RAs; null where it would cross the network unencrypted. */
  nodeSecret: Uint8Array | null;
  /** Background checks and their findings. */
  figures: FiguresWatch;
  /** The CA's folder. */
  dataDir: string;
  /** A sentence about data that the database lost; null if it lost none. */
  behind(): string | null;
}

/** PEM of the leaf and its issuing chain, in one text: the file that a server loads. */
export function certificateFile(certifier: Certifier, record: CertificateRecord): string {
  return certifier.pemOf(record) + certifier.chainOf(record);
}

/** PEM of a certificate and of its issuing chain, and its serial. */
export function leafAndChain(certifier: Certifier, record: CertificateRecord) {
  return {
    certificate: certifier.pemOf(record),
    chain: certifier.chainOf(record),
    serial: record.serial,
  };
}

/** A handler whose task has no other result than that it was done. */
export function done<P>(
  work: (params: P, connection: string) => Promise<unknown>,
): (params: P, connection: string) => Promise<true> {
  return async (params, connection) => {
    await work(params, connection);
    return true;
  };
}

/** Checks that the store works. @throws TaskError for a permanent fault, which the RA's readiness then reports; StoreUnavailable */
export async function pingStore(store: Pick<CaStore, 'ping'>): Promise<void> {
  await store.ping().catch((error) => {
    if (error instanceof StoreRefused) throw new TaskError(ErrorCode.communication, error.message);
    throw error;
  });
}

/** Compares in constant time. @throws TaskError in the words of the contract. */
export function checkSeed(given: string, seed: string): void {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  if (!timingSafeEqual(digest(given), digest(seed))) {
    throw new TaskError(ErrorCode.communication, 'Invalid registration seed');
  }
}
