import type { FastifyInstance } from 'fastify';

declare module 'fastify' {
  interface FastifyInstance {
    /** Methods some route takes at this path (without query), sorted; empty when the path is unknown. */
    allowedMethods(path: string): string[];
  }
}

/** Remembers every route as it is added, to tell a wrong method (405, RFC 9110 §15.5.6) from an unknown path. */
export function rememberMethods(app: FastifyInstance): void {
  const routes = new Map<string, { segments: string[]; methods: Set<string> }>();
  app.addHook('onRoute', ({ url, method }) => {
    const route = routes.get(url) ?? { segments: url.split('/'), methods: new Set<string>() };
    for (const name of Array.isArray(method) ? method : [method]) route.methods.add(name);
    routes.set(url, route);
  });
  app.decorate('allowedMethods', (path: string) => {
    const segments = path.split('/');
    const methods = new Set<string>();
    for (const route of routes.values()) {
      if (matches(route.segments, segments)) for (const method of route.methods) methods.add(method);
    }
    return [...methods].sort();
  });
}

function matches(pattern: string[], path: string[]): boolean {
  if (pattern.at(-1) === '*')
    return path.length >= pattern.length && matches(pattern.slice(0, -1), path.slice(0, pattern.length - 1));
  return (
    pattern.length === path.length &&
    pattern.every((segment, index) =>
      segment.startsWith(':') ? path[index] !== '' : segment === path[index],
    )
  );
}
