import { CommandFailed, type CommandOptions, run } from './command.js';

/**
 * Runs a bash script in separate network, mount, host name and process namespaces, as root there. Returns the message of
 * its failure; null if it succeeded.
 */
export async function runIsolated(script: string, options: CommandOptions): Promise<string | null> {
  const rights = process.getuid?.() === 0 ? [] : ['--map-root-user'];
  const namespaces = ['--net', '--mount', '--uts', '--pid', '--fork', '--mount-proc', '--kill-child'];
  try {
    await run('unshare', [...rights, ...namespaces, 'bash', script], options);
    return null;
  } catch (error) {
    if (error instanceof CommandFailed) return error.message;
    throw error;
  }
}
