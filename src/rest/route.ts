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

/** An answer that is not JSON. */
export class FileAnswer {
  constructor(
    readonly type: string,
    readonly content: Buffer | string,
    /** Details for the audit log; never a secret. */
    readonly audited: Record<string, string> = {},
  ) {}
}

/**
 * A REST route without its method and path. Its schemas are the only source: they check requests, type handlers,
 * encode results and make the OpenAPI document.
 */
interface RouteDefinition<
  Path extends z.ZodObject,
  Query extends z.ZodObject,
  Body extends z.ZodType,
  Result extends z.ZodType,
  Who,
> {
  /** One sentence for people. */
  summary: string;
  params?: Path;
  query?: Query;
  /** The JSON body; a route without one accepts none. */
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
  /** Failures that only this route has, by HTTP status, for the document. */
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

type Method = 'GET' | 'POST' | 'DELETE';
/** Below /api/v1; parameters as `{name}`, each a member of `params`. `{name*}` at the end matches slashes too. */
type Template = `/${string}`;

/** A route with any schemas. */
export type Route = RouteAccess & { method: Method; path: Template } & RouteDefinition<
    z.ZodObject,
    z.ZodObject,
    z.ZodType,
    z.ZodType,
    Caller | null
  >;

type Definer<Who, Role extends AdminRole[] = []> = <
  Result extends z.ZodType,
  Path extends z.ZodObject = z.ZodObject<Record<never, never>>,
  Query extends z.ZodObject = z.ZodObject<Record<never, never>>,
  Body extends z.ZodType = z.ZodUndefined,
>(
  method: Method,
  path: Template,
  ...rest: [...Role, RouteDefinition<Path, Query, Body, Result, Who>]
) => Route;

/** A public route. Served under its path, and for compatibility also without /public. */
export const publicRoute: Definer<null> = (method, path, definition) =>
  ({ ...definition, method, path, access: 'public' }) as unknown as Route;
/** A route that requires a client certificate of this PKI, good at this moment. */
export const clientRoute: Definer<Caller> = (method, path, definition) =>
  ({ ...definition, method, path, access: 'client' }) as unknown as Route;
/** A route that requires the certificate, good at this moment, of an administrator with at least this role. */
export const privateRoute: Definer<Administrator, [role: AdminRole]> = (method, path, role, definition) =>
  ({ ...definition, method, path, role, access: 'private' }) as unknown as Route;
