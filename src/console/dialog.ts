import { html } from 'htm/preact';
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { ErrorBox, type View } from './view.js';

/** A step that cannot be taken back, with what it will do. */
export interface Step {
  title: string;
  /** The word on the button. */
  action: string;
  danger: boolean;
  /** Does it. Its error is shown in the dialog, which then stays. */
  run(form: FormData): Promise<void>;
}

/** Asks before a step and tells what it will do. Escape and Cancel do nothing. */
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
      onClose();
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
