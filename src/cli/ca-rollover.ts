import type { Member } from '../ca/authorities/member.js';
import type { OpenAuthorities } from '../ca/authorities/open.js';
import { requestNext } from '../ca/elsewhere/next.js';
import { permitOnly } from '../ca/folder/permit.js';
import { permittedNames } from '../config/index.js';
import { writeDurably } from '../lib/files.js';
import { WrongUsage } from '../programs/exit.js';
import type { CaStore } from '../store/index.js';
import { UpkiCommand } from './command.js';
import { type LocalContext, operator, withLocalSet } from './on-ca-machine.js';
import { iso, say } from './print.js';

/** `upki ca rollover …`: makes the next issuer or the next root. */
export function rolloverCommand(): UpkiCommand {
  return new UpkiCommand('rollover')
    .description('Make the next issuer or the next root on the CA’s machine, whether the CA runs or not.')
    .addCommand(issuerCommand())
    .addCommand(rootCommand())
    .examples([
      ['upki ca rollover issuer', 'The next issuer, now.'],
      ['upki ca rollover root', 'The next root; both are published.'],
    ]);
}

function issuerCommand(): UpkiCommand {
  const command = new UpkiCommand('issuer')
    .description(
      'Make the next issuer now. The old one continues to sign its CRL and OCSP responses until its last certificate has expired.',
    )
    .settings(['ca'])
    .option(
      '--now',
      'after a compromise: list the certificates of the old issuer and have clients renew them now',
    )
    .option('--revoke', "the same, and put the old issuer on the root's CRL")
    .option(
      '--permit <names>',
      'the only names it may certify, as in upki ca init; `any` for all names (default: those of the previous issuer)',
    )
    .option(
      '--request <file>',
      'file for the request when the key of the root is elsewhere (default: issuer.csr)',
    )
    .examples([
      ['upki ca rollover issuer', 'Make it early; nobody needs to do anything else.'],
      ['upki ca rollover issuer --now --revoke', 'Replace an issuer whose key was stolen.'],
      [
        'upki ca rollover issuer --request issuer.csr',
        'For a root elsewhere: have issuer.csr signed, then run upki ca install.',
      ],
    ]);
  return command.action((options: { now?: boolean; revoke?: boolean; request?: string; permit?: string }) =>
    withLocalSet(command, async (local, store, context) => {
      const urgent = options.now === true || options.revoke === true;
      const old = local.set.newest;
      const limits = limitsIn(options.permit);
      if (options.request !== undefined || isRootElsewhere(local.set)) {
        await askElsewhere(local, store, { ...context, limits }, options.request ?? 'issuer.csr');
        if (urgent)
          say('Give --now or --revoke to upki ca install: before that, no new issuer can sign renewals.');
        return;
      }
      const made = await local.succession.makeIssuer(operator(), undefined, limits);
      if (made === null || old === null)
        throw new Error('another CA made an issuer at the same moment: see upki ca status');
      say(
        `The issuer ${made.id} signs from now on, until ${iso(made.certificate.notAfter)}; ${old.id} no longer issues certificates.`,
      );
      if (urgent) await replaceAtOnce(store, local.set, old, options.revoke === true);
    }),
  );
}

/** Name constraints of the next issuer; null for none, undefined for those of the previous issuer. @throws WrongUsage */
function limitsIn(permit: string | undefined): Uint8Array | null | undefined {
  if (permit === undefined) return undefined;
  if (permit === 'any') return null;
  try {
    return permitOnly(permittedNames.parse(permit));
  } catch {
    throw new WrongUsage(`--permit ${permit}: must be ${permittedNames.allowed}`);
  }
}

const isRootElsewhere = ({ roots: [root] }: OpenAuthorities['set']): boolean =>
  root !== undefined && root.tag !== '' && root.signer === null;

/** Writes the request for the next issuer, for a root elsewhere to sign. */
async function askElsewhere(
  { set }: OpenAuthorities,
  store: CaStore,
  { dataDir, passphrase, places, limits }: LocalContext & { limits: Uint8Array | null | undefined },
  file: string,
): Promise<void> {
  const text = await requestNext({ store, set, dataDir, passphrase, where: places.issuer, limits });
  await writeDurably(file, text, 0o644);
  say(
    `The key of the root is not at this CA. Have the root sign the request in ${file}, as a CA (see docs/authority.md; with an exported root: ` +
      `upki ca root sign ${file} --root FILE --out issuer.crt), then run upki ca install issuer.crt.`,
  );
}

/**
 * After a compromise: has clients renew the old issuer's certificates now. With `revoke`, clients that check revocation also
 * refuse them.
 */
export async function replaceAtOnce(
  store: CaStore,
  set: OpenAuthorities['set'],
  old: Member,
  revoke: boolean,
): Promise<void> {
  const now = Date.now();
  await store.changeAuthority(old.id, { renewFrom: now }, operator());
  say(
    'Clients that use renewal information (RFC 9773) renew now. The old issuer has issued these certificates, which are still valid:',
  );
  await listGood(store, old.tag);
  if (!revoke) return;
  const { serial } = old.certificate;
  const outcome = await store.revoke(serial, now, CA_COMPROMISE, operator());
  const isHere = set.rootOf(old)?.signer != null && outcome !== 'unknown';
  say(
    isHere
      ? `Its certificate (serial ${serial}) is revoked: it is now on the root's CRL.`
      : `Its certificate (serial ${serial}) was signed elsewhere: have the root revoke it (upki ca root sign CRL --revoke ${serial}), ` +
          'and install its next CRL with upki ca install.',
  );
}

/** RFC 5280 §5.3.1 */
const CA_COMPROMISE = 2;

async function listGood(store: CaStore, issuer: string): Promise<void> {
  let after: string | null = null;
  do {
    const page: Awaited<ReturnType<CaStore['listCertificates']>> = await store.listCertificates({
      after,
      limit: 500,
      now: Date.now(),
      filter: { issuer, state: 'good' },
    });
    for (const { serial, cn, profile, notAfter } of page.items)
      say(`  ${serial}  ${profile}  ${cn}  until ${iso(notAfter)}`);
    after = page.next;
  } while (after !== null);
}

function rootCommand(): UpkiCommand {
  const command = new UpkiCommand('root')
    .description(
      'Make the next root and cross-certify both. Months later switch to the new root, then retire the old one.',
    )
    .settings(['ca'])
    .option('--switch', 'issue under the new root')
    .option('--retire', 'stop publishing the old root')
    .examples([
      ['upki ca rollover root', 'Publish both roots; chains to the new one are alternates.'],
      ['upki ca rollover root --switch', 'Once all machines trust the new root.'],
      ['upki ca rollover root --retire', 'Once no machine depends on the old root.'],
    ]);
  return command.action((options: { switch?: boolean; retire?: boolean }) =>
    withLocalSet(command, async ({ roots }) => {
      if (options.switch) {
        const { root, issuer } = await roots.switch(operator());
        say(
          `The issuer ${issuer.id} under the root ${root.id} signs from now on. Chains end with the old root's certificate for it; the chain to the new root is an alternate.`,
        );
      } else if (options.retire) {
        const old = await roots.retire(operator());
        say(`The root ${old.id} is no longer published.`);
      } else {
        const made = await roots.begin(operator());
        say(`The root ${made.id} was made; it and the old one are published. Its certificate:\n${made.pem}`);
        say('Once all machines trust it: upki ca rollover root --switch');
      }
    }),
  );
}
