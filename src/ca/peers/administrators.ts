import { ErrorCode, TaskError } from '../../channel/errors.js';
import { type AdminRole, namesAdministrator } from '../../model/administrators.js';
import { type Actor, PROGRAM } from '../../store/contract/audit.js';
import type { AdministratorRecord, CaStore, CertificateRecord } from '../../store/contract/ca.js';
import { REVOCATION_REASON } from '../../x509/crl.js';
import { unlessMalformed } from '../../x509/der-error.js';
import { dnKey, parseHolder } from '../../x509/name.js';
import type { Revocation } from '../revoke/revocation.js';

interface AdministratorsOptions {
  store: CaStore;
  clock: () => number;
  revocation: Pick<Revocation, 'revoke'>;
}

/** A new entry. */
interface NewAdministrator {
  /** A DN in either notation, or a bare common name. */
  dn: string;
  role: AdminRole;
}

/**
 * The list of administrators. Entries are stored as written and compared as names (RFC 5280 §7.1):
 * `/O=x/CN=a` and `CN=a,O=x` are one entry. An entry covers the certificates that were made for it, so that
 * adding a name never gives rights to an earlier key of that name.
 */
export class Administrators {
  constructor(private readonly options: AdministratorsOptions) {}

  list(): Promise<AdministratorRecord[]> {
    return this.options.store.listAdmins();
  }

  /** False when the list has it already, in either notation; its role stays. @throws TaskError when `dn` is not a name */
  async add({ dn, role }: NewAdministrator, by?: Actor): Promise<boolean> {
    const { store, clock } = this.options;
    if ((await this.#entriesOf(dn)).length > 0) return false;
    return store.addAdmin({ dn, role, addedAt: clock(), byName: false }, by);
  }

  /**
   * Gives a new certificate the rights of the entry of its name, which is added if it is absent. `role` null:
   * the entry's, or `admin` for a new entry. Resolves with the resulting role.
   */
  async cover(certificate: CertificateRecord, role: AdminRole | null, by?: Actor): Promise<AdminRole> {
    const { store, clock } = this.options;
    const [same] = await this.#entriesOf(certificate.dn);
    const entries = await store.listAdmins();
    const record = same ??
      entries.find(({ dn }) => namesAdministrator(certificate, [dn])) ?? {
        dn: certificate.dn,
        role: role ?? 'admin',
        addedAt: clock(),
        byName: false,
      };
    await store.addAdmin(record, by, certificate.serial);
    if (role !== null && role !== record.role) await store.setAdminRole(record.dn, role, by);
    return role ?? record.role;
  }

  /** False when it has the role already; null when it is not on the list. @throws TaskError when `holder` is not a name */
  async setRole(holder: string, role: AdminRole, by?: Actor): Promise<boolean | null> {
    const entries = await this.#entriesOf(holder);
    const changed = await Promise.all(entries.map(({ dn }) => this.options.store.setAdminRole(dn, role, by)));
    return entries.length === 0 ? null : changed.some(Boolean);
  }

  /**
   * Revokes every certificate of the name's entry, then removes the entry. Repeating it completes an
   * interrupted removal. `removed` is false when the name is not on the list. `revoked` are the serials that
   * were good until now.
   * @throws TaskError when `holder` is not a name
   */
  async remove(holder: string, by?: Actor): Promise<{ removed: boolean; revoked: string[] }> {
    const { store, revocation } = this.options;
    const entries = await this.#entriesOf(holder);
    const revoked: string[] = [];
    for (const entry of entries) {
      for (const certificate of await this.#certificatesOf(entry)) {
        const { already } = await revocation.revoke(
          certificate,
          REVOCATION_REASON.privilegeWithdrawn,
          by ?? PROGRAM,
        );
        if (!already) revoked.push(certificate.serial);
      }
      await store.removeAdmin(entry.dn, by);
    }
    return { removed: entries.length > 0, revoked };
  }

  /**
   * Binds entries to the certificates that exist now. Entries of older versions and of the Python CA cover
   * every certificate of their name, later ones included; a name alone must give no rights.
   */
  async bindNamed(): Promise<void> {
    const { store } = this.options;
    for (const entry of (await store.listAdmins()).filter(({ byName }) => byName)) {
      const certificates = await this.#certificatesOf(entry);
      await store.bindAdmin(
        entry.dn,
        certificates.map(({ serial }) => serial),
      );
    }
  }

  /** The role of a certificate's holder; null when it is not an administrator's. Does not check whether the certificate is good. */
  async roleOf(certificate: CertificateRecord): Promise<AdminRole | null> {
    return (await this.#entryOf(certificate))?.role ?? null;
  }

  async #entryOf(certificate: CertificateRecord): Promise<AdministratorRecord | null> {
    const { store } = this.options;
    if (certificate.profile !== 'admin') return null;
    const made = await store.findAdminBySerial(certificate.serial);
    if (made !== null) return made;
    const entries = await store.listAdmins();
    return entries.find(({ dn, byName }) => byName && namesAdministrator(certificate, [dn])) ?? null;
  }

  /** The certificates that an entry covers, and good ones of its name that no entry covers: those must not regain rights. */
  async #certificatesOf(entry: AdministratorRecord): Promise<CertificateRecord[]> {
    const found: CertificateRecord[] = [];
    for (const certificate of await this.options.store.listAdminCertificates()) {
      const ended =
        certificate.revokedAt !== null && certificate.reason !== REVOCATION_REASON.certificateHold;
      if (ended) continue;
      const covering = await this.#entryOf(certificate);
      if (covering?.dn === entry.dn || (covering === null && namesAdministrator(certificate, [entry.dn]))) {
        found.push(certificate);
      }
    }
    return found;
  }

  async #entriesOf(holder: string): Promise<AdministratorRecord[]> {
    const wanted = keyOf(holder);
    if (wanted === null) throw new TaskError(ErrorCode.validation, 'Invalid dn parameter: not a name');
    return (await this.options.store.listAdmins()).filter(({ dn }) => keyOf(dn) === wanted);
  }
}

/** Null when the text is not a name. */
const keyOf = (holder: string): string | null => unlessMalformed(() => dnKey(parseHolder(holder)));
