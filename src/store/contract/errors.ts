/** Nothing could be kept or read just now (disk full, I/O error, database busy, engine restarting); asking again later may work. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable';
  readonly code = 'STORE_UNAVAILABLE';
}

/** The write contradicts what is stored (a unique value is taken, a referenced row is absent); asking again will not help. */
export class StoreConflict extends Error {
  override readonly name = 'StoreConflict';
  readonly code = 'STORE_CONFLICT';
}

/** The database was written by a newer version of the program; this one must not touch it. */
export class StoreTooNew extends Error {
  override readonly name = 'StoreTooNew';
  readonly code = 'STORE_TOO_NEW';
}

/** The authority that signed a certificate has been retired meanwhile: sign it with its successor. */
export class IssuerRetired extends Error {
  override readonly name = 'IssuerRetired';
  constructor(tag: string) {
    super(`the issuer ${tag || 'that came first'} issues no more`);
  }
}

/**
 * The database is not to be used as it is: it is another program's, was moved to another place, or is damaged. Asking again
 * does not help; the message names the file and says what to do.
 */
export class StoreRefused extends Error {
  override readonly name = 'StoreRefused';
  readonly code = 'STORE_REFUSED';
}
