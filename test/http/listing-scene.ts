import type { Test } from 'tap'
import { type GateChanges, startGate } from '../world/gate/gate.ts'
import { createWorld, type World, type WorldOptions } from '../world/world.ts'
import { type Ask, createAsk, SIMPLE_JSON } from './client.ts'

interface Listed {
  readonly filename: string
  readonly yanked: boolean | string
}

/** A gate in front of what `before` publishes, and what it lists of a project. */
export async function scene(
  t: Test,
  before: (world: World) => Promise<unknown>,
  changes: GateChanges & { readonly world?: WorldOptions } = {},
) {
  const world = await createWorld(t, changes.world)
  await before(world)
  const gate = await startGate(t, world, changes)
  const ask = createAsk(t, world, gate.url)
  return { world, gate, ask, list: (project = 'demo') => list(ask, project) }
}

export async function list(ask: Ask, project: string): Promise<readonly Listed[]> {
  const page = await ask(`/simple/${project}/`, { headers: { accept: SIMPLE_JSON } })
  if (page.status !== 200) throw new Error(`${page.status} ${page.reason}`)
  return page.json().files
}

export async function etagOf(ask: Ask): Promise<string | undefined> {
  return (await ask('/simple/demo/', { headers: { accept: SIMPLE_JSON } })).headers['etag']
}
