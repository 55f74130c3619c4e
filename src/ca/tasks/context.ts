import { createHash, timingSafeEqual } from 'node:crypto';
import { ErrorCode, TaskError } from '../../channel/errors.js';
import type { CertificateRecord } from '../../store/ca-store.js';
import { type Authority, certificatePem } from '../authority.js';
import type { CrlPublisher } from '../authority-crl.js';
import type { NodeIssuer } from '../authority-nodes.js';
import type { OrderIssuer } from '../authority-orders.js';
import type { Reissuer } from '../authority-reissue.js';
import type { Revocation } from '../authority-revocation.js';
import type { ChannelCallers } from '../channel-callers.js';
import type { OcspResponder } from '../ocsp-responder.js';
import type { RegisteredPeers } from '../registration-peers.js';

/** What the handlers of all tasks work with. */
export interface CaServices {
  authority: Authority;
  orders: OrderIssuer;
  nodes: NodeIssuer;
  reissuer: Reissuer;
  revocation: Revocation;
  crl: CrlPublisher;
  ocsp: OcspResponder;
  peers: RegisteredPeers;
  callers: ChannelCallers;
  seed: string;
}

/** The file a server loads: the leaf, then its issuing chain. */
export function certificateFile(authority: Authority, record: CertificateRecord): string {
  return certificatePem(record) + authority.chainPem;
}

/** Compares in constant time. @throws TaskError in the words of the contract. */
export function checkSeed(given: string, seed: string): void {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  if (!timingSafeEqual(digest(given), digest(seed))) {
    throw new TaskError(ErrorCode.communication, 'Invalid registration seed');
  }
}
