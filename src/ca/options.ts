import type { KeyObject } from 'node:crypto';
import { MAX_NAMES, SAN_TYPES } from '../channel/tasks/fields.js';
import type { OperationsTasks, Result } from '../channel/tasks/index.js';
import { present } from '../lib/present.js';
import type { StoredCrl } from '../store/contract/ca.js';
import { parseCertificate, publicKeyOf } from '../x509/certificate.js';
import { REVOCATION_REASON } from '../x509/crl.js';
import { fingerprintOf } from '../x509/fingerprint.js';
import { formatDn } from '../x509/name.js';
import { firstFromPem } from '../x509/pem.js';
import { ACCEPTED_KEYS } from '../x509/spki.js';
import type { Certifier } from './issue/certifier.js';
import { isAcmeProfile } from './issue/profiles.js';

const SECONDS_A_DAY = 86_400;

/** The features of the CA, and the certificates that it signs with. */
export function caOptionsOf(
  certifier: Certifier,
  crl: StoredCrl,
  crlValidity: number,
): Result<OperationsTasks['get_options']> {
  const { removeFromCRL: _, ...reasons } = REVOCATION_REASON;
  return {
    root: describeAuthority(firstFromPem('CERTIFICATE', certifier.rootPem)),
    issuer: describeAuthority(certifier.set.active.der),
    // The CA uses CA profiles itself.
    profiles: [...certifier.profiles.values()]
      .filter(({ pathLen }) => pathLen === undefined)
      .map((profile) => ({
        name: profile.name,
        description: profile.description,
        acme: isAcmeProfile(profile),
        altnames: profile.altnames,
        extended_key_usage: profile.extendedKeyUsage,
        max_validity: Math.round(profile.duration * SECONDS_A_DAY),
      })),
    keys: ACCEPTED_KEYS.map(({ type, minBits, maxBits, curves }) => ({
      type,
      ...present({ min_bits: minBits, max_bits: maxBits, curves }),
    })),
    san_types: [...SAN_TYPES],
    max_sans: MAX_NAMES,
    revocation_reasons: reasons,
    crl: {
      number: crl.number,
      this_update: crl.thisUpdate,
      next_update: crl.nextUpdate,
      validity: Math.round(crlValidity / 1000),
    },
  };
}

function describeAuthority(der: Uint8Array) {
  const certificate = parseCertificate(der);
  const { subject, notBefore, notAfter } = certificate;
  return {
    dn: formatDn(subject),
    not_before: notBefore,
    not_after: notAfter,
    key: describeKey(publicKeyOf(certificate)),
    sha256: fingerprintOf(der),
  };
}

/** `ec prime256v1`, `rsa 4096`, `ed25519`. */
function describeKey({ asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject): string {
  return [type, details?.namedCurve ?? details?.modulusLength].filter((part) => part !== undefined).join(' ');
}
