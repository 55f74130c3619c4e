import { isIPv6 } from 'node:net';
import { join } from 'node:path';
import { readIfThere } from '../lib/files.js';
import { CannotStart, ExitCode } from '../programs/exit.js';
import { loadProgramSettings, type ProgramSettings } from '../programs/settings.js';
import { UpkiCommand } from './command.js';
import { exchange } from './http.js';
import { raFolders } from './on-ra-machine.js';
import { say, warn } from './print.js';

/** Shorter than the usual timeout of container engines and supervisors for a probe. */
const TIME_LIMIT = 5_000;
/** Addresses that mean "every address"; such a listener is reached on loopback. */
const ANY = new Set(['::', '0.0.0.0']);

/** `upki health`: a probe for containers and supervisors without curl. */
export function healthCommand(): UpkiCommand {
  const command = new UpkiCommand('health')
    .description(
      'Check whether the RA on this machine is ready: exits with 0 if it is, else with 1 and the reason.',
    )
    .settings(['ra'])
    .option('--json', 'print JSON: whether it is ready, and the reason')
    .examples([
      ['upki health', 'Check the RA of `upki start`, or a single one in ~/.upki/ra.'],
      ['upki health -d /srv/pki/ra && echo ready', 'Check an RA in another directory.'],
    ]);
  return command.action(async ({ json = false }: { json?: boolean }) => {
    const { settings, root } = await findRa(command.directory());
    const complaint = await ask(settings, root)
      .catch((error: Error) => askOutOfTime(settings, root, error))
      .then(complaintOf, (error: Error) => error.message);
    if (complaint !== null) process.exitCode = ExitCode.failure;
    if (json) say(JSON.stringify({ ready: complaint === null, reason: complaint }));
    else if (complaint === null) say('ready');
    else warn(complaint);
  });
}

async function findRa(directory: string): Promise<{ settings: ProgramSettings; root: string }> {
  for (const dataDir of raFolders(directory)) {
    const root = await readIfThere(join(dataDir, 'ca.crt'));
    if (root === null) continue;
    return { settings: loadProgramSettings('ra', process.env, { dataDir }).settings, root };
  }
  throw new CannotStart(`no RA has been registered in ${directory}`);
}

/** Why the RA is not ready; null when it is. Recognises another program at the port. */
function complaintOf({ status, body }: Answer): string | null {
  try {
    const { status: said, message, detail } = JSON.parse(body);
    if (status === 200 && said === 'success') return null;
    if (said === 'error' && typeof message === 'string') return message;
    // An answer of our plain listener, which names the RA's port.
    if (typeof detail === 'string') return `${detail}; UPKI_RA_PORT names that port`;
  } catch {}
  if (body.startsWith('This port speaks HTTPS'))
    return `UPKI_RA_TLS is false here, and not for the RA: ${body.trim()}`;
  return `what answers (${status}) is no RA of uPKI: UPKI_RA_PORT may be the port of another program`;
}

/** Explains a failed request to the operator. */
function whyNot(error: Error, { raTls }: ProgramSettings, at: string): string {
  const code = 'code' in error ? String(error.code) : '';
  if (code === 'ECONNREFUSED')
    return `no RA answers on ${at}: nothing listens there; it does not run, or UPKI_RA_PORT is different`;
  if (code === 'EPROTO' || code.startsWith('ERR_SSL_'))
    return `${at} does not speak TLS: it is the port of plain HTTP or of another program, or UPKI_RA_TLS=false was set for the RA and not here`;
  if (code === 'ECONNRESET' || code === 'EPIPE')
    return `${at} ends the connection without an answer: it is the port of the CA or of another program`;
  if (code.startsWith('HPE_') && !raTls)
    return `${at} speaks TLS or no HTTP at all: UPKI_RA_TLS is false here and not for the RA`;
  if (code.includes('CERT') || code.startsWith('SELF_SIGNED') || code.startsWith('UNABLE_TO_'))
    return `the program on ${at} has no certificate of this CA (${error.message}): it is another program, or an RA of another CA`;
  if (error.name === 'AbortError' || error.name === 'TimeoutError')
    return `${at} accepts the connection but does not answer within ${TIME_LIMIT / 1000} s`;
  return `no RA answers on ${at}: ${error.message}`;
}

interface Answer {
  status: number;
  body: string;
}

/** OpenSSL's errors for a certificate that is valid except for the time. */
const OUT_OF_TIME = new Set(['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID']);

/** Requests the explanation of an RA whose certificate is expired or not yet valid. Such an RA is never ready. */
async function askOutOfTime(settings: ProgramSettings, root: string, error: Error): Promise<Answer> {
  const { cause } = error;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  if (!OUT_OF_TIME.has(code)) throw error;
  const answer = await ask(settings, root, false);
  if (answer.status === 200) throw new Error(`the certificate of this RA is not valid now: ${code}`);
  return answer;
}

async function ask(settings: ProgramSettings, root: string, inTime = true): Promise<Answer> {
  const { raHost, raPort: port, raTls: tls } = settings;
  const host = ANY.has(raHost) ? (isIPv6(raHost) ? 'localhost' : '127.0.0.1') : raHost;
  try {
    const { status, content } = await exchange({
      ...{ tls, host, port, path: '/api/v1/public/health?ready=1', timeLimit: TIME_LIMIT },
      ...(tls && { ca: root, rejectUnauthorized: inTime }),
    });
    return { status, body: content.toString() };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw new Error(whyNot(error, settings, `${host}:${port}`), { cause: error });
  }
}
