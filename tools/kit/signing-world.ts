import { createPublicKey, type KeyObject, randomBytes } from 'node:crypto';
import { createIntermediate, createRoot } from '../../src/ca/folder/issuer-certificates.js';
import {
  DEFAULT_ISSUER_KEY,
  DEFAULT_ROOT_KEY,
  generateKey,
  type KeySpec,
  publicKeyDer,
} from '../../src/ca/folder/keys.js';
import {
  CertificateFactory,
  type IssueInput,
  locationsUnder,
  newSerial,
  validityFor,
} from '../../src/ca/issue/factory.js';
import type { LintContext } from '../../src/ca/issue/lint.js';
import { loadProfiles, type Profile } from '../../src/ca/issue/profiles.js';
import { signerFor } from '../../src/x509/algorithms.js';
import { parseCertificate, subjectKeyId } from '../../src/x509/certificate.js';
import type { SubjectName } from '../../src/x509/certificate-names.js';
import { dn } from '../../src/x509/name.js';
import { parsePublicKey } from '../../src/x509/spki.js';

export const NOW = Date.parse('2026-11-24T12:00:00Z');
const YEAR = 365 * 86_400_000;
const PUBLIC_URL = 'http://ra.example.com:8001';

export const KEY_SPECS: Record<string, KeySpec> = {
  'P-256': { type: 'ec', curve: 'P-256' },
  'P-384': { type: 'ec', curve: 'P-384' },
  'RSA 2048': { type: 'rsa', bits: 2048 },
  'RSA 3072': { type: 'rsa', bits: 3072 },
  'RSA 4096': { type: 'rsa', bits: 4096 },
  Ed25519: { type: 'ed25519' },
};

/** Names that look public, so that checkers of the public web PKI can judge the certificates. */
export const NAME_SETS: Record<string, SubjectName[]> = {
  dns: [{ type: 'dns', value: 'www.example.com' }],
  wildcard: [{ type: 'dns', value: '*.example.com' }],
  ipv4: [{ type: 'ip', value: '8.8.8.8' }],
  ipv6: [{ type: 'ip', value: '2001:4860:4860::8888' }],
  'dns + ip': [
    { type: 'dns', value: 'www.example.com' },
    { type: 'ip', value: '8.8.8.8' },
  ],
};

export interface SigningWorld {
  root: Buffer;
  intermediate: Buffer;
  issuerKey: KeyObject;
  profiles: Map<string, Profile>;
  factory: CertificateFactory;
  /** The request for a profile, key and names; without a CN for profiles whose names are only in the SAN. */
  input(profile: Profile, key: KeyObject, names: SubjectName[]): IssueInput;
  lintContext(input: IssueInput): LintContext;
}

/** Profiles of TLS servers, whose names are only in the SAN. */
const NAMED_BY_SAN: readonly string[] = ['server', 'webapp', 'short'];

/** A root, an issuing CA and everything needed to issue from it. */
export async function signingWorld(
  now = NOW,
  rootKeySpec = DEFAULT_ROOT_KEY,
  issuerKeySpec = DEFAULT_ISSUER_KEY,
): Promise<SigningWorld> {
  const serial = () => newSerial(randomBytes);
  const rootKey = await generateKey(rootKeySpec);
  const issuerKey = await generateKey(issuerKeySpec);
  const subject = (cn: string) => dn(['C', 'FR'], ['O', 'uPKI'], ['CN', cn]);
  const root = await createRoot(
    {
      spki: publicKeyDer(rootKey),
      subject: subject('uPKI Root CA'),
      serial: serial(),
      notBefore: now,
      notAfter: now + 20 * YEAR,
    },
    signerFor(rootKey),
  );
  const intermediate = await createIntermediate(
    {
      subject: subject('uPKI Issuing CA'),
      serial: serial(),
      notBefore: now,
      notAfter: now + 10 * YEAR,
      spki: publicKeyDer(issuerKey),
      locations: locationsUnder(root, PUBLIC_URL),
    },
    root,
    signerFor(rootKey),
  );
  const issuer = parseCertificate(intermediate);
  const profiles = await loadProfiles(null);
  return {
    root,
    intermediate,
    issuerKey,
    profiles,
    factory: new CertificateFactory({
      certificate: intermediate,
      signer: signerFor(issuerKey),
      publicUrl: PUBLIC_URL,
    }),
    input: (profile, key, names) => ({
      profile,
      publicKey: parsePublicKey(publicKeyDer(key)),
      names,
      commonName: NAMED_BY_SAN.includes(profile.name) ? null : commonNameOf(names),
      serial: serial(),
      ...validityFor(profile, now, { notBefore: null, notAfter: null }, issuer.notAfter),
    }),
    lintContext: (input) => ({
      input,
      issuerKeyId: subjectKeyId(issuer) ?? '',
      issuerKey: createPublicKey(issuerKey),
      issuerNotAfter: issuer.notAfter,
    }),
  };
}

function commonNameOf(names: SubjectName[]): string {
  return names[0]?.value ?? 'somebody';
}

/** Profiles of end-entity certificates, not of CAs. */
export const endProfiles = (profiles: Map<string, Profile>): Profile[] =>
  [...profiles.values()].filter((profile) => profile.pathLen === undefined);
