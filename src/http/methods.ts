import type { FastifyInstance } from 'fastify';

declare module 'fastify' {
  interface FastifyInstance {
    /** Methods that routes accept at this path (without query), sorted; empty when the path is unknown. */
    allowedMethods(path: string): string[];
  }
}

/**
 * Records every route as it is added, to tell a wrong method (405, RFC 9110 §15.5.6) from an unknown path.
 */
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

/** As the router matches: a parameter takes any one segment, `*` all that is left. */
function matches(pattern: string[], path: string[]): boolean {
  const open = pattern.at(-1) === '*';
  if (open ? path.length < pattern.length : path.length !== pattern.length) return false;
  return pattern.every(
    (segment, index) => segment === '*' || segment.startsWith(':') || segment === path[index],
  );
}
