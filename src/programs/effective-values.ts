import { hostname } from 'node:os';
import { type Program, redacted, SETTINGS, type SettingName } from '../config/index.js';
import { RaFiles } from './ra/files.js';
import { decideNames } from './ra/own-names.js';
import { type LoadedProgram, loadProgramSettings, type ProgramSettings } from './settings.js';

/** A value in effect, as an operator writes it, and its source. */
export interface EffectiveValue {
  value: string;
  source: string;
}

/** Every setting that has a value, by variable, including derived and stored ones, without secrets. */
export async function effectiveValues(
  { settings, given }: LoadedProgram,
  program: Program,
): Promise<Record<string, EffectiveValue>> {
  const sources = new Map<string, string>(
    [...given].map(([name, source]) => [SETTINGS[name as SettingName].env, source]),
  );
  const values: Record<string, EffectiveValue> = Object.fromEntries(
    Object.entries(redacted(settings, program)).flatMap(([name, value]) => {
      const source = sources.get(name);
      // An empty default is left out: the list of unset variables describes it in words.
      return source === undefined && value === '' ? [] : [[name, { value, source: source ?? 'default' }]];
    }),
  );
  if (program === 'ca') return values;
  const { raUrl, raPort } = settings;
  if (!given.has('raPort') && raPort !== SETTINGS.raPort.default)
    values.UPKI_RA_PORT = { value: String(raPort), source: SETTINGS.raUrl.env };
  const files = new RaFiles(settings.dataDir);
  const kept = await files.names();
  const { cn, sans } = decideNames(settings, kept, hostname()).names;
  const host = raUrl === null ? null : new URL(raUrl).hostname;
  const where =
    host === cn
      ? SETTINGS.raUrl.env
      : kept?.cn === cn
        ? files.path('names')
        : 'the host name of this machine';
  values.UPKI_RA_CN ??= { value: cn, source: where };
  if (!given.has('raSans') && sans.length > 0)
    values.UPKI_RA_SANS = {
      value: sans.join(','),
      source: kept === null ? SETTINGS.raUrl.env : files.path('names'),
    };
  values.UPKI_RA_URL ??= { value: new URL(`https://${cn}:${raPort}`).origin, source: SETTINGS.raCn.env };
  return values;
}

/** The variables that `upki start` sets for both programs. */
const JOINED = [
  'UPKI_CA_HOST',
  'UPKI_CA_PORT',
  'UPKI_CA_REGISTRATION_PORT',
  'UPKI_ZMQ_MODE',
  'UPKI_RA_HOST',
  'UPKI_RA_PORT',
  'UPKI_RA_HTTP_PORT',
  'UPKI_DATA_DIR',
  'UPKI_LOG_LEVEL',
  'UPKI_CA_SEED',
];

/** The values of a running RA, whatever their source. */
export async function runningValues(settings: ProgramSettings): Promise<Record<string, EffectiveValue>> {
  const loaded = loadProgramSettings('ra', process.env, { dataDir: settings.dataDir });
  const values = await effectiveValues({ ...loaded, settings }, 'ra');
  const ofFiles = redacted(loaded.settings, 'ra');
  for (const [name, entry] of Object.entries(values)) {
    if (process.send && JOINED.includes(name)) entry.source = 'upki start';
    else if (name in ofFiles && ofFiles[name] !== entry.value) entry.source = 'the command line';
  }
  return values;
}
