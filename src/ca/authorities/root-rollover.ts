import type { Actor } from '../../store/contract/audit.js';
import type { CaStore } from '../../store/contract/ca.js';
import { authorityId } from '../../x509/certificate.js';
import {
  createCross,
  createRoot,
  freshFields,
  nameConstraintsOf,
  ROOT_LIFE,
} from '../folder/issuer-certificates.js';
import { BACKDATE, locationsUnder, newSerial } from '../issue/factory.js';
import { recordIssuer } from './first.js';
import type { Keyring } from './keyring.js';
import { type Member, newRecord } from './member.js';
import type { AuthoritySet } from './set.js';
import { nextName, RolloverError, refuseUsedKey, type Succession, specOf } from './succession.js';

interface RootRolloverOptions {
  store: CaStore;
  set: AuthoritySet;
  keys: Keyring;
  succession: Pick<Succession, 'makeIssuer'>;
  clock: () => number;
  random: (bytes: number) => Buffer;
}

/** Replaces a root in three steps, months apart: publish both roots, use the new one, withdraw the old one. */
export class RootRollover {
  constructor(private readonly options: RootRolloverOptions) {}

  /** Adds a new root beside the one in use; each certifies the other's key. @throws RolloverError */
  async begin(by: Actor): Promise<Member> {
    const { store, set, keys, clock, random } = this.options;
    const [old, next] = set.roots;
    if (old === undefined) throw new RolloverError('this CA has no root');
    if (next !== undefined) {
      throw new RolloverError(
        `there are two roots already, ${old.id} in use and ${next.id}: go on with --switch, or end it with --retire`,
      );
    }
    if (old.signer === null) {
      throw new RolloverError(
        `the key of the root ${old.id} is not at this CA, and it must vouch for the next one`,
      );
    }
    if (old.tag === '')
      throw new RolloverError('this root issues by itself, so it cannot be succeeded by another');
    const now = clock();
    const key = await keys.make('root', specOf(old.publicKey));
    refuseUsedKey(set, key.spki);
    const roots = set.members.filter(({ record }) => record.kind === 'root').length;
    const der = await createRoot(
      {
        ...freshFields(now, ROOT_LIFE, random),
        spki: key.spki,
        subject: nextName(old.certificate, roots + 1),
        constraints: nameConstraintsOf(old.certificate),
      },
      key.signer,
    );
    const id = authorityId(der);
    const kept = await keys.adopt(id, key);
    const record = newRecord({ kind: 'root', certificate: der, root: id, addedAt: now, ...kept });
    const fields = (by: Buffer) => ({
      serial: newSerial(random),
      notBefore: now - BACKDATE,
      locations: locationsUnder(by, set.publicUrl),
    });
    const crosses = [
      { certificate: await createCross(der, fields(old.der), old.der, old.signing), root: old.id, of: id },
      { certificate: await createCross(old.der, fields(der), der, key.signer), root: id, of: old.id },
    ];
    if (!(await store.addAuthority(record, null, by)))
      throw new RolloverError('the new root is there already');
    for (const each of crosses) {
      await store.addAuthority(newRecord({ kind: 'cross', keyRef: null, addedAt: now, ...each }), null, by);
      // Clients that verify the whole chain ask whether the cross-certificate is revoked.
      await recordIssuer(store, { tag: each.root }, each.certificate, now);
    }
    await set.reload();
    const added = set.byId(id);
    if (added === null) throw new RolloverError(`the root ${id} was not kept`);
    return added;
  }

  /** Uses the new root from now on, and makes the first issuer under it. @throws RolloverError */
  async switch(by: Actor): Promise<{ root: Member; issuer: Member }> {
    const { store, set, succession, clock } = this.options;
    const next = set.roots.find(({ record }) => record.usedFrom === null);
    if (next === undefined)
      throw new RolloverError('there is no root to switch to: make one with upki ca rollover root');
    const issuer = await succession.makeIssuer(by, next);
    if (issuer === null) throw new RolloverError('another CA made an issuer just now: try again');
    await store.changeAuthority(next.id, { usedFrom: clock() }, by);
    await set.reload();
    return { root: next, issuer };
  }

  /** Withdraws the old root. @throws RolloverError */
  async retire(by: Actor): Promise<Member> {
    const { store, set, clock } = this.options;
    const [used, ...others] = set.roots;
    const old = others.at(-1);
    if (used === undefined || old === undefined)
      throw new RolloverError('there is one root only, and it is in use');
    await store.changeAuthority(old.id, { retiredAt: clock() }, by);
    await set.reload();
    return old;
  }
}
