import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import type { AdminRole } from '../model/administrators.js';
import type { Administrator, Caller, RouteAccess } from './access.js';

/** The input of a handler: parameters are checked and defaults filled in. */
export interface Call<
  Path extends z.ZodObject = z.ZodObject,
  Query extends z.ZodObject = z.ZodObject,
  Body extends z.ZodType = z.ZodType,
  Who = Caller | null,
> {
  path: z.output<Path>;
  query: z.output<Query>;
  body: z.output<Body>;
  /** The holder of the client certificate; null on public routes. */
  caller: Who;
  request: FastifyRequest;
  reply: FastifyReply;
}

/** An answer that is not JSON, sent as it is. */
export class FileAnswer {
  constructor(
    readonly type: string,
    readonly content: Buffer | string,
    /** Details for the audit log; never a secret. */
    readonly audited: Record<string, string> = {},
  ) {}
}

/**
 * One REST route. Its schemas are the only source: they check requests, type handlers, encode results and
 * make the OpenAPI document.
 */
interface RouteDefinition<
  Path extends z.ZodObject,
  Query extends z.ZodObject,
  Body extends z.ZodType,
  Result extends z.ZodType,
  Who,
> {
  method: 'GET' | 'POST' | 'DELETE';
  /** Below /api/v1; parameters as `{name}`, each a member of `params`. `{name*}` at the end takes slashes too. */
  path: `/${string}`;
  /** One sentence for people. */
  summary: string;
  params?: Path;
  query?: Query;
  /** The JSON body; a route without one takes none. */
  body?: Body;
  /** `data` of a success. */
  result: Result;
  /** HTTP status of a success; 200 when absent. */
  status?: number;
  /** Media types it may answer with instead of JSON. */
  files?: readonly string[];
  /**
   * Details of a success for the audit log, besides the parameters of the path: never a secret. A public
   * route that declares it is audited like routes that require a certificate.
   */
  audited?(body: z.output<Body>, result: z.output<Result>): Record<string, string>;
  binary?: BinaryBody;
  /** Failures that are its own, by HTTP status, for the document. */
  failures?: Record<number, string>;
  handle(
    call: Call<Path, Query, Body, Who>,
  ): Promise<z.output<Result> | FileAnswer> | z.output<Result> | FileAnswer;
}

/** A body of another media type that the path accepts besides JSON. */
export interface BinaryBody {
  type: string;
  handle(body: Buffer, reply: FastifyReply): Promise<FileAnswer>;
}

/** A route whatever its schemas are. */
export type Route = RouteAccess & AnyDefinition;

interface AnyDefinition {
  method: 'GET' | 'POST' | 'DELETE';
  path: `/${string}`;
  summary: string;
  params?: z.ZodObject;
  query?: z.ZodObject;
  body?: z.ZodType;
  result: z.ZodType;
  status?: number;
  files?: readonly string[];
  audited?(body: unknown, result: unknown): Record<string, string>;
  binary?: BinaryBody;
  failures?: Record<number, string>;
  handle(call: Call): unknown;
}

type Definer<Who, Declared = unknown> = <
  Result extends z.ZodType,
  Path extends z.ZodObject = z.ZodObject<Record<never, never>>,
  Query extends z.ZodObject = z.ZodObject<Record<never, never>>,
  Body extends z.ZodType = z.ZodUndefined,
>(
  definition: RouteDefinition<Path, Query, Body, Result, Who> & Declared,
) => Route;

/** A public route. Served under its path, and for compatibility also without /public. */
export const publicRoute: Definer<null> = (definition) =>
  ({ ...definition, access: 'public' }) as unknown as Route;
/** A route that requires a client certificate of this PKI, good at this moment. */
export const clientRoute: Definer<Caller> = (definition) =>
  ({ ...definition, access: 'client' }) as unknown as Route;
/**
 * A route that requires an administrator's certificate, good at this moment, with at least the role it
 * declares; without a role it does not compile.
 */
export const privateRoute: Definer<Administrator, { role: AdminRole }> = (definition) =>
  ({ ...definition, access: 'private' }) as unknown as Route;
