import { z } from 'zod';
import type { CertificateAuthority } from '../../../model/ca.js';
import type { Node } from '../../../model/facts.js';
import { enrolmentStatus } from '../../../model/status.js';
import type { Nodes } from '../../../ra/nodes/nodes.js';
import { oneLiner } from '../../enrolment/one-liner.js';
import { commonName, pageQuery, profileName, time } from '../../fields.js';
import { orRefused } from '../../refused.js';
import { privateRoute, type Route } from '../../route.js';
import { sansBody, sansJson, sansResult } from '../../sans.js';

export interface NodeRouteOptions {
  nodes: Pick<Nodes, 'register' | 'list' | 'remove'>;
  ca: Pick<CertificateAuthority, 'caCertificates'>;
  /** Scheme, host and port of our URLs, by the request's Host. */
  baseUrl(host: string | undefined): string;
  clock: () => number;
}

/** A node can renew and prove itself by its certificate, so the profile is one of TLS clients too. */
const DEFAULT_PROFILE = 'webapp';

const node = z.object({
  cn: z.string(),
  profile: z.string(),
  sans: sansResult,
  registered_at: time,
  registered_by: z.string().describe('DN of the administrator'),
  state: z
    .enum(['waiting', 'expired', 'enrolled', 'removing'])
    .describe(
      'Its seed waits to be used or has expired unused; it has enrolled; its removal is not complete',
    ),
  seed_expires_at: time,
  serial: z.string().optional().describe('Of the certificate it enrolled with, lower-case hex'),
});

/** Machines that get certificates for exactly what an administrator registered. */
export function nodeRoutes({ nodes, ca, baseUrl, clock }: NodeRouteOptions): Route[] {
  const shown = (each: Node): z.output<typeof node> => ({
    cn: each.cn,
    profile: each.profile,
    sans: sansJson(each.names),
    registered_at: each.registeredAt,
    registered_by: each.registeredBy,
    state: enrolmentStatus(each, clock()),
    seed_expires_at: each.enrolment.expiresAt,
    ...(each.enrolment.serial !== null && { serial: each.enrolment.serial }),
  });
  return [
    privateRoute({
      method: 'GET',
      role: 'auditor',
      path: '/private/nodes',
      summary: 'The registered nodes by name, a page at a time.',
      query: pageQuery,
      result: z.object({
        nodes: z.array(node),
        next: z.string().nullable().describe('`cursor` of the next page; null: this is the last'),
      }),
      async handle({ query: { limit, cursor } }) {
        const page = await nodes.list(cursor ?? null, limit);
        return { nodes: page.nodes.map(shown), next: page.next };
      },
    }),
    privateRoute({
      method: 'POST',
      role: 'operator',
      path: '/private/nodes',
      summary: 'Registers a node and gives its one-time seed, which is shown here and never again.',
      body: z.strictObject({
        cn: commonName,
        sans: sansBody.default([]),
        profile: profileName.default(DEFAULT_PROFILE),
        replace: z
          .boolean()
          .default(false)
          .describe('Register a node anew that is registered: it gets a new seed, the old one ends'),
      }),
      status: 201,
      result: node.extend({
        seed: z.string().describe('For `certify`, once'),
        command: z.string().describe('The line that enrols the node in its shell, with curl and openssl'),
      }),
      audited: ({ cn, profile }) => ({ cn, profile }),
      async handle({ body, caller, request, reply }) {
        const { root } = await ca.caCertificates();
        const registered = await orRefused(nodes.register({ ...body, by: caller.certificate.dn }));
        const base = baseUrl(request.headers.host);
        reply.header('cache-control', 'no-store');
        return {
          ...shown(registered.node),
          seed: registered.seed,
          command: oneLiner(base, registered.node, root, registered.seed),
        };
      },
    }),
    privateRoute({
      method: 'DELETE',
      role: 'operator',
      path: '/private/nodes/{cn}',
      summary:
        'Revokes every certificate of a node, then forgets the node. Repeated, it completes what failed.',
      params: z.strictObject({ cn: commonName }),
      result: z.object({
        cn: z.string(),
        revoked: z.array(z.string()).describe('Serials that were good until now, lower-case hex'),
      }),
      audited: (_, { revoked }) => ({ revoked: revoked.join(' ') }),
      async handle({ path, caller }) {
        const removed = await orRefused(nodes.remove(path.cn, caller.certificate.dn));
        return { cn: removed.node.cn, revoked: removed.revoked };
      },
    }),
  ];
}
