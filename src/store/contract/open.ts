/** Which program's schema a database has. */
export type StoreKind = 'ra' | 'ca';

/** How a store is opened. */
export interface OpenOptions {
  /** Called when SQLite's thread died and is being restarted, or when connections to PostgreSQL were lost. */
  onCrash?(error: Error): void;
  /** How long to wait for a PostgreSQL server that cannot be reached, in ms. Default 0. */
  patience?: number;
}
