import type { z } from 'zod';

/** The socket that answers a task: operations (port 5000) or registration (port 5001). */
export type Port = 'operations' | 'registration';

/**
 * One task of the contract. The schemas are the only source of its parameters and result: the server parses `params` and
 * encodes `result`, the client decodes `result`, and docs/channel.md is generated from both.
 */
export interface Task<Params extends z.ZodObject = z.ZodObject, Result extends z.ZodType = z.ZodType> {
  summary: string;
  params: Params;
  result: Result;
}

export type Tasks = Record<string, Task>;

/** Makes a task and infers the types of its schemas. */
export function task<Params extends z.ZodObject, Result extends z.ZodType>(
  summary: string,
  params: Params,
  result: Result,
): Task<Params, Result> {
  return { summary, params, result };
}

/** The parameters as a client passes them: those with a default are optional. */
export type ParamsIn<T extends Task> = z.input<T['params']>;
/** The parameters as a handler receives them, with defaults filled in. */
export type Params<T extends Task> = z.output<T['params']>;
/** The result that a handler returns and a client receives, with serials in hex. */
export type Result<T extends Task> = z.output<T['result']>;

/**
 * One handler for each task of a port, so that none can be forgotten. `connection` identifies the peer's connection: equal
 * for all its requests and different for every other connection.
 */
export type Handlers<T extends Tasks> = {
  [Name in keyof T]: (
    params: Params<T[Name]>,
    connection: string,
  ) => Result<T[Name]> | Promise<Result<T[Name]>>;
};
