import { z } from 'zod';
import { present } from '../../../lib/present.js';
import type { CertificateAuthority } from '../../../model/ca.js';
import type { Node } from '../../../model/facts.js';
import { accountStatus, enrolmentStatus } from '../../../model/status.js';
import { readWritten } from '../../../ra/nodes/entitlement.js';
import type { Nodes } from '../../../ra/nodes/nodes.js';
import { acmeLines, exampleName } from '../../enrolment/acme-lines.js';
import { oneLiner } from '../../enrolment/one-liner.js';
import { comment, commonName, pageOf, pageQuery, profileName, text, time } from '../../fields.js';
import { privateRoute, type Route } from '../../route.js';
import { readSan, sansBody, sansJson, sansResult } from '../../sans.js';

interface NodeRouteOptions {
  nodes: Pick<Nodes, 'register' | 'list' | 'remove' | 'show' | 'change'>;
  ca: Pick<CertificateAuthority, 'caCertificates'>;
  /** Scheme, host and port of our URLs, by the request's Host. */
  baseUrl(host: string | undefined): string;
  clock: () => number;
}

/** The default profile is for TLS clients too, so that a node can renew with its certificate. */
const DEFAULT_PROFILE = 'webapp';
const MOST_NAMES = 100;

const node = z.object({
  cn: z.string().describe('What the node is called'),
  profile: z.string(),
  names: z.array(z.string()).describe('What it may have: names, wildcards, addresses, networks'),
  sans: sansResult.describe('The names of the certificate it enrols with'),
  patterns: z.array(z.string()).describe('Wildcards and networks: what it may order over ACME besides'),
  challenges_waived: z.boolean().describe('An account bound to it proves its names by being bound'),
  registered_at: time,
  registered_by: z.string().describe('DN of the administrator'),
  state: z
    .enum(['waiting', 'expired', 'enrolled', 'removing'])
    .describe(
      'Its seed waits to be used or has expired unused; it has enrolled; its removal is not complete',
    ),
  seed_expires_at: time,
  serial: z.string().optional().describe('Of the certificate it enrolled with, lower-case hex'),
  key_id: z.string().optional().describe('`kid` of the key that binds ACME accounts to it'),
  key_once: z.boolean().optional().describe('The key binds one account'),
  key_expires_at: time.optional(),
  key_used_at: time.optional().describe('When it bound its first account'),
});

const names = z
  .array(text('A name, `*.` and a domain, an address, or a network (CIDR)'))
  .max(MOST_NAMES)
  .describe('What it may have; wildcards and networks are for ACME orders, a `*` is one label');

const rules = {
  waive_challenges: z
    .boolean()
    .describe(
      'An account bound to it needs no challenge for its explicit names; with patterns it is refused',
    ),
  once: z.boolean().describe('Its key binds one ACME account'),
  expires_at: time.nullable().describe('From then on neither seed nor key can be used; null: the key always'),
};

const keyOnce = {
  hmac_key: z.string().describe('base64url; shown once'),
  clients: z.record(z.string(), z.string()).describe('Ready lines for ACME clients'),
};

