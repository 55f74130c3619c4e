import { readFileSync } from 'node:fs';
import type { AcmeSettings } from '../../acme/context.js';
import { parseExternalAccountKeys } from '../../acme/external-account.js';
import type { LinkBuilder } from '../../acme/links.js';
import { ConfigError, type Settings } from '../../config/index.js';
import { errorMessage } from '../../lib/error-message.js';
import { fileReason } from '../../lib/file-trouble.js';
import { CHALLENGE_TYPES, type ChallengeType } from '../../model/facts.js';
import type { LimitSettings } from '../../ra/limits/limits.js';
import { DEFAULT_POLICY, type Policy } from '../../ra/policy.js';
import type { ValidatorOptions } from '../../va/validator.js';
import { fromPem } from '../../x509/pem.js';

/** The RA's policy from the settings. @param termsUrl the page with the terms */
export function policyOf(
  settings: Settings,
  termsUrl: string,
  constraints: Policy['constraints'] = DEFAULT_POLICY.constraints,
): Policy {
  return {
    ...DEFAULT_POLICY,
    orderLifetime: settings.orderLifetime,
    authorizationLifetime: settings.authorizationLifetime,
    maxIdentifiers: settings.maxIdentifiers,
    defaultProfile: settings.profile,
    termsRequired: settings.terms !== null,
    termsChanged: settings.termsChanged === null ? null : { at: settings.termsChanged, instance: termsUrl },
    challenges: CHALLENGE_TYPES.filter((type) => isOffered(type, settings)),
    preauthorization: settings.preauthorization,
    challengeHold: settings.challengeHold,
    bindingRequired: settings.externalAccountRequired,
    allowed: settings.allowedNames,
    denied: settings.deniedNames,
    constraints,
    http01Names: settings.http01Names,
  };
}

/** Limit of issuer names in a challenge (draft-ietf-acme-dns-persist §3). */
const MOST_ISSUERS = 10;

/** Names of this CA that are valid in dns-persist-01 records: UPKI_RA_CAA_IDENTITIES, else every host name the RA has had. */
export function persistIssuersOf({ caaIdentities }: Settings, links: Pick<LinkBuilder, 'hosts'>) {
  return async () => (caaIdentities.length > 0 ? caaIdentities : await links.hosts()).slice(0, MOST_ISSUERS);
}

/** Challenges of drafts are offered only when the operator enables them. */
function isOffered(type: ChallengeType, { dnsPersist, dnsAccount }: Settings): boolean {
  if (type === 'dns-persist-01') return dnsPersist;
  return type === 'dns-account-01' ? dnsAccount : true;
}

/** Rate limits for one client (RFC 8555 §6.6). */
export function limitsOf(settings: Settings): LimitSettings {
  return {
    accounts: settings.limitAccounts,
    orders: settings.limitOrders,
    names: settings.limitNames,
    failures: settings.limitFailures,
    duplicates: settings.limitDuplicates,
    seeds: settings.limitSeeds,
  };
}

/** Options of the validator; it has defaults for absent ones. */
export function validatorOptionsOf(
  settings: Settings,
  persistIssuers: AcmeSettings['persistIssuers'],
): ValidatorOptions {
  const { resolvers, deniedAddresses } = settings;
  return {
    ...(resolvers && { resolvers }),
    ...(deniedAddresses && { deny: deniedAddresses }),
    httpPort: settings.validationHttpPort,
    tlsPort: settings.validationTlsPort,
    ...(persistIssuers && {
      dnsPersist: { issuers: persistIssuers, longest: settings.dnsPersistReuse },
    }),
    caa: { mode: settings.caaMode, identities: settings.caaIdentities },
  };
}

/** Served at /acme/terms when the operator configures no terms. */
const DEFAULT_TERMS = `Certificates of this authority are for machines and services of the network it belongs to.
Keep private keys private, and revoke a certificate whose key is no longer yours alone.
`;

const termsIn = (path: string | null): string =>
  fromFile('UPKI_RA_TERMS', path, (content) => content) ?? DEFAULT_TERMS;

/** The settings of the ACME front end. @throws ConfigError naming the file that is wrong */
export function acmeSettingsOf(settings: Settings): AcmeSettings {
  const { terms, externalAccountsFile } = settings;
  return {
    caaIdentities: settings.caaIdentities,
    website: settings.website,
    terms: terms !== null && URL.canParse(terms) ? { url: terms } : { text: termsIn(terms) },
    externalAccounts: {
      required: settings.externalAccountRequired,
      keys: fromFile('UPKI_RA_EAB_FILE', externalAccountsFile, parseExternalAccountKeys) ?? new Map(),
    },
    persistIssuers: null,
    preauthorization: settings.preauthorization,
  };
}

/** Whether the operator's list has the fingerprint of a key. @throws ConfigError naming the file that is wrong */
export function compromisedKeysOf(settings: Settings): (spkiFingerprint: string) => boolean {
  const keys = fromFile('UPKI_RA_COMPROMISED_KEYS_FILE', settings.compromisedKeysFile, parseCompromisedKeys);
  return (fingerprint) => keys?.has(fingerprint) ?? false;
}

/**
 * Each line has the SHA-256 of a SubjectPublicKeyInfo (DER) in hex; blank lines and lines that begin with `#` are skipped. The
 * fingerprints are returned in base64url, as the ACME front end has them. @throws RangeError naming the wrong line
 */
export function parseCompromisedKeys(text: string): ReadonlySet<string> {
  const fingerprints = text.split('\n').map((line, index) => {
    const entry = line.trim();
    if (entry === '' || entry.startsWith('#')) return [];
    if (!/^[0-9a-f]{64}$/i.test(entry)) {
      throw new RangeError(`line ${index + 1} must be a SHA-256 in hex, 64 characters`);
    }
    return [Buffer.from(entry, 'hex').toString('base64url')];
  });
  return new Set(fingerprints.flat());
}

/** Root certificates (PEM) of device manufacturers; empty without UPKI_RA_EST_TRUST_FILE. @throws ConfigError naming the file */
export function deviceTrustOf(settings: Settings): string {
  const pem = fromFile('UPKI_RA_EST_TRUST_FILE', settings.estTrustFile, (text) => {
    if (fromPem('CERTIFICATE', text).length === 0) throw new RangeError('it has no certificate in PEM');
    return text;
  });
  return pem ?? '';
}

function fromFile<T>(variable: string, path: string | null, parse: (text: string) => T): T | null {
  if (path === null) return null;
  try {
    return parse(readFileSync(path, 'utf8'));
  } catch (error) {
    const why = fileReason(error, path) ?? errorMessage(error);
    throw new ConfigError([`${variable} is "${path}": ${why}`]);
  }
}
