import type { Setting } from '../setting.js';
import { CA_SETTINGS } from './ca.js';
import { CHANNEL_SETTINGS } from './channel.js';
import { COMMON_SETTINGS } from './common.js';
import { LIMIT_SETTINGS } from './limits.js';
import { LISTENER_SETTINGS } from './listener.js';
import { MONITORING_SETTINGS } from './monitoring.js';
import { POLICY_SETTINGS } from './policy.js';
import { RETENTION_SETTINGS } from './retention.js';
import { VALIDATION_SETTINGS } from './validation.js';

/**
 * All settings of both programs, in the order of the documentation. Validation, `--help` and docs/configuration.md all derive
 * from this table. To add a setting, add an entry to the file of its group.
 */
export const SETTINGS = {
  ...COMMON_SETTINGS,
  ...CHANNEL_SETTINGS,
  ...LISTENER_SETTINGS,
  ...POLICY_SETTINGS,
  ...LIMIT_SETTINGS,
  ...VALIDATION_SETTINGS,
  ...RETENTION_SETTINGS,
  ...MONITORING_SETTINGS,
  ...CA_SETTINGS,
} as const satisfies Record<string, Setting<unknown>>;

/** Removed variables, and what to do instead. */
export const GONE: Readonly<Record<string, string>> = {
  UPKI_RA_CERTIFY_WITH_SEED: 'register nodes; each has its own seed (docs/nodes.md)',
  UPKI_RA_TERMS_REQUIRED: 'new accounts must agree to the terms when UPKI_RA_TERMS is set',
};

type Value<S> = S extends Setting<infer T> ? T : never;

export type SettingName = keyof typeof SETTINGS;

/** The settings' values by name. */
export type Settings = { -readonly [Name in SettingName]: Value<(typeof SETTINGS)[Name]> };

export const SETTING_LIST = Object.entries(SETTINGS) as [SettingName, Setting<unknown>][];
