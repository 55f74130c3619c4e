import type { FastifyReply, FastifyRequest } from 'fastify';
import { Problem } from '../model/problem.js';

/** The formats of a certificate with its chain. */
export const JSON_OR_CHAIN = {
  json: 'application/json',
  chain: 'application/pem-certificate-chain', // RFC 8555 §9.1
};

interface Asked {
  query: { format?: unknown };
  request: FastifyRequest;
  reply: FastifyReply;
}

/**
 * Chooses the format of a file: `?format=`, else the one that `Accept` prefers, else the first of `formats`. Caches are told that the
 * answer depends on `Accept`.
 * @throws Problem 400 for an unknown `format`
 */
export function chooseFormat<Format extends string>(
  formats: Record<Format, string>,
  { query: { format }, request, reply }: Asked,
): Format {
  if (format === undefined) {
    reply.header('vary', 'accept');
    return preferred(formats, request.headers.accept ?? '');
  }
  const names = Object.keys(formats) as Format[];
  const name = names.find((each) => each === format);
  if (name !== undefined) return name;
  throw new Problem('malformed', `format must be one of ${names.join(', ')}`);
}

/** Below every quality that a client can write (RFC 9110 §12.4.2), and not refused. */
const UNMENTIONED = 0.0005;

/** The format with the highest quality (RFC 9110 §12.5.1); of equal ones the one that is named, in the client's order, then the first. */
export function preferred<Format extends string>(formats: Record<Format, string>, accept: string): Format {
  const ranges = readAccept(accept);
  const wish = (type: string) => {
    const forms = [type, type.replace(/\/.*/, '/*'), '*/*'];
    for (const [breadth, form] of forms.entries()) {
      const place = ranges.findIndex((range) => range.type === form);
      const quality = ranges[place]?.quality;
      if (quality !== undefined) return { quality, breadth, place };
    }
    return { quality: UNMENTIONED, breadth: forms.length, place: 0 };
  };
  const wishes = (Object.keys(formats) as Format[]).map((name) => ({ name, ...wish(formats[name]) }));
  const [best] = wishes.sort(
    (a, b) => b.quality - a.quality || a.breadth - b.breadth || (a.breadth === 0 ? a.place - b.place : 0),
  );
  if (best === undefined) throw new Error('there is no format to choose from');
  return best.name;
}

/** The media ranges of `Accept`, in order. A range with an invalid quality counts as wanted. */
function readAccept(accept: string): { type: string; quality: number }[] {
  return accept.split(',').map((range) => {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    const [, quality = '1'] =
      /^q=([01](?:\.\d{0,3})?)$/.exec(parameters.find((each) => each.startsWith('q=')) ?? '') ?? [];
    return { type, quality: Math.min(1, Number(quality)) };
  });
}
