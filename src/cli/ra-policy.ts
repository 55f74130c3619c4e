import { readFileSync } from 'node:fs';
import { parseCompromisedKeys } from '../acme/compromised-keys.js';
import type { AcmeSettings } from '../acme/context.js';
import { parseExternalAccountKeys } from '../acme/external-account.js';
import { ConfigError, type Settings } from '../config/index.js';
import { DEFAULT_POLICY, type Policy } from '../ra/policy.js';

/** What the RA decides by. `termsUrl` is where a person reads the terms. */
export function policyOf(settings: Settings, termsUrl: string): Policy {
  return {
    ...DEFAULT_POLICY,
    orderLifetime: settings.orderLifetime,
    authorizationLifetime: settings.authorizationLifetime,
    maxIdentifiers: settings.maxIdentifiers,
    defaultProfile: settings.profile,
    termsRequired: settings.termsRequired,
    termsChanged: settings.termsChanged === null ? null : { at: settings.termsChanged, instance: termsUrl },
    preauthorization: settings.preauthorization,
    challengeHold: settings.challengeHold,
    allowed: settings.allowedNames,
    denied: settings.deniedNames,
  };
}

/** Served at /acme/terms until the operator says otherwise. */
const DEFAULT_TERMS = `Certificates of this authority are for machines and services of the network it belongs to.
Keep private keys private, and revoke a certificate whose key is no longer yours alone.
`;

/** What the ACME front end says and asks of clients. @throws ConfigError naming the file that is wrong */
export function acmeSettingsOf(settings: Settings): AcmeSettings {
  const { termsUrl, termsTextFile, externalAccountsFile } = settings;
  const text = fromFile('UPKI_RA_TERMS_FILE', termsTextFile, (content) => content) ?? DEFAULT_TERMS;
  return {
    caaIdentities: settings.caaIdentities,
    website: settings.website,
    terms: termsUrl === null ? { text } : { url: termsUrl },
    externalAccounts: {
      required: settings.externalAccountRequired,
      keys: fromFile('UPKI_RA_EAB_FILE', externalAccountsFile, parseExternalAccountKeys) ?? new Map(),
    },
    preauthorization: settings.preauthorization,
  };
}

/** Whether a key, by its fingerprint, is on the operator's list. @throws ConfigError naming the file that is wrong */
export function compromisedKeysOf(settings: Settings): (spkiFingerprint: string) => boolean {
  const keys = fromFile('UPKI_RA_COMPROMISED_KEYS_FILE', settings.compromisedKeysFile, parseCompromisedKeys);
  return (fingerprint) => keys?.has(fingerprint) ?? false;
}

function fromFile<T>(variable: string, path: string | null, parse: (text: string) => T): T | null {
  if (path === null) return null;
  try {
    return parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new ConfigError([`${variable} is "${path}": ${error instanceof Error ? error.message : error}`]);
  }
}
