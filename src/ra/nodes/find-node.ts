import type { Node } from '../../model/facts.js';
import { Refused } from '../../model/refusal.js';
import type { RaStore } from '../../store/contract/ra.js';

type Store = Pick<RaStore, 'getNode'>;

/** The node with this name, in the given case or in lower case; null when there is none. @throws StoreUnavailable */
export async function findNode(store: Store, name: string): Promise<Node | null> {
  return (await store.getNode(name)) ?? store.getNode(name.toLowerCase());
}

/** As `findNode`. @param field the parameter that has the name @throws Refused notFound */
export async function requireNode(store: Store, name: string, field: string): Promise<Node> {
  const node = await findNode(store, name);
  if (!node) throw noSuchNode(name, field);
  return node;
}

/** The refusal of an unknown name. @param field the parameter that has it */
export const noSuchNode = (name: string, field: string): Refused =>
  new Refused('notFound', `there is no node "${name}"`, { field });
