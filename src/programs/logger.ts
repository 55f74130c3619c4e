import { write } from 'node:fs';
import { type Logger, pino } from 'pino';
import type { Settings } from '../config/index.js';
import { LogOutput } from './log-output.js';

/** Standard error. */
const STDERR = 2;

/** The program's log on standard error: readable lines on a terminal, else JSON. */
export async function createLogger(
  name: string,
  settings: Pick<Settings, 'logLevel' | 'logFormat'>,
): Promise<Logger> {
  const { logLevel: level, logFormat: format } = settings;
  const output = new LogOutput(STDERR, (octets, done) => write(STDERR, octets, done));
  const forPeople = format === 'pretty' || (format === 'auto' && process.stderr.isTTY);
  if (!forPeople) return pino({ name, level }, output);
  const { default: pretty } = await import('pino-pretty');
  const stream = pretty({
    destination: output.stream(),
    colorize: process.stderr.isTTY,
    ignore: 'pid,hostname',
    translateTime: 'SYS:HH:MM:ss',
  });
  return pino({ name, level }, stream);
}
