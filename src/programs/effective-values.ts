import { hostname } from 'node:os';
import { type Program, redacted, SETTINGS, type SettingName } from '../config/index.js';
import { RaFiles } from './ra/files.js';
import { decideNames } from './ra/own-names.js';
import type { LoadedProgram } from './settings.js';

/** A value a program runs with, as a person writes it, and what decided it. */
export interface EffectiveValue {
  value: string;
  source: string;
}

/** By variable: every setting that has a value, those included that follow from others or were kept; secrets left out. */
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
      // An empty list by default says less than the words for it.
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
