import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type core, z } from 'zod';
import { isCrossSite } from '../http/cross-site.js';
import { CaRefused } from '../model/ca.js';
import { Refused } from '../model/refusal.js';
import type { AuditLog } from '../ra/audit-log.js';
import { admit, type IdentityCheck, localOperator } from './access.js';
import { changesSomething, RequestAudit } from './audit.js';
import { refusedByCa, success } from './envelope.js';
import { type BinaryBody, type Call, FileAnswer, type Route } from './route.js';

interface ServeOptions {
  routes: readonly Route[];
  ca: IdentityCheck;
  audit: AuditLog;
  /** Every caller is this machine's own operator. */
  local?: boolean;
  /** Scheme, host and port of our URLs, by the request's Host. */
  baseUrl(host: string | undefined): string;
}

/** Serves routes; a fastify plugin, for the prefix /api/v1. */
export async function serveRoutes(app: FastifyInstance, options: ServeOptions): Promise<void> {
  const { routes } = options;
  for (const type of new Set(routes.flatMap(({ binary }) => binary?.type ?? []))) {
    app.addContentTypeParser(type, { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  }
  for (const route of routes) {
    for (const url of urlsOf(route)) {
      app.route({ method: route.method, url, handler: handlerOf(route, options) });
    }
  }
}

/** In fastify's notation: `/certs/{cn}` is `/certs/:cn`, `/ocsp/{request*}` is `/ocsp/*`. */
export function urlsOf({ access, path }: Route): string[] {
  const url = path.replace(OPEN_END, '*').replace(/\{(\w+)\}/g, ':$1');
  return access === 'public' && url.startsWith('/public/') ? [url, url.slice('/public'.length)] : [url];
}

const OPEN_END = /\{(\w+)\*\}$/;

/** Path parameters with the route's names; fastify's name of an open end is `*`. */
function pathParameters({ path }: Route, params: unknown): unknown {
  const [, name] = OPEN_END.exec(path) ?? [];
  if (name === undefined) return params;
  const { '*': rest, ...others } = params as Record<string, string>;
  return { ...others, [name]: rest };
}

function handlerOf(route: Route, options: ServeOptions) {
  return async (request: FastifyRequest, reply: FastifyReply) => {
    const audit = new RequestAudit(route, request, options.audit);
    try {
      return await answered(route, request, reply, { ...options, audit });
    } catch (error) {
      audit.refused(error);
      throw error;
    }
  };
}

async function answered(
  route: Route,
  request: FastifyRequest,
  reply: FastifyReply,
  { ca, audit, baseUrl, local = false }: Omit<ServeOptions, 'audit'> & { audit: RequestAudit },
): Promise<unknown> {
  const changes = changesSomething(route);
  if (changes || route.access !== 'public') reply.header('cache-control', 'no-store');
  if (changes) refuseOtherSites(request, baseUrl(request.headers.host));
  const caller = local ? localOperator(route, request) : await admit(route, request, ca);
  audit.admitted(caller);
  if (request.body instanceof Buffer) {
    return asFile(reply, await binaryOf(route, request).handle(request.body, reply));
  }
  const path = checked(route.params ?? NONE, pathParameters(route, request.params), 'path');
  audit.asked(path);
  const query = checked(route.query ?? NONE, request.query, 'query');
  const body = route.body ? checked(route.body, request.body, 'body') : undefined;
  const answer = await handled(route, { path, query, body, caller, request, reply });
  await audit.done(body, answer);
  if (answer instanceof FileAnswer) return asFile(reply, answer);
  reply.code(route.status ?? 200);
  return success(z.encode(route.result, answer));
}

/**
 * Refuses requests that a browser sends for a page of another site. Without permission, a page can send GET, and POST
 * with the content type of a form or without one. Form types get 415, because no route accepts them; the other requests
 * are recognised by the browser's headers.
 * @throws Refused forbidden
 */
function refuseOtherSites(request: FastifyRequest, ownOrigin: string): void {
  if (!isCrossSite(request, ownOrigin)) return;
  throw new Refused(
    'forbidden',
    'a page of another site may not change anything here (Origin, Sec-Fetch-Site)',
  );
}

const NONE = z.strictObject({});

/** @throws Refused instead of CaRefused */
async function handled(route: Route, call: Call): Promise<unknown> {
  try {
    return await route.handle(call);
  } catch (error) {
    throw error instanceof CaRefused ? refusedByCa(error) : error;
  }
}

/** Sets the media type and returns the content, for the handler to return. */
function asFile(reply: FastifyReply, { type, content }: FileAnswer): Buffer | string {
  reply.type(type);
  return content;
}

/** @throws Refused unsupportedMediaType if only other routes accept this type of body */
function binaryOf({ binary }: Route, request: FastifyRequest): BinaryBody {
  const [type = ''] = (request.headers['content-type'] ?? '').split(';', 1);
  if (binary?.type === type.trim().toLowerCase()) return binary;
  throw new Refused('unsupportedMediaType', 'the Content-Type is not one this URL takes');
}

type Place = 'path' | 'query' | 'body';

/** @throws Refused invalidRequest naming the parameter */
function checked<Schema extends z.ZodType>(schema: Schema, value: unknown, place: Place): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  if (place === 'body' && (value === undefined || value === null)) {
    throw new Refused('invalidRequest', 'a JSON body is wanted, with Content-Type: application/json');
  }
  const [issue] = parsed.error.issues;
  throw issue ? refusal(issue, place) : new Refused('invalidRequest', `the ${place} is not valid`);
}

function refusal(issue: core.$ZodIssue, place: Place): Refused {
  if (issue.code === 'unrecognized_keys') {
    const [field = ''] = issue.keys;
    return new Refused('invalidRequest', `${shown(field)} is not a ${place} parameter here`, { field });
  }
  const field = fieldName(issue.path);
  const what = field === '' ? `the ${place}` : shown(field);
  return new Refused('invalidRequest', `${what}: ${issue.message}`, field === '' ? {} : { field });
}

/** Shortens a client's text so that it can be repeated. */
const shown = (text: string): string => JSON.stringify(text.slice(0, 64));

/** `sans[0].value` */
function fieldName(path: readonly PropertyKey[]): string {
  return path.reduce<string>((name, part) => {
    if (typeof part === 'number') return `${name}[${part}]`;
    return name === '' ? String(part) : `${name}.${String(part)}`;
  }, '');
}
