import type { FastifyInstance, FastifyReply } from 'fastify';
import { asJson } from '../../http/json-reply.js';
import type { AcmeContext } from '../context.js';
import type { Links } from '../links.js';
import { requirePostAsGet } from '../payload.js';

/** RFC 8555 §7.1.1, with renewalInfo (RFC 9773 §4) and profiles (draft-ietf-acme-profiles §3). */
export function directoryRoutes(app: FastifyInstance, context: AcmeContext): void {
  const answer = async (reply: FastifyReply, links: Links) => {
    reply.header('cache-control', 'no-cache');
    return asJson(reply, await directoryObject(links, context, await profiles(context)));
  };
  app.get('/directory', (request, reply) => answer(reply, context.links.forHost(request.headers.host)));

  /** §6.3: GET and POST-as-GET */
  app.post('/directory', async (request, reply) => {
    const { payload, links } = await context.signed.byAccount(request);
    requirePostAsGet(payload);
    return answer(reply, links);
  });
}

async function directoryObject(
  links: Links,
  { settings }: AcmeContext,
  profiles: Record<string, string> | null,
): Promise<object> {
  const { website, caaIdentities, externalAccounts, preauthorization } = settings;
  return {
    newNonce: links.newNonce,
    newAccount: links.newAccount,
    newOrder: links.newOrder,
    ...(preauthorization && { newAuthz: links.newAuthz }),
    revokeCert: links.revokeCert,
    keyChange: links.keyChange,
    renewalInfo: links.renewalInfo,
    meta: {
      termsOfService: termsUrl(links, settings),
      ...(website !== null && { website }),
      caaIdentities,
      externalAccountRequired: externalAccounts.required,
      ...(profiles && { profiles }),
      ...(settings.persistIssuers && (await persistMeta(links, settings.persistIssuers))),
    },
  };
}

/** draft-ietf-acme-dns-persist-02 §4.1 to §4.3; the hash of a former key is no longer valid. */
async function persistMeta(links: Links, issuers: () => Promise<readonly string[]>): Promise<object> {
  return {
    accountHashPrefix: links.accountHashPrefix,
    keyRotationPeriod: 0,
    issuerDomainNames: await issuers(),
  };
}

export function termsUrl(links: Links, { terms }: AcmeContext['settings']): string {
  return 'url' in terms ? terms.url : links.terms;
}

/** The profiles of the CA; none while it is unreachable, so that the directory is served anyway. */
async function profiles({ ra }: AcmeContext): Promise<Record<string, string> | null> {
  try {
    const list = await ra.orders.profiles();
    return Object.fromEntries(list.map(({ name, description }) => [name, description]));
  } catch {
    return null;
  }
}
