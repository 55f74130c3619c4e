import { SETTINGS, type SettingName } from '../../config/index.js';
import { Refused } from '../../model/refusal.js';
import type { RaStore } from '../../store/index.js';
import { loadProgramSettings, type ProgramSettings } from '../settings.js';

/** The settings that are rules: permitted names, limits, challenges, validation. A change needs no restart. */
const RULES = [
  ...(['allowedNames', 'deniedNames', 'http01Names', 'externalAccountRequired'] as const),
  ...(['profile', 'maxIdentifiers', 'orderLifetime', 'authorizationLifetime'] as const),
  ...(['termsChanged', 'website', 'preauthorization', 'challengeHold', 'dnsPersist', 'dnsAccount'] as const),
  ...([
    'limitAccounts',
    'limitOrders',
    'limitNames',
    'limitFailures',
    'limitDuplicates',
    'limitSeeds',
  ] as const),
  ...(['resolvers', 'deniedAddresses', 'validationHttpPort', 'validationTlsPort'] as const),
  ...(['caaMode', 'caaIdentities'] as const),
] satisfies SettingName[];

/** Rules stored in the database for all its RAs. They override the settings of each RA. */
export interface KeptRules {
  /** Values by the name of the variable, written as in a variable. */
  settings: Record<string, string>;
  /** Compromised keys in addition to UPKI_RA_COMPROMISED_KEYS_FILE: SHA-256 of the SubjectPublicKeyInfo, hex. */
  compromisedKeys: string[];
  /** How often a reload of all RAs was requested. Other RAs notice the new number, and reload their own files too. */
  asked: number;
}

/** The setting in the database with the rules. */
const KEPT = 'rules';

const NONE: KeptRules = { settings: {}, compromisedKeys: [], asked: 0 };
const NAMES: readonly string[] = RULES.map((name) => SETTINGS[name].env);

type Store = Pick<RaStore, 'getSetting' | 'replaceSetting'>;

/** The stored rules as text; empty without any. */
export const keptText = async (store: Store): Promise<string> => (await store.getSetting(KEPT)) ?? '';

export function readKept(text: string): KeptRules {
  return text === '' ? NONE : { ...NONE, ...JSON.parse(text) };
}

/** Replaces the stored text `before` by these rules and returns their text. Null after a conflict: the stored text is not `before`. */
export async function keep(store: Store, before: string, rules: KeptRules): Promise<string | null> {
  const text = JSON.stringify(rules);
  return (await store.replaceSetting(KEPT, before === '' ? null : before, text)) ? text : null;
}

/** The changes of an administrator; null removes a stored rule. */
export interface RuleChange {
  settings?: Record<string, string | null> | undefined;
  compromisedKeys?: readonly string[] | undefined;
}

/** The rules after a change. @throws Refused for an unknown rule or a wrong fingerprint */
export function changed(kept: KeptRules, { settings = {}, compromisedKeys }: RuleChange): KeptRules {
  const all = { ...kept.settings };
  for (const [name, value] of Object.entries(settings)) {
    if (!NAMES.includes(name)) {
      const field = `settings.${name.slice(0, 64)}`;
      throw new Refused('invalidRequest', `is no rule; rules are ${NAMES.join(', ')}`, { field });
    }
    if (value === null || value.trim() === '') delete all[name];
    else all[name] = value;
  }
  const wrong = compromisedKeys?.findIndex((key) => !/^[0-9a-f]{64}$/i.test(key)) ?? -1;
  if (wrong >= 0) {
    const field = `compromised_keys[${wrong}]`;
    throw new Refused('invalidRequest', 'must be a SHA-256 in hex, 64 characters', { field });
  }
  const keys = compromisedKeys?.map((key) => key.toLowerCase());
  return { ...kept, settings: all, compromisedKeys: keys ?? kept.compromisedKeys };
}

/** The settings of this RA, overridden by the stored rules. @throws ConfigError naming the variable that is wrong */
export function settingsWith({ settings }: KeptRules, dataDir: string): ProgramSettings {
  const known = Object.entries(settings).filter(([name]) => NAMES.includes(name));
  return loadProgramSettings('ra', { ...process.env, ...Object.fromEntries(known) }, { dataDir }).settings;
}

/** Every rule by the name of its variable; `kept` is the stored value, or null. */
export function listed(shown: Readonly<Record<string, string>>, { settings }: KeptRules) {
  return NAMES.map((name) => ({ name, value: shown[name] ?? '', kept: settings[name] ?? null }));
}
