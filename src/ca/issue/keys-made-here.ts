import type { KeyObject } from 'node:crypto';
import { join } from 'node:path';
import type { Actor } from '../../store/contract/audit.js';
import type { CertificateRecord, NodeRecord } from '../../store/contract/ca.js';
import { calledName } from '../../x509/certificate-names.js';
import { parsePublicKey } from '../../x509/spki.js';
import { generateKey, type KeySpec, publicKeyDer, saveKey } from '../folder/keys.js';
import type { Certifier } from './certifier.js';
import { checkEntitled, type Entitlement } from './entitlement.js';
import { namesFor } from './names.js';
import type { Profile } from './profiles.js';

/** A node whose key the CA makes. */
export interface NodeRequest {
  cn: string;
  profile: string;
  sans: { type: string; value: string }[];
}

/**
 * Makes keys and certificates for nodes that cannot make their own, as in the Python contract. Keys stay in
 * the CA's folder `private/`, one file per certificate, readable by the CA's user only.
 */
export class NodeIssuer {
  constructor(
    private readonly certifier: Certifier,
    private readonly keyFolder: string,
    private readonly passphrase: string | null,
  ) {}

  /** @throws TaskError when names or profile are not allowed */
  async generate(
    request: NodeRequest,
    by: Actor,
    entitlement: Entitlement,
  ): Promise<{ certificate: CertificateRecord; key: KeyObject }> {
    const profile = this.certifier.leafProfile(request.profile);
    const names = namesFor(profile, request.cn, request.sans);
    checkEntitled(profile.name, calledName(names), entitlement);
    const key = await generateKey(keySpec(profile));
    const publicKey = parsePublicKey(publicKeyDer(key));
    const { certificate } = await this.certifier.issue({ profile, publicKey, names, by, entitlement });
    await saveKey(join(this.keyFolder, `${certificate.serial}.key`), key, this.passphrase);
    await this.certifier.store.putNode(nodeOf(certificate), by);
    return { certificate, key };
  }
}

/** The node that a certificate registers. */
export function nodeOf({ cn, profile, identifiers, issuedAt }: CertificateRecord): NodeRecord {
  return { cn, profile, sans: identifiers, registeredAt: issuedAt };
}

/** The kind of key that a profile requires. */
function keySpec({ keyType, keyLen }: Profile): KeySpec {
  if (keyType === 'ed25519') return { type: 'ed25519' };
  if (keyType === 'rsa') return { type: 'rsa', bits: keyLen === 2048 || keyLen === 3072 ? keyLen : 4096 };
  return { type: 'ec', curve: keyLen === 384 ? 'P-384' : keyLen === 521 ? 'P-521' : 'P-256' };
}
