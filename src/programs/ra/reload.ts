import type { Logger } from 'pino';
import type { AcmeSettings } from '../../acme/context.js';
import { NamePolicy } from '../../ra/name-policy.js';
import type { Policy } from '../../ra/policy.js';
import { loadProgramSettings, type ProgramSettings } from '../settings.js';
import { acmeSettingsOf, compromisedKeysOf, policyOf } from './policy.js';

export interface Rules {
  settings: ProgramSettings;
  /** What orders and nodes are decided by; changed in place. */
  policy: Policy;
  /** What the ACME front end says; changed in place. */
  served: AcmeSettings;
  /** URL of the terms of service. */
  terms(): string;
  log: Logger;
}

/** Reads the rules anew: all of them before any counts, so that a wrong one keeps the old. */
export function reloadRules(
  { settings, policy, served, terms, log }: Rules,
  useCompromised: (listed: (fingerprint: string) => boolean) => void,
): () => Promise<void> {
  return async () => {
    const { settings: anew } = loadProgramSettings('ra', process.env, { dataDir: settings.dataDir });
    const [rules, front, keys] = [
      policyOf(anew, terms(), policy.constraints),
      acmeSettingsOf(anew),
      compromisedKeysOf(anew),
    ];
    new NamePolicy(rules);
    Object.assign(policy, rules);
    const { nodeKey } = served.externalAccounts;
    Object.assign(served, front, {
      // Names of the RA itself, which no rule changes.
      persistIssuers: served.persistIssuers,
      externalAccounts: { ...front.externalAccounts, ...(nodeKey && { nodeKey }) },
    });
    useCompromised(keys);
    log.info('the rules were read anew');
  };
}
