import type { Setting } from './setting.js';
import { SETTING_LIST, type Settings } from './settings.js';

/** The settings in effect by variable name, secrets redacted, for logs. */
export function redacted(settings: Settings): Record<string, string> {
  return Object.fromEntries(
    SETTING_LIST.filter(([name]) => settings[name] !== null).map(([name, setting]) => [
      setting.env,
      setting.secret ? '(secret)' : setting.type.format(settings[name] as NonNullable<unknown>),
    ]),
  );
}

/** What holds when nothing is said, in words. */
export function defaultText(setting: Setting<unknown>): string {
  if (setting.defaultText) return setting.defaultText;
  if (setting.default === null) return 'none';
  return setting.type.format(setting.default as NonNullable<unknown>) || 'none';
}
