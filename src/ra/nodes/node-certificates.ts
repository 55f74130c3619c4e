import { CaRefused, type CertificateAuthority, type IssuedCertificate } from '../../model/ca.js';
import { recordOf } from '../../model/ca-register.js';
import type { Node } from '../../model/facts.js';
import { Refused } from '../../model/refusal.js';
import type { RaStore } from '../../store/contract/ra.js';
import type { SubjectName } from '../../x509/certificate-names.js';
import { REVOCATION_REASON } from '../../x509/crl.js';
import { revokeRecorded } from '../ca/revoke-recorded.js';
import { parseLeaf } from '../leaf.js';
import type { NamePolicy } from '../name-policy.js';
import { checkAllowed, saysWhatIsRegistered } from './node-names.js';
import { refuseOverAcme } from './renewable.js';

interface NodeCertificatesOptions {
  store: RaStore;
  ca: Pick<CertificateAuthority, 'revoke' | 'revokeShown' | 'bySerial' | 'bySerials' | 'search'>;
  policy: NamePolicy;
  clock(): number;
}

/** The certificates of nodes, and of other holders that renew their certificates outside ACME. */
export class NodeCertificates {
  constructor(private readonly options: NodeCertificatesOptions) {}

  /** The node that holds this certificate, if the CA says that it is good at this moment. @throws CaUnavailable */
  async ofCertificate(held: { serial: string; certificate: Uint8Array }): Promise<Node | null> {
    const { store, ca } = this.options;
    // Most peers with a certificate are not nodes; only the certificates of nodes are looked up at the CA.
    if (!(await store.findNodeBySerial(held.serial))) return null;
    const record = await recordOf(held, ca);
    if (record?.state !== 'good') return null;
    // Read again, because a removal may have begun meanwhile.
    const node = await store.findNodeBySerial(held.serial);
    return node?.removingAt === null ? node : null;
  }

  /**
   * Renews a certificate by `reissue`, for the same names. Refused for a certificate issued over ACME, for names that the current lists
   * deny, and for a node's certificate that does not match the node's registration.
   * @throws Refused, CaUnavailable
   */
  async renew(serial: string, reissue: () => Promise<IssuedCertificate>): Promise<IssuedCertificate> {
    const { store, ca, policy } = this.options;
    const node = await store.findNodeBySerial(serial);
    if (!node) await refuseOverAcme(serial, { store, ca });
    const names = (await ca.bySerial(serial))?.names ?? [];
    checkAllowed(
      policy,
      names.map(({ type, value }) => ({ type: type.toLowerCase(), value }) as SubjectName),
      'csr',
    );
    if (!node) {
      const issued = await reissue();
      const { notAfter } = parseLeaf(issued.chain);
      const renewal = { serial: issued.serial, origin: 'a renewal by its holder', renews: serial };
      await store.recordOtherCertificate({ ...renewal, at: this.options.clock(), notAfter });
      return issued;
    }
    if (node.removingAt !== null) throw new Refused('forbidden', 'the node is being removed');
    const record = await ca.bySerial(serial);
    if (!record || !saysWhatIsRegistered(record, node)) {
      throw new Refused(
        'forbidden',
        'the node was registered anew, with other names: enrol it with its new seed',
      );
    }
    const issued = await reissue();
    const { notAfter } = parseLeaf(issued.chain);
    if (await store.recordNodeCertificate(node.id, { serial: issued.serial, notAfter })) return issued;
    return this.revokeUnwanted(issued.serial);
  }

  /** Revokes a certificate whose node is no longer registered. @throws Refused always */
  async revokeUnwanted(serial: string): Promise<never> {
    await this.revoke(serial);
    throw new Refused('forbidden', 'the node was removed or registered anew meanwhile');
  }

  /** Revokes at the CA and in our record. True when it had not been revoked before. */
  async revoke(serial: string): Promise<boolean> {
    const { ca, store, clock } = this.options;
    const reason = REVOCATION_REASON.cessationOfOperation;
    try {
      const { already } = await revokeRecorded({ ca, store }, serial, reason);
      await store.recordRevocation(serial, clock(), reason);
      return !already;
    } catch (error) {
      if (error instanceof CaRefused && error.kind === 'notFound') return false;
      throw error;
    }
  }
}
