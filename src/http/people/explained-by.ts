import type { KeptRefusal } from '../../ports/store.ts'
import type { Client } from '../exchange/client.ts'
import { assertMayEnter } from '../exchange/permissions.ts'
import type { Serving, Servings } from '../exchange/settings.ts'

/**
 * A refusal, and the index that refused, where `client` may enter that one: what it waits to write down is known to itself alone. One that names
 * an index which is not there any more is there for those alone who may enter every index, because nothing tells whose it was.
 *
 * @throws GateError `unauthenticated`, `not-allowed-here`
 */
export async function explainedBy(
  servings: Servings,
  id: string,
  client: Client,
): Promise<{ readonly found: KeptRefusal | undefined; readonly serving: Serving }> {
  const [first] = servings
  for (const serving of servings) {
    const found = await serving.gate.explained(id)
    if (found === undefined) continue
    const own = refusedBy(servings, found)
    if (own === undefined) return { found: mayEnterAll(servings, client) ? found : undefined, serving: first }
    assertMayEnter(client, own.index)
    return { found: (await own.gate.explained(id)) ?? found, serving: own }
  }
  return { found: undefined, serving: first }
}

/** What names no index is of a time when there was one alone, which is the first now. */
function refusedBy(servings: Servings, { refused }: KeptRefusal): Serving | undefined {
  return refused.index === undefined ? servings[0] : servings.find(({ index }) => index === refused.index)
}

function mayEnterAll(servings: Servings, { may }: Client): boolean {
  return servings.every(({ index }) => may?.indexes.has(index) !== false)
}
