import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { type GateChanges, startGate, type WorldGate } from '../../world/gate/gate.ts'
import type { World } from '../../world/world.ts'
import type { Client } from './clients.ts'
import type { Run } from './site.ts'

/** A gate that nobody has asked for anything: its data folder is its own and empty. */
export async function openGate(t: Test, world: World, changes: GateChanges = {}): Promise<WorldGate> {
  const data = mkdtempSync(join(world.folder, 'data-'))
  return await startGate(t, world, { ...changes, configuration: { data, ...changes.configuration } })
}

/** Another gate at the address of one that ended, which remembers nothing: what a lock says stays true. */
export async function replaceGate(
  t: Test,
  world: World,
  gate: WorldGate,
  changes: GateChanges = {},
): Promise<WorldGate> {
  await gate.stop()
  const { host } = new URL(gate.url)
  return await openGate(t, world, { ...changes, configuration: { ...changes.configuration, listen: host } })
}

export type Asked = 'page' | 'file' | 'metadata' | 'provenance' | 'refusal' | 'other'

/** What clients asked a gate for, oldest first. */
export function requestsTo(
  gate: WorldGate,
): readonly { readonly asked: Asked; readonly url: string; readonly status: number }[] {
  return gate.events.flatMap(event =>
    event.type === 'request' ? [{ asked: askedFor(event.url), url: event.url, status: event.status }] : [],
  )
}

function askedFor(url: string): Asked {
  const path = url.replace(/[?#].*/, '')
  if (path.startsWith('/simple')) return 'page'
  if (path.startsWith('/packages/')) return path.endsWith('.metadata') ? 'metadata' : 'file'
  if (path.startsWith('/integrity/')) return 'provenance'
  return path.startsWith('/x/') ? 'refusal' : 'other'
}

/** Holds that the person at this client reads why a file was refused, and where to read more. */
export function readsWhy(t: Test, run: Run, client: Client, gate: WorldGate, code: string): void {
  const text = run.text.replace(/\s+/g, ' ')
  const explain = `${gate.url}/x/`.replaceAll('.', '\\.')
  t.equal(run.code, client.refusal, 'it fails', { printed: run.text })
  if (client.shows === 'url')
    return void t.match(text, new RegExp(`${explain}[\\w-]+/${code}`), 'the code is in the URL')
  t.match(text, new RegExp(`Refused by policy: ${code} \\(see ${explain}[\\w-]+\\)`), 'the phrase names code and page')
  if (client.shows === 'phrase and problem') t.match(text, /Server message: /, 'the problem is shown')
}
