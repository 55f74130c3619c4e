import type { Client } from 'pg';
import { searchKeys } from '../../rows/ca/search-keys.js';

/** Certificates read at a time. */
const PAGE = 2_000;

interface Named {
  serial: string;
  cn: string;
  identifiers: string;
  not_after: string;
}

/** Fills the index of names from the certificates there are, in the transaction the client is in. */
export async function indexNames(client: Client): Promise<void> {
  for (let after = ''; ; ) {
    const { rows } = await client.query<Named>(
      `SELECT serial, cn, identifiers, not_after FROM certificates WHERE serial > $1 ORDER BY serial LIMIT ${PAGE}`,
      [after],
    );
    const last = rows.at(-1);
    if (!last) return;
    after = last.serial;
    const names = rows.flatMap(({ serial, cn, identifiers, not_after }) =>
      searchKeys({ cn, identifiers: JSON.parse(identifiers) }).map((key) => [key, not_after, serial]),
    );
    await client.query(
      'INSERT INTO certificate_names (name, not_after, serial) SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[])',
      [0, 1, 2].map((column) => names.map((name) => name[column])),
    );
  }
}
