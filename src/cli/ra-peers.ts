import { CommandRefused, WrongUsage } from '../programs/exit.js';
import type { CaStore, PeerRecord } from '../store/contract/ca.js';
import { REVOCATION_REASON } from '../x509/crl.js';
import { UpkiCommand } from './command.js';
import { iso, jsonText, print, say } from './print.js';

/** `upki ra list` and `upki ra revoke`: manage the registered RAs on the CA's machine, whether the CA runs or not. */

/** The code of the CA: loaded on demand, because an RA that serves does not need it. */
const onCaMachine = () => import('./on-ca-machine.js');

export function listRasCommand(): UpkiCommand {
  const command = new UpkiCommand('list')
    .description(
      'Print the RAs registered with the CA on this machine, with their channel keys, certificates and states.',
    )
    .settings(['ca'])
    .option('--json', 'print them as JSON')
    .examples([
      ['upki ra list', 'RAs of the CA on this machine.'],
      ['upki ra list --json', 'The same for a script.'],
    ]);
  return command.action(async ({ json }: { json?: boolean }) => {
    const { withCaStore } = await onCaMachine();
    const peers = await withCaStore(command, (store) => store.listPeers());
    const shown = peers.map(asShown);
    if (json) return print(jsonText(shown));
    for (const { cn, state, registered_at, serial, key } of shown)
      say([cn, state, registered_at, serial ?? '-', key].join('\t'));
  });
}

const asShown = ({ cn, publicKey, addedAt, serial, revokedAt }: PeerRecord) => ({
  cn,
  state: revokedAt === null ? ('admitted' as const) : ('revoked' as const),
  registered_at: iso(addedAt),
  revoked_at: revokedAt === null ? null : iso(revokedAt),
  serial,
  key: publicKey,
});

export function revokeRaCommand(): UpkiCommand {
  const command = new UpkiCommand('revoke')
    .argument(
      '<name>',
      'the common name of the RA; for one replica the serial of its certificate, or its channel key',
    )
    .description(
      'Revoke all certificates of an RA and block its channel keys at once. Anyone who has the registration seed can ' +
        'register again: change the seed too if it may be known.',
    )
    .settings(['ca'])
    .option('--reason <reason>', 'keyCompromise for a stolen key', 'cessationOfOperation')
    .examples([
      ['upki ra revoke ra1.example.internal', 'The RA with this name and all its replicas.'],
      ['upki ra revoke ra1.example.internal --reason keyCompromise', 'After a break-in on its machine.'],
      ['upki ra revoke 1f0a93c4d2', 'One replica, by the serial that upki ra list prints.'],
    ]);
  return command.action(async (name: string, { reason }: { reason: string }) => {
    const code = reasonOf(reason);
    const { withCaStore } = await onCaMachine();
    const { mendable } = await import('../programs/ca/start.js');
    await withCaStore(command, async (store) => {
      const peers = (await store.listPeers()).filter(
        (peer) => peer.cn === name.toLowerCase() || peer.cn === name || isOne(peer, name),
      );
      if (peers.length === 0)
        throw new CommandRefused(`no RA ${name} is registered; \`upki ra list\` prints the registered RAs`);
      const revoked = await mendable(() => revokeAll(store, peers, name, code));
      say(`${name} is blocked: ${peers.length} channel ${peers.length === 1 ? 'key' : 'keys'}.`);
      for (const serial of revoked) say(`  Revoked      ${serial}`);
    });
  });
}

function reasonOf(name: string): number {
  const { removeFromCRL: _, certificateHold: __, ...reasons } = REVOCATION_REASON;
  const code = Object.entries(reasons).find(([each]) => each === name)?.[1];
  if (code !== undefined) return code;
  throw new WrongUsage(
    `--reason is ${JSON.stringify(name)}; it must be one of ${Object.keys(reasons).join(', ')}`,
  );
}

/** A channel key in Z85 has characters that mean something to shells, and may begin with "-": the serial is easier to paste. */
const isOne = ({ publicKey, serial }: PeerRecord, named: string): boolean =>
  publicKey === named || serial?.toLowerCase() === named.toLowerCase();

/** Limit of certificates of one name. */
const MOST_OF_A_NAME = 1_000;

/** Revokes the RA's good certificates and returns their serials. When one replica is given, only that of its own key. */
async function revokeAll(
  store: CaStore,
  peers: readonly PeerRecord[],
  named: string,
  reason: number,
): Promise<string[]> {
  const { localRevocation } = await import('../ca/local-access.js');
  const revocation = localRevocation(store, Date.now);
  const by = (await onCaMachine()).operator();
  const revoked: string[] = [];
  for (const peer of peers) {
    const { cn, publicKey, serial } = peer;
    const all = await store.listByCn(cn, MOST_OF_A_NAME);
    const own = all.filter(
      (each) => each.profile === 'ra' && (!isOne(peer, named) || each.serial === serial),
    );
    for (const certificate of own) {
      const { already } = await revocation.revoke(certificate, reason, by);
      if (!already) revoked.push(certificate.serial);
    }
    await store.revokePeer(publicKey, Date.now(), by);
  }
  return revoked;
}
