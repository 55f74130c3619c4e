import { join } from 'node:path';
import type { OpenAuthorities } from '../ca/authorities/open.js';
import { installNext } from '../ca/elsewhere/install.js';
import { pendingRequest } from '../ca/elsewhere/request.js';
import { installCrl } from '../ca/elsewhere/root-crl.js';
import { caPaths } from '../ca/folder/paths.js';
import { readIfThere } from '../lib/files.js';
import { installIssuer } from '../programs/ca/elsewhere.js';
import { mendable } from '../programs/ca/start.js';
import { CannotStart } from '../programs/exit.js';
import { lockDirectory } from '../programs/lock.js';
import { loadProgramSettings } from '../programs/settings.js';
import type { CaStore } from '../store/index.js';
import { certificatesFrom } from '../x509/certificates-in.js';
import { readCrlTimes } from '../x509/crl.js';
import { DerError, unlessMalformed } from '../x509/der-error.js';
import { fromPem } from '../x509/pem.js';
import { replaceAtOnce } from './ca-rollover.js';
import { UpkiCommand } from './command.js';
import { readGiven } from './given-file.js';
import { operator, withLocalSet } from './on-ca-machine.js';
import { iso, say, warn } from './print.js';

interface InstallFlags {
  newRoot?: boolean;
  now?: boolean;
  revoke?: boolean;
}

/** The content of a file from the root. */
interface Delivery {
  /** DER; empty when the file has only a CRL. */
  certificates: Buffer[];
  /** DER. */
  crls: Buffer[];
}

/** `upki ca install` */
export function installCommand(): UpkiCommand {
  const command = new UpkiCommand('install')
    .description(
      'Install what a root elsewhere has signed: the certificate of the first or the next issuer with its chain, and the CRL of the root.',
    )
    .argument(
      '<file...>',
      'PEM, DER or PKCS #7 (.p7b): the issuer, the certificates above it, the root; or a CRL',
    )
    .settings(['ca'])
    .option(
      '--new-root',
      'confirm that the issuer is under a new root, which nobody trusts yet; both roots are then published',
    )
    .option(
      '--now',
      'after a compromise: list the certificates of the old issuer and have clients renew them now',
    )
    .option('--revoke', 'the same, and print how the root can revoke the old issuer')
    .examples([
      [
        'upki ca install issuer.crt chain.crt',
        'Install the certificate for issuer.csr and the ones above it, up to the root.',
      ],
      ['upki ca install root.crl', 'Install a new CRL of a root whose key is elsewhere.'],
    ]);
  return command.action(async (files: string[], flags: InstallFlags) => {
    const delivery = await read(files);
    const first = await waitingFolder(command);
    if (first !== null && delivery.certificates.length > 0) await installAsFirst(command, first, delivery);
    else if (delivery.certificates.length > 0) {
      await withLocalSet(command, (local, store, context) =>
        installAsNext(local, store, context, { delivery, flags }),
      );
    }
    if (delivery.crls.length > 0)
      await withLocalSet(command, (local, store) => installCrls(local, store, delivery.crls));
  });
}

/** @throws CannotStart naming the file */
async function read(files: readonly string[]): Promise<Delivery> {
  const delivery: Delivery = { certificates: [], crls: [] };
  for (const file of files) {
    const content = await readGiven(null, file);
    try {
      const crls = crlsIn(content);
      const isCrlOnly = crls.length > 0 && !content.includes('-----BEGIN CERTIFICATE-----');
      delivery.crls.push(...crls);
      if (!isCrlOnly) delivery.certificates.push(...certificatesFrom(content));
    } catch (error) {
      if (!(error instanceof DerError)) throw error;
      throw new CannotStart(`${file}: ${error.message}`);
    }
  }
  return delivery;
}

/**
 * The CRLs of a file: in PEM, or the file itself in DER. A certificate in DER begins in the same way and is recognised by its
 * version.
 */
function crlsIn(content: Buffer): Buffer[] {
  const text = content.toString('latin1');
  if (content[0] !== 0x30 || text.startsWith('-----')) return fromPem('X509 CRL', text);
  return isCrl(content) ? [content] : [];
}

function isCrl(der: Buffer): boolean {
  return unlessMalformed(() => readCrlTimes(der)) !== null;
}

/** The folder of a CA that waits for its first certificate; null when the CA is initialised. */
async function waitingFolder(command: UpkiCommand): Promise<string | null> {
  const directory = command.directory();
  for (const folder of [join(directory, 'ca'), directory]) {
    const isCa = (await readIfThere(caPaths(folder).marker)) !== null;
    if (!isCa && (await pendingRequest(folder)) !== null) return folder;
  }
  return null;
}

async function installAsFirst(
  command: UpkiCommand,
  dataDir: string,
  { certificates }: Delivery,
): Promise<void> {
  const loaded = loadProgramSettings('ca', process.env, {
    ...command.given(),
    dataDir,
  });
  loaded.warnings.forEach(warn);
  const unlock = lockDirectory(dataDir);
  try {
    const { issuer, root, warnings } = await installIssuer(loaded, certificates);
    say(
      `The CA is in ${dataDir}: its issuer is valid until ${iso(issuer.notAfter)}, its root until ${iso(root.notAfter)}.`,
    );
    warnings.forEach(warn);
  } finally {
    unlock();
  }
}

async function installAsNext(
  local: OpenAuthorities,
  store: CaStore,
  { dataDir, passphrase }: { dataDir: string; passphrase: string | null },
  { delivery, flags }: { delivery: Delivery; flags: InstallFlags },
): Promise<void> {
  const { set, keys } = local;
  const { made, old, judged } = await installNext({
    ...{ dataDir, passphrase, store, set, keys, clock: Date.now, by: operator() },
    certificates: delivery.certificates,
    newRoot: flags.newRoot === true,
  });
  say(
    `The issuer ${made.id} signs from now on, until ${iso(made.certificate.notAfter)}; ${old.id} no longer issues certificates.`,
  );
  judged.warnings.forEach(warn);
  if (flags.now || flags.revoke) await replaceAtOnce(store, set, old, flags.revoke === true);
}

async function installCrls({ set }: OpenAuthorities, store: CaStore, crls: readonly Buffer[]): Promise<void> {
  for (const der of crls) {
    const { of, nextUpdate, revokes } = await mendable(() => installCrl({ store, set }, der, Date.now()));
    say(`The CRL of ${of.record.kind} ${of.id} is now served; it is valid until ${iso(nextUpdate)}.`);
    for (const each of revokes)
      say(`  it revokes the issuer ${each.id}: clients that check revocation refuse its certificates`);
  }
}
