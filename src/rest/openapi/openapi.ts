import { z } from 'zod';
import { REFUSAL_CODES } from '../../model/refusal.js';
import type { Access } from '../access.js';
import type { Route } from '../route.js';

interface OpenApiInfo {
  version: string;
  routes: readonly Route[];
}

type Json = Record<string, unknown>;

const BINARY = { schema: { type: 'string', format: 'binary' } };

const TAGS: Record<Access, { name: string; description: string }> = {
  public: { name: 'public', description: 'For anybody; also served without `/public`.' },
  client: {
    name: 'client',
    description: 'For the holder of a client certificate of this PKI, about itself.',
  },
  private: {
    name: 'private',
    description:
      'For administrators, proved by their client certificate; each names the least role it needs.',
  },
};

const errorEnvelope = z
  .object({
    status: z.literal('error'),
    message: z.string().describe('What is wrong, for people.'),
    code: z.enum(REFUSAL_CODES as [string, ...string[]]).describe('What is wrong, for programs.'),
    field: z.string().optional().describe('The parameter to blame.'),
  })
  .meta({ description: 'Every failure.' });

/** The OpenAPI 3.1 document of the REST routes, below the server URL /api/v1. */
export function openApi({ version, routes }: OpenApiInfo): Json {
  const paths: Record<string, Record<string, Json>> = {};
  for (const route of routes) {
    const path = route.path.replace('*}', '}');
    const item = paths[path] ?? {};
    paths[path] = item;
    item[route.method.toLowerCase()] = operation(route);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'uPKI',
      version,
      description: 'The REST side of the uPKI registration authority. ACME is under /acme (RFC 8555).',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/api/v1' }],
    tags: Object.values(TAGS),
    paths,
    components: {
      schemas: { Error: jsonSchema(errorEnvelope, 'output') },
      securitySchemes: { mutualTLS: { type: 'mutualTLS', description: 'A client certificate of this PKI.' } },
    },
  };
}

function operation(route: Route): Json {
  const { access, summary, params, query, body, binary, status = 200 } = route;
  return {
    operationId: operationId(route),
    tags: [TAGS[access].name],
    summary,
    security: access === 'public' ? [] : [{ mutualTLS: [] }],
    parameters: [...parameters(params, 'path'), ...parameters(query, 'query')],
    ...(body && {
      requestBody: {
        required: !body.safeParse(undefined).success,
        content: {
          'application/json': { schema: jsonSchema(body, 'input') },
          ...(binary && { [binary.type]: BINARY }),
        },
      },
    }),
    responses: {
      [status]: { description: 'Success', content: successContent(route) },
      ...Object.fromEntries(
        [...failures(route), ...Object.entries(route.failures ?? {})].map(([code, description]) => [
          code,
          failure(description),
        ]),
      ),
      ...((params ?? query) && { 431: { description: 'The URL or the headers are too long.' } }),
    },
  };
}

/** `get certs/{cn}` is getPublicCertsCn. */
function operationId({ method, path }: Route): string {
  const words = path.split(/[^A-Za-z0-9]+/).filter((word) => word !== '');
  return [method.toLowerCase(), ...words.map((word) => word[0]?.toUpperCase() + word.slice(1))].join('');
}

function parameters(schema: z.ZodObject | undefined, place: 'path' | 'query'): Json[] {
  if (!schema) return [];
  const { properties = {}, required = [] } = jsonSchema(schema, 'input') as {
    properties?: Record<string, Json>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, { description, ...rest }]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    ...(description === undefined ? {} : { description }),
    schema: rest,
  }));
}

function successContent({ result, files = [] }: Route): Json {
  const data = jsonSchema(result, 'input');
  const envelope = {
    type: 'object',
    properties: { status: { const: 'success' }, data },
    required: ['status', 'data'],
  };
  return {
    ...Object.fromEntries(files.map((type) => [type, BINARY])),
    'application/json': { schema: envelope },
  };
}

function failures(route: Route): [number, string][] {
  const { access, params, query, body } = route;
  const least = access === 'private' ? `; the least role is ${route.role}` : '';
  const all: [number, string, boolean][] = [
    [400, 'A parameter is not valid; `field` names it.', Boolean(params ?? query ?? body)],
    [401, 'No client certificate of this PKI was presented.', access !== 'public'],
    [403, `Who asks is not entitled${least}.`, access !== 'public' || body !== undefined],
    [404, 'There is no such thing.', (params ?? body) !== undefined || access === 'private'],
    [409, 'What is asked contradicts what is kept.', body !== undefined],
    [413, 'The body is too large.', body !== undefined],
    [415, 'The body is of another media type.', body !== undefined],
    [
      422,
      'The certificate authority refuses it, or what is asked does not go together; it says why.',
      body !== undefined || access === 'private',
    ],
    [501, 'The certificate authority behind this RA cannot do that.', true],
    [503, 'The certificate authority or the store is away; see Retry-After.', true],
  ];
  return all.flatMap(([status, description, applies]) => (applies ? [[status, description]] : []));
}

function failure(description: string): Json {
  return { description, content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } } };
}

/**
 * JSON Schema 2020-12, the dialect of OpenAPI 3.1. Results are described as they appear in JSON: the input
 * side of their codecs.
 */
function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, {
    target: 'draft-2020-12',
    io,
    unrepresentable: 'any',
  }) as Json;
  return rest;
}
