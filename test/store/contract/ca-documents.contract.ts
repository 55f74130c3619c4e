import { describe, expect, test } from 'vitest';
import { NOW } from '../../../tools/kit/facts.js';
import type { CaWorld } from './ca-store.contract.js';

/** Copies of ACME objects. */
export function caDocumentsContract(world: CaWorld): void {
  describe('copies of ACME objects', () => {
    test('the last copy of an ACME object counts, and kinds do not mix', async () => {
      const copy = { kind: 'account' as const, id: '1', parentId: null, body: { status: 'valid', n: [1] } };
      await world.store.putDocument({ ...copy, body: {} }, NOW);
      await world.store.putDocument(copy, NOW);
      expect(await world.store.getDocument('account', '1')).toEqual(copy);
      expect(await world.store.getDocument('order', '1')).toBeNull();
    });

    test('copies of ACME objects are listed by id, page by page, and by parent', async () => {
      for (const [id, parentId] of [
        ['3', 'a'],
        ['1', 'a'],
        ['2', 'b'],
      ] as const) {
        await world.store.putDocument({ kind: 'order', id, parentId, body: { id } }, NOW);
      }
      const ids = async (page: { parentId?: string; after: string | null; limit: number }) =>
        (await world.store.listDocuments('order', page)).items.map(({ id }) => id);
      expect(await ids({ after: null, limit: 9 })).toEqual(['1', '2', '3']);
      expect(await ids({ after: '1', limit: 1 })).toEqual(['2']);
      expect(await ids({ parentId: 'a', after: null, limit: 9 })).toEqual(['1', '3']);
      expect((await world.store.listDocuments('order', { parentId: 'a', after: null, limit: 1 })).next).toBe(
        '1',
      );
      expect(await world.store.listDocuments('account', { after: null, limit: 9 })).toEqual({
        items: [],
        next: null,
      });
    });
  });
}