/** Nodes: machines that get certificates only for their registered names. */
export function nodeRoutes({ nodes, ca, baseUrl, clock }: NodeRouteOptions): Route[] {
  const byName = z.strictObject({ cn: commonName });
  const shown = (each: Node): z.output<typeof node> => ({
    cn: each.cn,
    profile: each.profile,
    names: [...each.names.map(({ value }) => value), ...each.patterns],
    sans: sansJson(each.names),
    patterns: [...each.patterns],
    challenges_waived: each.challengesWaived,
    registered_at: each.registeredAt,
    registered_by: each.registeredBy,
    state: enrolmentStatus(each, clock()),
    seed_expires_at: each.enrolment.expiresAt,
    ...present({
      serial: each.enrolment.serial,
      key_id: each.key?.id,
      key_once: each.key?.once,
      key_expires_at: each.key?.expiresAt,
      key_used_at: each.key?.usedAt,
    }),
  });
  const lines = (base: string, each: Node, hmac: string) =>
    acmeLines({
      directoryUrl: `${base}/acme/directory`,
      keyId: each.key?.id ?? '',
      hmac,
      name: exampleName(each),
    });
  return [
    privateRoute('GET', '/private/nodes', 'auditor', {
      summary: 'The registered nodes by name, a page at a time.',
      query: pageQuery,
      result: pageOf({ nodes: z.array(node) }),
      async handle({ query: { limit, cursor } }) {
        const page = await nodes.list(cursor ?? null, limit);
        return { nodes: page.nodes.map(shown), next: page.next };
      },
    }),
    privateRoute('POST', '/private/nodes', 'operator', {
      summary:
        'Registers a node and gives its one-time seed and the key that binds ACME accounts to it, both shown here and never again.',
      body: z.strictObject({
        cn: commonName,
        names: names.optional(),
        sans: sansBody.default([]),
        profile: profileName.default(DEFAULT_PROFILE),
        replace: z
          .boolean()
          .default(false)
          .describe(
            'Register a node anew that is registered: seed, key and bound accounts of the earlier one end',
          ),
        revoke: z.boolean().default(false).describe('With `replace`: revoke the certificates it had'),
        waive_challenges: rules.waive_challenges.default(false),
        once: rules.once.default(false),
        expires_at: rules.expires_at.optional(),
        comment,
      }),
      status: 201,
      result: node.extend({
        seed: z.string().describe('For `certify`, once'),
        command: z.string().describe('The line that enrols the node in its shell, with curl and openssl'),
        ...keyOnce,
        revoked: z.array(z.string()).describe('Serials that the machine registered before had, revoked now'),
        still_good: z.number().int().describe('How many certificates of that machine are still good'),
      }),
      audited: (body, { cn, revoked, names: given }) => ({
        cn,
        profile: body.profile,
        names: given.join(' '),
        ...(body.waive_challenges && { waive_challenges: 'true' }),
        ...(body.replace && { replace: 'true', revoked: revoked.join(' ') }),
        ...present({ comment: body.comment }),
      }),
      async handle({ body, caller, request, reply }) {
        const { root } = await ca.caCertificates();
        const { cn, profile, replace, revoke, once, waive_challenges: waiveChallenges } = body;
        const { explicit, patterns } = readWritten(body.names ?? [], 'names');
        const registered = await nodes.register({
          ...{ cn, profile, replace, revoke, once, waiveChallenges, patterns },
          sans: [...body.sans, ...explicit.map(readSan)],
          label: body.names !== undefined,
          expiresAt: body.expires_at ?? null,
          by: caller.certificate.dn,
        });
        const base = baseUrl(request.headers.host);
        reply.header('cache-control', 'no-store');
        const { node: made, seed, hmac, certificateCn } = registered;
        return {
          ...shown(made),
          seed,
          command: oneLiner(base, { ...made, cn: certificateCn }, root, seed),
          hmac_key: hmac,
          clients: lines(base, made, hmac),
          revoked: registered.revoked,
          still_good: registered.stillGood,
        };
      },
    }),
    privateRoute('GET', '/private/nodes/{cn}', 'auditor', {
      summary: 'One node with the accounts bound to it and its certificates.',
      params: byName,
      result: node.extend({
        accounts: z.array(z.object({ id: z.string(), status: z.string(), used_at: time.optional() })),
        certificates: z.array(z.string()).describe('Serials, the one that ends last first'),
      }),
      async handle({ path }) {
        const found = await nodes.show(path.cn);
        const accounts = found.accounts.map(({ account, usedAt }) => ({
          id: account.id,
          status: accountStatus(account),
          ...present({ used_at: usedAt }),
        }));
        return { ...shown(found.node), accounts, certificates: found.serials };
      },
    }),
    privateRoute('POST', '/private/nodes/{cn}/change', 'operator', {
      summary: 'Changes what a node may have, from its next order on; what is left out stays.',
      params: byName,
      body: z.strictObject({
        names: names.optional(),
        profile: profileName.optional(),
        waive_challenges: rules.waive_challenges.optional(),
        once: rules.once.optional(),
        expires_at: rules.expires_at.optional(),
        new_key: z.boolean().default(false).describe('Another key; the old one binds no more accounts'),
        comment,
      }),
      result: node.extend({ hmac_key: keyOnce.hmac_key.optional(), clients: keyOnce.clients.optional() }),
      audited: (body, { names: given, profile }) => ({
        names: given.join(' '),
        profile,
        ...(body.new_key && { new_key: 'true' }),
        ...present({ comment: body.comment }),
      }),
      async handle({ path, body, request, reply }) {
        const { profile, once, waive_challenges: waiveChallenges } = body;
        const written = body.names && readWritten(body.names, 'names');
        const { node: now, hmac } = await nodes.change(path.cn, {
          ...(written && { sans: written.explicit.map(readSan), patterns: written.patterns }),
          ...present({ profile, once, waiveChallenges }),
          ...(body.expires_at !== undefined && { expiresAt: body.expires_at }),
          newKey: body.new_key,
        });
        if (hmac === null) return shown(now);
        reply.header('cache-control', 'no-store');
        const clients = lines(baseUrl(request.headers.host), now, hmac);
        return { ...shown(now), hmac_key: hmac, clients };
      },
    }),
    privateRoute('DELETE', '/private/nodes/{cn}', 'operator', {
      summary:
        'Ends a node: its seed, its key, the accounts bound to it and every certificate of it. Repeated, it completes what failed.',
      params: byName,
      result: z.object({
        cn: z.string(),
        revoked: z.array(z.string()).describe('Serials that were good until now, lower-case hex'),
      }),
      audited: (_, { revoked }) => ({ revoked: revoked.join(' ') }),
      async handle({ path, caller }) {
        const removed = await nodes.remove(path.cn, caller.certificate.dn);
        return { cn: removed.node.cn, revoked: removed.revoked };
      },
    }),
  ];
}
