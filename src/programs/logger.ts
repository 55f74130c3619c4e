import { type Logger, pino } from 'pino';
import type { Settings } from '../config/index.js';

/** The program's log on standard error: readable lines on a terminal, else JSON. */
export async function createLogger(
  name: string,
  settings: Pick<Settings, 'logLevel' | 'logFormat'>,
): Promise<Logger> {
  const { logLevel: level, logFormat: format } = settings;
  const forPeople = format === 'pretty' || (format === 'auto' && process.stderr.isTTY);
  if (!forPeople) return pino({ name, level }, pino.destination({ dest: 2, sync: false }));
  const { default: pretty } = await import('pino-pretty');
  const stream = pretty({
    destination: 2,
    sync: true,
    colorize: process.stderr.isTTY,
    ignore: 'pid,hostname',
    translateTime: 'SYS:HH:MM:ss',
  });
  return pino({ name, level }, stream);
}
