import type { FastifyInstance } from 'fastify';
import type { Account } from '../../model/facts.js';
import { Problem } from '../../model/problem.js';
import type { AcmeContext } from '../context.js';
import { requireGoodKey } from '../jose/good-key.js';
import { type JsonObject, parseJsonObject } from '../jose/json.js';
import { type PublicKey, parseJwk } from '../jose/jwk.js';
import { type Jws, readJws, verifyJws } from '../jose/jws.js';
import type { LinkBuilder, Links } from '../links.js';
import { requireObject } from '../payload.js';
import { accountAnswer } from './account.js';

/** RFC 8555 §7.3.5: account key rollover; the numbers are from the RFC's list of checks. */
export function keyChangeRoutes(app: FastifyInstance, context: AcmeContext): void {
  app.post('/key-change', async (request, reply) => {
    const { account, payload, links } = await context.signed.byAccount(request); // 1
    const inner = readJws(requireObject(payload), 'the inner JWS'); // 2
    const newKey = innerKey(inner); // 3
    verifyJws(inner, newKey); // 4
    const change = parseJsonObject(inner.payload, 'the payload of the inner JWS'); // 5
    requireInnerHeader(inner, links); // 6
    await requireAccountUrl(change, account, context.links, links); // 7
    requireOldKey(change, account); // 8
    requireOtherKey(newKey, account);
    requireGoodKey(newKey, context.isCompromised); // §6.2
    const changed = await context.ra.accounts.changeKey(account, newKey, (id) => links.account(id)); // 9
    return accountAnswer(reply, changed, links);
  });
}

/** The inner JWS must have a `jwk`, because a new key has no account yet and so no `kid`. */
function innerKey({ header }: Jws): PublicKey {
  if ('kid' in header) throw malformed('has a "kid"');
  if (!('jwk' in header)) throw malformed('has no "jwk"');
  return parseJwk(header.jwk);
}

function requireInnerHeader({ header }: Jws, links: Links): void {
  if ('nonce' in header) throw malformed('has a "nonce"');
  if (header.url !== links.keyChange) throw malformed('has another "url" than the outer one');
}

async function requireAccountUrl(
  change: JsonObject,
  account: Account,
  urls: LinkBuilder,
  links: Links,
): Promise<void> {
  const id = typeof change.account === 'string' ? await urls.accountId(change.account, links) : null;
  if (id !== account.id) throw malformed('has another "account" in its payload');
}

function requireOldKey(change: JsonObject, account: Account): void {
  if (change.oldKey === undefined) throw malformed('has no "oldKey" in its payload');
  if (parseJwk(change.oldKey).thumbprint !== account.thumbprint) {
    throw malformed('has an "oldKey" in its payload that is not the key of the account');
  }
}

function requireOtherKey(newKey: PublicKey, account: Account): void {
  if (newKey.thumbprint === account.thumbprint) throw malformed('has the key the account already has');
}

function malformed(why: string): Problem {
  return new Problem('malformed', `the inner JWS ${why}`);
}
