import { html } from 'htm/preact';
import { useState } from 'preact/hooks';
import { ask, send } from './api.js';
import { Dialog, type Step } from './dialog.js';
import type { PageProps } from './page.js';
import { Shown, Table, useLoad, type View } from './view.js';

interface Entry {
  dn: string;
  role: string;
}

/** The list of administrators. */
export function Administrators({ administers }: PageProps): View {
  const loaded = useLoad('admins', () => ask<Entry[]>('/private/admins'));
  const [step, setStep] = useState<{ dn: string; step: Step } | null>(null);
  const remove = (dn: string) =>
    setStep({
      dn,
      step: {
        ...{ title: 'Remove this administrator?', action: 'Remove', danger: true },
        async run() {
          await send('DELETE', `/private/admins/${encodeURIComponent(dn)}`);
          loaded.reload();
        },
      },
    });
  return html`${administers && html`<${Add} onAdded=${loaded.reload} />`}
    <p>The key and certificate of an administrator are made on the CA’s machine: <code>upki admin add NAME --role auditor</code>.</p>
    <${Shown} of=${loaded}>
      ${(admins: Entry[]) => html`<${Table}
        caption="Administrators"
        columns=${['Administrator', 'Role', ...(administers ? [''] : [])]}
        empty="There is no administrator."
        rows=${admins.map(({ dn, role }) => [
          dn,
          role,
          ...(administers
            ? [
                html`<button class="plain" type="button" aria-label=${`Remove ${dn}`} onClick=${() => remove(dn)}>Remove …</button>`,
              ]
            : []),
        ])}
      />`}
    <//>
    ${
      step &&
      html`<${Dialog} step=${step.step} onClose=${() => setStep(null)}>
        <p><strong>${step.dn}</strong> is refused from the next request on, and all certificates of this name are revoked. If this is you, you lose access to this console.</p>
      <//>`
    }` as View;
}

const ROLES = ['auditor', 'operator', 'admin'];

/** Adds a name to the list. Its certificate is made on the CA's machine. */
function Add({ onAdded }: { onAdded: () => void }): View {
  const [added, setAdded] = useState<{ name: string; role: string } | null>(null);
  const [wish, setWish] = useState<{ name: string; role: string; step: Step } | null>(null);
  const add = (event: SubmitEvent) => {
    event.preventDefault();
    if (!(event.target instanceof HTMLFormElement)) return;
    const form = event.target;
    const given = new FormData(form);
    const [name, role] = [String(given.get('name')).trim(), String(given.get('role'))];
    if (name === '') return;
    const dn = name.includes('=') ? name : `CN=${name.replace(/([,+"\\<>;=])/g, '\\$1')},OU=Admins`;
    setWish({
      ...{ name, role },
      step: {
        ...{ title: 'Add this administrator?', action: 'Add', danger: false },
        async run() {
          await send('POST', '/private/admins', { dn, role });
          setAdded({ name, role });
          form.reset();
          onAdded();
        },
      },
    });
  };
  return html`<form class="row" onSubmit=${add}>
      <label>Name of the administrator<input name="name" placeholder="bob" required maxlength="64" /></label>
      <label>Role<select name="role">${ROLES.map((role) => html`<option value=${role}>${role}</option>`)}</select></label>
      <button>Add …</button>
    </form>
    ${
      added &&
      html`<p class="box" role="status">${added.name} is on the list. It has no certificate yet: on the CA’s machine, run <code>upki admin add ${added.name}</code>.</p>`
    }
    ${
      wish &&
      html`<${Dialog} step=${wish.step} onClose=${() => setWish(null)}>
        <p><strong>${wish.name}</strong> gets the role <strong>${wish.role}</strong>. The name has no certificate until one is made on the CA’s machine.</p>
      <//>`
    }` as View;
}
