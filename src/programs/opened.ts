/** Registers what undoes a step of a start. */
export type OnClose = (undo: () => unknown) => void;

/**
 * Runs a start that registers what undoes each of its steps. `close` undoes them in reverse order; a start that fails has
 * undone them when this rejects.
 */
export async function openAll<T>(
  start: (onClose: OnClose) => Promise<T>,
): Promise<{ started: T; close(): Promise<void> }> {
  const opened: (() => unknown)[] = [];
  const close = async () => {
    for (const undo of opened.splice(0).reverse()) await undo();
  };
  try {
    return { started: await start((undo) => opened.push(undo)), close };
  } catch (error) {
    await close();
    throw error;
  }
}
