import { request as requestPlain } from 'node:http';
import { type RequestOptions, request as requestTls } from 'node:https';
import { isIPv6 } from 'node:net';
import { join } from 'node:path';
import { Command } from 'commander';
import { readIfThere } from '../lib/files.js';
import { CannotStart, ExitCode } from '../programs/exit.js';
import { commonDirectory, loadProgramSettings, type ProgramSettings } from '../programs/settings.js';
import { addExamples } from './help.js';
import { addSettingFlags, DIRECTORY_FLAG, givenFlags } from './options.js';

/** Shorter than the usual timeout of container engines and supervisors for a probe. */
const TIME_LIMIT = 5_000;
/** Addresses that mean "every address"; such a listener is reached on loopback. */
const ANY = new Set(['::', '0.0.0.0']);

/** `upki health`: a probe for containers and supervisors without curl. */
export function healthCommand(): Command {
  const command = new Command('health').description(
    'Check whether the RA on this machine is ready: exits with 0 if it is, else with 1 and the reason.',
  );
  addSettingFlags(command, [DIRECTORY_FLAG], ['ra']);
  command.option('--json', 'print JSON: whether it is ready, and the reason');
  addExamples(command, [
    ['upki health', 'Check the RA of `upki start`, or a single one in ~/.upki/ra.'],
    ['upki health -d /srv/pki/ra && echo ready', 'Check an RA in another directory.'],
  ]);
  return command.action(async ({ json = false }: { json?: boolean }) => {
    const flags = givenFlags(command, [DIRECTORY_FLAG]);
    const { settings, root } = await findRa(commonDirectory(process.env, flags.dataDir));
    const complaint = await ask(settings, root)
      .catch((error: Error) => askOutOfTime(settings, root, error))
      .then(complaintOf, (error: Error) => error.message);
    if (complaint !== null) process.exitCode = ExitCode.failure;
    if (json) process.stdout.write(`${JSON.stringify({ ready: complaint === null, reason: complaint })}\n`);
    else if (complaint === null) process.stdout.write('ready\n');
    else process.stderr.write(`uPKI: ${complaint}\n`);
  });
}

/** Finds the RA: `upki start` gives it its own folder in the directory; an RA alone uses the directory itself. */
async function findRa(directory: string): Promise<{ settings: ProgramSettings; root: string }> {
  for (const dataDir of [join(directory, 'ra'), directory]) {
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

/** Asks an RA with an expired certificate for its own explanation. Such an RA is never ready. */
async function askOutOfTime(settings: ProgramSettings, root: string, error: Error): Promise<Answer> {
  const { cause } = error;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  if (!OUT_OF_TIME.has(code)) throw error;
  const answer = await ask(settings, root, false);
  if (answer.status === 200) throw new Error(`the certificate of this RA is not valid now: ${code}`);
  return answer;
}

function ask(settings: ProgramSettings, root: string, inTime = true): Promise<Answer> {
  const { raHost, raPort: port, raTls } = settings;
  const host = ANY.has(raHost) ? (isIPv6(raHost) ? 'localhost' : '127.0.0.1') : raHost;
  const options: RequestOptions = {
    host,
    port,
    path: '/api/v1/public/health?ready=1',
    signal: AbortSignal.timeout(TIME_LIMIT),
    agent: false,
    ...(raTls && { ca: root, rejectUnauthorized: inTime }),
  };
  return new Promise((resolve, reject) => {
    const asked = (raTls ? requestTls : requestPlain)(options, async (answer) => {
      let body = '';
      try {
        for await (const chunk of answer.setEncoding('utf8')) body += chunk;
        resolve({ status: answer.statusCode ?? 0, body });
      } catch (error) {
        reject(error);
      }
    });
    asked.on('error', (error) =>
      reject(new Error(whyNot(error, settings, `${host}:${port}`), { cause: error })),
    );
    asked.end();
  });
}
