import type { Program, Setting } from './setting.js';
import { SETTING_LIST, type Settings } from './settings/index.js';

/** A program's settings in effect, by variable name, with secrets redacted. */
export function redacted(settings: Settings, program: Program): Record<string, string> {
  const its = SETTING_LIST.filter(
    ([name, { programs }]) => programs.includes(program) && settings[name] !== null,
  );
  return Object.fromEntries(
    its.map(([name, setting]) => [setting.env, shown(setting, settings[name] as NonNullable<unknown>)]),
  );
}

function shown({ secret, type }: Setting<unknown>, value: NonNullable<unknown>): string {
  return secret ? (type.mask?.(value) ?? '(secret)') : type.format(value);
}

/** The default as text for operators. */
export function defaultText(setting: Setting<unknown>): string {
  if (setting.defaultText) return setting.defaultText;
  if (setting.default === null) return 'none';
  return setting.type.format(setting.default as NonNullable<unknown>) || 'none';
}
