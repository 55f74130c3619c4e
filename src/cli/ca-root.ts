import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { pino } from 'pino';
import {
  EXPORTED_CRL_VALIDITY,
  exportRoot,
  type RootInFile,
  readRootFile,
  readRootFolder,
} from '../ca/elsewhere/root-file.js';
import { signIssuer, signRootCrl } from '../ca/elsewhere/sign.js';
import { readIfThere, writeDurably } from '../lib/files.js';
import { mendable } from '../programs/ca/start.js';
import { CannotStart, CommandRefused, WrongUsage } from '../programs/exit.js';
import { loadProgramSettings } from '../programs/settings.js';
import { parseCertificate } from '../x509/certificate.js';
import { DerError } from '../x509/der-error.js';
import { fromPem, toPem } from '../x509/pem.js';
import { UpkiCommand } from './command.js';
import { operator, withLocalSet } from './on-ca-machine.js';
import { newPassphrase, passphraseIn } from './passphrase.js';
import { iso, printSlowly, say } from './print.js';

/** `upki ca root …`: keeps the root offline. */
export function rootCommand(): UpkiCommand {
  return new UpkiCommand('root')
    .description('Keep the root offline: move its key away from the CA, and sign with it elsewhere.')
    .addCommand(exportCommand())
    .addCommand(signCommand())
    .examples([
      ['upki ca root export --out /media/usb/root.pem', 'Move the key of the root away.'],
      [
        'upki ca root sign issuer.csr --root /media/usb/root.pem --out issuer.crt',
        'Sign the next issuer with it.',
      ],
    ]);
}

const PASSPHRASE = 'file with the passphrase of the root’s key in its first line';

function exportCommand(): UpkiCommand {
  const command = new UpkiCommand('export')
    .description(
      'Move the key of the root from this machine into an encrypted file. The CA works without it, and makes a request for its next issuer.',
    )
    .settings(['ca'])
    .requiredOption('--out <file>', 'file to write: keep two copies offline')
    .option('--passphrase-file <file>', `${PASSPHRASE} (default: a random one, which is printed)`)
    .examples([
      ['upki ca root export --out /media/usb/root.pem', 'Afterwards, only the USB stick has the key.'],
    ]);
  return command.action(({ out, passphraseFile }: { out: string; passphraseFile?: string }) =>
    withLocalSet(command, async ({ set }, store, { dataDir }) => {
      const [root] = set.roots;
      if (root === undefined) throw new CannotStart('this CA has no root');
      const passphrase = passphraseFile === undefined ? newPassphrase() : await passphraseIn(passphraseFile);
      await exportRoot({
        ...{ store, root, dataDir, out, passphrase, by: operator(), clock: Date.now },
        onWritten: async () => {
          if (passphraseFile === undefined) await show(passphrase, out);
        },
        crlValidity: EXPORTED_CRL_VALIDITY,
        log: pino({ level: 'silent' }),
      });
      say(
        `The key of the root ${root.id} is in ${out}, and no longer on this machine. Its CRL was signed for a year.`,
      );
      say(
        'Older backups still contain the key, and so do other CAs on this database (ca.key in their folders): remove it there too.',
      );
      say(
        'Before the CRL expires and when the next issuer is due (see upki ca status), run upki ca root sign where the key is.',
      );
    }),
  );
}

/** Nobody could read the key if this were lost, so that it is printed before the key is removed. @throws CommandRefused */
async function show(passphrase: string, out: string): Promise<void> {
  if (await printSlowly(`The passphrase of ${out}, shown only once: ${passphrase}\n`)) return;
  throw new CommandRefused(
    `the passphrase of ${out} could not be printed, so the key stays where it is: remove ${out} and repeat this`,
  );
}

interface SignFlags {
  root?: string;
  passphraseFile?: string;
  out: string;
  days: string;
  crlDays: string;
  publicUrl?: string;
  revoke?: string[];
}

function signCommand(): UpkiCommand {
  const command = new UpkiCommand('sign')
    .description(
      'Run where the key of the root is: signs an issuer certificate for a request, and the CRL of the root. Needs no network and no CA.',
    )
    .argument(
      '<file>',
      'the request (upki ca rollover issuer, upki ca init --request), or the last CRL of the root',
    )
    .settings(['ca'])
    .option('--root <file>', 'file of upki ca root export (default: ca.key and ca.crt of the directory)')
    .option('--passphrase-file <file>', PASSPHRASE)
    .requiredOption('--out <file>', 'file to write, for upki ca install')
    .option('--days <days>', 'validity of the issuer in days', '1825')
    .option('--crl-days <days>', 'validity of the CRL in days', '365')
    .option('--public-url <url>', 'base URL of the root’s CRL in the certificate, if the request has none')
    .option('--revoke <serial...>', 'serials of issuers to revoke')
    .examples([
      [
        'upki ca root sign issuer.csr --root root.pem --out issuer.crt',
        'Sign an issuer; the file also has its chain and the root’s CRL.',
      ],
      [
        'upki ca root sign root.crl --root root.pem --out fresh.crl',
        'Sign a new CRL with the same revocations as the last one.',
      ],
    ]);
  return command.action((file: string, flags: SignFlags) => mendable(() => sign(command, file, flags)));
}

async function sign(command: UpkiCommand, file: string, flags: SignFlags): Promise<void> {
  const text = await readIfThere(file);
  if (text === null) throw new CannotStart(`there is no ${file}`);
  const root = await rootOf(command, flags);
  const common = { root, now: Date.now(), random: randomBytes };
  const [issuerDays, crlDays] = [days(flags.days, '--days'), days(flags.crlDays, '--crl-days')];
  const out: string[] = [];
  try {
    const [csr] = fromPem('CERTIFICATE REQUEST', text).concat(fromPem('NEW CERTIFICATE REQUEST', text));
    const crls = fromPem('X509 CRL', text);
    if (csr === undefined && crls.length === 0)
      throw new CannotStart(`${file} contains neither a request nor a CRL (PEM)`);
    if (csr !== undefined) {
      const issuer = await signIssuer({
        ...common,
        csr,
        days: issuerDays,
        publicUrl: flags.publicUrl ?? null,
      });
      out.push(toPem('CERTIFICATE', issuer), toPem('CERTIFICATE', root.certificate));
      const { serial, notAfter } = parseCertificate(issuer);
      say(`Signed an issuer with the serial ${serial}, valid until ${iso(notAfter)}.`);
    }
    const last = crls[0] ?? null;
    const crl = await signRootCrl({ ...common, last, revoke: flags.revoke ?? [], days: crlDays });
    out.push(toPem('X509 CRL', crl));
  } catch (error) {
    if (!(error instanceof DerError)) throw error;
    throw new CannotStart(`${file}: ${error.message}`);
  }
  await writeDurably(flags.out, out.join(''), 0o644);
  say(`Take ${flags.out} to the CA: upki ca install ${flags.out}`);
}

async function rootOf(command: UpkiCommand, { root, passphraseFile }: SignFlags): Promise<RootInFile> {
  const given = passphraseFile === undefined ? null : await passphraseIn(passphraseFile);
  if (root === undefined) {
    const { settings } = loadProgramSettings('ca', process.env, command.given());
    return readRootFolder(settings.dataDir, given ?? settings.caPassphrase);
  }
  return readRootFile(await readFile(root, 'utf8'), given, root);
}

/** @throws WrongUsage */
function days(text: string, flag: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1 && count <= 36_500) return count;
  throw new WrongUsage(`${flag} ${text}: must be a number of days, from 1 to 36500`);
}
