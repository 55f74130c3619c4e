import { hostname } from 'node:os';
import { errorMessage } from '../lib/error-message.js';
import { messageOf } from '../notices/message.js';
import { CannotStart, ExitCode } from '../programs/exit.js';
import { RaFiles } from '../programs/ra/files.js';
import { sendersOf } from '../programs/ra/notices.js';
import { loadProgramSettings } from '../programs/settings.js';
import { UpkiCommand } from './command.js';
import { say } from './print.js';

/** `upki notify …`: the targets of notices (UPKI_NOTIFY). */
export function notifyCommand(): UpkiCommand {
  const test = new UpkiCommand('test')
    .description('Send a test notice to every target of UPKI_NOTIFY now, and print the results.')
    .settings(['ra'])
    .examples([['upki notify test -d ~/.upki/ra', 'Use the settings of the RA of `upki start`.']]);
  test.action(async () => {
    const { settings } = loadProgramSettings('ra', process.env, test.given());
    if (settings.notify.length === 0) throw new CannotStart('UPKI_NOTIFY has no targets');
    const registration = await new RaFiles(settings.dataDir).registration();
    const ra = settings.raCn ?? hostname();
    const { senders } = await sendersOf(settings, ra, registration?.root ?? null);
    const now = Date.now();
    const message = messageOf('test', [], ra);
    let failed = 0;
    for (const sender of senders) {
      try {
        await sender.send({ id: `msg_test${now}`, createdAt: now }, message);
        say(`${sender.label}: sent`);
      } catch (error) {
        failed += 1;
        say(`${sender.label}: ${errorMessage(error)}`);
      } finally {
        sender.close?.();
      }
    }
    if (failed > 0) process.exitCode = ExitCode.failure;
  });
  return new UpkiCommand('notify')
    .description('Test the notices about problems.')
    .addCommand(test)
    .examples([['upki notify test', 'Send a test notice to every target of UPKI_NOTIFY.']]);
}
