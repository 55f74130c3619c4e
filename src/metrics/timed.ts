import type { Histogram } from 'prom-client';

/**
 * Wraps an object so that each asynchronous method is timed by name and outcome. Return values are unchanged.
 */
export function timed<T extends object>(target: T, seconds: Histogram<'operation' | 'outcome'>): T {
  const wrapped = new Map<PropertyKey, unknown>();
  return new Proxy(target, {
    get(object, name) {
      const value: unknown = Reflect.get(object, name, object);
      if (typeof value !== 'function' || typeof name !== 'string') return value;
      const known = wrapped.get(name);
      if (known !== undefined) return known;
      const method = (...args: unknown[]): unknown => {
        const began = performance.now();
        const result: unknown = Reflect.apply(value, object, args);
        if (!(result instanceof Promise)) return result;
        const observe = (outcome: 'ok' | 'failed') => () =>
          seconds.observe({ operation: name, outcome }, (performance.now() - began) / 1000);
        result.then(observe('ok'), observe('failed'));
        return result;
      };
      wrapped.set(name, method);
      return method;
    },
  });
}
