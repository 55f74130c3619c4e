import { html } from 'htm/preact';
import { useState } from 'preact/hooks';
import { send } from './api.js';
import { Dialog, type Step } from './dialog.js';
import type { PageProps } from './page.js';
import { ErrorBox, More, Shown, State, Table, Time, usePages, type View } from './view.js';

interface Node {
  cn: string;
  profile: string;
  state: string;
  registered_at: string;
  registered_by: string;
  seed_expires_at: string;
}

interface Registered extends Node {
  seed: string;
  command: string;
}

/** Registered machines, which get certificates for their registered names. */
export function Nodes({ operates }: PageProps): View {
  const pages = usePages<Node>('/private/nodes', 'nodes');
  const [added, setAdded] = useState<Registered | null>(null);
  const [error, setError] = useState<Error | null>(null);
  const [step, setStep] = useState<{ node: Node; step: Step } | null>(null);
  const add = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.target;
    if (!(form instanceof HTMLFormElement)) return;
    const given = new FormData(form);
    const words = (name: string) => String(given.get(name) ?? '').trim();
    const sans = words('sans')
      .split(/[\s,]+/)
      .filter((each) => each !== '');
    const body = { cn: words('cn'), sans, ...(words('profile') !== '' && { profile: words('profile') }) };
    try {
      setAdded(await send<Registered>('POST', '/private/nodes', body));
      setError(null);
      form.reset();
      pages.reload();
    } catch (failure) {
      setError(failure as Error);
    }
  };
  const remove = (node: Node) =>
    setStep({
      node,
      step: {
        ...{ title: 'Remove this node?', action: 'Remove it', danger: true },
        async run() {
          await send('DELETE', `/private/nodes/${encodeURIComponent(node.cn)}`);
          pages.reload();
        },
      },
    });
  return html`${
    operates &&
    html`<form class="row" onSubmit=${add}>
        <label>Common name<input name="cn" required placeholder="box.example.internal" autocomplete="off" /></label>
        <label>More names<input name="sans" placeholder="192.0.2.9, box2.example.internal" autocomplete="off" /></label>
        <label>Profile<input name="profile" placeholder="webapp" size="10" /></label>
        <button>Add</button>
      </form>`
  }
    <${ErrorBox} error=${error} />
    ${added && html`<${Enrolment} node=${added} />`}
    <${Shown} of=${pages}>
      ${(nodes: Node[]) => html`<${Table}
        caption="Nodes"
        columns=${['Node', 'State', 'Profile', 'Registered', 'By', ...(operates ? [''] : [])]}
        empty="No node is registered."
        rows=${nodes.map((node) => [
          node.cn,
          html`<${State} is=${node.state} />`,
          node.profile,
          html`<${Time} at=${node.registered_at} />`,
          node.registered_by,
          ...(operates
            ? [
                html`<button class="plain" type="button" aria-label=${`Remove ${node.cn}`} onClick=${() => remove(node)}>Remove …</button>`,
              ]
            : []),
        ])}
      />`}
    <//>
    <${More} pages=${pages} />
    ${
      step &&
      html`<${Dialog} step=${step.step} onClose=${() => setStep(null)}>
        <p><strong>${step.node.cn}</strong>: all its certificates are revoked at once, then the node is deleted. This cannot be undone.</p>
      <//>`
    }` as View;
}

/** The command to run on the node. It contains the seed, which is never shown again. */
function Enrolment({ node }: { node: Registered }): View {
  const copy = () => navigator.clipboard.writeText(node.command);
  return html`<section class="box" aria-label="Enrol the node" role="status">
    <p><strong>${node.cn}</strong> is registered. Run this command on it before <${Time} at=${node.seed_expires_at} />. The command contains the one-time seed, which is not shown again.</p>
    <pre tabindex="0" aria-label="Line that enrols the node">${node.command}</pre>
    <button class="plain" type="button" onClick=${copy}>Copy</button>
  </section>` as View;
}
