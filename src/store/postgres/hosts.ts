import { setTimeout as pause } from 'node:timers/promises';
import { Client } from 'pg';
import { hostUrls } from '../../lib/database-hosts.js';
import { SingleFlight } from '../../lib/single-flight.js';
import { StoreUnavailable } from '../contract/errors.js';

/** Longest wait for a host's answer, ms. */
const ASKED_FOR = 3_000;
/** How long to wait for the other hosts after the first that accepts writes, ms: an old primary may answer first. */
const GRACE = 300;

/** A host that accepts writes. */
interface Writable {
  url: string;
  /** The timeline of its write-ahead log, which grows with every promotion. */
  timeline: number;
}

/**
 * Finds the host of a URL that accepts writes. A promoted standby has a greater timeline than its old
 * primary: once one is known, no host with a smaller one is used, so that a returning old primary is ignored.
 */
export class Hosts {
  readonly #urls: readonly string[];
  readonly #finding = new SingleFlight(() => this.#find());
  #known: Writable | null = null;
  #newest = 0;

  constructor(url: string) {
    this.#urls = hostUrls(url);
  }

  /** The URL of the host that accepts writes. @throws StoreUnavailable when no such host answers */
  async writable(): Promise<string> {
    // One host, or an address that follows the primary: only connecting shows whether it accepts writes.
    const [only] = this.#urls;
    if (only !== undefined && this.#urls.length === 1) return only;
    return (this.#known ?? (await this.#finding.join())).url;
  }

  /** Call when a connection was lost or a write rejected: the hosts are queried again. */
  forget(): void {
    this.#known = null;
  }

  async #find(): Promise<Writable> {
    const found: Writable[] = [];
    const troubles: string[] = [];
    const asked = this.#urls.map(async (url): Promise<Writable> => {
      try {
        const answer = await ask(url);
        found.push(answer);
        return answer;
      } catch (error) {
        troubles.push(`${new URL(url).host}: ${error instanceof Error ? error.message : error}`);
        throw error;
      }
    });
    const first = Promise.any(asked).then(() => pause(GRACE));
    await Promise.race([Promise.allSettled(asked), first.catch(() => Promise.allSettled(asked))]);
    const newest = found.reduce<Writable | null>(
      (best, each) => (best === null || each.timeline > best.timeline ? each : best),
      null,
    );
    if (newest === null)
      throw new StoreUnavailable(`no host of the database takes writes: ${troubles.join('; ')}`);
    if (newest.timeline < this.#newest) {
      throw new StoreUnavailable(
        `only ${new URL(newest.url).host} takes writes, a primary that was succeeded: it is not used`,
      );
    }
    this.#newest = newest.timeline;
    this.#known = newest;
    return newest;
  }
}

/** The URL of the host for a new connection. @throws StoreUnavailable */
export const writableUrl = (url: string): Promise<string> => new Hosts(url).writable();

/** @throws Error for a standby, and for a host that does not answer */
async function ask(url: string): Promise<Writable> {
  const client = new Client({
    connectionString: url,
    application_name: 'upki',
    connectionTimeoutMillis: ASKED_FOR,
    query_timeout: ASKED_FOR,
  });
  client.on('error', () => {});
  try {
    await client.connect();
    const { rows } = await client.query<{ timeline: string | null }>(
      `SELECT CASE WHEN NOT pg_is_in_recovery() AND current_setting('transaction_read_only') = 'off'
                   THEN substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) END AS timeline`,
    );
    const timeline = rows[0]?.timeline ?? null;
    if (timeline === null) throw new Error('it is a standby');
    return { url, timeline: Number.parseInt(timeline, 16) };
  } finally {
    client.end().catch(() => {});
  }
}
