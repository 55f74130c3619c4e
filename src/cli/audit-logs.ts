import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Option } from 'commander';
import { caPaths } from '../ca/folder/files.js';
import type { Program } from '../config/index.js';
import { parseDateOrTime } from '../lib/rfc3339.js';
import { CannotStart, WrongUsage } from '../programs/exit.js';
import { loadProgramSettings } from '../programs/settings.js';
import type { UpkiCommand } from './command.js';

/** The location of a program's audit log. */
export interface Log {
  program: Program;
  location: string;
  /** The program's own folder. */
  folder: string;
}

/** The audit logs in this directory. @throws CannotStart when there is none */
export function logsOf(command: UpkiCommand): Log[] {
  const directory = command.directory();
  const logs = (['ca', 'ra'] as const).flatMap((program) => {
    const found = [join(directory, program), directory]
      .map((folder) => ({ folder, location: locationOf(program, folder) }))
      .find(({ location }) => location !== null);
    return found?.location ? [{ program, location: found.location, folder: found.folder }] : [];
  });
  if (logs.length > 0) return logs;
  throw new CannotStart(`there is neither a CA nor an RA with an audit log in ${directory}`);
}

/** The program's database, if this is its folder; else null. */
function locationOf(program: Program, dataDir: string): string | null {
  const { settings } = loadProgramSettings(program, process.env, { dataDir });
  const [configured, file, sign] =
    program === 'ca'
      ? [settings.caDatabaseUrl, caPaths(dataDir).database, caPaths(dataDir).issuer]
      : [settings.databaseUrl, join(dataDir, 'acme.db'), join(dataDir, 'ra.crt')];
  if (configured === null) return existsSync(file) ? file : null;
  return existsSync(sign) ? configured : null;
}

/** An option with a time, parsed to ms since the epoch. */
export function timeOption(name: string, help: string): Option {
  return new Option(`${name} <time>`, help).argParser((text: string) => {
    const time = parseDateOrTime(text);
    if (time !== null) return time;
    throw new WrongUsage(
      `${name} is "${text.slice(0, 100)}": it must be a time such as 2026-03-01T12:00:00Z, or a date`,
    );
  });
}
