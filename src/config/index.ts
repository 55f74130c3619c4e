export { ConfigError, type Loaded, loadSettings, type Sources } from './load.js';
export { defaultText, redacted } from './print.js';
export {
  configurationReference,
  environmentHelp,
  firstSentence,
  migrationReference,
  variableNames,
} from './reference.js';
export type { Program } from './setting.js';
export { SETTINGS, type SettingName, type Settings } from './settings/index.js';
export { formatDuration, isHostName, permittedNames } from './types.js';
