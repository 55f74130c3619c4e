import type { z } from 'zod';

/** Which socket answers a task: operations (port 5000) or registration (port 5001). */
export type Port = 'operations' | 'registration';

/**
 * One task of the contract. The schemas are the only source of its parameters and result: the server parses
 * params with defaults filled in and writes results through `result`, the client reads results with it, and
 * docs/channel.md is generated from both.
 */
export interface Task<Params extends z.ZodObject = z.ZodObject, Result extends z.ZodType = z.ZodType> {
  summary: string;
  params: Params;
  result: Result;
}

export type Tasks = Record<string, Task>;

/** Keeps the schemas' own types. */
export function task<Params extends z.ZodObject, Result extends z.ZodType>(
  summary: string,
  params: Params,
  result: Result,
): Task<Params, Result> {
  return { summary, params, result };
}

/** What a client passes: defaults may be left out. */
export type ParamsIn<T extends Task> = z.input<T['params']>;
/** What a handler receives: defaults filled in. */
export type Params<T extends Task> = z.output<T['params']>;
/** What a handler returns and a client receives, serials in hex. */
export type Result<T extends Task> = z.output<T['result']>;

/**
 * One handler for each task of a port, so that none can be forgotten. `connection` is the same for all that comes over
 * one connection of a peer, and another one's for nobody else.
 */
export type Handlers<T extends Tasks> = {
  [Name in keyof T]: (
    params: Params<T[Name]>,
    connection: string,
  ) => Result<T[Name]> | Promise<Result<T[Name]>>;
};
