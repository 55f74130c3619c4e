/**
 * SQL of tables that both databases have, column by column (`upki store copy` relies on it). It is PostgreSQL's;
 * `sqliteSchema` and `postgresSchema` make it theirs:
 * - `TEXT COLLATE "C"` is a text that is looked up or ordered: compared by its bytes, as every text in SQLite is.
 * - A `seq` column keeps the order of insertion; in SQLite it is the rowid.
 * - Every other table is stored in the order of its primary key in SQLite, if it is not marked `with rowid`: its
 *   rows are larger than what such a table stores in its leaves.
 * - REFERENCES is SQLite's only. In PostgreSQL the check would lock the account's row for every order and authorization;
 *   accounts are never deleted, and the statement that creates a row looks for its account instead.
 */

export const SETTINGS = `
  CREATE TABLE settings (name TEXT COLLATE "C" PRIMARY KEY, value TEXT NOT NULL);
  CREATE TABLE pings (count BIGINT NOT NULL);
  INSERT INTO pings VALUES (0);
`;

export const LEASES = `
  -- The one holder of a piece of work, and until when.
  CREATE TABLE leases (name TEXT COLLATE "C" PRIMARY KEY, holder TEXT NOT NULL, until BIGINT NOT NULL);
`;
