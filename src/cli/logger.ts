import { type Logger, pino } from 'pino';
import pretty from 'pino-pretty';
import type { Settings } from '../config/index.js';

/** The program's log, on standard error: lines for people on a terminal, JSON for collectors elsewhere. */
export function createLogger(name: string, settings: Pick<Settings, 'logLevel' | 'logFormat'>): Logger {
  const { logLevel: level, logFormat: format } = settings;
  const forPeople = format === 'pretty' || (format === 'auto' && process.stderr.isTTY);
  const stream = forPeople
    ? pretty({
        destination: 2,
        sync: true,
        colorize: process.stderr.isTTY,
        ignore: 'pid,hostname',
        translateTime: 'SYS:HH:MM:ss',
      })
    : pino.destination({ dest: 2, sync: false });
  return pino({ name, level }, stream);
}
