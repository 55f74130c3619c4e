import { html } from 'htm/preact';
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { ErrorBox, type View } from './view.js';

/** An action that needs a confirmation. */
export interface Step {
  title: string;
  /** Label of the button. */
  action: string;
  danger: boolean;
  /** Performs the action. The dialog shows its error and stays open. */
  run(form: FormData): Promise<void>;
}

/** Explains an action and asks for confirmation. Escape and Cancel close it without effect. */
export function Dialog({
  step: { title, action, danger, run },
  onClose,
  children,
}: {
  step: Step;
  onClose(): void;
  children: ComponentChildren;
}): View {
  const element = useRef<HTMLDialogElement>(null);
  const [error, setError] = useState<Error | null>(null);
  const [busy, setBusy] = useState(false);
  useEffect(() => element.current?.showModal(), []);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    if (!(event.target instanceof HTMLFormElement)) return;
    setBusy(true);
    try {
      await run(new FormData(event.target));
      // Closing gives the focus back to the button that asked.
      element.current?.close();
    } catch (failure) {
      setError(failure as Error);
      setBusy(false);
    }
  };
  return html`<dialog ref=${element} aria-labelledby="dialog-title" onClose=${onClose}>
    <form onSubmit=${submit}>
      <h1 id="dialog-title">${title}</h1>
      ${children}
      <${ErrorBox} error=${error} />
      <div class="buttons">
        <button class=${danger ? 'danger' : ''} disabled=${busy}>${action}</button>
        <button class="plain" type="button" onClick=${() => element.current?.close()}>Cancel</button>
      </div>
    </form>
  </dialog>` as View;
}
