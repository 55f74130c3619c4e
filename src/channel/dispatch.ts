import { type core, z } from 'zod';
import type { ExactJson } from '../lib/json.js';
import {
  type Answer,
  BadRequest,
  decodeRequest,
  encodeAnswer,
  encodeAnswerWithOctets,
  encodeError,
} from './envelope.js';
import { ErrorCode, TaskError } from './errors.js';
import type { Handlers, Task, Tasks } from './tasks/index.js';

/** Answers the bytes of one request from a connection. Never rejects, whatever the bytes are. */
export type Answerer = (request: Uint8Array, connection: string) => Promise<Answer>;

/**
 * Binds handlers to the tasks of a port. `onFailure` receives internal errors: anything but a TaskError that a handler
 * throws. The peer then gets an internal error without details.
 */
export function answerer<T extends Tasks>(
  tasks: T,
  handlers: Handlers<T>,
  onFailure: (error: unknown, task: string) => void,
): Answerer {
  return async (bytes, connection) => {
    let name = '';
    try {
      const request = decodeRequest(bytes);
      name = request.task;
      if (!Object.hasOwn(tasks, name)) {
        throw new TaskError(ErrorCode.communication, `Unknown task: ${name}`, 'unknownTask');
      }
      const task = tasks[name] as Task;
      const handler = handlers[name] as (params: unknown, connection: string) => unknown;
      const result = await handler(parseParams(task, request.params), connection);
      const data = z.encode(task.result, result);
      return typeof data === 'object' && data !== null ? encodeAnswerWithOctets(data) : encodeAnswer(data);
    } catch (error) {
      if (!isForPeer(error)) onFailure(error, name);
      return encodeError(error);
    }
  };
}

function isForPeer(error: unknown): boolean {
  return error instanceof TaskError || error instanceof BadRequest;
}

/**
 * Parameters with defaults filled in. A null counts as an absent parameter, because Python peers send null.
 * @throws TaskError with the message of the contract
 */
function parseParams(task: Task, params: { [name: string]: ExactJson }): unknown {
  const given = Object.fromEntries(Object.entries(params).filter(([, value]) => value !== null));
  const parsed = task.params.safeParse(given);
  if (parsed.success) return parsed.data;
  throw paramsError(parsed.error.issues, given);
}

/** Reports the first fault, but a missing parameter before any other, as the Python CA does. */
function paramsError(issues: core.$ZodIssue[], params: { [name: string]: ExactJson }): TaskError {
  for (const { path } of issues) {
    const name = String(path[0]);
    if (path.length === 1 && params[name] === undefined) {
      return new TaskError(ErrorCode.communication, `Missing ${name} parameter`);
    }
  }
  const [issue] = issues;
  if (issue === undefined) return new TaskError(ErrorCode.validation, 'Invalid parameters');
  // Some schemas carry a whole message of the contract.
  if (issue.message.startsWith('Invalid ') && issue.code === 'custom') {
    return new TaskError(ErrorCode.validation, issue.message);
  }
  return new TaskError(ErrorCode.validation, `Invalid ${issue.path.join('.')} parameter: ${issue.message}`);
}
