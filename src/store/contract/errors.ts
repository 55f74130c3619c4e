/**
 * Nothing can be read or written at the moment (disk full, I/O error, database busy, engine restarting);
 * retrying later may work.
 */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable';
  readonly code = 'STORE_UNAVAILABLE';
}

/**
 * The write contradicts stored rows (a unique value is taken, a referenced row is absent); retrying will not
 * help.
 */
export class StoreConflict extends Error {
  override readonly name = 'StoreConflict';
  readonly code = 'STORE_CONFLICT';
}

/** The database was written by a newer version of the program; this one must not touch it. */
export class StoreTooNew extends Error {
  override readonly name = 'StoreTooNew';
  readonly code = 'STORE_TOO_NEW';
}

/** The authority that signed a certificate has been retired: sign it with its successor. */
export class IssuerRetired extends Error {
  override readonly name = 'IssuerRetired';
  constructor(tag: string) {
    super(`the issuer ${tag || 'that came first'} issues no more`);
  }
}

/** The key of a certificate is known to be compromised: no certificate is issued for it. */
export class KeyCompromised extends Error {
  override readonly name = 'KeyCompromised';
  constructor() {
    super('the key is known to be compromised');
  }
}

/**
 * The database must not be used as it is: it belongs to another program, was moved, or is damaged. Retrying
 * does not help; the message names the file and says what to do.
 */
export class StoreRefused extends Error {
  override readonly name = 'StoreRefused';
  readonly code = 'STORE_REFUSED';
}
